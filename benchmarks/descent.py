"""The time of a step of gradient descent, beside its parts and automatic differentiation.

    python benchmarks/descent.py

One step of a batch, everything observed, against

- *read*: the time to read the batch's X once, as the dot product of X with itself;
- *products*: its two matrix products alone, on the whole of X by numpy's BLAS;
- *autograd*: the same step as a batched torch loop.

All take one thread, and processor time is counted. They take turns, a call that is not timed before
each that is, as one step of a descent follows another; medians over the rounds are printed.
"""

import statistics
import time

import numpy as np
import torch

import bbpscape as bb
from bbpscape.simulation.descent.descend import _Batch
from bbpscape.simulation.descent.gradient import BatchGradient
from bbpscape.simulation.threads import blas_limit

SHAPES = ((1, 500, 2.0, 8), (4, 500, 2.0, 8), (4, 1000, 2.0, 8), (8, 1000, 2.0, 4), (4, 4096, 1, 2))
ROUNDS = 15


def again(function):
    function()
    began = time.process_time()
    function()
    return time.process_time() - began


def rows():
    """(name, our step, autograd's, the products alone), seconds of one core."""
    return [(f"descent {name}", ours, theirs, floor) for name, _, floor, ours, theirs in measured()]


def measured():
    """(shape and dtype, read, products, step, autograd) of each, median CPU seconds."""
    torch.set_num_threads(1)
    for p, N, alpha, draws in SHAPES:
        model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(0.01))
        instances = [bb.draw(model, alpha, N, 0, index) for index in range(draws)]
        starts = np.stack([one.student for one in instances])
        for dtype in ("float64", "float32"):
            with blas_limit(1):
                yield f"{p}, {N}, {alpha}, {draws}, {dtype}", *medians(instances, starts, dtype)


def main():
    names = "read | products | step | autograd | step/products | autograd/step"
    print(f"| p, N, α, draws, dtype | {names} |\n|---|---|---|---|---|---|---|")
    for name, *seconds in measured():
        _, floor, mine, theirs = seconds
        shown = " | ".join(f"{1e3 * one:.1f} ms" for one in seconds)
        print(f"| {name} | {shown} | {mine / floor:.2f} | {theirs / mine:.2f} |", flush=True)


def medians(instances, starts, dtype):
    rule = bb.DescentRule(steps=10**9, step=1e-6, tolerance=0.0)
    batch = _Batch(instances, starts, rule, BatchGradient(instances, dtype))
    batch.records = set()
    X = [one.inputs.astype(dtype, copy=False) for one in instances]
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

    def read():
        for x in X:
            np.dot(x.ravel(), x.ravel())

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

    times = {read: [], products: [], ours: [], autograd: []}
    for _ in range(ROUNDS):
        for function, seconds in times.items():
            seconds.append(again(function))
    return [statistics.median(one) for one in times.values()]


if __name__ == "__main__":
    main()
