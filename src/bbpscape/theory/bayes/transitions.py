"""Where fixed points of the state evolution appear, vanish, or change places in free entropy."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from bbpscape.theory.bayes.curve import Curve
from bbpscape.theory.roots import find_root

# A jump of q that is smaller is none.
SMALLEST = 1e-6
UNINFORMED, INFORMED, INFORMATION = "uninformed", "informed", "information limit"


@dataclass(frozen=True)
class Jump:
    """Where q of a ``start`` jumps at ``alpha``, from ``q_below`` to ``q_above``."""

    start: str
    alpha: float
    q_below: float
    q_above: float


def choose(curve: Curve, start: str, alpha: float) -> float:
    """The fixed point that a start leads to at α: the lowest, the highest, or of most free entropy."""
    found = curve.stable(alpha)
    if start == UNINFORMED:
        return found[0]
    if start == INFORMED:
        return found[-1]
    return max(found, key=lambda q: curve.free_entropy(q, alpha))


def jumps(curve: Curve) -> tuple[Jump, ...]:
    """All jumps of the three, each by increasing α."""
    found = []
    for start in (UNINFORMED, INFORMED, INFORMATION):
        for alpha in sorted(set(_candidates(curve, start))):
            below, above = (choose(curve, start, alpha * (1 + side * 1e-9)) for side in (-1, 1))
            if above - below > SMALLEST + 1e-3 * (start == INFORMATION):
                found.append(Jump(start, alpha, below, above))
    return tuple(found)


def _candidates(curve: Curve, start: str) -> Iterator[float]:
    """Ends of branches; and where two are of one free entropy."""
    ends = [(one.log_low, one.log_high) for one in curve.branches]
    yield from (math.exp(x) for pair in ends for x in pair if -700 < x < 700)
    yield from (one for one in (curve.weak, curve.perfect) if 0 < one < math.inf)
    if start != INFORMATION:
        return
    zero = [(-math.inf, math.log(curve.weak))] if curve.weak > 0 else []
    spans = [*((None, *span) for span in zero), *((b, b.log_low, b.log_high) for b in curve.branches)]
    for (one, a, b), (other, c, d) in itertools.combinations(spans, 2):
        low, high = max(a, c) + 1e-12, min(b, d) - 1e-12
        if not (low < high and math.isfinite(low) and math.isfinite(high)):
            continue

        def gain(log_alpha: float, one=one, other=other) -> float:
            alpha = math.exp(log_alpha)
            lower, upper = (0.0 if x is None else curve.q(x, alpha) or 0.0 for x in (one, other))
            return curve.free_entropy(upper, alpha) - curve.free_entropy(lower, alpha)

        if gain(low) < 0 < gain(high):
            yield math.exp(find_root(gain, low, high, "information limit").value)
