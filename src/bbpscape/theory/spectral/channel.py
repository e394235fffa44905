"""Teachers given by their channel: the law of the label y and what y says of the signal.

u ∈ R^{p*} are the components of x along the teacher, standard Gaussian. All that a spectral method
and the weak-recovery threshold ask of a rotation-invariant teacher is the law of y and

    w(y) = E[|u|²/p* | y].
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainccinv, gammaincinv, gammaln, xlogy

from bbpscape.core.checks import number, positive_integer
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.roots import NoConvergence

# Nodes in a panel; panels shrink geometrically towards every singular point.
PANEL_NODES = 16
POSTERIOR_NODES = 128
BREAK_DEPTH = 40
# Tails of y are cut where this probability is left: 1/(1 − g T) may grow on the way there.
TAIL = 1e-40
HEAD = 1e-18
GAUSSIAN_TAIL = 13.6
# Half-width of the posterior's nodes in units of its width at the mode.
REACH = 20.0
LARGEST_NOISE = 1e6
# Of ν = p*/2, from where on Stirling's series is taken.
WIDE = 100


@dataclass(frozen=True, eq=False)
class Labels:
    """The law of y as a quadrature, E[φ(y)] = Σ_i weights_i φ(y_i); all arrays of shape (n,).

    ``second`` is w = E[|u|²/p* | y]. ``first`` is E[u | y], which is 0 unless p* = 1 and the
    channel tells the sign of u.

    Examples
    --------
    >>> import bbpscape as bb
    >>> labels = bb.spectral.QuadraticTeacher(p_star=2).labels()
    >>> round(float(labels.weights @ (labels.second - 1) ** 2), 9)  # 2/p*
    1.0
    """

    y: NDArray[np.float64]
    weights: NDArray[np.float64]
    second: NDArray[np.float64]
    first: NDArray[np.float64]


class Channel(Protocol):
    """What every rotation-invariant teacher offers.

    Examples
    --------
    >>> import bbpscape as bb
    >>> channel = bb.spectral.QuadraticTeacher(p_star=2)
    >>> channel.label_range, channel.discrete
    ((0.0, inf), False)
    """

    @property
    def p_star(self) -> int:
        """Width of the teacher."""

    @property
    def label_range(self) -> tuple[float, float]:
        """Infimum and supremum of y; either may be infinite."""

    @property
    def discrete(self) -> bool:
        """Whether y takes finitely many values."""

    @property
    def second_range(self) -> tuple[float, float] | None:
        """Infimum and supremum of w(y); None if they are those of the quadrature nodes."""

    def labels(self, breaks: Iterable[float] = (), refinement: int = 1) -> Labels:
        """The law of y as quadrature nodes, with panels that end at each of ``breaks``.

        Parameters
        ----------
        breaks : iterable of float
            Labels at which what is averaged has a kink or a jump.
        refinement : int
            Divides the panels: two of them give an error estimate.

        Returns
        -------
        Labels
            Nodes and weights.

        Examples
        --------
        >>> import bbpscape as bb
        >>> labels = bb.spectral.QuadraticTeacher(p_star=2).labels()
        >>> round(float(labels.weights @ labels.y), 9)  # E y
        1.0
        """

    def second_moment(self, y: ArrayLike) -> NDArray[np.float64]:
        """w(y) = E[|u|²/p* | y].

        Parameters
        ----------
        y : array
            Labels.

        Returns
        -------
        array
            Of the shape of y.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.spectral.QuadraticTeacher(p_star=2).second_moment([1.0, 2.0]).tolist()  # y itself
        [1.0, 2.0]
        """


@dataclass(frozen=True)
class QuadraticTeacher:
    """y = |u|²/p* + √label_noise ξ with u ∈ R^{p*} and ξ standard Gaussian.

    With v = |u|²/p* and ν = p*/2, the posterior of v is v^{ν−1} N(v; y − νσ², σ²) on v > 0:
    w(y) = σ ν D_{−ν−1}(x)/D_{−ν}(x) at x = (νσ² − y)/σ, D the parabolic cylinder functions.

    Parameters
    ----------
    p_star : int
        Width of the teacher.
    label_noise : float
        Variance σ² of the noise, 0 for none.

    Raises
    ------
    InvalidInput
        If p_star is not a positive integer or label_noise is not from 0 to 1e6.

    Examples
    --------
    >>> QuadraticTeacher(p_star=2).second_moment([0.5, 3.0]).tolist()
    [0.5, 3.0]
    """

    p_star: int
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "p_star", positive_integer("p_star", self.p_star))
        noise = number("label_noise", self.label_noise, 0.0, LARGEST_NOISE)
        object.__setattr__(self, "label_noise", noise)

    @classmethod
    def of(cls, model: TeacherStudent) -> QuadraticTeacher | None:
        """The teacher of ``model`` as a channel.

        Parameters
        ----------
        model : TeacherStudent
            Any.

        Returns
        -------
        QuadraticTeacher or None
            None if the teacher is another one, or the student knows it already.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.spectral.QuadraticTeacher.of(bb.TeacherStudent(p=2, p_star=3)).p_star
        3
        """
        labels = model.labels
        if not model.teacher.quadratic or labels.flip or labels.poisson or model.overlap != 0.0:
            return None
        return cls(model.p_star, model.labels.noise)

    @property
    def label_range(self) -> tuple[float, float]:
        return (-math.inf if self.label_noise else 0.0), math.inf

    @property
    def discrete(self) -> bool:
        return False

    @property
    def second_range(self) -> tuple[float, float]:
        return 0.0, math.inf

    def labels(self, breaks: Iterable[float] = (), refinement: int = 1) -> Labels:
        nu, sigma = self.p_star / 2, math.sqrt(self.label_noise)
        width = math.sqrt(1 / nu + self.label_noise)
        low, high = float(gammaincinv(nu, HEAD)) / nu, float(gammainccinv(nu, TAIL)) / nu
        if sigma:
            low, high = low - GAUSSIAN_TAIL * sigma, high + GAUSSIAN_TAIL * sigma
            # y varies on the scale σ around 0, where √v has a corner without noise.
            scale = min(sigma, width) / 4
            grades = scale * 2.0 ** np.arange(math.ceil(math.log2(high / scale)) + 1)
            edges = np.concatenate([-grades, [0.0], grades])
        else:
            edges = low * 2.0 ** np.arange(math.ceil(math.log2(high / low)) + 1)
        y, steps = label_panels(edges, breaks, (low, high), width, PANEL_NODES * refinement)
        log_density, second = self._posterior(y, POSTERIOR_NODES * refinement)
        return normalized_labels(y, steps * np.exp(log_density), second, np.zeros(y.size))

    def second_moment(self, y: ArrayLike) -> NDArray[np.float64]:
        values = np.asarray(y, dtype=float)
        return self._posterior(values.ravel(), POSTERIOR_NODES)[1].reshape(values.shape)

    def _posterior(self, y: NDArray, nodes: int) -> tuple[NDArray, NDArray]:
        """log P(y) and w(y), by Gauss–Legendre in √v over all v that count for each y."""
        nu = self.p_star / 2
        if self.label_noise == 0:
            return _log_gamma(nu, nu - 1, y), y
        variance, sigma = self.label_noise, math.sqrt(self.label_noise)
        # exp f with f(√v) = −(v − centre)²/2σ² + (2ν − 1) log √v is largest at v = mode, and there
        # f″ = −4h/σ² in √v. It falls as fast as a Gaussian of half that curvature or faster.
        centre = y - nu * variance
        h = np.hypot(centre, 2 * sigma * math.sqrt(nu - 0.5))
        # (h ∓ |centre|)/2, the distances of the mode from the centre and from 0 on its two sides.
        longer = (h + abs(centre)) / 2
        shorter = np.divide((nu - 0.5) * variance, longer, out=np.zeros(y.size), where=longer > 0)
        right = centre >= 0
        mode = np.where(right, longer, shorter)[:, None]
        shift = np.where(right, shorter, longer)[:, None]
        reach = REACH * sigma / (2 * np.sqrt(h + sigma))[:, None]
        top = np.sqrt(mode)
        # √v from its value at the mode, so that no digits are lost where σ is small.
        low = np.maximum(-reach, -top)
        points, steps = np.polynomial.legendre.leggauss(nodes)
        half = (reach - low) / 2
        away = (reach + low) / 2 + half * points
        beyond = away * (2 * top + away)
        exponent = -beyond * (beyond + 2 * shift) / (2 * variance)
        if nu > 0.5:
            exponent += (2 * nu - 1) * np.log1p(away / top)
        mass = np.exp(exponent) * 2 * half * steps
        total = mass.sum(axis=1)
        # exp f is P(v) N(y; v, σ²) √v but for what has no v in it; y − mode by its smaller terms.
        mode, shift = mode.ravel(), shift.ravel()
        gap = np.where(right, nu * variance - shift, y - mode)
        at_mode = -(gap**2) / (2 * variance) - math.log(2 * math.pi * variance) / 2
        at_mode += _log_gamma(nu, nu - 0.5, mode)
        return np.log(total) + at_mode, mode + (mass * beyond).sum(axis=1) / total


def _log_gamma(nu: float, power: float, v: NDArray) -> NDArray:
    """log(ν^ν/Γ(ν) v^power e^{−νv}), with all of its digits at a large ν, where v is near 1."""
    if nu < WIDE:
        return nu * math.log(nu) - float(gammaln(nu)) + xlogy(power, v) - nu * v
    # Stirling's series of ν log ν − ν − log Γ(ν), to 3e-9 of a normalization that is exact later.
    constant = math.log(nu / (2 * math.pi)) / 2 - 1 / (12 * nu)
    return constant + nu * (np.log1p(v - 1) - (v - 1)) + (power - nu) * np.log(v)


def label_panels(
    edges: NDArray,
    breaks: Iterable[float],
    limits: tuple[float, float],
    width: float,
    nodes: int,
    reach: float = math.inf,
) -> tuple[NDArray, NDArray]:
    """Gauss–Legendre nodes and weights on panels between ``edges`` within ``limits``.

    Panels shrink geometrically towards each break; none within ``reach`` of 0 is wider than
    ``width``.
    """
    low, high = limits
    depth = 2.0 ** -np.arange(BREAK_DEPTH)
    grades = [
        np.concatenate([b - size * depth, [b], b + size * depth])
        for b in breaks
        if low < b < high and (size := max(width, abs(b)))
    ]
    ends = np.unique(np.concatenate([edges, *grades, [low, high]]))
    ends = ends[(ends >= low) & (ends <= high)]
    split = [
        np.linspace(a, b, math.ceil((b - a) / width), endpoint=False)
        if b - a > width and max(abs(a), abs(b)) <= reach
        else [a]
        for a, b in pairwise(ends)
    ]
    ends = np.append(np.concatenate(split), high)
    points, steps = np.polynomial.legendre.leggauss(nodes)
    half = np.diff(ends)[:, None] / 2
    middle = (ends[1:] + ends[:-1])[:, None] / 2
    return (middle + half * points).ravel(), (half * steps).ravel()


def normalized_labels(y: NDArray, weights: NDArray, second: NDArray, first: NDArray) -> Labels:
    """Nodes that carry mass, with weights that sum to 1 exactly."""
    total = float(weights.sum())
    if not abs(total - 1) < 1e-6:
        raise NoConvergence(
            f"channel: the law of y sums to {total:.8g} instead of 1; "
            "check that density is normalized over label_range, and its scale"
        )
    kept = weights > 0
    return Labels(y[kept], weights[kept] / total, second[kept], first[kept])
