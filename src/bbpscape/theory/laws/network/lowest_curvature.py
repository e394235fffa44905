"""How low the curvature reaches: the infimum of the spectrum of F over preactivations and labels.

Left of the bulk G = −A with A positive definite and I + A^½ F A^½ > 0 for every F of the law. The
branch of such A ends where reach(A) = −inf λ_min(A^½ F A^½) is 1, although no sample may attain
the infimum: labels often approach it only as y → ∞.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bbpscape.model.curvature import curvature
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.rules import sobol_points

FAR, FARTHER = 1e12, 1e24
# Preactivations at which growth without bound is looked for, and labels beside ŷ.
LADDER = (10.0, 14.0, 20.0, 28.0, 60.0, 150.0, 400.0, 1e3, 3e3, 1e4, 3e4, 1e5)
RESOLVED = 1e13
BESIDE = (0.0, -0.1, 0.1, -0.5, 0.5, -1.5, 1.5, -3.0, 3.0, -10.0, 10.0)
POINTS = 1024
KEPT = 6
# A whose root is this far from all others is looked at anew.
APART = 0.15
# Preactivations, a label, and whether that is fixed.
Start = tuple[NDArray, float, bool]
FEW = 300
GROWTH = 1.5
CLOSE = 1e-4
DIFFERENCE = 1e-4
# A reach that is this small was found by a search and is 0.
ROUNDING = 1e-9
DESCENTS = 12


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
        for start in chosen:
            value, at, y = self._search(start, root)
            if all(abs(at - other).max() > 1e-3 or y != z for _, (other, z, _) in found):
                found.append((value, (at, y, start[2])))
        found.sort(key=lambda item: item[0])
        minima = [item[1] for item in found]
        self._screened.append((root, minima))
        return minima

    def _lowest(
        self, points: NDArray, labels: list[tuple[float, bool]], root: NDArray
    ) -> NDArray[np.float64]:
        """λ_min(root F root) at every label and point; +inf where F is not finite."""
        rows = []
        for y, _ in labels:
            with np.errstate(all="ignore"):
                F = self.sign * curvature(self.model, points, np.full(len(points), y))
            finite = np.isfinite(F).all(axis=(1, 2))
            F[~finite] = 0
            rows.append(np.where(finite, np.linalg.eigvalsh(root @ F @ root)[:, 0], np.inf))
        return np.array(rows)

    def _growth(self, points: NDArray, lowest: float) -> str | None:
        """What makes F unbounded below, if anything does."""
        scale = max(abs(lowest), 1e-12)
        low, high = self.model.label_range
        for end in (low, high):
            if math.isinf(end):
                far, farther = (
                    self._lowest(points, [(math.copysign(y, end), True)], np.eye(points.shape[1]))
                    for y in (FAR, FARTHER)
                )
                if farther.min() < GROWTH * far.min() - scale:
                    return f"its curvature has no lower bound as y → {'−' if end < 0 else ''}∞"
        inner = [(float(np.clip(y, low, high)), False) for y in (-1.0, 0.0, 0.5, 2.0)]
        # F can be bounded for every y and yet fall without bound as y and λ grow together, or only
        # where the label keeps up with the student, as beside the flat tails of huber.
        inner += [(math.copysign(FARTHER, e), True) for e in (low, high) if math.isinf(e)]
        apart, beside = [], []
        for size in LADDER:
            at = _with_one_at(points, size)
            apart.append(float(self._lowest(at, inner, np.eye(points.shape[1])).min()))
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
        lowest = math.inf
        with np.errstate(all="ignore"):
            output = self.model.output(points)
            if not abs(output).max() < RESOLVED:
                return math.nan
            beside = [output + gap for gap in BESIDE] + [output * (1 + gap) for gap in BESIDE[1:5]]
            for y in beside:
                F = self.sign * curvature(self.model, points, np.clip(y, *self.model.label_range))
                finite = np.isfinite(F).all(axis=(1, 2))
                values = np.linalg.eigvalsh(F[finite])[:, 0]
                lowest = min(lowest, float(values.min(initial=math.inf)))
        return lowest

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
        value, at, y = min((self._descend(s, root) for s in minima), key=lambda one: one[0])
        return -scale * value, at, y

    def minimizers(self) -> list[NDArray]:
        """Preactivations where F comes close to its infimum, at A = I."""
        root, minima = self._screened[0]
        values = [self._lowest(at[None], [(y, fixed)], root)[0, 0] for at, y, fixed in minima]
        close = min(values) + CLOSE * abs(min(values))
        return [s[0] for s, value in zip(minima, values, strict=True) if value <= close]

    def _objective(self, start: Start, root: NDArray) -> Callable[[NDArray], NDArray]:
        """λ_min at rows x of shape (k, p), or (k, p + 1) with y last where it is free."""
        point, label, fixed = start
        low, high = self.model.label_range

        def objective(rows: NDArray) -> NDArray:
            rows = np.atleast_2d(rows)
            x = rows[:, : point.size]
            y = np.full(len(rows), label) if fixed else np.clip(rows[:, -1], low, high)
            with np.errstate(all="ignore"):
                F = self.sign * curvature(self.model, x, y)
            finite = np.isfinite(F).all(axis=(1, 2))
            F[~finite] = 0
            return np.where(finite, np.linalg.eigvalsh(root @ F @ root)[:, 0], np.inf)

        return objective

    def _search(self, start: Start, root: NDArray) -> tuple[float, NDArray, float]:
        """A local minimum by the simplex method, which needs no derivatives at kinks."""
        point, label, fixed = start
        objective = self._objective(start, root)
        x = point if fixed else np.append(point, label)
        options = {"xatol": 1e-6, "fatol": 1e-15, "maxfev": 80 * x.size}
        found = minimize(lambda v: float(objective(v)[0]), x, method="Nelder-Mead", options=options)
        x = found.x if found.fun < objective(x)[0] else x
        y = label if fixed else float(np.clip(x[-1], *self.model.label_range))
        return self._descend((x[: point.size], y, fixed), root)

    def _descend(self, start: Start, root: NDArray) -> tuple[float, NDArray, float]:
        """Newton's method with differences, for as long as it goes down."""
        point, label, fixed = start
        objective = self._objective(start, root)
        x = point if fixed else np.append(point, label)
        d = x.size
        h = DIFFERENCE
        offsets = [np.zeros(d)]
        eye = h * np.eye(d)
        offsets += [sign * eye[i] for i in range(d) for sign in (1, -1)]
        offsets += [
            si * eye[i] + sj * eye[j]
            for i in range(d)
            for j in range(i)
            for si in (1, -1)
            for sj in (1, -1)
        ]
        for _ in range(DESCENTS):
            f = objective(x + np.array(offsets))
            if not np.isfinite(f).all():
                break
            gradient = (f[1 : 2 * d + 1 : 2] - f[2 : 2 * d + 2 : 2]) / (2 * h)
            hessian = np.diag((f[1 : 2 * d + 1 : 2] + f[2 : 2 * d + 2 : 2] - 2 * f[0]) / h**2)
            k = 2 * d + 1
            for i in range(d):
                for j in range(i):
                    hessian[i, j] = hessian[j, i] = (f[k] - f[k + 1] - f[k + 2] + f[k + 3]) / (
                        4 * h**2
                    )
                    k += 4
            step = -np.linalg.pinv(hessian, rcond=1e-9) @ gradient
            size = abs(step).max()
            step *= min(1.0, 0.5 / size) if size > 0 else 1.0
            following = objective(x + step)[0]
            if not following < f[0]:
                break
            x = x + step
            if size < 1e-7:
                break
        y = label if fixed else float(np.clip(x[-1], *self.model.label_range))
        return float(objective(x)[0]), x[: point.size], y


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
