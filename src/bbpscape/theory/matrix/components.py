"""The largest principal components of the inputs, whose eigenvalues lie left of the bulk.

A component of σ_i has the eigenvalues z = σ_i s_j(z), with s_j those of S. They know nothing of the
teacher, and the bulk begins beyond them.
"""

import numpy as np

from bbpscape.theory.matrix.edges import MatrixEdge, left_matrix_edge
from bbpscape.theory.matrix.law import BulkLaw

# More components than these, apart from the bulk, are taken for a part of it.
MOST_APART = 64


def separated_edge(law: BulkLaw, alpha: float, near: MatrixEdge | None = None) -> MatrixEdge:
    """The left edge of the components that have no eigenvalues of their own left of it.

    ``near``, the edge of about the same law at about the same α, saves the way there.
    """
    edge = left_matrix_edge(law.without(near.apart if near else 0), alpha, near)
    if not law.population.single or edge.point is None:
        return edge
    if not edge.apart and np.linalg.eigvalsh(edge.point.S)[0] >= 0:
        return edge
    known = {edge.apart: edge}

    def at(count: int) -> MatrixEdge:
        if count not in known:
            closest = known[min(known, key=lambda one: abs(one - count))]
            known[count] = left_matrix_edge(law.without(count), alpha, closest)
        return known[count]

    def is_apart(count: int) -> bool:
        """Whether the last of so many components lies left of the bulk of the others."""
        point = at(count).point
        if point is None:
            return False
        return bool(law.population.sigma[count - 1] * np.linalg.eigvalsh(point.S)[0] < point.z)

    low, high = 0, 1
    if edge.apart and is_apart(edge.apart):
        low, high = edge.apart, edge.apart + 1
    while high <= MOST_APART and is_apart(high):
        low, high = high, 2 * high
    while high - low > 1 and low < MOST_APART:
        middle = (low + high) // 2
        low, high = (middle, high) if is_apart(middle) else (low, middle)
    return at(min(low, MOST_APART))
