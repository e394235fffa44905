"""The one driver of every iteration and of every real root of the theory."""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scipy.optimize import brentq

from bbpscape.core.checks import NoConvergence as NoConvergence
from bbpscape.core.checks import NoTransition as NoTransition

# α between which a transition is looked for.
LOWEST_ALPHA, HIGHEST_ALPHA = 1e-3, 1e5
EXTREME = "the parameters may be too extreme for double precision"


@dataclass(frozen=True)
class Root:
    """x with f(x) = 0, the steps it took and the residual |f(x)|."""

    value: float
    iterations: int
    residual: float


def iterations(limit: int, what: str, advice: str = EXTREME) -> Iterator[int]:
    """1, 2, … ``limit`` and then NoConvergence: what an iteration runs over until it has settled.

    The loop is left by ``break`` or ``return`` once it has, its last value the steps that it took.
    ``what`` names it in the message, ``advice`` says what to try.

    >>> x = 1.0
    >>> for step in iterations(50, "cosine"):
    ...     x, last = math.cos(x), x
    ...     if abs(x - last) < 1e-6:
    ...         break
    >>> step, round(x, 5)
    (34, 0.73909)
    >>> for step in iterations(3, "nothing", "give up"):
    ...     pass
    Traceback (most recent call last):
    ...
    bbpscape.core.checks.NoConvergence: nothing: not settled after 3 steps; give up
    """
    yield from range(1, limit + 1)
    raise NoConvergence(f"{what}: not settled after {limit} steps; {advice}")


def find_root(
    f: Callable[[float], float], low: float, high: float, what: str, accuracy: float = 1e-15
) -> Root:
    """The x in [low, high] with f(x) = 0, where f changes sign, to the last bits of x.

    ``what`` names the root in the message of ``NoConvergence``, raised where f does not change sign
    or is not finite.
    """
    f = functools.cache(f)
    f_low, f_high = f(low), f(high)
    if not (math.isfinite(f_low) and math.isfinite(f_high)) or f_low * f_high > 0:
        raise NoConvergence(
            f"{what}: no sign change between {low:.6g} ({f_low:.3g}) and {high:.6g} "
            f"({f_high:.3g}); {EXTREME}"
        )
    value, report = brentq(
        f, low, high, xtol=1e-300, rtol=accuracy, maxiter=300, full_output=True, disp=False
    )
    if not report.converged:
        raise NoConvergence(f"{what}: no root after {report.iterations} steps; {EXTREME}")
    return Root(value, report.iterations, abs(f(value)))


def find_root_below(
    f: Callable[[float], float],
    high: float,
    what: str,
    first: float = 2.0,
    stride: float = 4.0,
    accuracy: float = 1e-15,
) -> Root:
    """The first x below ``high``, where f > 0, with f(x) = 0: ``first`` and then ``stride`` apart
    the points at which f ≤ 0 is looked for, between that and ``high``."""
    low = high - first
    for _ in iterations(1000, what):
        if f(low) <= 0:
            break
        low -= stride
    return find_root(f, low, high, what, accuracy)


def bracket(excess: Callable[[float], float]) -> tuple[float, float]:
    """Two values of log α around the first change of sign away from α = 1.

    ``excess`` is positive where an informative outlier has left the bulk.
    """
    step = 0.7
    if excess(0.0) > 0:
        low, high = -step, 0.0
        while excess(low) > 0:
            low, high, step = low - 1.5 * step, low, 1.5 * step
            if low < math.log(LOWEST_ALPHA):
                raise NoConvergence(
                    f"threshold: an informative outlier is there at alpha = {LOWEST_ALPHA} already"
                )
        return low, high
    low, high, last = 0.0, step, math.log(HIGHEST_ALPHA)
    while excess(high) <= 0:
        if high >= last:
            raise NoTransition(
                "threshold: no informative outlier left of the bulk up to alpha = "
                f"{HIGHEST_ALPHA:g}"
            )
        low, high, step = high, min(high + 1.5 * step, last), 1.5 * step
    return low, high
