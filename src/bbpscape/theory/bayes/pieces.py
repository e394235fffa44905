"""A function y = φ(u) of one variable in pieces on which it is monotone, and its inverse images."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.roots import iterations

Function = Callable[[NDArray], NDArray]
Kinks = Callable[[NDArray], tuple[NDArray, ...]]

# Gaussian u beyond it have a probability of 4e-13.
REACH = 7.25
# Looks at φ, shifted so that none falls on a special point.
LOOKS, SHIFT = 6001, 1.2345e-5
MOST_PIECES = 20
# Two values of φ this close are one, relative to the largest.
SAME = 1e-14
# And φ(u) and ±φ(−u).
MIRRORED = 1e-13
ROUNDING = 1e-15
FLAT_RUN = 3
HALVINGS = 70
# One-sided values are taken this far from the end of a piece.
BESIDE = 1e-12
FLATTEST = 1e-12
# Step of a difference quotient, absolute and of the distance to the end of the piece.
STEP, NEAR = 1e-3, 0.05


@dataclass(frozen=True)
class Piece:
    """An interval on which φ is monotone, with its one-sided values there; flat if they agree."""

    low: float
    high: float
    y_low: float
    y_high: float

    @property
    def flat(self) -> bool:
        return self.y_low == self.y_high

    def mirrored(self, sign: int) -> "Piece":
        """That of −u, of a function that is even (sign 1) or odd (−1)."""
        y_low, y_high = sign * self.y_high + 0.0, sign * self.y_low + 0.0
        return Piece(0.0 - self.high, 0.0 - self.low, y_low, y_high)


def monotone_pieces(
    name: str, value: Function, kinks: Kinks, low: float = -REACH, high: float = REACH
) -> tuple[Piece, ...]:
    """The pieces of φ from ``low`` to ``high``, from left to right.

    Those of an even or odd φ mirror each other exactly, so that what u and −u say cancels.

    ``kinks`` are functions of u at whose zeros φ or its derivative may jump.

    Raises
    ------
    InvalidInput
        If φ oscillates too often.

    >>> [(one.low, one.high) for one in monotone_pieces("square", np.square, lambda u: ())]
    [(-7.25, 0.0), (0.0, 7.25)]
    """
    sign = parity(value, high) if low == -high else 0
    special = _zeros(kinks, low, high)
    ends = [low, *special, high]
    if sign:
        ends = [0.0, *(one for one in special if one > 0), high]
    found: list[Piece] = []
    for pair in itertools.pairwise(ends):
        found += _between(value, *pair)
        if len(found) > MOST_PIECES:
            raise InvalidInput(
                f"the teacher {name!r} must have at most {MOST_PIECES} pieces between extrema"
            )
    return tuple(_mirrored(found, sign, 0.0 in special) if sign else found)


def parity(value: Function, reach: float = REACH) -> int:
    """1 of an even function, −1 of an odd one, 0 of any other.

    >>> [parity(one) for one in (np.cos, np.sin, np.exp)]
    [1, -1, 0]
    """
    u = np.linspace(0, reach, LOOKS)[1:] - SHIFT
    right, left = value(u), value(-u)
    size = abs(right).max()
    for sign in (1, -1):
        if np.allclose(left, sign * right, rtol=MIRRORED, atol=MIRRORED * min(size, 1.0)):
            return sign
    return 0


def _mirrored(right: list[Piece], sign: int, kinked: bool) -> list[Piece]:
    """The pieces of an even or odd φ on both sides of 0, where one goes on if it can."""
    left = [one.mirrored(sign) for one in reversed(right)]
    if kinked or (sign > 0 and not right[0].flat):
        return left + right
    middle = Piece(left[-1].low, right[0].high, left[-1].y_low, right[0].y_high)
    return [*left[:-1], middle, *right[1:]]


def preimages(value: Function, piece: Piece, y: NDArray) -> NDArray[np.float64]:
    """u in the piece with φ(u) = y, by bisection; NaN where there is none.

    A label beyond an extremum by its rounding is that of the end.
    """
    rising = piece.y_high > piece.y_low
    bottom, top = sorted((piece.y_low, piece.y_high))
    inside = (y >= bottom - ROUNDING * abs(bottom)) & (y <= top + ROUNDING * abs(top))
    low = np.full(y.shape, piece.low)
    high = np.full(y.shape, piece.high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = (value(middle) > y) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(inside, (low + high) / 2, np.nan)


def slopes(value: Function, piece: Piece, u: NDArray) -> NDArray[np.float64]:
    """|φ′(u)| inside a piece, by differences of fourth order that stay in it."""
    step = np.minimum(STEP, NEAR * np.minimum(u - piece.low, piece.high - u))
    step = np.maximum(step, 1e-15)
    far = value(u + 2 * step) - value(u - 2 * step)
    found = abs(8 * (value(u + step) - value(u - step)) - far) / (12 * step)
    return np.maximum(found, FLATTEST)


def _zeros(kinks: Kinks, lowest: float, highest: float) -> list[float]:
    """Zeros of the kinks between two ends, increasing."""
    grid = np.linspace(lowest, highest, LOOKS) + SHIFT
    found = []
    for k in range(len(kinks(grid))):
        signs = np.sign(kinks(grid)[k])
        rows = np.flatnonzero(signs[:-1] * signs[1:] < 0)
        low, high, start = grid[rows], grid[rows + 1], signs[rows]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            same = np.sign(kinks(middle)[k]) == start
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found += [_rounded(one) for one in high.tolist()]
    found = [one for one in found if lowest < one < highest]
    return sorted({round(one, 12): one for one in found}.values())


def _rounded(u: float) -> float:
    """u, or the round number that it is but for its last bits."""
    return round(u, 9) + 0.0 if abs(u - round(u, 9)) < 1e-14 else u


def _between(value: Function, low: float, high: float) -> list[Piece]:
    """Pieces between two kinks, where φ is smooth."""
    count = max(int(LOOKS * (high - low) / (2 * REACH)), 51)
    inner = np.linspace(low, high, count)[1:-1] + SHIFT * (high - low)
    u = np.concatenate([[low + BESIDE], inner, [high - BESIDE]])
    y = value(u)
    steps = np.diff(y)
    moves = np.sign(np.where(abs(steps) <= SAME * abs(y[1:]), 0.0, steps))
    cuts: list[int] = [0]
    directions: list[float] = []
    runs = np.flatnonzero(np.diff(moves)) + 1
    starts, stops = [0, *runs.tolist()], [*runs.tolist(), moves.size]
    for start, stop in zip(starts, stops, strict=True):
        move = moves[start]
        if move == 0 and stop - start < FLAT_RUN:
            continue
        if directions and directions[-1] == move:
            continue
        if directions:
            cuts.append(start)
        directions.append(move)
    ends = [low]
    for cut, (before, after) in zip(cuts[1:], itertools.pairwise(directions), strict=True):
        if before and after:
            ends.append(_extremum(value, u[max(cut - 2, 0)], u[min(cut + 2, u.size - 1)], before))
        else:
            ends.append(float(u[cut]))
    ends.append(high)
    pieces = []
    for (left, right), move in zip(itertools.pairwise(ends), directions, strict=True):
        y_left, y_right = value(np.array([left + BESIDE, right - BESIDE])).tolist()
        pieces.append(Piece(left, right, y_left, y_left if move == 0 else y_right))
    return pieces


def _extremum(value: Function, low: float, high: float, rising: float) -> float:
    """Where φ turns, by golden section; a round number where φ is as extreme there."""
    ratio = (np.sqrt(5) - 1) / 2

    def height(u: float) -> float:
        return float(rising * value(np.array([u]))[0])

    for _ in iterations(500, "extremum of the teacher"):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if height(left) > height(right):
            high = right
        else:
            low = left
        if high - low < 1e-9:
            break
    found = (low + high) / 2
    near = round(found, 6) + 0.0
    return near if height(near) >= height(found) else found
