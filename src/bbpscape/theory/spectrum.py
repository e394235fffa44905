"""The spectrum of the Hessian at N → ∞: atom, edges, density and outliers at one α."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.codec import UNRECORDED
from bbpscape.core.report import Report, Table, named_m2
from bbpscape.core.result import Result, result
from bbpscape.core.status import Diagnostics, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.law import FiniteSizeLaw, finite_size_law
from bbpscape.theory.finite.one_draw import UNBOUNDED
from bbpscape.theory.law import Law
from bbpscape.theory.network import GOAL
from bbpscape.theory.route import AtOneAlpha, route
from bbpscape.theory.solution import Curve, Edge, Interpolated, Outlier, Sampled
from bbpscape.theory.titles import in_units, label

MOST_POINTS = 100_000
LEAST_ERROR = 1e-9
# At a finite N.
DRAWS = 24


@result
class Spectrum(Result):
    """The spectrum at N → ∞ in the units of H (at p = ∞, of (p/2) H; see ``eigenvalue_unit``).

    ``eigenvalue``, ``rho``, ``cumulative`` and ``profile`` are arrays along the bulk: density, the
    fraction of eigenvalues below, and ρ_u/ρ. ∫ρ + ``atom`` = 1, the atom at eigenvalue 0.
    ``quadrature_error`` is the largest relative change of edges, outliers and their m² between two
    rules, or None for closed forms and for laws of your own, where there is nothing to compare;
    ``no_left_edge`` gives the reason if the spectrum has no left edge. ``sampled`` holds ρ_u/ρ and
    the spectral shift along ``eigenvalue`` where a record cannot be solved again (a law, whose
    ``model`` is None) or need not be (a network, whose density is interpolated). ``N`` is the
    dimension that the inputs' covariance is that of, or that of ``draws``, the law of edge and
    outlier at that N where there is no left edge as N → ∞.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.spectrum(bb.TeacherStudent(p=2, p_star=1), alpha=3.0)
    >>> round(float(np.trapezoid(found.rho, found.eigenvalue) + found.atom), 2)
    1.0
    """

    derived = ("profile",)

    model: TeacherStudent | None
    alpha: float
    eigenvalue_unit: str
    left_edge: Edge
    right_edge: Edge
    atom: float
    outliers: tuple[Outlier, ...]
    quadrature_error: float | None
    no_left_edge: str | None
    eigenvalue: NDArray[np.float64]
    rho: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    sampled: Sampled | None
    N: int | None = None
    draws: FiniteSizeLaw | None = None
    solved: Curve | None = field(default=None, metadata=UNRECORDED)

    @cached_property
    def curve(self) -> Curve:
        """The bulk at every λ.

        That of a committee is solved again where it was read back, that of a law interpolated then.
        """
        if self.solved is not None:
            return self.solved
        if self.sampled is not None:
            return Interpolated(self.eigenvalue, self.rho, self.cumulative, self.sampled)
        return route(TeacherStudent.check(self.model)).density(self.alpha, 2).curve

    @cached_property
    def profile(self) -> NDArray[np.float64]:
        """ρ_u/ρ along ``eigenvalue``; see ``overlap_profile``."""
        if self.sampled is not None:
            return self.sampled.profile
        return self.curve.overlap_profile(self.eigenvalue)

    def density(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ(λ) at any λ up to the end of ``eigenvalue``; 0 left of the bulk.

        Parameters
        ----------
        eigenvalues : array
            λ, in the units of the spectrum.

        Returns
        -------
        array
            Of the same shape.

        Examples
        --------
        >>> import bbpscape as bb
        >>> found = bb.spectrum(bb.laws.DiscreteLaw([1.0]), alpha=4.0)
        >>> found.density([0.5, 4.0]).round(4).tolist()  # √((9 − λ)(λ − 1))/(2πλ)
        [0.0, 0.1541]
        """
        return self.curve.density(eigenvalues)

    def fraction_below(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """The fraction of eigenvalues below each λ as N → ∞, the atom at 0 included.

        Parameters
        ----------
        eigenvalues : array
            λ, in the units of the spectrum.

        Returns
        -------
        array
            Of the same shape, between 0 and 1.

        Examples
        --------
        >>> import bbpscape as bb
        >>> found = bb.spectrum(bb.laws.DiscreteLaw([1.0]), alpha=4.0)
        >>> found.fraction_below([0.9, 9.1]).round(6).tolist()
        [0.0, 1.0]
        """
        return self.curve.fraction_below(eigenvalues)

    def overlap_profile(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ_u/ρ: the teacher overlap of a bulk eigenvector, in units of that of a random vector.

        At finite N an eigenvector at λ has a mean m² of (p*/N) ρ_u/ρ. NaN outside the bulk, and in
        a tail so thin that rounding hides ρ.

        Parameters
        ----------
        eigenvalues : array
            λ, in the units of the spectrum.

        Returns
        -------
        array
            Of the same shape.

        Examples
        --------
        >>> import bbpscape as bb
        >>> found = bb.spectrum(bb.TeacherStudent(p=2, p_star=1), alpha=3.0)
        >>> left, middle = found.eigenvalue[20], found.eigenvalue[200]
        >>> bool(found.overlap_profile(left) > found.overlap_profile(middle))
        True
        """
        return self.curve.overlap_profile(eigenvalues)

    def spectral_shift(self, eigenvalue: float) -> float:
        """Eigenvalues below λ that the special directions add to pN times the bulk's fraction.

        Σ_d n_d (−1/π) Im log[(z − Σ_d)/(z − Σ)] over the directions d, n_d their multiplicities:
        of order one, a correction of relative order 1/N. Other terms of that order, about half an
        eigenvalue, are left out: those of the real symmetric ensemble and of sampling M labels.

        Parameters
        ----------
        eigenvalue : float
            λ, inside the bulk.

        Returns
        -------
        float
            A number of eigenvalues.

        Raises
        ------
        InvalidInput
            If p is infinite, or λ is outside the bulk.

        Examples
        --------
        >>> import bbpscape as bb
        >>> found = bb.spectrum(bb.TeacherStudent(p=2, p_star=1), alpha=3.0)
        >>> round(found.spectral_shift(float(found.eigenvalue[10])))
        2
        """
        return self.curve.spectral_shift(eigenvalue)

    @property
    def status(self) -> Status:
        return Diagnostics(0, 0.0, self.quadrature_error, GOAL).status

    def headline(self) -> str:
        return f"Spectrum, {label(self.model, alpha=f'{self.alpha:g}', N=self.N)}"

    def columns(self) -> Mapping[str, Any]:
        return {
            "eigenvalue": self.eigenvalue,
            "rho": self.rho,
            "cumulative": self.cumulative,
            "overlap_profile": self.profile,
        }

    def report(self) -> Report:
        sides = ("left", self.left_edge), ("right", self.right_edge)
        rows = [(f"{side} edge, {one.kind}", f"{one.value:.8g}", "", "") for side, one in sides]
        if self.atom:
            rows.append((f"atom of mass {self.atom:.6g}", "0", "", ""))
        rows += [
            (
                f"{one.direction} outlier",
                f"{one.eigenvalue:.8g}",
                f"{one.multiplicity:g}",
                f"{one.m2:.6g}",
            )
            for one in self.outliers
        ]
        notes = []
        if self.draws is not None:
            found = self.draws
            at = f"at N = {found.N}"
            rows.append((f"left edge {at}", str(found.left_edge), "", ""))
            rows.append((f"teacher outlier {at}", str(found.outlier), "", str(found.m2)))
            some = f"{found.with_outlier.count} of {found.draws}"
            notes.append(f"{at} {some} draws have an outlier; {UNBOUNDED}")
        if self.quadrature_error is not None:
            error = max(self.quadrature_error, LEAST_ERROR)
            notes.append(f"relative error of edges, outliers and m2: {error:.1g}")
        if self.no_left_edge is not None:
            notes.append(f"no left edge: {self.no_left_edge}")
        if not self.status.ok:
            notes.append(str(self.status))
        m2 = named_m2(None if self.model is None else self.model.p_star)
        names = ("feature", in_units("eigenvalue", self.eigenvalue_unit), "multiplicity", m2)
        return Report([Table(self.headline(), names, rows)], notes)


def spectrum(
    model: TeacherStudent | Law, alpha: float = 3.0, points: int = 400, N: int | None = None
) -> Spectrum:
    """The Hessian's bulk, its edges and its outliers, and what they know of the teacher.

    ρ(λ) = −Im g(λ + i0)/π with z = 1/g + α E⟨f/(1 − g f)⟩.

    Parameters
    ----------
    model : TeacherStudent, or a Law
    alpha : float
        Samples per input dimension, α = M/N > 0.
    points : int
        Length of the density arrays; they are denser where ρ changes fast, and end where 99.9 % of
        the bulk lies below if it has no right edge.
    N : int, optional
        Input dimension, where the law of the inputs belongs to one: power:BETA, source:R, top:K;
        or where there is no left edge as N → ∞: its edge and outlier are those of draws at N.

    Returns
    -------
    Spectrum
        Edges, outliers, the atom, and the density along the bulk.

    Raises
    ------
    InvalidInput
        If ``alpha`` or ``points`` is out of range.
    NoConvergence
        If an edge, an outlier or the density could not be found.

    References
    ----------
    theory.md §2–3.

    Examples
    --------
    >>> from bbpscape.model.losses import NormalizedSquare
    >>> result = spectrum(TeacherStudent(p=2, p_star=1, loss=NormalizedSquare(a=0.01)), alpha=3.0)
    >>> [(outlier.direction, outlier.multiplicity) for outlier in result.outliers]
    [('teacher', 2.0)]
    """
    alpha = positive("alpha", alpha, limit=1e9)
    if isinstance(points, bool) or not isinstance(points, int) or not 2 <= points <= MOST_POINTS:
        raise InvalidInput(f"points must be an integer from 2 to {MOST_POINTS}, got {points!r}")
    way = route(model, N)
    found = spectrum_of(way, alpha, points, N)
    if N is None or way.no_left_edge is None or way.model is None:
        return found
    return dataclasses.replace(found, draws=finite_size_law(way.model, alpha, N, DRAWS))


def spectrum_of(way: AtOneAlpha, alpha: float, points: int, N: int | None = None) -> Spectrum:
    """What ``spectrum`` returns, along a route that may be that of many α, or its sketch."""
    bulk = way.density(alpha, points)
    left, right = way.edges(alpha)
    return Spectrum(
        model=way.model,
        alpha=alpha,
        eigenvalue_unit=way.eigenvalue_unit,
        left_edge=left,
        right_edge=right,
        atom=way.atom(alpha),
        outliers=way.outliers(alpha),
        quadrature_error=way.quadrature_error(alpha),
        no_left_edge=way.no_left_edge,
        eigenvalue=bulk.eigenvalue,
        rho=bulk.rho,
        cumulative=bulk.cumulative,
        sampled=bulk.sampled,
        N=N,
        solved=bulk.curve,
    )
