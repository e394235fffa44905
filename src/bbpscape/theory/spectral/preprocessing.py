"""Preprocessings T(y) of the labels for the spectral method D = Σ_μ T(y_μ) x_μ x_μᵀ."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, number, positive
from bbpscape.theory.spectral.channel import Channel
from bbpscape.theory.spectral.information import information_limit

# An α or a t beyond it, or below its inverse, leaves double precision.
EXTREME = 1e100


@dataclass(frozen=True)
class Preprocessing:
    """T(y), with a name.

    T equal to a constant on a set of labels of positive probability is an atom of the law; a
    supremum approached only as y → ∞ is not.

    Parameters
    ----------
    name : str
    function : callable, arrays to arrays
        T.
    breaks : tuple of floats
        Where T jumps or has a corner: the quadrature splits there.
    bounds : (float, float), optional
        Infimum and supremum of T over the labels. By default they are the extremes over the
        quadrature nodes, both sides of each break and the limits y → ±∞ (infinite if T still moves
        there); give them where T reaches its limit more slowly than 1/y.
    t : float, optional
        The parameter of T, if it is one of a family.

    Raises
    ------
    InvalidInput
        If ``function`` cannot be called.

    Examples
    --------
    >>> import bbpscape as bb
    >>> T = bb.Preprocessing("logarithm", lambda y: np.log1p(y))
    >>> T([0.0, 1.0]).round(6).tolist()
    [0.0, 0.693147]
    """

    name: str
    function: Callable[[NDArray], NDArray]
    breaks: tuple[float, ...] = ()
    bounds: tuple[float, float] | None = None
    t: float | None = None

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise InvalidInput(f"function must be callable, got {self.function!r}")
        if not all(math.isfinite(b) for b in self.breaks):
            raise InvalidInput(f"breaks must be finite, got {self.breaks!r}")
        if self.bounds is not None and not self.bounds[0] <= self.bounds[1]:
            raise InvalidInput(f"bounds must increase, got {self.bounds!r}")

    def __call__(self, y: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self.function(np.asarray(y, dtype=float)), dtype=float)


def trimming(t: float) -> Preprocessing:
    """T(y) = y 1(y < t): the supremum t is approached where labels are frequent.

    Parameters
    ----------
    t : float
        Labels below it count.

    Returns
    -------
    Preprocessing

    Examples
    --------
    >>> trimming(2.0)([1.0, 3.0]).tolist()
    [1.0, 0.0]
    """
    t = positive("t", t, EXTREME)
    return Preprocessing("trimming", lambda y: np.where(y < t, y, 0.0), (t,), t=t)


def subset(t: float) -> Preprocessing:
    """T(y) = 1(y > t): D is a sample covariance of the inputs with large labels.

    Parameters
    ----------
    t : float
        Labels above it count.

    Returns
    -------
    Preprocessing

    Examples
    --------
    >>> subset(2.0)([1.0, 3.0]).tolist()
    [0.0, 1.0]
    """
    t = number("t", t)
    return Preprocessing("subset", lambda y: np.where(y > t, 1.0, 0.0), (t,), (0.0, 1.0), t)


def optimal(channel: Channel) -> Preprocessing:
    """T = 1 − 1/w(y), w = E[|u|²/p* | y]: the largest overlap at every α (Luo, Alghamdi, Lu 2019).

    q = w − 1 at g = 1, which attains the Cauchy–Schwarz bound of ``information_limit``.

    Parameters
    ----------
    channel : Channel
        A teacher with its labels, such as QuadraticTeacher(1).

    Returns
    -------
    Preprocessing

    References
    ----------
    Luo, Alghamdi and Lu (2019).

    Examples
    --------
    >>> import bbpscape as bb
    >>> T = bb.spectral.optimal(bb.spectral.QuadraticTeacher(1))
    >>> T([1.0, 2.0]).tolist()  # 1 − 1/y
    [0.0, 0.5]
    """
    return _ratio("optimal", channel, 1.0)


def mondelli_montanari(channel: Channel, alpha: float) -> Preprocessing:
    """T = (w − 1)/(w − 1 + √(α/α_wr)), Mondelli and Montanari's (2018) form at a given α.

    It is T*/(c − (c − 1) T*) of T* = 1 − 1/w with c = √(α/α_wr), and gives q ∝ w − 1 at g = 1 as
    well: it weakly recovers at its own α if and only if α > α_wr, and is T* itself at α = α_wr.
    The overlaps above differ. At fixed c > 1 its own transition is discontinuous, at c α_wr.

    Parameters
    ----------
    channel : Channel
        A teacher with its labels, such as QuadraticTeacher(1).
    alpha : float
        Where it is tuned to work.

    Returns
    -------
    Preprocessing

    References
    ----------
    Mondelli and Montanari (2018).

    Examples
    --------
    >>> import bbpscape as bb
    >>> T = bb.spectral.mondelli_montanari(bb.spectral.QuadraticTeacher(1), alpha=2.0)
    >>> T([1.0, 3.0]).round(6).tolist()  # (y − 1)/(y + 1), as α_wr = 1/2
    [0.0, 0.5]
    """
    c = math.sqrt(positive("alpha", alpha) / information_limit(channel).alpha_spectral)
    return _ratio("mondelli-montanari", channel, c)


def _ratio(name: str, channel: Channel, c: float) -> Preprocessing:
    def function(y: NDArray) -> NDArray:
        second = channel.second_moment(y)
        with np.errstate(divide="ignore"):
            # At c = 1 the sum w − 1 + c would lose a small w.
            return (second - 1) / (second + (c - 1))

    labels = channel.labels(refinement=2)
    second = channel.second_moment(labels.y)
    low, high = channel.second_range or (float(second.min()), float(second.max()))
    last = float(labels.y[np.argmax(second)])
    at_end = last in (labels.y.min(), labels.y.max()) and math.isinf(
        max(map(abs, channel.label_range))
    )
    if channel.second_range is None and not channel.discrete and at_end:
        # The largest node would pose as an atom at the supremum of T.
        raise InvalidInput(
            "second_range must be given: E[|u|²/p* | y] still grows at the last label, "
            f"y = {last:.3g}"
        )
    if c < 1 and low <= 1 - c:
        # (w − 1)/(w − 1 + c) has a pole at w = 1 − c.
        raise InvalidInput("alpha must be at least the weak-recovery threshold for this form of T")
    bounds = (
        (low - 1) / (low - 1 + c) if low - 1 + c > 0 else -math.inf,
        (high - 1) / (high - 1 + c) if math.isfinite(high) else 1.0,
    )
    return Preprocessing(name, function, bounds=bounds)
