"""Batched draws, the eigensolver and descent on a GPU, beside numpy and torch on the same machine.

    python benchmarks/gpu.py --out DIR            # on the GPU
    python benchmarks/gpu.py --out DIR --tiny     # a run of the script itself, on any device
    python benchmarks/gpu.py --out DIR --device torch-cpu

Times are medians of runs after one that is not timed; a device is waited for. Floors are operations
over the rate of a large matrix product, or bytes over the rate of a large copy, both measured here
first; the larger is the floor. Writes gpu.json and gpu.txt.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np
import torch

import bbpscape as bb
from bbpscape.simulation.backend import backend
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.eigen.batch import batch_size, lowest_batch
from bbpscape.simulation.operator import Operator

MODELS = {p: bb.TeacherStudent(p, 1, bb.NormalizedSquare(0.01)) for p in (1, 2, 4, 8)}
FIRST, LAST = 20, 120  # steps between which a descent is timed: the start is not


class Report:
    """Rows of figures, printed as they come and written at the end."""

    def __init__(self, device, out, budget, largest, cpu):
        self.device, self.out, self.lines, self.rows = device, out, [], []
        self.cpu = cpu
        self.ends, self.largest = time.perf_counter() + budget, largest

    def skips(self, p, N):
        """Whether no time is left for a case, or it is larger than wanted."""
        late = time.perf_counter() > self.ends
        if late or self.largest < N:
            self.say(f"  left out: p = {p}, N = {N}{', no time left' if late else ''}")
        return late or self.largest < N

    def say(self, text):
        print(text, flush=True)
        self.lines.append(text)

    def row(self, **values):
        self.rows.append(values)
        shown = [f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items()]
        self.say("  " + "  ".join(shown))

    def write(self):
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "gpu.json").write_text(json.dumps(self.rows, indent=1))
        (self.out / "gpu.txt").write_text("\n".join(self.lines) + "\n")


def wait():
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(call, repeats=5):
    """(median seconds, last result) of ``repeats`` calls after one."""
    call()
    seconds, result = [], None
    for _ in range(repeats):
        wait()
        began = time.perf_counter()
        result = call()
        wait()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), result


def ceilings(report, tiny):
    """Operations a second of a matrix product and bytes a second of a copy, read and written."""
    size = 256 if tiny else 8192
    report.say("ceilings")
    found = {}
    for name in ("cpu", report.device):
        where = torch.device("cuda" if name == "cuda" else "cpu")
        n = size if name == "cuda" or tiny else size // 2
        for dtype in (torch.float32, torch.float64):
            a = torch.randn(n, n, dtype=dtype, device=where)
            seconds, _ = timed(lambda a=a: a @ a, 3)
            found[name, str(dtype)[6:]] = 2 * n**3 / seconds
        a = torch.randn(n * n * (8 if name == "cuda" else 1), device=where)
        b = torch.empty_like(a)
        seconds, _ = timed(lambda a=a, b=b: b.copy_(a), 5)
        found[name, "copy"] = 2 * a.nbytes / seconds
        report.row(
            what="ceilings",
            device=name,
            float32_TFs=found[name, "float32"] / 1e12,
            float64_TFs=found[name, "float64"] / 1e12,
            copy_TBs=found[name, "copy"] / 1e12,
        )
        del a, b
    if report.device == "cuda":
        host = np.random.default_rng(0).standard_normal(2**25)
        seconds, _ = timed(lambda: torch.from_numpy(host).cuda(), 3)
        report.row(what="host to device", GBs=host.nbytes / seconds / 1e9)
        seconds, _ = timed(lambda: float(torch.ones(1, device="cuda")), 50)
        report.row(what="a launch and a number back", us=1e6 * seconds)
    return found


def draws(report, limits, tiny):
    """Dense draws, formed and diagonalized together, beside LAPACK one by one."""
    report.say("many small draws, dense, k = 4: seconds a draw")
    cases = [(1, 30)] if tiny else [(1, 64), (1, 200), (4, 100), (2, 400), (4, 400)]
    where = backend(report.device)
    for p, N in cases:
        M, model, n = 3 * N, MODELS[p], p * N
        count = min(batch_size(p, N, M), 4 if tiny else max(8, 60000 // n))
        began = time.perf_counter()
        hessians = [bb.draw(model, 3.0, N, 0, i).hessian for i in range(count)]
        drawing = (time.perf_counter() - began) / count
        few = hessians[: min(count, 16)]
        there, found = timed(lambda h=hessians, w=where: lowest_batch(h, 4, 1e-8, w), 3)
        cpu, expected = timed(lambda h=few: [bb.lowest(x, 4, method="dense") for x in h], 1)
        error = max(
            abs(a.eigenvalues - b.eigenvalues).max() / abs(b.eigenvalues).max()
            for a, b in zip(found, expected, strict=False)
        )
        lifted = sum(one.certificate.kind == "lifted" for one in found)
        H = where.asarray(np.stack([h.dense() for h in few]), "float64")
        eigh, _ = timed(lambda H=H: torch.linalg.eigh(H), 3)
        floor = 4 / 3 * n**3 / limits[report.device, "float64"]
        each, one = there / count, cpu / len(few)
        report.row(
            what="draws", p=p, N=N, batch=count, lifted=lifted, device_s=each, numpy_s=one,
            speedup=one / each, eigh_s=eigh / len(few), drawing_s=drawing,
            floor_s=floor, over_floor=each / floor, error=float(error),
        )  # fmt: skip


def whole(report, tiny):
    """``simulate`` from seed to certificate: drawing, solving, observing."""
    report.say("simulate, dense batches, from the seed on: seconds in all")
    for p, N, count in [(1, 30, 4)] if tiny else [(1, 200, 256), (4, 100, 128)]:
        row = {}
        bb.simulate(MODELS[p], 3.0, N, 2, k=4, device=report.device, workers=1)
        for device, workers in ((report.device, 1), ("cpu", 1), ("cpu", os.cpu_count())):
            if tiny and workers != 1:
                continue
            began = time.perf_counter()
            bb.simulate(MODELS[p], 3.0, N, count, k=4, device=device, workers=workers)
            row[f"{device}_{workers}"] = time.perf_counter() - began
        report.row(what="simulate", p=p, N=N, draws=count, **row)


def products(report, limits, tiny):
    """H V of a block: device, numpy, and the floor of its operations and of reading X once."""
    report.say("a product with a block of 8")
    for p, N in [(2, 60)] if tiny else [(4, 2000), (1, 8000)]:
        hessian = bb.draw(MODELS[p], 3.0, N, 0).hessian
        block = np.random.default_rng(0).standard_normal((8, p * N))
        for dtype in ("float64", "float32"):
            row = {}
            for device in (report.device, "cpu"):
                where = backend(device)
                operator, there = Operator(hessian, dtype, where), where.asarray(block, dtype)
                seconds, _ = timed(lambda o=operator, v=there: o(v), 10 if device != "cpu" else 3)
                bytes_ = hessian.inputs.size * np.dtype(dtype).itemsize
                floor = max(
                    operator.flops(8) / limits[device, dtype], bytes_ / limits[device, "copy"]
                )
                row |= {f"{device}_s": seconds, f"{device}_over_floor": seconds / floor}
            ratio = row["cpu_s"] / row[f"{report.device}_s"]
            report.row(what="product", p=p, N=N, dtype=dtype, speedup=ratio, **row)


def solver(report, limits, tiny):
    """One large instance, iterative, set-up and certificate included."""
    report.say("lowest pairs of one instance, iterative, tol 1e-8: seconds")
    cases = [(1, 1000, 2), (1, 4000, 2), (4, 2000, 8), (1, 8000, 2), (1, 16000, 2)]
    if tiny:
        cases = [(1, 40, 2)]
    for p, N, k in cases:
        if report.skips(p, N):
            continue
        hessian = bb.draw(MODELS[p], 3.0, N, 0).hessian
        M, large, expected = len(hessian.inputs), N > 4000, None
        runs = [("cpu", "float64", "iterative")] * report.cpu
        runs += [(report.device, dtype, "iterative") for dtype in ("float64", "float32")]
        runs += [(report.device, "float64", "dense")]
        for device, dtype, method in runs:

            def call(h=hessian, d=device, t=dtype, k=k, m=method):
                return bb.lowest(h, k, method=m, device=d, dtype=t)

            if device == "cpu":  # the BLAS is warm
                began = time.perf_counter()
                pairs = call()
                seconds = time.perf_counter() - began
            else:
                seconds, pairs = timed(call, 1 if large else 3)
            expected = pairs if expected is None else expected
            size = abs(expected.eigenvalues).max()
            error = float(abs(pairs.eigenvalues - expected.eigenvalues).max() / size)
            speed = limits[device, "float32"]
            each = (4 * M * N * p + 2 * N * N * p) / speed
            floor = (2 * M * N * N + N**3) / speed + max(
                pairs.products * each, pairs.calls * 4 * M * N / limits[device, "copy"]
            )
            if method == "dense":  # two inverses, of a factorization and two products
                n, speed = p * N, limits[device, "float64"]
                floor = (p * (p + 1) * M * N * N + 2 * (1 / 3 + 1 + 2) * n**3) / speed
            report.row(
                what="lowest", p=p, N=N, k=k, device=device, dtype=dtype, method=method,
                seconds=seconds, floor=floor, over_floor=seconds / floor,
                products=pairs.products, calls=pairs.calls,
                residual=float(pairs.residuals.max() / size), error=error,
                converged=pairs.converged,
                certificate=f"{pairs.certificate.kind} {pairs.certificate.passed}",
            )  # fmt: skip


def descents(report, limits, tiny):
    """A step of gradient descent of a batch, everything observed."""
    report.say("a step of descent: milliseconds")
    cases = [(1, 500, 8), (4, 500, 8), (4, 500, 128), (4, 1000, 32), (4, 4096, 4), (8, 1000, 32)]
    if tiny:
        cases = [(2, 40, 2)]
    for p, N, count in cases:
        if report.skips(p, N):
            continue
        instances = [bb.draw(MODELS[p], 2.0, N, 0, i) for i in range(count)]
        starts = [one.student for one in instances]
        for dtype in ("float64", "float32"):
            row = {}
            for device in dict.fromkeys((report.device, "cpu", "torch-cpu")):
                if device not in (report.device, "cpu") and dtype == "float32":
                    continue
                where, steps = backend(device), (FIRST, LAST)
                if device != "cuda":
                    steps = (5, 15)
                seconds = []
                for count_of in (steps[0], *steps):
                    rule = bb.DescentRule(steps=count_of, step=1e-6, tolerance=0.0)
                    began = time.perf_counter()
                    found = descend_batch(instances, starts, rule, dtype=dtype, where=where)
                    seconds.append(time.perf_counter() - began)
                row[f"{device}_ms"] = 1e3 * (seconds[2] - seconds[1]) / (steps[1] - steps[0])
                if device in (report.device, "cpu"):
                    row[f"{device}_loss"] = float(found[0].loss[0])
            X = 2 * count * N * N
            floor = max(
                4 * X * p / limits[report.device, dtype],
                X * np.dtype(dtype).itemsize / limits[report.device, "copy"],
            )
            there, here = row[f"{report.device}_ms"], row["cpu_ms"]
            report.row(
                what="descent", p=p, N=N, draws=count, dtype=dtype, speedup=here / there,
                floor_ms=1e3 * floor, over_floor=there / (1e3 * floor), **row,
            )  # fmt: skip


def safe(report, tiny):
    """A whole descent whose step is 1/λ_max, found again at every record."""
    report.say("descend, 200 steps, η found again at records: seconds")
    p, N, count = (2, 40, 2) if tiny else (4, 500, 32)
    instances = [bb.draw(MODELS[p], 2.0, N, 0, i) for i in range(count)]
    starts, row, losses = [one.student for one in instances], {}, []
    for device in (report.device, "cpu"):
        rule = bb.DescentRule(steps=200)
        began = time.perf_counter()
        found = descend_batch(instances, starts, rule, where=backend(device))
        row[f"{device}_s"] = time.perf_counter() - began
        losses.append(np.array([one.loss[-1] for one in found]))
    error = float(abs(losses[0] / losses[1] - 1).max())
    report.row(what="descend", p=p, N=N, draws=count, error=error, **row)


def profile(report, tiny):
    """Where the time of the solver goes."""
    import cProfile
    import io
    import pstats

    hessian = bb.draw(MODELS[1], 3.0, 40 if tiny else 4000, 0).hessian
    bb.lowest(hessian, 2, method="iterative", device=report.device)
    record = cProfile.Profile()
    record.runcall(bb.lowest, hessian, 2, method="iterative", device=report.device)
    text = io.StringIO()
    pstats.Stats(record, stream=text).strip_dirs().sort_stats("tottime").print_stats(16)
    report.say(text.getvalue())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--budget", type=float, default=200, help="seconds, from which cases go")
    parser.add_argument("--largest", type=int, default=10**9, help="N up to which cases run")
    parser.add_argument("--no-cpu", dest="cpu", action="store_false", help="no numpy solver")
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    report = Report(
        arguments.device, arguments.out, arguments.budget, arguments.largest, arguments.cpu
    )
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    report.say(
        f"{name}, {os.cpu_count()} CPU cores, torch {torch.__version__}, numpy {np.__version__}, "
        f"Python {platform.python_version()}"
    )
    tiny = arguments.tiny
    try:
        limits = ceilings(report, tiny)
        jobs = {
            "draws": lambda: draws(report, limits, tiny),
            "whole": lambda: whole(report, tiny),
            "products": lambda: products(report, limits, tiny),
            "descents": lambda: descents(report, limits, tiny),
            "safe": lambda: safe(report, tiny),
            "solver": lambda: solver(report, limits, tiny),
        }
        for key, job in jobs.items():
            if not arguments.only or key in arguments.only:
                began = time.perf_counter()
                job()
                report.say(f"  ({key}: {time.perf_counter() - began:.1f} s)")
                report.write()
        if arguments.profile:
            profile(report, tiny)
    finally:
        report.write()


if __name__ == "__main__":
    main()
