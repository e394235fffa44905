"""How low the curvature reaches: the infimum of the spectrum of F over preactivations and labels.

Left of the bulk G = −A with A positive definite and I + A^½ F A^½ > 0 for every F of the law. The
branch of such A ends where reach(A) = −inf λ_min(A^½ F A^½) is 1, although no sample may attain
the infimum: labels often approach it only as y → ∞.
"""

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.curvature import curvature_factors
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.minima import Objective, newton, simplex
from bbpscape.theory.laws.network.nodes import has_kinks
from bbpscape.theory.laws.network.rules import sobol_points

FAR, FARTHER = 1e12, 1e24
# Preactivations at which growth without bound is looked for, and labels beside ŷ.
LADDER = (10.0, 14.0, 20.0, 28.0, 60.0, 150.0, 400.0, 1e3, 3e3, 1e4, 3e4, 1e5)
RESOLVED = 1e13
BESIDE = (0.0, -0.1, 0.1, -0.5, 0.5, -1.5, 1.5, -3.0, 3.0, -10.0, 10.0)
POINTS = 1024
KEPT = 6
# A simplex where F is smooth: Newton's method goes on from there.
ROUGH = 1e-2
# A whose root is this far from all others is looked at anew.
APART = 0.15
# Preactivations, a label, and whether that is fixed.
Start = tuple[NDArray, float, bool]
FEW = 300
GROWTH = 1.5
CLOSE = 1e-4
# A reach that is this small was found by a search and is 0.
ROUNDING = 1e-9


class Reach(Protocol):
    """How low the curvature of a law reaches."""

    @property
    def unbounded(self) -> str | None:
        """Why F has no lower bound, or None."""

    def reach(self, A: NDArray) -> float:
        """−inf λ_min(A^½ F A^½), at least 0, for a positive definite A."""


@dataclass(eq=False)
class LowestCurvature:
    """reach(A) for a model, ``sign`` = −1 for the law of −F (right edges).

    Samples of norm τ contribute τ F(√τ λ; y(√τ u)), and λ and y take all their values whatever τ:
    their reach is τ times that of norm 1, and the largest τ has the largest.

    ``unbounded`` says in words why F has no lower bound, and is None if it has one.
    """

    model: TeacherStudent
    sign: float = 1.0
    unbounded: str | None = field(default=None, init=False)
    _points: NDArray[np.float64] = field(init=False, repr=False)
    _labels: list[tuple[float, bool]] = field(init=False, repr=False)
    # Roots of A of trace p, each with the local minima found for it.
    _screened: list[tuple[NDArray, list[Start]]] = field(default_factory=list, init=False)

    _last: list[Start] = field(default_factory=list, init=False, repr=False)
    _reaches: dict[bytes, float] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        p = int(self.model.p)
        low, high = self.model.label_range
        ends = [(e, True) for e in (low, high)]
        inner = np.concatenate([[0.0], np.sinh(np.linspace(-4, 4, 25))])
        inner = np.unique(np.clip(inner, low, high))
        if math.isfinite(low) and math.isfinite(high):
            inner = np.unique(np.concatenate([inner, np.linspace(low, high, 13)]))
        labels = [(float(y), False) for y in inner if low < y < high]
        if discrete := self.model.label_values:
            labels, ends = (
                [(y, True) for y in discrete],
                [end for end in ends if math.isinf(end[0])],
            )
        labels += [(math.copysign(FAR, e) if math.isinf(e) else e, fixed) for e, fixed in ends]
        self._points, self._labels = _sample(p), labels
        values = self._lowest(self._points, labels, np.eye(p))
        self.unbounded = self._growth(self._points, values.min())
        if not self.unbounded:
            self._screen(np.eye(p), values)
            radial = self.model.inputs.radial
            if math.isinf(radial.upper) and self._lowest_of_one(np.eye(p))[0] > ROUNDING * _size(
                values
            ):
                self.unbounded = f"the norms of its inputs, {radial.label}, have no upper bound"

    @property
    def _kinked(self) -> bool:
        return has_kinks(self.model) or len(self.model.activation.breaks) > 0

    def _screen(self, root: NDArray, values: NDArray) -> list[Start]:
        """Local minima of λ_min(root F root), from the lowest of its values on the sample."""
        order = np.argsort(values, axis=None)
        chosen: list[Start] = []
        for flat in order[: 40 * KEPT]:
            j, i = np.unravel_index(flat, values.shape)
            point, (y, fixed) = self._points[i], self._labels[j]
            if all(abs(point - x).max() > 0.2 or y != z for x, z, _ in chosen):
                chosen.append((point, y, fixed))
            if len(chosen) == KEPT:
                break
        found: list[tuple[float, Start]] = []
        for value, start in self._descended(chosen, root, search=True):
            if all(abs(start[0] - x).max() > 1e-3 or start[1] != z for _, (x, z, _) in found):
                found.append((value, start))
        found.sort(key=lambda item: item[0])
        minima = [item[1] for item in found]
        self._screened.append((root, minima))
        return minima

    def _lowest(
        self, points: NDArray, labels: list[tuple[float, bool]], root: NDArray
    ) -> NDArray[np.float64]:
        """λ_min(root F root) at every label and point; +inf where F is not finite."""
        y = np.array([[y for y, _ in labels]])
        with np.errstate(all="ignore"):
            slopes, bends, first, second = curvature_factors(self.model, points, y)
        return self._eigenvalue(slopes[:, None], bends[:, None], first, second, root).T

    def _eigenvalue(
        self, slopes: NDArray, bends: NDArray, first: NDArray, second: NDArray, root: NDArray
    ) -> NDArray[np.float64]:
        """λ_min(root F root) from the factors of F; +inf where F is not finite."""
        with np.errstate(all="ignore"):
            F = second[..., None, None] * (slopes[..., :, None] * slopes[..., None, :])
            axis = np.arange(slopes.shape[-1])
            F[..., axis, axis] += first[..., None] * bends
        finite = np.isfinite(F).all(axis=(-2, -1))
        F[~finite] = 0
        return np.where(finite, _lowest_eigenvalue(self.sign * (root @ F @ root)), np.inf)

    def _least(self, points: NDArray, y: NDArray) -> float:
        """The least λ_min(F) at points and labels, (n, m) or (1, m), where F is finite.

        Bounds leave few matrices to be diagonalized: with ℓ″ |s|² if that is negative the least
        ℓ′ β is below, and the least of the diagonal above.
        """
        with np.errstate(all="ignore"):
            slopes, bends, first, second = curvature_factors(self.model, points, y)
            # Neurons first: a short last axis is slow to take a minimum over.
            diagonal = self.sign * bends.T[:, :, None] * first
            squares, second = slopes.T[:, :, None] ** 2, self.sign * second
            rank_one = second * squares.sum(axis=0)
            low = diagonal.min(axis=0) + np.minimum(rank_one, 0)
            high = (diagonal + second * squares).min(axis=0)
        finite = np.isfinite(low) & np.isfinite(high) & np.isfinite(rank_one)
        best = float(high[finite].min(initial=math.inf))
        i, j = np.nonzero(finite & (low < best))
        F = second[i, j, None, None] * (slopes[i, :, None] * slopes[i, None, :])
        axis = np.arange(slopes.shape[1])
        F[:, axis, axis] += diagonal[:, i, j].T
        return min(best, float(_lowest_eigenvalue(F).min(initial=math.inf)))

    def _growth(self, points: NDArray, lowest: float) -> str | None:
        """What makes F unbounded below, if anything does."""
        scale = max(abs(lowest), 1e-12)
        low, high = self.model.label_range
        for end in (low, high):
            if math.isinf(end):
                far, farther = (
                    self._least(points, np.array([[math.copysign(y, end)]])) for y in (FAR, FARTHER)
                )
                if farther < GROWTH * far - scale:
                    return f"its curvature has no lower bound as y → {'−' if end < 0 else ''}∞"
        inner = np.clip([-1.0, 0.0, 0.5, 2.0], low, high).tolist()
        # F can be bounded for every y and yet fall without bound as y and λ grow together, or only
        # where the label keeps up with the student, as beside the flat tails of huber.
        inner += [math.copysign(FARTHER, e) for e in (low, high) if math.isinf(e)]
        apart, beside = [], []
        for size in LADDER:
            at = _with_one_at(points, size)
            apart.append(self._least(at, np.array([inner])))
            beside.append(self._followed(at))
        for lows in (apart, beside):
            known = [min(low, 0.0) for low in lows if math.isfinite(low)]
            if len(known) > 2 and known[-1] < GROWTH * known[-3] - 10 * scale:
                return "its curvature has no lower bound as preactivations grow"
        return None

    def _followed(self, points: NDArray) -> float:
        """The least λ_min(F) at points whose label lies beside the student's own output.

        NaN where outputs are too large to tell the two apart.
        """
        with np.errstate(all="ignore"):
            output = self.model.output(points)
            if not abs(output).max() < RESOLVED:
                return math.nan
            gaps = np.array(BESIDE)
            beside = np.concatenate(
                [output[:, None] + gaps, output[:, None] * (1 + gaps[1:5])], axis=1
            )
        return self._least(points, np.clip(beside, *self.model.label_range))

    def reach(self, A: NDArray) -> float:
        """−inf λ_min(A^½ F A^½) over preactivations and labels."""
        key = A.tobytes()
        if key not in self._reaches:
            self._reaches[key] = self.lowest(A)[0]
        return self._reaches[key]

    def lowest(self, A: NDArray) -> tuple[float, NDArray, float]:
        """(reach, preactivations √τ λ, y) at the infimum; y = ±FAR stands for ±∞.

        Without an upper bound of τ the reach is 0, or there is none.
        """
        reach, at, y = self._lowest_of_one(A)
        upper = self.model.inputs.radial.upper
        return (min(reach, 0.0) if math.isinf(upper) else upper * reach), at, y

    def _lowest_of_one(self, A: NDArray) -> tuple[float, NDArray, float]:
        """That of samples of norm 1."""
        scale = float(np.trace(A)) / len(A)
        values, vectors = np.linalg.eigh(A / scale)
        root = (vectors * np.sqrt(values)) @ vectors.T
        near, minima = min(self._screened, key=lambda one: float(abs(one[0] - root).max()))
        if abs(near - root).max() > APART:
            minima = self._screen(root, self._lowest(self._points, self._labels, root))
        best = min(self._descended(minima, root), key=_value)
        if self._kinked:
            # Newton's method stops at the first kink, along which the lowest point moves with A.
            at, y, fixed = best[1]
            starts = [best[1], *self._last[-1:]]
            starts += [(at, y, False)] * (fixed and abs(y) < FAR and not self.model.label_values)
            best = min(best, *self._descended(starts, root, search=True), key=_value)
            self._last.append(best[1])
        value, (at, y, _) = best
        return -scale * value, at, y

    def minimizers(self) -> list[NDArray]:
        """Preactivations where F comes close to its infimum, at A = I."""
        root, minima = self._screened[0]
        values = [self._lowest(at[None], [(y, fixed)], root)[0, 0] for at, y, fixed in minima]
        close = min(values) + CLOSE * abs(min(values))
        return [s[0] for s, value in zip(minima, values, strict=True) if value <= close]

    def _descended(
        self, starts: list[Start], root: NDArray, *, search: bool = False
    ) -> list[tuple[float, Start]]:
        """The local minima of λ_min(root F root) below the starts; ``search`` by simplices first,
        which need no derivatives at kinks."""
        found: list[tuple[float, Start]] = []
        for fixed in (True, False):
            same = [start for start in starts if start[2] == fixed]
            if not same:
                continue
            labels = np.array([y for _, y, _ in same])
            x = np.array([point for point, _, _ in same])
            objective = self._objective(labels, fixed, root)
            if not fixed:
                x = np.concatenate([x, labels[:, None]], axis=1)
            if search and self._kinked:
                # A simplex may flatten at a kink: a second one starts where it ended.
                x = simplex(objective, simplex(objective, x))
            elif search:
                x = simplex(objective, x, ROUGH)
            values, x = newton(objective, x)
            if not fixed:
                labels, x = np.clip(x[:, -1], *self.model.label_range), x[:, :-1]
            found += [
                (value, (point, y, fixed))
                for value, point, y in zip(values.tolist(), x, labels.tolist(), strict=True)
            ]
        return found

    def _objective(self, labels: NDArray, fixed: bool, root: NDArray) -> Objective:
        """λ_min at points (k, r, p) of k labels, or (k, r, p + 1) with y last where it is free."""
        p, (low, high) = int(self.model.p), self.model.label_range

        def objective(x: NDArray) -> NDArray:
            y = np.broadcast_to(labels[:, None], x.shape[:2]) if fixed else x[..., -1]
            with np.errstate(all="ignore"):
                factors = curvature_factors(
                    self.model, x[..., :p].reshape(-1, p), np.clip(y, low, high).ravel()
                )
            return self._eigenvalue(*factors, root).reshape(x.shape[:2])

        return objective


def _value(found: tuple[float, Start]) -> float:
    return found[0]


def _lowest_eigenvalue(matrices: NDArray) -> NDArray[np.float64]:
    """Of symmetric ones, (…, p, p)."""
    if matrices.shape[-1] == 2:
        a, b, c = matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 1, 1]
        return np.asarray((a + c) / 2 - np.hypot((a - c) / 2, b))
    return np.linalg.eigvalsh(matrices)[..., 0]


def _size(values: NDArray) -> float:
    """The largest |λ_min(F)| that was found."""
    return float(abs(values[np.isfinite(values)]).max())


def _sample(p: int) -> NDArray[np.float64]:
    """Preactivations all over, on the axes also close to 0, and on the diagonal."""
    spread = np.sinh(4 * (sobol_points(p, POINTS, 0) - 0.5)) / math.sinh(2) * 5
    small = np.geomspace(1e-9, 0.1, 17)
    line = np.concatenate([np.linspace(-6, 6, 41), small, -small])
    axis = np.zeros((line.size * p, p))
    for k in range(p):
        axis[line.size * k : line.size * (k + 1), k] = line
    diagonal = np.repeat(np.linspace(-6, 6, 41)[:, None], p, axis=1)
    return np.concatenate([np.zeros((1, p)), spread, axis, diagonal])


def _with_one_at(points: NDArray, size: float) -> NDArray:
    """Points with one coordinate, or all, sent to ± size: ŷ alone can make ℓ′ σ″ fall."""
    sent = [size * np.sign(points)]
    for k in range(points.shape[1]):
        for sign in (1.0, -1.0):
            moved = points[:FEW].copy()
            moved[:, k] = sign * size
            sent.append(moved)
    return np.concatenate(sent)
