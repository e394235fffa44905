"""Fewer nodes of labels, where means over them of what a network asks are smooth in y."""

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.curvature import curvature
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.label_nodes import LabelNodes, gauss_rule

# Nodes that are tried, and the digits that means must keep at refinement 1.
COUNTS, DIGITS = (10, 13, 16, 20, 24, 28, 33, 40, 50), 8.0
# Preactivations at which T is looked at, and A in units of the one at which it diverges there.
PROBES, SHARES = 8, (0.99, 0.5j - 0.3)


def thinned(
    model: TeacherStudent, labels: LabelNodes, refinement: float, lowest: list[float]
) -> LabelNodes:
    """The fewest Gauss nodes of the law of y that keep E_y[T] and E_y[u uᵀ T] at probes of λ.

    ``lowest`` are preactivations at which the curvature is lowest, which are among the probes. All
    labels, if none of COUNTS keeps them.
    """
    y, p = labels.y, int(model.p)
    if any(y.min() < one < y.max() for one in model.loss.label_breaks):
        return labels
    random = np.random.default_rng(p).standard_normal((PROBES, p))
    points = np.concatenate([np.repeat(np.array(lowest)[:, None], p, axis=1), random])
    F = _at(model, points, y)
    low = -float(np.linalg.eigvalsh(F)[..., 0].min())
    unit = 1 / low if low > 0 else 1 / float(abs(F).max() or 1.0)
    expected = _means(F, unit, labels.weights, labels.second)
    enough = 10.0 ** (-DIGITS * refinement) * abs(expected).max(axis=(0, 2, 3), keepdims=True)
    for count in COUNTS:
        if 1.3 * count > y.size:
            break
        fewer = LabelNodes(*gauss_rule(y, labels.weights, labels.first, labels.second, count))
        found = _means(_at(model, points, fewer.y), unit, fewer.weights, fewer.second)
        if (abs(found - expected) <= enough).all():
            return fewer
    return labels


def _at(model: TeacherStudent, points: NDArray, y: NDArray) -> NDArray[np.float64]:
    """F at every point and label, (n, m, p, p)."""
    n, m, p = len(points), y.size, points.shape[1]
    F = curvature(model, np.repeat(points, m, axis=0), np.tile(y, n))
    return F.reshape(n, m, p, p)


def _means(F: NDArray, unit: float, weights: NDArray, second: NDArray) -> NDArray[np.complex128]:
    """Means over y of T, and of T times E[u_1² | y], at every A: (n, 2 A, p, p)."""
    one = np.eye(F.shape[-1])
    rows = np.stack([weights, weights * second[:, 0, 0]])
    found = [
        np.einsum("km,nmij->nkij", rows, np.linalg.solve(one + unit * share * F, F + 0j))
        for share in SHARES
    ]
    return np.concatenate(found, axis=1)
