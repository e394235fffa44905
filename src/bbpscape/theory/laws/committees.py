"""The curvature laws of many quadratic committees, each at its own g: arrays over cells.

The integrals of ``CommitteeLaw`` on the real branch, s = −g p/2 in (0, 1], a row a cell. There
e^{−at} times two powers is one exponential, whatever the widths, and the nodes of a row depend on
its a alone.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.theory.laws.committee import FIRST, laplace_nodes

# On the real branch T and K are exact to 1e-13 but for rounding with this step of the quadrature.
STEP = 0.24
# So many rows at once keep the arrays over t in cache.
ROWS = 48
# e^{−aT}(aT)²/2 bounds the part of ∫ t² e^{−tD} dt beyond T: 3e-19.
LAST = 50.0


@dataclass(frozen=True, eq=False)
class Committees:
    """Moments of h in f = (2/p) h (p = ∞: f = h), h = (c r − y)/(a + y), of many models.

    ``p``, ``p_star``, ``a`` and ``norm``, the q of c = q and 3q, are arrays of one shape (n,); p is
    finite everywhere or nowhere. ``refinement`` divides the step of the quadrature.
    """

    p: NDArray[np.float64]
    p_star: NDArray[np.float64]
    a: NDArray[np.float64]
    norm: NDArray[np.float64]
    refinement: float = 1.0

    @classmethod
    def of(cls, p: ArrayLike, p_star: ArrayLike, a: ArrayLike, norm: float = 1.0) -> "Committees":
        """Of numbers and arrays that are broadcast against each other, and raveled."""
        given = (np.asarray(one, float) for one in (p, p_star, a, norm))
        p, p_star, a, q = (one.ravel() for one in np.broadcast_arrays(*given))
        return cls(p, p_star, a, q)

    def __len__(self) -> int:
        return self.a.size

    def __getitem__(self, index: Any) -> "Committees":
        """Those whose arrays are these at ``index``."""
        parts = self.p[index], self.p_star[index], self.a[index], self.norm[index]
        return Committees(*parts, refinement=self.refinement)

    @property
    def unit(self) -> NDArray[np.float64]:
        """2/p, or 1 at p = ∞: what eigenvalues of H are multiples of."""
        return np.where(np.isinf(self.p), 1.0, 2 / self.p)

    def moments(self, s: NDArray[np.float64], order: int, along: int) -> NDArray[np.float64]:
        """m_k = E⟨(h/(1 + s h))^k⟩, k ≤ ``order``, then m_k^y = E y⟨…⟩, k ≤ ``along``, at each s.

        ``order`` is at most 3, and ``along`` at most that. Shape (order + along, n).
        """
        found = np.empty((order + along, len(self)))
        for first in range(0, len(self), ROWS):
            rows = slice(first, first + ROWS)
            found[:, rows] = self[rows, None]._rows(s[rows, None], order, along)
        return found

    def _rows(self, s: NDArray, order: int, along: int) -> NDArray[np.float64]:
        """``moments`` of columns, shape (rows, 1)."""
        p, p_star, a, norm = self.p, self.p_star, self.a, self.norm
        unit = 0.1 / (1 + a + 3 * norm)
        step = STEP / self.refinement
        x = np.arange(FIRST, math.log(LAST / float((a * unit).min())) + step, step)
        t, w = laplace_nodes(x, step)
        t = unit * t
        y_rate = (2 * (1 - s) / p_star) * t
        y = 1 / (1 + y_rate)
        exponent = a * t + p_star / 2 * np.log1p(y_rate)
        t_w = t * w
        found = np.zeros((order + along, len(s)))
        for factor, share in ((1.0, 1 - 1 / p), (3.0, 1 / p)):
            c = factor * norm
            if np.isinf(p).all():
                kernel, r = t_w * np.exp(-exponent - s * c * t), np.ones_like(t)
            else:
                rate = (2 * s * c / p) * t
                r = 1 / (1 + rate)
                kernel = t_w * np.exp(-exponent - p / 2 * np.log1p(rate))
            r *= c
            means = _means(r, y, 2 / p, 2 / p_star, order, along)
            for k in range(1, order + 1):
                found[k - 1] += share[:, 0] * np.einsum("ct,ct->c", kernel, means[k - 1])
                if k <= along:
                    total = np.einsum("ct,ct->c", kernel, means[order + k - 1])
                    found[order + k - 1] += share[:, 0] * total
                kernel = kernel * (t / k)
        return found


def _means(
    r: NDArray, y: NDArray, thin: NDArray, thin_y: NDArray, order: int, along: int
) -> list[NDArray]:
    """E[(R − Y)^k], k ≤ ``order``, and E[Y (R − Y)^k], k ≤ ``along``, of Gamma variables.

    They have means ``r`` and ``y`` and E[R^j] = r^j Π_{i<j} (1 + i thin).
    """
    y2 = (1 + thin_y) * y * y
    y3 = (1 + 2 * thin_y) * y * y2 if max(order, along + 1) > 2 else y
    r2 = (1 + thin) * r * r if order > 1 else r
    r3 = (1 + 2 * thin) * r * r2 if order > 2 else r
    means = [r - y]
    if order > 1:
        means.append(r2 - 2 * r * y + y2)
    if order > 2:
        means.append(r3 - 3 * r2 * y + 3 * r * y2 - y3)
    if along > 0:
        means.append(r * y - y2)
    if along > 1:
        means.append(r2 * y - 2 * r * y2 + y3)
    if along > 2:
        means.append(r3 * y - 3 * r2 * y2 + 3 * r * y3 - (1 + 3 * thin_y) * y * y3)
    return means
