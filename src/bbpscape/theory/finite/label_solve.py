"""The label-sampled equations of one draw, solved in a few passes over its labels.

With x = −p/(2g) and t = d/((a + y) x + d), d = c r − y, an atom f = (2/p) d/(a + y) has
−g f/(1 − g f) = −t, so that the theory of theory.md §2–3 is five sums over labels and atoms,

    S_k = (1/N) Σ w t^k,   Y_k = (1/N) Σ w y t^k:

    z = (2/p) x (S_1 − 1),   edge: S_2 = 1,   outlier: S_1 − Y_1 = 1,
    m² = (1 − S_2)/(1 − S_2 + Y_2),   d²z/dg² = 2 (2x/p)³ (S_3 − 1).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.label_sampled import LabelSampled, edge_cell, solve_labels
from bbpscape.theory.roots import iterations
from bbpscape.theory.solution import Edge

# Labels a pass works on at a time: its buffers stay in cache, and BLAS in one thread.
CHUNK = 8192
TOLERANCE = 1e-12
STEPS = 100
EXTREME = "the labels may be too extreme"


@dataclass(frozen=True)
class LabelEdge:
    """The left edge of one draw: its ``edge``, x there, and ``strength`` = α g (m_1^y − m_1).

    The draw has an outlier iff ``strength`` > 1. ``passes`` counts passes over the labels.
    """

    edge: Edge
    x: float
    strength: float
    passes: int


class LabelSums:
    """S_k and Y_k at any x, for labels r and y of shape (M,); p must be finite.

    The atoms are c = 1 with weight (p − 1)/p and c = 3 with weight 1/p.
    """

    def __init__(self, model: TeacherStudent, N: int, r: NDArray, y: NDArray) -> None:
        self.model, self.N, self.r, self.y = model, N, r, y
        p = model.p
        self.atoms = [(c, w) for c, w in ((1.0, 1 - 1 / p), (3.0, 1 / p)) if w > 0]
        self.passes = 0
        self._work = np.empty((4, min(CHUNK, y.size)))

    def largest(self) -> float:
        """max (y − c r)/(a + y): S_k is finite for larger x. Its first atom has the smallest c."""
        found = -math.inf
        c, a = self.atoms[0][0], self.model.normalization
        for start in range(0, self.y.size, CHUNK):
            y, r = self.y[start : start + CHUNK], self.r[start : start + CHUNK]
            top, bottom = self._work[:2, : y.size]
            np.multiply(r, -c, out=top)
            top += y
            np.add(y, a, out=bottom)
            top /= bottom
            found = max(found, float(top.max()))
        return found

    def __call__(self, x: float) -> tuple[float, float, float, float, float]:
        """(S_1, S_2, S_3, Y_1, Y_2) at x."""
        self.passes += 1
        a, total = self.model.normalization, np.zeros(5)
        for start in range(0, self.y.size, CHUNK):
            y, r = self.y[start : start + CHUNK], self.r[start : start + CHUNK]
            base, d, t, square = self._work[:, : y.size]
            np.multiply(y, x, out=base)
            base += a * x
            for c, weight in self.atoms:
                if c == 1:
                    np.subtract(r, y, out=d)
                else:
                    np.multiply(r, c, out=d)
                    d -= y
                np.add(base, d, out=t)
                np.divide(d, t, out=t)
                np.multiply(t, t, out=square)
                total += weight * np.array([t.sum(), t @ t, square @ t, y @ t, y @ square])
        s1, s2, s3, y1, y2 = (total / self.N).tolist()
        return s1, s2, s3, y1, y2

    def complex_strength(self, x: complex) -> complex:
        """S_1 − Y_1 at a complex x."""
        self.passes += 1
        a, total = self.model.normalization, 0j
        for start in range(0, self.y.size, CHUNK):
            y, r = self.y[start : start + CHUNK], self.r[start : start + CHUNK]
            base, d, real, square = self._work[:, : y.size]
            np.add(y, a, out=base)
            for c, weight in self.atoms:
                # d (1 − y)/(base x + d) = (1 − y) d (base x + d)* / |base x + d|².
                np.multiply(r, c, out=d)
                d -= y
                np.multiply(base, x.real, out=real)
                real += d
                d -= y * d
                np.multiply(base, base, out=square)
                square *= x.imag**2
                square += real * real
                d /= square
                total += weight * complex(d @ real, -x.imag * (d @ base))
        return total / self.N


def solve_edge(sums: LabelSums, start: float = 1.0) -> LabelEdge | None:
    """The left edge S_2(x) = 1, by Newton's method on S_2^{−1/2}; None if no atom is negative.

    |t|^{−1} is linear in x for every atom, so that S_2^{−1/2}, a power mean of linear functions, is
    increasing and concave: from any point one step lands left of the root, and from there the
    steps rise to it. The most negative atom alone bounds the root from the left.
    """
    pole = sums.largest()
    if pole <= 0:
        return None
    lowest = pole * (1 + math.sqrt(sums.atoms[0][1] / sums.N))
    x = max(start, lowest)
    for _ in iterations(STEPS, "label-sampled left edge", EXTREME):
        s1, s2, s3, y1, _ = sums(x)
        step = x * (s2**1.5 - s2) / (s2 - s3)
        if abs(step) <= TOLERANCE * (x - pole) or abs(step) <= 2e-16 * x:
            break
        x = max(x + step, lowest)
    unit = 2 / sums.model.p
    edge = Edge(
        value=unit * x * (s1 - 1),
        kind="sharp",
        g=-1 / (unit * x),
        z2=2 * (unit * x) ** 3 * (s3 - 1),
        iterations=sums.passes,
        residual=abs(s2 - 1),
    )
    return LabelEdge(edge, x, s1 - y1, sums.passes)


def solve_outlier(sums: LabelSums, edge: LabelEdge) -> tuple[float, float] | None:
    """(eigenvalue, m²) of the outlier S_1 − Y_1 = 1 at x > x_edge, None where strength ≤ 1."""
    if edge.strength <= 1:
        return None
    low, high, x = edge.x, math.inf, edge.x
    for _ in iterations(STEPS, "label-sampled outlier", EXTREME):
        s1, s2, _, y1, y2 = sums(x)
        strength = s1 - y1
        low, high = (x, high) if strength > 1 else (low, x)
        slope = ((s1 - s2) - (y1 - y2)) / x
        step = strength * (strength - 1) / slope if slope else math.inf
        if abs(step) <= TOLERANCE * x:
            break
        x += step
        if not low <= x <= high:
            x = 2 * low if math.isinf(high) else (low + high) / 2
    return 2 / sums.model.p * x * (s1 - 1), (1 - s2) / (1 - s2 + y2)


def solve_labels_fast(
    model: TeacherStudent, N: int, r: NDArray, y: NDArray, start: float = 1.0
) -> LabelSampled:
    """What ``solve_labels`` returns, in about fifteen passes over the labels and no copy of them.

    ``start`` is a guess of x = −p/(2g) at the edge. Labels without a negative atom, which only a
    handful of samples can be, go to ``solve_labels``.
    """
    sums = LabelSums(model, N, r, y)
    found = solve_edge(sums, start)
    if found is None:
        return solve_labels(model, N, r, y)
    edge = found.edge
    bulk = edge.value + edge.tracy_widom_shift(int(model.p * N))
    overlap = _edge_overlap(sums, edge)
    outlier = solve_outlier(sums, found)
    if outlier is not None:
        return LabelSampled(*outlier, bulk, outlier[0], max(outlier[1], overlap))
    return LabelSampled(None, None, bulk, bulk, overlap)


def _edge_overlap(sums: LabelSums, edge: Edge) -> float:
    """The overlap that ``solve_labels`` gives the lowest bulk eigenvectors, from these labels."""
    p = sums.model.p
    total = 0.0
    for g, weight in zip(*edge_cell(sums.model, edge, sums.N), strict=True):
        x = complex(-p / (2 * g))
        resolvent = p / 2 / (x * (sums.complex_strength(x) - 1))
        total += weight * resolvent.imag / g.imag
    # As there: an expansion can exceed the bound of an overlap.
    return min(1.0, float(sums.model.p_star / sums.N * total))
