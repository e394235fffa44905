"""Every bulk of a discrete law: with separated curvatures the spectrum can fall into several.

With u = 1/g, z(u) = u + α Σ_i w_i f_i u/(u − f_i) rises with u wherever

    K(u) = α Σ_i w_i f_i²/(u − f_i)² < 1,

and the image of these u is all that lies outside the bulks (Silverstein and Choi 1995). Between two
neighbouring f_i, K is convex: it falls below 1 on one interval, a gap, or nowhere. The committee's
curvatures fill one interval without bounds at finite p, and one interval at p = ∞: it has one bulk.
"""

import itertools
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.law import Law
from bbpscape.theory.roots import NoConvergence, find_root
from bbpscape.theory.scalar.edges import inverse_stieltjes
from bbpscape.theory.solution import Edge


@runtime_checkable
class Atomic(Law, Protocol):
    """A law of finitely many f, whose bulks can be told apart."""

    @property
    def atoms(self) -> NDArray[np.float64]:
        """The values of f, shape (n,)."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """Their probabilities, shape (n,)."""


def bulks(law: Atomic, alpha: float) -> tuple[tuple[Edge, Edge], ...]:
    """(left edge, right edge) of every bulk, from left to right; all are sharp.

    The cost is of the order of the number of atoms squared.

    Raises
    ------
    NoConvergence
        If α P(f ≠ 0) = 1, where a bulk ends at 0 and g is infinite.

    >>> from bbpscape.theory.laws.discrete import DiscreteLaw
    >>> law = DiscreteLaw([1.0, 100.0])
    >>> [(round(left.value, 2), round(right.value, 2)) for left, right in bulks(law, 0.6)]
    [(0.08, 1.91), (20.76, 239.85)]
    """
    f, weights = _distinct(law)
    if abs(alpha * weights.sum() - 1) < 1e-9:
        raise NoConvergence("bulks: at α P(f ≠ 0) = 1 a bulk ends at 0; change α a little")

    def excess(u: float) -> float:
        return alpha * float(weights @ (f / (u - f)) ** 2) - 1

    def slope(u: float) -> float:
        return -float(weights @ (f**2 / (u - f) ** 3))

    # Farther from every f than √α |f|, K is below 1.
    far = 2 * (1 + np.sqrt(alpha)) * float(abs(f).max())
    ends = [_root(excess, f[0] - far, _beside(f[0], -1))]
    for low, high in itertools.pairwise(f):
        inner = (_beside(low, 1), _beside(high, -1))
        lowest = _root(slope, *inner)
        if excess(lowest) < 0:
            ends += [_root(excess, inner[0], lowest), _root(excess, lowest, inner[1])]
    ends.append(_root(excess, _beside(f[-1], 1), f[-1] + far))
    edges = [_edge(law, alpha, u) for u in ends]
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def _distinct(law: Atomic) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values of f other than 0, increasing, and their probabilities."""
    f, position = np.unique(law.atoms, return_inverse=True)
    weights = np.bincount(position, law.weights)
    kept = (f != 0) & (weights > 0)
    if not kept.any():
        raise NoConvergence("bulks: the curvature is 0, and there is no bulk")
    return f[kept], weights[kept]


def _beside(f: float, side: int) -> float:
    """A point so near to f that its term is all that counts."""
    return float(f + side * 4 * np.spacing(abs(f)))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return find_root(function, float(low), float(high), "bulks").value


def _edge(law: Atomic, alpha: float, u: float) -> Edge:
    z, _, z2 = inverse_stieltjes(law, alpha, 1 / u, order=2)
    return Edge(float(z), "sharp", 1 / u, float(z2))
