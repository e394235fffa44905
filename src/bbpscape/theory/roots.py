"""The one driver of every real root that the theory looks for."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq

from bbpscape.core.checks import NoConvergence as NoConvergence


@dataclass(frozen=True)
class Root:
    """x with f(x) = 0, the steps it took and the residual |f(x)|."""

    value: float
    iterations: int
    residual: float


def find_root(f: Callable[[float], float], low: float, high: float, what: str) -> Root:
    """The x in [low, high] with f(x) = 0, where f changes sign, to the last bits of x.

    ``what`` names the root in the message of ``NoConvergence``, raised where f does not change sign
    or is not finite.
    """
    f = functools.cache(f)
    f_low, f_high = f(low), f(high)
    if not (math.isfinite(f_low) and math.isfinite(f_high)) or f_low * f_high > 0:
        raise NoConvergence(
            f"{what}: no sign change between {low:.6g} ({f_low:.3g}) and {high:.6g} "
            f"({f_high:.3g}); the parameters may be too extreme for double precision"
        )
    value, report = brentq(
        f, low, high, xtol=1e-300, rtol=1e-15, maxiter=300, full_output=True, disp=False
    )
    if not report.converged:
        raise NoConvergence(f"{what}: no root after {report.iterations} steps")
    return Root(value, report.iterations, abs(f(value)))
