"""What a study costs beyond its own work: the tables of studies.md.

    python benchmarks/study.py overhead [POINTS]
    python benchmarks/study.py workers

``overhead`` runs studies of 20,000 points of half a millisecond, opens and exports them, and does
the same with one JSON file a point, named by its parameters. ``workers`` times one and two local
processes, in turn, on points of about a second. BLAS has one thread throughout.
"""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

import bbpscape as bb
from bbpscape.study.observables import draw_values
from bbpscape.study.runner import run_points
from bbpscape.study.store import Store
from bbpscape.study.study import Study
from bbpscape.study.work import Task, execute

POINTS = 20_000
ROUNDS = 3
SMALL = """
draws = {draws}
block = 1
observables = ["lowest", "m2", "total_m2"]
theory = false
[model]
p = 1
p_star = 1
a = 2.0
[axes]
alpha = {{ start = 0.8, stop = 2.4, count = 50 }}
N = [10, 12, 14, 16]
"""
# The same number of points, each a cell by itself: the table has a row for every one.
WIDE = """
draws = 2
block = 2
observables = ["lowest", "m2", "total_m2"]
theory = false
[model]
p = 1
p_star = 1
[axes]
a = {{ start = 0.1, stop = 4.0, count = {count} }}
alpha = {{ start = 0.8, stop = 2.4, count = 50 }}
N = [10, 12, 14, 16]
"""
# About a second a point: the lowest pairs of a 4000 × 4000 Hessian of 4000 samples.
LARGE = """
draws = 40
block = 1
observables = ["lowest", "m2"]
theory = false
[model]
p = 2
p_star = 1
a = 2.0
alpha = 2.0
N = 2000
"""


def timed(function):
    """(seconds, result)."""
    began = time.perf_counter()
    result = function()
    return time.perf_counter() - began, result


def own_work(path):
    """Seconds of the points themselves, as the file has them."""
    with Store(path.with_suffix(".sqlite")) as store:
        return [seconds for (seconds,) in store.rows(["seconds"])]


def bare_loop(path):
    """The same draws in a loop of this process that keeps nothing."""
    definition = Study.load(path)
    job = definition.job
    for cell, draws in definition.cells():
        for draw in range(draws):
            execute(job, Task(cell.key, draw, 1))


def files_of_points(path, folder):
    """One JSON file a point, as studies are kept without a study."""
    definition = Study.load(path)
    for cell, draws in definition.cells():
        for draw in range(draws):
            values = draw_values(cell, cell.seed(definition.seed, draw), definition.observables)
            name = f"alpha{cell.alpha:.6f}_N{cell.N}_draw{draw}.json"
            (folder / name).write_text(json.dumps(values))


def table_of_files(folder):
    """Mean and standard error of every cell, from the files."""
    rows = []
    for one in folder.glob("*.json"):
        alpha, n, _ = one.stem.split("_")
        rows.append({"alpha": float(alpha[5:]), "N": int(n[1:]), **json.loads(one.read_text())})
    return pd.DataFrame(rows).groupby(["alpha", "N"]).agg(["mean", "sem", "count"])


def overhead(points):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = SMALL.format(draws=points // 200)
        print("| what | seconds | ms a point |\n|---|---|---|")
        path = folder / "warm.toml"
        path.write_text(SMALL.format(draws=1))
        run_points(Study.load(path), path, 1)
        bare, _ = timed(lambda: bare_loop(written(folder, "serial", text)))
        print(f"| the points alone, in a loop | {bare:.1f} | {1e3 * bare / points:.3f} |")
        for workers, label in ((1, "serial"), (2, "processes")):
            path = written(folder, label, text)
            wall, summary = timed(lambda w=workers, at=path: run_points(Study.load(at), at, w))
            assert summary.done == points
            own = sum(own_work(path))
            rest = wall - own / workers
            print(f"| study run, {summary.executor} | {wall:.1f} | {1e3 * wall / points:.3f} |")
            print(f"| its points' own work | {own:.1f} | {1e3 * own / points:.3f} |")
            print(
                f"| overhead: wall − own work/{workers} | {rest:.1f} | {1e3 * rest / points:.3f} |"
            )
        single = folder / "files"
        single.mkdir()
        wall, _ = timed(lambda: files_of_points(path, single))
        print(f"| a loop with one file a point | {wall:.1f} | {1e3 * wall / points:.3f} |")
        print("\n| opening and exporting | seconds, median |\n|---|---|")
        export(path, folder, f"{points} points in 200 cells")
        again = [timed(lambda: table_of_files(single))[0] for _ in range(ROUNDS)]
        print(f"| the table from one file a point | {statistics.median(again):.2f} |")
        path = written(folder, "wide", WIDE.format(count=points // 200))
        wall, _ = timed(lambda: run_points(Study.load(path), path, 1))
        export(path, folder, f"{points} points in {points} cells")
        rest = wall - sum(own_work(path))
        print(
            f"\nOverhead of {points} points in {points} cells, serial: {1e3 * rest / points:.3f} ms"
        )


def export(path, folder, label):
    for kind in ("csv", "parquet", "nc"):
        again = [
            timed(lambda k=kind: bb.open_study(path).export(folder / f"table.{k}"))[0]
            for _ in range(ROUNDS + 1)
        ]
        print(f"| {label}: open and export .{kind} | {statistics.median(again[1:]):.2f} |")
    size = path.with_suffix(".sqlite").stat().st_size / 1e6
    print(f"| the size of its file | {size:.1f} MB |")


def written(folder, name, text):
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def workers():
    found = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as name:
        for turn in range(ROUNDS):
            for count in (1, 2):
                path = written(Path(name), f"{count}-{turn}", LARGE)
                wall, _ = timed(lambda c=count, at=path: run_points(Study.load(at), at, c))
                found[count].append((wall, statistics.median(own_work(path))))
    print("| workers | seconds, median | a point's own work |\n|---|---|---|")
    for count, rows in found.items():
        wall, own = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"| {count} | {wall:.2f} | {own:.2f} |")
    ratios = [one[0] / two[0] for one, two in zip(found[1], found[2], strict=True)]
    print(f"\nratio in each round: {', '.join(f'{one:.2f}' for one in ratios)}; "
          f"median {statistics.median(ratios):.2f}")  # fmt: skip


def main():
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    if sys.argv[1:2] == ["overhead"]:
        overhead(int(sys.argv[2]) if len(sys.argv) > 2 else POINTS)
    elif sys.argv[1:] == ["workers"]:
        workers()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
