"""Labels as nodes with what each says of the teacher's preactivations, in as few as carry it."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# Bins of y halve towards points of interest HALVINGS times; in the bulk they are STEP of the
# distance between quartiles wide, as far as BULK of it. Each carries up to NODES nodes, and fewer
# where labels of a share above NEGLIGIBLE have fewer DIGITS each.
HALVINGS, STEP, BULK, NODES = 14, 0.2, 3.0, 9
NEGLIGIBLE, DIGITS = 1e-11, 1.2
# Labels that need no compression.
FEW = 200
TOP = 1e30


@dataclass(frozen=True, eq=False)
class LabelNodes:
    """E[φ(y, u)] = Σ_i weights_i E[φ | i]: arrays of n nodes, or of n × m where students differ.

    ``first`` is E[u | i], shape (n, p*), ``second`` is E[u uᵀ | i], shape (n, p*, p*).
    """

    y: NDArray[np.float64]
    weights: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    def flipped(self, flip: float) -> "LabelNodes":
        """With y of the other sign in a fraction ``flip`` of the samples."""
        return LabelNodes(
            np.concatenate([self.y, -self.y]),
            np.concatenate([(1 - flip) * self.weights, flip * self.weights]),
            np.concatenate([self.first, self.first]),
            np.concatenate([self.second, self.second]),
        )


def merged(nodes: LabelNodes) -> LabelNodes:
    """Equal labels as one node each, by increasing y."""
    y, which = np.unique(nodes.y, return_inverse=True)
    weights = np.bincount(which, nodes.weights, y.size).astype(float)
    share = np.divide(
        nodes.weights, weights[which], where=weights[which] > 0, out=np.zeros(which.size)
    )
    first = np.zeros((y.size, *nodes.first.shape[1:]))
    second = np.zeros((y.size, *nodes.second.shape[1:]))
    np.add.at(first, which, share[:, None] * nodes.first)
    np.add.at(second, which, share[:, None, None] * nodes.second)
    return LabelNodes(y, weights, first, second)


def compressed(nodes: LabelNodes, special: list[float], refinement: float) -> LabelNodes:
    """A Gauss rule of the law of y within each bin; the moments of u become polynomials in y.

    E[φ(y) u uᵀ] is kept to all digits for a φ that is smooth but for the ``special`` labels.
    """
    nodes = merged(nodes)
    if nodes.y.size <= FEW:
        return nodes
    y = nodes.y
    mass = nodes.weights * (1 + np.trace(nodes.second, axis1=1, axis2=2))
    edges = _bins(y, nodes.weights, special)
    starts = np.unique(np.append(np.searchsorted(y, edges, "left"), [0, y.size]))
    parts = []
    for start, stop in pairwise(starts):
        part = slice(start, stop)
        digits = max(math.log10(mass[part].sum() / NEGLIGIBLE), 1.0)
        count = max(round(refinement * math.ceil(min(digits / DIGITS, NODES))), 1)
        parts.append(
            gauss_rule(y[part], nodes.weights[part], nodes.first[part], nodes.second[part], count)
        )
    return LabelNodes(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _bins(y: NDArray, weights: NDArray, special: list[float]) -> NDArray[np.float64]:
    """Edges between bins: equal in the bulk, and octaves about special labels and beyond."""
    law = np.cumsum(weights) / weights.sum()
    low, middle, high = y[np.searchsorted(law, (0.25, 0.5, 0.75))].tolist()
    width = (high - low) or float(y[-1] - y[0]) / 4
    steps = np.arange(-BULK, BULK + STEP / 2, STEP) * width
    octaves = width * 2.0 ** np.arange(-HALVINGS, 3)
    far = width * 2.0 ** np.arange(2, np.log2(min(abs(y).max() / width + 4, TOP)) + 1)
    edges = [middle + steps, middle + far, middle - far]
    for one in special:
        edges += [[one], one + octaves, one - octaves]
    return np.unique(np.concatenate(edges))


def gauss_rule(
    y: NDArray, w: NDArray, first: NDArray, second: NDArray, count: int
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """``count`` Gauss nodes of Σ w_i δ(y − y_i), by Lanczos with full orthogonalization."""
    if np.unique(y).size <= count:
        return y, w, first, second
    total = w.sum()
    basis = np.empty((count, y.size))
    basis[0] = np.sqrt(w / total)
    diagonal, off = [], []
    for k in range(count):
        vector, known = y * basis[k], basis[: k + 1]
        diagonal.append(float(vector @ basis[k]))
        for _ in range(2):
            vector -= (known @ vector) @ known
        size = float(np.linalg.norm(vector))
        if k == count - 1 or size < 1e-13 * (abs(y).max() + 1e-300):
            break
        off.append(size)
        basis[k + 1] = vector / size
    jacobi = np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)
    points, vectors = np.linalg.eigh(jacobi)
    # Row k of vectors times √total is q_k(y_j) √w_j: moments of u against q_k, read at the nodes.
    projector = basis[: len(diagonal)] * np.sqrt(w / total)
    # Nodes beyond all points have no weight.
    kept = abs(vectors[0]) > 1e-150
    points, vectors = points[kept], vectors[:, kept]
    scale = vectors[0]
    moment_first = (vectors.T @ np.tensordot(projector, first, 1)) / scale[:, None]
    moment_second = np.tensordot(vectors.T, np.tensordot(projector, second, 1), 1)
    return points, total * scale**2, moment_first, moment_second / scale[:, None, None]
