"""What `study check` says a study takes, and what it takes: the table of studies.md.

    python benchmarks/predictions.py [NAME ...]

Small studies of different kinds are each run in a process of its own: by one worker, in seconds of
the processor, and some by two, in seconds of the clock. Memory is the largest resident size of a
process. BLAS has one thread throughout.
"""

import json
import os
import platform
import subprocess
import sys

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

# Workers, axes, and other keys of a study.
STUDIES = {
    "dense": (1, {"p": 1, "alpha": 3.0, "N": 400}, {"draws": 60}),
    "iterative": (1, {"p": 2, "alpha": 3.0, "N": 1000}, {"draws": 10}),
    "single precision": (
        1, {"p": 2, "alpha": 3.0, "N": 800}, {"draws": 15, "precision": "float32"}
    ),
    "a large draw": (1, {"p": 1, "alpha": 3.0, "N": 4000}, {}),
    "phi below": (1, {"p": 1, "alpha": 2.0, "N": 400}, {"observables": ["phi"], "draws": 20}),
    "phi above": (1, {"p": 2, "alpha": 6.0, "N": 400}, {"observables": ["phi"], "draws": 20}),
    "teacher mass": (
        1, {"p": 2, "alpha": 1.5, "N": 400}, {"observables": ["teacher_mass"], "draws": 15}
    ),
    "theory": (1, {"p": 2, "alpha": "0.5:4:60"}, {"draws": 0}),
    "theory, huber": (1, {"p": 1, "loss": "huber", "alpha": "1:4:4"}, {"draws": 0}),
    "theory, tanh": (
        1, {"p": 2, "activation": "tanh", "loss": "square", "alpha": [2.0, 4.0]}, {"draws": 0}
    ),
    "theory, tanh, p = 3": (
        1, {"p": 3, "activation": "tanh", "loss": "square", "alpha": 2.0}, {"draws": 0}
    ),
    "descents, not recovered": (
        1, {"p": 1, "alpha": 2.0, "N": 100}, {"observables": ["recovered"], "draws": 10}
    ),
    "flow, not recovered": (
        1,
        {"p": 1, "alpha": 2.0, "N": 200, "method": "flow", "steps": 1000},
        {"observables": ["recovered"], "draws": 5},
    ),
    "descents, recovered early": (
        1, {"p": 2, "alpha": 6.0, "N": 100}, {"observables": ["recovered"], "draws": 20}
    ),
    "small points, two workers": (2, {"p": 1, "alpha": 3.0, "N": 50}, {"draws": 400}),
    "large points, two workers": (2, {"p": 2, "alpha": 2.0, "N": 1500}, {"draws": 8}),
}  # fmt: skip


def measured(name):
    """(seconds and bytes predicted, seconds and bytes measured) of a study, in this process."""
    import resource
    import tempfile
    import time
    from pathlib import Path

    from bbpscape.study.study import Study

    workers, axes, keys = STUDIES[name]
    keys = {
        "observables": ["lowest", "m2"],
        "theory": "draws" in keys and not keys["draws"],
        **keys,
    }
    study = Study.define({"axes": {"p_star": 1, **axes}, **keys})
    plan = study.plan(workers=workers)
    with tempfile.TemporaryDirectory() as folder:
        clock = time.process_time if workers == 1 else time.perf_counter
        began = clock()
        results = study.run(Path(folder) / "s.sqlite", workers)
        seconds = clock() - began
    assert results.last_run.failed == 0
    who = resource.RUSAGE_SELF if workers == 1 else resource.RUSAGE_CHILDREN
    return plan.wall_seconds, plan.peak_bytes, seconds, 1024 * resource.getrusage(who).ru_maxrss


def main():
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(sys.argv[2])))
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| study | s, predicted | s | ratio | GB a worker, predicted | GB | ratio |")
    print("|---|---|---|---|---|---|---|")
    for name in sys.argv[1:] or STUDIES:
        command = [sys.executable, __file__, "--one", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told, size, seconds, peak = json.loads(done.stdout)
        print(
            f"| {name} | {told:.2g} | {seconds:.2g} | {told / seconds:.2f} "
            f"| {size / 1e9:.2f} | {peak / 1e9:.2f} | {size / peak:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
