"""Label-sampled theory: the same equations with E replaced by the mean over M sampled labels.

Conditioned on the label scalars (y_μ, r_μ) the Hessian is again of the form Σ F_μ ⊗ x xᵀ, with
atoms f_μ instead of their law. This keeps the extreme labels, which at finite N decide where the
left edge is; it costs O(M) and no matrix. Source: theory.md §5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.curvature import curvature_eigenvalues
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.solution import Edge


@dataclass(frozen=True)
class LabelSampled:
    """What the labels of one draw predict at dimension N, in the units of the eigenvalues.

    ``outlier`` and ``m2`` are None if the draw has no outlier. ``left_edge`` is the lowest bulk
    eigenvalue with its Tracy–Widom shift; ``lowest`` is the outlier or else that edge.
    ``m2_lowest`` is what the p p* lowest eigenvectors know of the teacher: m² of the outlier or the
    overlap at the edge of the bulk, whichever is larger.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.finite.solve_labels(model, 200, *bb.finite.sample_labels(model, 800, 0, 0))
    >>> found.lowest == found.outlier, found.outlier < found.left_edge
    (True, True)
    """

    outlier: float | None
    m2: float | None
    left_edge: float
    lowest: float
    m2_lowest: float

    def bulk(self, position: int) -> float:
        """The lowest eigenvalue of the bulk.

        Parameters
        ----------
        position : int
            How many eigenvalues lie left of it, which changes nothing here.

        Returns
        -------
        float
            ``left_edge``.

        Examples
        --------
        >>> import bbpscape as bb
        >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
        >>> found = bb.finite.solve_labels(model, 200, *bb.finite.sample_labels(model, 800, 0, 0))
        >>> found.bulk(1) == found.left_edge
        True
        """
        return self.left_edge

    @property
    def errors(self) -> tuple[float, float]:
        """None is known of this theory."""
        return 0.0, 0.0

    def fraction_below(self, eigenvalue: float) -> float | None:
        """None: labels alone do not say how many eigenvalues lie below one to order one.

        Parameters
        ----------
        eigenvalue : float
            Whichever.

        Returns
        -------
        None

        Examples
        --------
        >>> import bbpscape as bb
        >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
        >>> y, r = bb.finite.sample_labels(model, M=800, seed=0, draw=0)
        >>> bb.finite.solve_labels(model, 200, r, y).fraction_below(0.0)
        """
        return None

    def at(self, chosen: slice) -> tuple[float, float]:
        """The mean eigenvalue and m² of the lowest p p*, which alone are predicted.

        Parameters
        ----------
        chosen : slice
            Which of them: the prediction is one for all.

        Returns
        -------
        (float, float)
            Eigenvalue and m².

        Examples
        --------
        >>> import bbpscape as bb
        >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
        >>> found = bb.finite.solve_labels(model, 200, *bb.finite.sample_labels(model, 800, 0, 0))
        >>> found.at(slice(1)) == (found.lowest, found.m2_lowest)
        True
        """
        return self.lowest, self.m2_lowest


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


def solve_labels(
    model: TeacherStudent, N: int, r: NDArray, y: NDArray, norms: NDArray | None = None
) -> LabelSampled:
    """Outlier, edge and overlaps that the labels (r_μ, y_μ), each of shape (M,), predict at N.

    Parameters
    ----------
    model : TeacherStudent
    N : int
        Input dimension.
    r, y : arrays, shape (M,)
        Outputs of the student, and labels.
    norms : array, optional
        Squared norms τ_μ of the samples.

    Returns
    -------
    LabelSampled
        The edge, the outlier and m² of these labels.

    Examples
    --------
    Twice as many samples of positive mean curvature push the edge to the right:

    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> few, many = (bb.finite.sample_labels(model, M, 0, 0) for M in (800, 1600))
    >>> edges = [bb.finite.solve_labels(model, 200, *one).left_edge for one in (few, many)]
    >>> edges[0] < edges[1]
    True
    """
    law, alpha = label_sampled_law(model, r, y, norms), y.size / N
    edge = left_edge(law, alpha)
    outlier = left_outlier(law, alpha, edge, TEACHER) if edge.kind == "sharp" else None
    bulk = edge.value
    if edge.kind == "sharp":
        bulk += edge.tracy_widom_shift(int(model.p * N))
    overlap = _edge_overlap(model, law, alpha, edge, N) if edge.kind == "sharp" else 0.0
    if outlier is not None:
        lowest = outlier.eigenvalue
        return LabelSampled(lowest, outlier.m2, bulk, lowest, max(outlier.m2, overlap))
    return LabelSampled(None, None, bulk, bulk, overlap)


def edge_cell(model: TeacherStudent, edge: Edge, N: int) -> tuple[NDArray, NDArray]:
    """(g, weights): the mean over the lowest p p* bulk eigenvalues is Σ weights φ(g) Im … / Im g.

    The p p* lowest of n = pN eigenvalues fill the bulk up to the depth Δ_c at which
    ρ ≈ (1/π) √(2Δ/|z''|) has the mass p p*/n; at depth Δ, g ≈ g_e − i √(2Δ/|z''|). The nodes are
    those of Gauss and Legendre in √Δ, and the weights sum to 1. Both have shape (4,).
    """
    n = model.p * N
    count = model.p * model.p_star
    depth = (1.5 * math.pi * count) ** (2 / 3) * (abs(edge.z2) / (2 * n**2)) ** (1 / 3)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    u = (1 + nodes) / 2
    g = edge.g - 1j * math.sqrt(2 * depth / abs(edge.z2)) * u
    return g, 1.5 * weights * u**2


def _edge_overlap(
    model: TeacherStudent, law: DiscreteLaw, alpha: float, edge: Edge, N: int
) -> float:
    """∫ ρ_u over the lowest p p* of the eigenvalues of the bulk: their mean m².

    Over all eigenvalues λ_j, Σ_j m²_j δ(λ − λ_j) = p p* ρ_u, with ρ_u the spectral measure along a
    teacher direction, and its mean is (p*/N) ρ_u/ρ. At the edge that ratio peaks, the more so the
    nearer an outlier is to leaving. Weak outliers are no more than this peak, and have its m²
    rather than their own.

    Measured, mean over draws at (p, p*, a) = (1, 1, 2), (3, 1, 1), (1, 1, 0.01), (1, 2, 4),
    (2, 1, 0.01), N = 200 to 1000 and α from 0.5 to 1.1 of α_BBP: the prediction, over draws with
    and without an outlier together, is 0.83 to 1.37 times the measured m²; over draws without one,
    up to 1.8 times.
    """
    g, weights = edge_cell(model, edge, N)
    bulk, along = law.moments(g, 1, (BULK, TEACHER))[:, 0]
    resolvent = 1 / (1 / g + alpha * (bulk - along))
    # The expansion at the edge can exceed the bound of an overlap where p* is of order N.
    return min(1.0, float(model.p_star / N * (weights @ (resolvent.imag / g.imag))))
