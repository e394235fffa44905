"""The time of a step of gradient descent, and where descents begin to find the teacher.

    python benchmarks/descent.py step
    python benchmarks/descent.py claim FOLDER

``step`` compares one step of a batch with its two matrix products alone, and with a loop of torch's
automatic differentiation over the same batch. ``claim`` measures m² reached by descent against α
and prints the tables of docs/descent.md; its points are kept in FOLDER, so that it can be stopped
and started again.
"""

import math
import statistics
import sys
import time
from pathlib import Path

import numpy as np

import bbpscape as bb
from bbpscape.simulate.descent import _Batch
from bbpscape.simulate.descent_gradient import BatchGradient
from bbpscape.simulate.instance import spawn_generators

SHAPES = ((1, 500, 2.0, 8), (4, 500, 2.0, 8), (4, 1000, 2.0, 8), (8, 1000, 2.0, 4), (4, 4096, 1, 2))
ROUNDS = 9
ALPHAS = (0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.8, 3.2, 4.0)
WIDTHS = (1, 2, 4, 8)
SIZES = {500: 16, 1000: 6}
LEVELS = (0.1, 0.5)
STEPS = 1500


def once(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def step():
    import torch

    torch.set_num_threads(1)
    columns = "p, N, α, draws | dtype | products | step | autograd | step/products | autograd/step"
    print(f"| {columns} |\n|---|---|---|---|---|---|---|")
    for p, N, alpha, draws in SHAPES:
        model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(0.01))
        instances = [bb.draw(model, alpha, N, g) for g in spawn_generators(0, draws)]
        starts = np.stack([one.student for one in instances])
        for dtype in ("float64", "float32"):
            report(instances, starts, dtype, (p, N, alpha, draws))


def report(instances, starts, dtype, shape):
    import torch

    eta = np.full(len(instances), 1e-6)
    rule = bb.DescentRule(steps=10**9, step=1e-6, tolerance=0.0)
    batch = _Batch(instances, starts, eta, rule, BatchGradient(instances, dtype))
    batch.records = set()
    X = [one.inputs.astype(dtype) for one in instances]
    w = [np.ascontiguousarray(student.T, dtype) for student in starts]
    R = [np.ascontiguousarray((x @ v).T) for x, v in zip(X, w, strict=True)]
    kind = getattr(torch, dtype)
    inputs = torch.tensor(np.stack(X), dtype=kind)
    y = torch.tensor(np.stack([one.labels for one in instances]), dtype=kind)
    weights = torch.tensor(starts, dtype=kind, requires_grad=True)

    def products():
        for x, v, r in zip(X, w, R, strict=True):
            x @ v
            r @ x

    def ours():
        batch.observe()
        batch.advance()

    def autograd():
        outputs = ((inputs @ weights.transpose(1, 2)) ** 2).mean(2)
        loss = (0.5 * (y - outputs) ** 2 / (0.01 + y)).sum()
        loss.backward()
        with torch.no_grad():
            weights.sub_(1e-6 * weights.grad)
            weights.grad = None

    times = {products: [], ours: [], autograd: []}
    for _ in range(ROUNDS):
        for function, seconds in times.items():
            seconds.append(once(function))
    floor, mine, theirs = (1e3 * statistics.median(one) for one in times.values())
    print(
        f"| {', '.join(map(str, shape))} | {dtype} | {floor:.2f} ms | {mine:.2f} ms "
        f"| {theirs:.2f} ms | {mine / floor:.2f} | {theirs / mine:.2f} |",
        flush=True,
    )


def claim(folder):
    began = time.perf_counter()
    levels = " | ".join(f"m² = {level:g}" for level in LEVELS)
    for N, draws in SIZES.items():
        for a in (0.01, 2.0):
            model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(a))
            rule = bb.DescentRule(steps=STEPS, sphere=True)
            curve = bb.recovery_curve(
                model,
                ALPHAS,
                WIDTHS,
                ["random"],
                N,
                draws,
                rule=rule,
                dtype="float32",
                path=folder / f"sphere-{a:g}-{N}.toml",
                workers=1,
            )
            print(f"\na = {a:g}, N = {N}, {draws} draws, {curve.failed} points failed\n")
            print(f"| p | kind | α_BBP | α₀ | α_½(N) | {levels} | m² at {ALPHAS} |")
            print("|---|---|---|---|---|---|---|---|")
            for line in curve.lines:
                at = curve.thresholds[line.p]
                half = bb.half_alpha(at.model, N, draws=100, workers=1)
                onsets = " | ".join(onset(line, level) for level in LEVELS)
                means = ", ".join(f"{value:.3f}" for value in line.mean_m2)
                lower = f"{at.alpha_0:.3f}" if at.transition == "discontinuous" else "α_BBP"
                print(
                    f"| {line.p} | {at.transition} | {at.alpha_bbp:.3f} | {lower} "
                    f"| {half.alpha:.3f} ± {half.standard_error:.3f} | {onsets} | {means} |",
                    flush=True,
                )
    print(f"\n{time.perf_counter() - began:.0f} s in this run")


def onset(line, level):
    alpha, error = line.onset(level)
    if math.isnan(alpha):
        return f"above {line.alphas[-1]:g}"
    return f"{alpha:.2f} ± {error:.2f}" if math.isfinite(alpha) else f"below {line.alphas[0]:g}"


if __name__ == "__main__":
    if sys.argv[1:] == ["step"]:
        step()
    elif len(sys.argv) == 3 and sys.argv[1] == "claim":
        claim(Path(sys.argv[2]))
    else:
        sys.exit("usage: descent.py step | descent.py claim FOLDER")
