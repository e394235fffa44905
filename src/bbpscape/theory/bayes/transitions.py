"""Where fixed points of the state evolution appear, vanish, or change places in free entropy."""

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from bbpscape.theory.bayes.curve import Branch, Curve
from bbpscape.theory.roots import find_root

# A jump of q that is smaller is none.
SMALLEST = 1e-4
UNINFORMED, INFORMED, INFORMATION = "uninformed", "informed", "information limit"


@dataclass(frozen=True)
class Jump:
    """Where q of a ``start`` jumps at ``alpha``, from ``q_below`` to ``q_above``."""

    start: str
    alpha: float
    q_below: float
    q_above: float


def choose(curve: Curve, start: str, alpha: float) -> float:
    """The fixed point of a start at α: the lowest, the highest, or that of most free entropy."""
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
    spans: list[tuple[Branch | None, float, float]] = []
    if curve.weak > 0:
        spans.append((None, -math.inf, math.log(curve.weak)))
    spans += [(one, one.log_low, one.log_high) for one in curve.branches]
    for (one, a, b), (other, c, d) in itertools.combinations(spans, 2):
        low, high = max(a, c) + 1e-12, min(b, d) - 1e-12
        if not (low < high and math.isfinite(low) and math.isfinite(high)):
            continue
        gain = functools.partial(_gain, curve, one, other)
        if gain(low) < 0 < gain(high):
            yield math.exp(find_root(gain, low, high, "information limit").value)


def _gain(curve: Curve, one: Branch | None, other: Branch | None, log_alpha: float) -> float:
    """Free entropy of the second branch above that of the first; None is q = 0."""
    alpha = math.exp(log_alpha)
    found = [0.0 if x is None else curve.q(x, alpha) or 0.0 for x in (one, other)]
    lower, upper = (curve.free_entropy(q, alpha) for q in found)
    return upper - lower
