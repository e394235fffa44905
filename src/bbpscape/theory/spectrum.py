"""The spectrum of the Hessian at N → ∞: atom, edges, density and outliers of one model at one α."""

import math
from dataclasses import field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.codec import UNRECORDED
from bbpscape.core.result import Result, result
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.matrix.spectrum import REACH, SampledBulk, network_spectrum
from bbpscape.theory.scalar.density import BulkCurve, trace_bulk
from bbpscape.theory.scalar.edges import inverse_stieltjes, left_edge, right_edge, zero_atom
from bbpscape.theory.scalar.outliers import outliers
from bbpscape.theory.solution import Edge, Features, Outlier

MOST_POINTS = 100_000
# The density of wider finite students takes minutes.
WIDEST = 10_000


@result
class Spectrum(Result):
    """The spectrum at N → ∞ in the units of H (at p = ∞, of (p/2) H; see ``eigenvalue_unit``).

    ``eigenvalue``, ``rho`` and ``cumulative`` are arrays along the bulk: density and the fraction
    of eigenvalues below. ∫ρ + ``atom`` = 1, the atom at eigenvalue 0. ``quadrature_error`` is the
    largest relative change of edges, outliers and their m² between two rules, None where it is
    below 1e-10; ``no_left_edge`` says why there is none, if so.
    """

    derived = ("eigenvalue_unit",)

    model: TeacherStudent
    alpha: float
    left_edge: Edge
    right_edge: Edge
    atom: float
    outliers: tuple[Outlier, ...]
    quadrature_error: float | None
    no_left_edge: str | None
    eigenvalue: NDArray[np.float64]
    rho: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    profile: NDArray[np.float64]
    bulk: BulkCurve | SampledBulk = field(metadata=UNRECORDED)

    @property
    def eigenvalue_unit(self) -> str:
        return "2/p" if math.isinf(self.model.p) else "1"

    def density(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ(λ) at any λ up to the end of ``eigenvalue``; 0 left of the bulk."""
        return self.bulk.density(eigenvalues)

    def fraction_below(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """The fraction of eigenvalues below each λ, the atom included, at N → ∞."""
        return self.bulk.fraction_below(eigenvalues)

    def overlap_profile(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ_u/ρ: the teacher overlap of a bulk eigenvector, in units of that of a random vector.

        At finite N an eigenvector at λ has a mean m² of (p*/N) ρ_u/ρ. NaN outside the bulk, and in
        a tail so thin that rounding hides ρ.
        """
        return self.bulk.overlap_profile(eigenvalues)

    def spectral_shift(self, eigenvalue: float) -> float:
        """Eigenvalues below λ that the special directions add to pN times the bulk's fraction.

        Σ_d n_d (−1/π) Im log[(z − Σ_d)/(z − Σ)] over the directions d, n_d their multiplicities:
        of order one, a correction of relative order 1/N. Other terms of that order, about half an
        eigenvalue, are left out: those of the real symmetric ensemble and of sampling M labels.

        Raises InvalidInput at p = ∞; λ must lie in the bulk.
        """
        return self.bulk.spectral_shift(eigenvalue)


def spectrum(model: TeacherStudent, alpha: float, points: int = 400) -> Spectrum:
    """ρ(λ) = −Im g(λ + i0)/π with z = 1/g + α E⟨f/(1 − g f)⟩, its edges and its outliers.

    Parameters
    ----------
    model : TeacherStudent
    alpha : float
        Samples per input dimension, α = M/N > 0.
    points : int
        Length of the density arrays; they are denser where ρ changes fast, and end where 99.9 % of
        the bulk lies below if it has no right edge.

    Raises
    ------
    InvalidInput
        If ``alpha`` or ``points`` is out of range.
    NoConvergence
        If an edge, an outlier or the density could not be found.

    Source: docs/theory.md §2–3.

    >>> from bbpscape.model.losses import NormalizedSquare
    >>> result = spectrum(TeacherStudent(p=2, p_star=1, loss=NormalizedSquare(a=0.01)), alpha=3.0)
    >>> [(outlier.direction, outlier.multiplicity) for outlier in result.outliers]
    [('teacher', 2)]
    """
    alpha = positive("alpha", alpha, limit=1e9)
    if isinstance(points, bool) or not isinstance(points, int) or not 2 <= points <= MOST_POINTS:
        raise InvalidInput(f"points must be an integer from 2 to {MOST_POINTS}, got {points!r}")
    if WIDEST < TeacherStudent.check(model).p < math.inf:
        raise InvalidInput(f"a spectrum needs p of at most {WIDEST}, or inf, got {model.p}")
    bulk: BulkCurve | SampledBulk
    if model.is_reference:
        found, bulk, sampled = _committee_spectrum(model, alpha, points)
        error, reason = None, None
    else:
        solved = network_spectrum(model, alpha, points)
        found, bulk, sampled = solved.features, solved.bulk, solved.bulk
        error, reason = solved.quadrature_error, solved.no_left_edge
    return Spectrum(
        model=model,
        alpha=alpha,
        left_edge=found.left,
        right_edge=found.right,
        atom=found.atom,
        outliers=found.outliers,
        quadrature_error=error,
        no_left_edge=reason,
        eigenvalue=sampled.eigenvalue,
        rho=sampled.rho,
        cumulative=sampled.cumulative,
        profile=sampled.profile,
        bulk=bulk,
    )


def _committee_spectrum(
    model: TeacherStudent, alpha: float, points: int
) -> tuple[Features, BulkCurve, SampledBulk]:
    law = CommitteeLaw(model)
    left, right = left_edge(law, alpha), right_edge(law, alpha)
    if left.kind == "smooth":
        slope = inverse_stieltjes(law, alpha, left.g, order=1)[1]
        left = replace(left, rate=law.smooth_edge_rate(float(slope)))
    atom = zero_atom(law, alpha)
    curve = trace_bulk(law, alpha, left, right, 1 - (1 - REACH) * (1 - atom))
    # Steps along the traced curve are short where the density changes fast, and shorter at the
    # left edge, from which λ grows as the square of the position.
    position = (curve.eigenvalue.size - 1) * np.linspace(0, 1, points) ** 1.5
    eigenvalue = np.interp(position, np.arange(curve.eigenvalue.size), curve.eigenvalue)
    first = position < 1
    eigenvalue[first] = left.value + (curve.eigenvalue[1] - left.value) * position[first] ** 2
    g = curve.stieltjes(eigenvalue)
    rho, cumulative = np.maximum(-g.imag / np.pi, 0), curve.cumulative(eigenvalue, g)
    profile = curve.overlap_profile(eigenvalue)
    found = Features(left, right, outliers(law, alpha, left, right), atom)
    return found, curve, SampledBulk(eigenvalue, rho, cumulative, profile, np.zeros(0))
