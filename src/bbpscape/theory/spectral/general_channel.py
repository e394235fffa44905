"""A teacher given by any rotation-invariant channel: the density or the outcomes of P(y | u)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import gammainccinv, gammaln

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.theory.bayes.likelihood import Likelihood
from bbpscape.theory.bayes.panels import split
from bbpscape.theory.spectral.channel import (
    BREAK_DEPTH,
    PANEL_NODES,
    TAIL,
    Labels,
    label_panels,
    normalized_labels,
)

# Gaussian u beyond it have a probability of 4e-13.
SIGNALS = 7.25


@dataclass(frozen=True)
class GeneralChannel:
    """A teacher of width p* given by P(y | t), t = |u|²; at p* = 1 also by P(y | u).

    Parameters
    ----------
    p_star : int
    density : callable (y, t) -> array
        P(y | t), a density in y (a probability where ``outcomes`` are given), for arrays that
        broadcast. With ``signed`` it is called as (y, u).
    label_range : (float, float)
        Where y lives; either end may be infinite.
    scale : float
        The scale on which P(y) varies.
    outcomes : tuple of floats, optional
        The labels, if they are discrete.
    signed : bool
        P(y | u) instead of P(y | t); p* = 1 only.
    signal_breaks : tuple of floats
        |u| at which the density jumps.
    second_range : (float, float), optional
        Infimum and supremum of w(y), where they are approached only as y → ±∞ (or beyond the last
        of ``outcomes``, if the list is cut).

    Notes
    -----
    Both quadratures are fixed panels: a density much narrower than 0.01 in |u| needs the closed
    posterior of a class of its own, and the error estimate says so.

    Examples
    --------
    A label that says whether |u| > 1:

    >>> channel = GeneralChannel(
    ...     1, lambda y, t: np.where(t > 1, y, 1 - y), outcomes=(0, 1), signal_breaks=(1,)
    ... )
    >>> round(float(channel.labels().weights[1]), 6)
    0.317311
    """

    p_star: int
    density: Callable[[NDArray, NDArray], NDArray]
    label_range: tuple[float, float] = (-math.inf, math.inf)
    scale: float = 1.0
    outcomes: tuple[float, ...] | None = None
    signed: bool = False
    signal_breaks: tuple[float, ...] = ()
    second_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "p_star", positive_integer("p_star", self.p_star))
        object.__setattr__(self, "scale", positive("scale", self.scale))
        if not callable(self.density):
            raise InvalidInput(f"density must be callable, got {self.density!r}")
        if self.signed and self.p_star != 1:
            raise InvalidInput(f"signed needs p_star = 1, got {self.p_star}")
        if not self.label_range[0] < self.label_range[1]:
            raise InvalidInput(f"label_range must increase, got {self.label_range!r}")
        if self.outcomes is not None:
            if not self.outcomes:
                raise InvalidInput("outcomes must hold at least one label")
            ends = float(min(self.outcomes)), float(max(self.outcomes))
            object.__setattr__(self, "label_range", ends)

    @property
    def discrete(self) -> bool:
        return self.outcomes is not None

    def labels(self, breaks: Iterable[float] = (), refinement: int = 1) -> Labels:
        if self.outcomes is not None:
            y, steps = np.array(self.outcomes, dtype=float), np.ones(len(self.outcomes))
        else:
            y, steps = self._label_panels(breaks, PANEL_NODES * refinement)
        density, first, second = self._posterior(y, PANEL_NODES * refinement)
        return normalized_labels(y, steps * density, second, first)

    def second_moment(self, y: ArrayLike) -> NDArray[np.float64]:
        values = np.asarray(y, dtype=float)
        return self._posterior(values.ravel(), PANEL_NODES)[2].reshape(values.shape)

    def likelihood(self) -> Likelihood:
        """P(y | u) for the state evolution of message passing.

        Returns
        -------
        Likelihood
            As ``bayes_optimal`` takes it.

        Raises
        ------
        InvalidInput
            If p* > 1.

        Examples
        --------
        >>> import bbpscape as bb
        >>> signs = bb.spectral.GeneralChannel(
        ...     1, lambda y, u: (y * u > 0).astype(float), outcomes=(-1, 1), signed=True
        ... )
        >>> type(signs.likelihood()).__name__
        'Likelihood'
        """
        if self.p_star > 1:
            raise InvalidInput(f"bayes_optimal needs a channel of p_star = 1, got {self.p_star}")
        if self.outcomes is not None:
            y, steps = np.array(self.outcomes, dtype=float), np.ones(len(self.outcomes))
        else:
            y, steps = self._label_panels((), PANEL_NODES)
        signs = (-1, 1)
        inner = sorted(s * b for s in signs for b in self.signal_breaks if abs(b) < SIGNALS)
        ends = split(np.array([-SIGNALS, *inner, SIGNALS]), 0.25)

        def density(label: NDArray, u: NDArray) -> NDArray:
            return np.asarray(self.density(label, u if self.signed else u**2), dtype=float)

        def table(u: NDArray, weights: NDArray) -> csr_array:
            return csr_array(weights[:, None] * density(y, u[:, None]) * steps)

        return Likelihood(ends, table, density, jumps=bool(self.signal_breaks))

    def _label_panels(self, breaks: Iterable[float], nodes: int) -> tuple[NDArray, NDArray]:
        low, high = self.label_range
        grades = self.scale * 2.0 ** np.arange(-8, 200)
        edges = [np.array([0.0])]
        for sign, end in ((-1, low), (1, high)):
            if math.isinf(end):
                heavy = self._posterior(sign * grades, PANEL_NODES)[0] * grades > 1e-25
                kept = grades[: int(np.max(np.flatnonzero(heavy), initial=0)) + 2]
                edges.append(sign * kept)
            else:
                depth = 114 if end == 0 else BREAK_DEPTH
                edges.append(end - sign * self.scale * 2.0 ** np.arange(-depth, 11))
        joined = np.concatenate(edges)
        finite = (max(low, joined.min()), min(high, joined.max()))
        return label_panels(joined, breaks, finite, self.scale, nodes, reach=32 * self.scale)

    def _posterior(self, y: NDArray, nodes: int) -> tuple[NDArray, NDArray, NDArray]:
        """P(y), E[u | y] and w(y) by Gauss–Legendre panels in |u|; in blocks, to bound memory."""
        nu = self.p_star / 2
        last = math.sqrt(2 * float(gammainccinv(nu, TAIL)))
        size, steps = label_panels(
            np.arange(0, last + 0.25, 0.25), self.signal_breaks, (0.0, last), 0.25, nodes
        )
        log_radial = (2 * nu - 1) * np.log(size) - size**2 / 2
        radial = steps * np.exp(log_radial - (nu - 1) * math.log(2) - float(gammaln(nu)))
        result = np.zeros((3, y.size))
        for start in range(0, y.size, 256):
            block = y[start : start + 256, None]
            part = slice(start, start + block.size)
            for sign in (1, -1) if self.signed else (1,):
                share = 0.5 if self.signed else 1.0
                mass = share * radial * self.density(block, sign * size if self.signed else size**2)
                result[0, part] += mass.sum(axis=1)
                if self.signed:
                    result[1, part] += sign * (mass @ size)
                result[2, part] += mass @ size**2 / self.p_star
        if not (np.isfinite(result).all() and (result[0] >= 0).all()):
            raise InvalidInput("density must be finite and non-negative in its label_range")
        result[1:] = np.divide(
            result[1:], result[0], out=np.zeros((2, y.size)), where=result[0] > 0
        )
        return result[0], result[1], result[2]
