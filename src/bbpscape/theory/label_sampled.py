"""Label-sampled theory: the same equations with E replaced by the mean over M sampled labels.

Conditioned on the label scalars (y_μ, r_μ) the Hessian is again of the form Σ F_μ ⊗ x xᵀ, with
atoms f_μ instead of their law. This keeps the extreme labels, which at finite N decide where the
left edge is; it costs O(M) and no matrix. Source: THEORY.md §5.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.curvature import curvature_eigenvalues
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.bulk import Edge, left_edge
from bbpscape.theory.law import BULK, TEACHER, DiscreteLaw
from bbpscape.theory.outliers import left_outlier


@dataclass(frozen=True)
class FiniteSize:
    """What the labels of one draw predict at dimension N, in the units of the eigenvalues.

    ``outlier`` and ``m2`` are None where the draw has no outlier. ``left_edge`` is the lowest bulk
    eigenvalue with its Tracy–Widom shift; ``lowest`` is the outlier or else that edge.
    ``m2_lowest`` is m² of the outlier, or what the lowest bulk eigenvectors know of the teacher.
    """

    outlier: float | None
    m2: float | None
    left_edge: float
    lowest: float
    m2_lowest: float


def label_sampled_law(
    model: TeacherStudent, r: NDArray, y: NDArray, norms: NDArray | None = None
) -> DiscreteLaw:
    """The law of f given the labels: f_c = (2/p)(c r_μ − y_μ)/(a + y_μ), each with weight 1/M.

    ``r``, ``y`` and ``norms`` = |x_μ|² have shape (M,). Inputs of unequal norm count as norm times
    a direction: f is multiplied by |x_μ|², and the weight along a teacher direction is y_μ/|x_μ|².
    """
    size = np.ones_like(y) if norms is None else norms
    curvatures = curvature_eigenvalues(model, r, y) * size[:, None]
    p = model.p
    along = np.concatenate([y / size, y / size])
    weights = np.repeat([(1 - 1 / p) / y.size, 1 / p / y.size], y.size)
    atoms = curvatures.T.ravel()
    keep = weights > 0
    return DiscreteLaw(
        atoms=atoms[keep],
        weights=weights[keep],
        along={TEACHER: along[keep]},
        directions={TEACHER: p * model.p_star},
    )


def finite_size(
    model: TeacherStudent, N: int, r: NDArray, y: NDArray, norms: NDArray | None = None
) -> FiniteSize:
    """Outlier, edge and overlaps that the labels (r_μ, y_μ), each of shape (M,), predict at N."""
    law, alpha = label_sampled_law(model, r, y, norms), y.size / N
    edge = left_edge(law, alpha)
    outlier = left_outlier(law, alpha, edge, TEACHER) if edge.kind == "sharp" else None
    bulk = edge.value
    if edge.kind == "sharp":
        bulk += edge.tracy_widom_shift(int(model.p * N))
    if outlier is not None:
        return FiniteSize(outlier.eigenvalue, outlier.m2, bulk, outlier.eigenvalue, outlier.m2)
    return FiniteSize(None, None, bulk, bulk, _edge_overlap(model, law, alpha, edge, N))


def _edge_overlap(
    model: TeacherStudent, law: DiscreteLaw, alpha: float, edge: Edge, N: int
) -> float:
    """(p*/N) ρ_u/ρ at the typical lowest eigenvalue, ρ_u the spectral measure along the teacher.

    At the edge itself the ratio diverges where an outlier is about to leave; the Tracy–Widom shift
    inside the bulk, where z(g) ≈ λ₋ + z'' (g − g_e)²/2 has Im g < 0, is what N can resolve.
    """
    shift = edge.tracy_widom_shift(int(model.p * N))
    g = np.array(complex(edge.g, -math.sqrt(2 * shift / abs(edge.z2))))
    bulk, along = law.moments(g, 1, (BULK, TEACHER))[:, 0]
    resolvent = 1 / (1 / g + alpha * (bulk - along))
    return float(model.p_star / N * resolvent.imag / g.imag)
