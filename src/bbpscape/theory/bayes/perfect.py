"""From which α on message passing recovers a noiseless quadratic teacher perfectly."""

import functools
import math

from scipy.optimize import minimize_scalar
from scipy.special import expit

from bbpscape.theory.bayes.radial import WIDEST, ExactLength

# Where the highest α(q) = q/((1 − q) I(q)) is sought, in log q/(1 − q).
LOWEST, HIGHEST = 0.0, 9.0


@functools.lru_cache(maxsize=128)
def perfect_alpha(p_star: int) -> float:
    """The largest α(q) of y = |u|²/p*: above it nothing holds q back; NaN where p* > 60.

    >>> round(perfect_alpha(1), 4)
    1.1285
    """
    if p_star > WIDEST:
        return math.nan
    labels = ExactLength(p_star)

    def below(s: float) -> float:
        q, V = float(expit(s)), float(expit(-s))
        return -q / (V * labels.information(q, V))

    close = {"xatol": 1e-4}
    found = minimize_scalar(below, bounds=(LOWEST, HIGHEST), method="bounded", options=close)
    return max(-float(found.fun), float(p_star))
