"""Theory of networks without closed forms: means over nodes beside numpy, and whole questions."""

import resource
from functools import partial

import numpy as np

from bbpscape import (
    NormalizedSquare,
    TeacherStudent,
    activation,
    spectrum,
    threshold,
)
from bbpscape.theory.laws.network.matrix_law import matrix_law
from benchmarks.frame import Row, Rows, spent

WIDTHS = (2, 3)
ALPHA = 40.0
# Seconds.
ASKED = {
    ("threshold", 2): 0.3,
    ("threshold", 3): 1,
    ("threshold", 4): 5,
    ("spectrum", 2): 0.8,
    ("spectrum", 3): 2.5,
}


def model_of(p: int) -> TeacherStudent:
    return TeacherStudent(p, 1, NormalizedSquare(50.0), activation("tanh"))


def means() -> Rows:
    """E[T] and E[T ⊗ T] at the nodes of density 1, beside a solution for every node by numpy."""
    for p in WIDTHS:
        (part,) = matrix_law(model_of(p)).parts
        F, weights, one = part.samples, part.shares, np.eye(p)
        for name, A in (("real", 40 * one + 3), ("complex", (20 + 30j) * one + 3)):

            def plain(A=A, F=F, weights=weights, one=one) -> tuple:
                T = np.linalg.solve(one + F @ A, F.astype(A.dtype))
                first = np.einsum("n,nij->ij", weights, T)
                return first, np.einsum("nij,nkl->ijkl", weights[:, None, None] * T, T)

            ours, theirs = spent(partial(part.moments, A), 7), spent(plain, 3)
            apart = abs(np.trace(part.moments(A)[0]) / np.trace(plain()[0]) - 1)
            yield Row(
                f"means over {weights.size} nodes, p = {p}, {name}",
                ours,
                "numpy solve and einsum",
                theirs,
                note=f"apart {apart:.0e}",
            )


def questions() -> Rows:
    for p in (*WIDTHS, 4):
        calls = [("threshold", partial(threshold, model_of(p)))]
        if p in WIDTHS:
            calls.append(("spectrum", partial(spectrum, model_of(p), ALPHA)))
        for name, call in calls:
            seconds = spent(call, 3)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
            told = f"asked {ASKED[name, p]} s; peak memory so far {peak:.0f} MB"
            yield Row(f"{name} of tanh, p = {p}", seconds, note=told)


def rows() -> Rows:
    # First: the arrays of numpy's way are large.
    yield from questions()
    yield from means()
