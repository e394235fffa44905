"""What is found of a function y = φ(u) by looking at it: its range, its symmetries, its faults."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput

Value = Callable[[NDArray], NDArray]

# Generic preactivations, out to where Gaussian ones still are.
POINTS, SPREADS, LAST = 600, (1.0, 2.0, 4.0), 8.5
SAME = 1e-11
# Points of every size and both signs; y that is still larger at FARTHER has no bound.
SPREAD_POINTS, FAR, FARTHER = 6000, 1e3, 1e6
GROWTH = 1e-3
# Halvings of a segment across a singularity, and the points beside it.
HALVINGS = 60
STARTS = 4
# Values of a discrete label.
FEW = 24


@dataclass(frozen=True)
class Facts:
    """Infimum and supremum of y, and which changes of u leave y as it is.

    ``even``: u to −u. ``signs``: the sign of any one u_l. ``exchangeable``: any permutation.
    ``rotations``: any rotation. ``values`` are those that y takes, where they are few.
    """

    low: float
    high: float
    even: bool
    signs: bool
    exchangeable: bool
    rotations: bool
    values: tuple[float, ...] = ()


def examine_teacher(
    name: str,
    value: Value,
    kinks: Callable[[NDArray], tuple[NDArray, ...]],
    p_star: int,
    bounds: tuple[float, float] | None,
) -> Facts:
    """The facts of y = φ(u), u ∈ R^{p*}.

    Raises
    ------
    InvalidInput
        If y is not a real finite number at generic u, or the same at all of them.
    """
    generator = np.random.default_rng(0)
    directions = generator.standard_normal((POINTS, p_star))
    u = np.concatenate([spread * directions for spread in SPREADS])
    u = np.clip(u, -LAST, LAST) + 0.01 * generator.uniform(size=u.shape)
    y = _checked(name, value, u)
    _check_kinks(name, kinks, u)
    if float(y.max() - y.min()) <= SAME * abs(y).max():
        raise InvalidInput(
            f"the teacher {name!r} has the label {y[0]:.6g} whatever u: it must depend on u"
        )
    rotation = np.linalg.qr(generator.standard_normal((p_star, p_star)))[0]
    order = np.arange(p_star)
    flips = [u * np.where(order == k, -1.0, 1.0) for k in range(p_star)]
    swaps = [u[:, np.roll(order, 1)], u[:, [*order[1:2], 0, *order[2:]]]]

    def same(*others: NDArray) -> bool:
        return all(np.allclose(value(one), y, rtol=SAME, atol=SAME) for one in others)

    with np.errstate(all="ignore"):
        facts = (
            same(-u),
            same(*flips),
            same(*swaps),
            same(u @ rotation, *flips),
        )
        low, high = bounds or _bounds(value, kinks, p_star)
    values = np.unique(y)
    return Facts(low, high, *facts, tuple(values.tolist()) if values.size <= FEW else ())


def _checked(name: str, value: Value, u: NDArray) -> NDArray[np.float64]:
    """y at every u, real and finite."""
    try:
        with np.errstate(all="ignore"):
            y = np.asarray(value(u))
            alone = np.asarray(value(u[0]))
    except InvalidInput:
        raise
    except Exception as error:
        raise InvalidInput(
            f"the teacher {name!r} fails on preactivations of shape {u.shape}: {error}"
        ) from None
    if y.dtype.kind not in "fiub" or y.shape != u.shape[:-1] or alone.shape != ():
        raise InvalidInput(
            f"the teacher {name!r} must take arrays of shape (..., {u.shape[1]}) to real arrays of "
            f"shape (...), got {y.dtype} of shape {y.shape} from {u.shape}"
        )
    y = y.astype(float)
    if not np.array_equal(y, np.asarray(value(u), dtype=float), equal_nan=True):
        raise InvalidInput(
            f"the teacher {name!r} gives other labels for the same u: leave noise to labels"
        )
    if not np.isfinite(y).all():
        at = ", ".join(f"{one:.3g}" for one in u[~np.isfinite(y)][0])
        raise InvalidInput(f"the teacher {name!r} is not finite at u = ({at})")
    return y


def _check_kinks(name: str, kinks: Callable, u: NDArray) -> None:
    found = kinks(u)
    if not isinstance(found, tuple) or any(np.shape(one) != u.shape[:-1] for one in found):
        raise InvalidInput(
            f"kinks of the teacher {name!r} must return a tuple of arrays of shape (...)"
        )


def _bounds(value: Value, kinks: Callable, p_star: int) -> tuple[float, float]:
    """Infimum and supremum; infinite where y still grows far out, or beside a singularity."""
    generator = np.random.default_rng(1)
    signs = generator.choice([-1.0, 1.0], (SPREAD_POINTS, p_star))
    sizes = generator.uniform(-1, 1, (SPREAD_POINTS, p_star))
    line = np.concatenate([np.linspace(-LAST, LAST, 681), [0.0]])
    axes = [np.outer(line, one) for one in (*np.eye(p_star), np.ones(p_star))]
    near = np.concatenate(
        [signs * 10 ** (3 * sizes), signs * sizes * 4, np.zeros((1, p_star)), *axes]
    )
    beside = _beside(kinks, near)
    inner = [signs * FAR**sizes, *(at + step for at, step in zip(*beside(FAR), strict=True))]
    outer = [
        signs * FARTHER**sizes,
        signs * FARTHER ** abs(sizes),
        *(at + step for at, step in zip(*beside(FARTHER), strict=True)),
    ]
    low, high = _ends(value, np.concatenate([near, *inner]))
    lowest, highest = _ends(value, np.concatenate(outer))
    size = 1 + min(abs(low), abs(high), FAR)
    grows_down, grows_up = lowest < low - GROWTH * size, highest > high + GROWTH * size
    low = -math.inf if grows_down else _polished(value, near, min(low, lowest), 1.0)
    high = math.inf if grows_up else -_polished(value, near, -max(high, highest), -1.0)
    return low, high


def _ends(value: Value, u: NDArray) -> tuple[float, float]:
    y = np.asarray(value(u), dtype=float)
    y = y[~np.isnan(y)]
    return float(y.min()), float(y.max())


def _beside(kinks: Callable, u: NDArray) -> Callable[[float], tuple[list, list]]:
    """Points beside the zeros of ``kinks``, at distances 1/size."""
    one, other = u, np.roll(u, 7, axis=0)
    found = []
    for k in range(len(kinks(u[:1]))):
        start, end = (np.sign(kinks(at)[k]) for at in (one, other))
        rows = np.flatnonzero(start * end < 0)[:200]
        low, high = one[rows], other[rows]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            same = (np.sign(kinks(middle)[k]) == start[rows])[:, None]
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found += [high] if rows.size else []

    def beside(size: float) -> tuple[list, list]:
        # Along no kink in particular.
        steps = [sign / size * np.sqrt(2.0 + np.arange(u.shape[1])) for sign in (1.0, -1.0)]
        return [at for at in found for _ in steps], [step for _ in found for step in steps]

    return beside


def _polished(value: Value, u: NDArray, least: float, sign: float) -> float:
    """The infimum of sign · φ from its lowest points, where that is lower than ``least``."""
    y = sign * np.asarray(value(u), dtype=float)
    y = np.where(np.isfinite(y), y, np.inf)
    for start in u[np.argsort(y)[:STARTS]]:
        found = scipy.optimize.minimize(
            lambda x: float(np.nan_to_num(sign * np.asarray(value(x)), nan=np.inf)),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-16, "maxfev": 400 * u.shape[1]},
        )
        least = min(least, float(found.fun))
    return least
