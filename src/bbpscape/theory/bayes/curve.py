"""Fixed points of the state evolution at all α at once: the curve α(q) = q/((1 − q) I(q)).

I(q) = E[g_out²] knows no α, and q = αI/(1 + αI) is solved for α instead of q. Where α(q) rises the
fixed point is stable, where it falls it is not; jumps are at its extrema.
"""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray
from scipy.special import expit

from bbpscape.core.checks import NoConvergence
from bbpscape.theory.roots import find_root

# q = 1/(1 + e^{−s}): the first s, the width of a panel, the degree on it, and the last s.
FIRST, WIDTH, DEGREE, LAST = -10.0, 3.0, 11, 25.0
# Where labels without a bound of E[g²] are followed to.
LAST_UNBOUNDED = 18.0
# q near 0, of which the linear growth of E[g²] is read off, and how far from linear is not.
NEAR, FARTHER, SIGNED = 1e-12, 1e-10, 2.0
# Extrema closer in log α, and a q from that many standard deviations of rounding, are none.
SMALL = 1e-7
ABOVE, LOOKS = 1.05, 60


# (ω, V) to g_out and ∂g_out/∂ω, all of the shape of the samples.
Score = Callable[[NDArray, NDArray], tuple[NDArray, NDArray]]


class Labels(Protocol):
    """What a channel answers: E[g_out²] at 1 − q = V, and what bounds it as V → 0."""

    def information(self, q: float, V: float) -> float:
        """E[g_out²] at ω ~ N(0, q), V = 1 − q."""

    @property
    def pinned(self) -> float:
        """The limit of V E[g_out²] as V → 0."""

    @property
    def steepest(self) -> float:
        """A bound of E[g_out²], or inf."""

    def scorer(self, y: NDArray) -> Score:
        """(ω, V) to g_out and ∂g_out/∂ω of samples with labels y, at p* = 1."""


@dataclass(frozen=True)
class Branch:
    """A stretch of stable fixed points: s and log α increase from ``low`` to ``high``."""

    low: float
    high: float
    log_low: float
    log_high: float


@dataclass(frozen=True, eq=False)
class Curve:
    """log α(s) and W(s) = ∫₀^q E[g²] on panels of s = log q/(1 − q); beyond them α is linear in q.

    ``weak`` is α(q → 0), ``perfect`` is α(q → 1); infinite where labels never tell so much.
    ``error`` is that of log α by its last Chebyshev coefficients.
    """

    log_alpha: tuple[Chebyshev, ...]
    work: tuple[Chebyshev, ...]
    weak: float
    perfect: float
    error: float
    branches: tuple[Branch, ...]

    @classmethod
    def of(cls, labels: Labels, most: float) -> "Curve":
        """Followed as long as any α up to ``most`` may have a fixed point there."""
        panels, error = _panels(labels, most)
        weak = _weak(labels)
        first = panels[0]
        q = float(expit(FIRST))
        start = labels.information(NEAR, 1 - NEAR), q / ((1 - q) * math.exp(first(FIRST)))
        work, total = [], sum(start) * q / 2
        for one in panels:
            integrand = Chebyshev.interpolate(
                functools.partial(_work_density, one), DEGREE + 8, one.domain
            )
            primitive = integrand.integ(lbnd=one.domain[0])
            work.append(primitive + total)
            total += float(primitive(one.domain[1]))
        perfect = 1 / labels.pinned if labels.pinned > 0 else math.inf
        branches = tuple(_branches(panels, weak, perfect))
        return cls(tuple(panels), tuple(work), weak, perfect, error, branches)

    def q(self, branch: Branch, alpha: float) -> float | None:
        """The fixed point of a branch at α, or None where it has none."""
        target = math.log(alpha)
        if not branch.log_low < target <= branch.log_high:
            return None
        for one in self.log_alpha:
            low, high = (min(max(end, branch.low), branch.high) for end in _domain(one))
            if low < high and one(low) < target <= one(high):
                return float(expit(find_root(one - target, low, high, "state evolution").value))
        if branch.low < FIRST and target <= self.log_alpha[0](FIRST):
            # From the weak threshold on: linear in q.
            first = float(np.exp(self.log_alpha[0](FIRST)))
            return float(expit(FIRST)) * (alpha - self.weak) / (first - self.weak)
        return float(expit(self.log_alpha[-1].domain[1]))

    def free_entropy(self, q: float, alpha: float) -> float:
        """Φ(q) − Φ(0) = α W(q)/2 + (q + log(1 − q))/2, largest at the information limit."""
        if q == 0:
            return 0.0
        if q == 1:
            return math.inf if alpha > self.perfect else -math.inf
        s = math.log(q) - math.log1p(-q)
        if s <= FIRST:
            return 0.0
        at = min(int((s - FIRST) / WIDTH), len(self.work) - 1)
        work = float(self.work[at](min(s, self.work[at].domain[1])))
        return alpha * work / 2 + (q + math.log1p(-q)) / 2

    def stable(self, alpha: float) -> list[float]:
        """All stable fixed points at α, increasing; 0 and 1 where they are."""
        found = [0.0] if alpha <= self.weak else []
        found += [q for one in self.branches if (q := self.q(one, alpha)) is not None]
        return [*found, 1.0] if alpha > self.perfect else found


def _work_density(log_alpha: Chebyshev, s: NDArray) -> NDArray[np.float64]:
    """E[g²] dq/ds = q²/α."""
    return expit(s) ** 2 * np.exp(-log_alpha(s))


def _domain(panel: Chebyshev) -> tuple[float, float]:
    low, high = panel.domain
    return float(low), float(high)


def _weak(labels: Labels) -> float:
    """1/I′(0); 0 where I(0) > 0, and ∞ where labels say nothing."""
    near, farther = (labels.information(q, 1 - q) / q for q in (NEAR, FARTHER))
    if near > SIGNED * farther and near > SMALL:
        return 0.0
    return 1 / near if near > SMALL else math.inf


def _panels(labels: Labels, most: float) -> tuple[list[Chebyshev], float]:
    """log α(s), until no q beyond can be a fixed point at an α up to ``most`` or to the peak."""
    found: list[Chebyshev] = []
    error, peak = 0.0, most

    def log_alpha(s: NDArray) -> NDArray:
        values = []
        for one in s.tolist():
            information = labels.information(float(expit(one)), float(expit(-one)))
            if not (math.isfinite(information) and information > 0):
                raise NoConvergence(
                    f"state evolution: E[g²] is {information:.3g} at q = {expit(one):.3g}; the "
                    "labels may say nothing, or their law may be too extreme"
                )
            values.append(one - math.log(information))
        return np.array(values)

    s = FIRST
    while True:
        panel = Chebyshev.interpolate(log_alpha, DEGREE, [s, s + WIDTH])
        found.append(panel)
        error = max(error, float(np.abs(panel.coef[-2:]).sum()))
        peak = max(peak, *np.exp(_maxima(found)).tolist())
        s += WIDTH
        if labels.pinned > 0:
            last = LAST
        else:
            last = min(LAST_UNBOUNDED, math.log(labels.steepest * ABOVE * peak))
        if s >= last:
            return found, error


def _maxima(panels: list[Chebyshev]) -> NDArray[np.float64]:
    """log α where it turns down; at least one number."""
    heights = np.concatenate([one(np.linspace(*_domain(one), LOOKS)) for one in panels])
    inner = heights[1:-1]
    turns = inner[(inner > heights[:-2]) & (inner >= heights[2:])]
    return np.append(turns, -math.inf)


def _extrema(panels: list[Chebyshev]) -> Iterator[float]:
    """s where α turns, ends of the panels among them."""
    for one in panels:
        roots = one.deriv().roots()
        real = roots[abs(roots.imag) < 1e-8].real
        low, high = one.domain
        yield from [low, *sorted(real[(real > low) & (real < high)].tolist()), high]


def _branches(panels: list[Chebyshev], weak: float, perfect: float) -> Iterator[Branch]:
    """The stretches on which α rises, from q = 0 to q = 1."""

    def height(s: float) -> float:
        at = min(max(int((s - FIRST) / WIDTH), 0), len(panels) - 1)
        return float(panels[at](s))

    points = [(-math.inf, math.log(weak) if weak > 0 else -math.inf)]
    points += [(s, height(s)) for s in _extrema(panels)]
    points.append((math.inf, math.log(perfect)))
    start = points[0]
    top = points[0]
    for point in points[1:]:
        if point[1] >= top[1]:
            top = point
        elif point[1] < top[1] - SMALL:
            if top[1] > start[1]:
                yield Branch(start[0], top[0], start[1], top[1])
            start = top = point
    if top[1] > start[1]:
        yield Branch(start[0], top[0], start[1], top[1])
