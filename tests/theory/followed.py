"""Traced bulks of committees, and ∫ φ(λ) ρ(λ) dλ on panels that suit each of their ends."""

import functools
import math

import numpy as np
import pytest
from tests.theory.direct import model_of

from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.density import trace_bulk
from bbpscape.theory.scalar.edges import left_edge, right_edge, zero_atom

INF = math.inf
# p, p*, a, α: both kinds of left edge, and samples fewer than, as many as and more than inputs.
CASES = {
    "sharp": (1, 1, 0.01, 3.0),
    "two neurons": (2, 1, 0.01, 2.0),
    "as many samples as inputs": (1, 1, 2.0, 1.0),
    "fewer samples": (2, 1, 1.0, 0.5),
    "six neurons": (6, 2, 0.5, 1.0),
    "fifty neurons": (50, 5, 2.0, 4.0),
    "wide, fewer samples": (INF, 1, 0.3, 0.5),
    "wide, as many": (INF, 2, 1.0, 1.0),
    "wide, sharp": (INF, 2, 1.0, 8.0),
}
CASES_ARGS = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())

NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
# Panels next to the eigenvalue 0 start at this fraction of the distance to the next traced point;
# closer, where g is so large that rounding hides it, ``density`` is constant by convention.
NEAREST = 1e-3


def panels(curve):
    """Ends of the panels, geometric towards the left edge and towards 0."""
    ends = curve.eigenvalue
    width = ends[3] - ends[0]
    head = width * np.union1d(np.geomspace(1e-4, 1, 30), np.linspace(0, 1, 30))
    ends = np.concatenate([ends[0] + head[:-1], ends[3:]])
    if ends[0] < 0 < ends[-1]:
        near = np.min(abs(ends[ends != 0])) * np.geomspace(NEAREST, 0.5, 9)
        ends = np.union1d(ends, np.concatenate([-near, near]))
    return ends


def bulk_nodes(curve):
    """Nodes λ and weights times ρ(λ); λ = a + (b − a)(1 − cos πt)/2 suits roots at both ends.

    At α = 1, where ρ diverges like |λ|^{−1/2} times logarithms, the panel around 0 is one node
    with the mass that the cumulative law gives it, below 1 %.
    """
    t = (NODES + 1) / 2
    position = (1 - np.cos(np.pi * t)) / 2
    weight = np.pi * np.sin(np.pi * t) * WEIGHTS / 4
    ends = panels(curve)
    nodes = ends[:-1, None] + np.diff(ends)[:, None] * position
    weights = np.diff(ends)[:, None] * weight
    # One panel at a time: those at 0 take many more terms than the others.
    rho = np.stack([curve.density(row) for row in nodes]) * weights
    if curve.alpha == 1:
        middle = np.flatnonzero((ends[:-1] < 0) & (ends[1:] > 0))
        for i in middle:
            below = curve.fraction_below(ends[i : i + 2])
            assert below[1] - below[0] < 0.01
            nodes[i], rho[i] = 0.0, (below[1] - below[0]) / t.size
    return nodes.ravel(), rho.ravel()


def trace(law, alpha, missing=1e-10):
    left, right, atom = left_edge(law, alpha), right_edge(law, alpha), zero_atom(law, alpha)
    return trace_bulk(law, alpha, left, right, 1 - missing * (1 - atom)), left, right, atom


@functools.cache
def followed(case):
    """(curve, left edge, atom, nodes, weights times ρ) of a committee, its mass but for 1e-10."""
    *arguments, alpha = case
    curve, left, _, atom = trace(CommitteeLaw(model_of(*arguments)), alpha)
    return curve, left, atom, *bulk_nodes(curve)
