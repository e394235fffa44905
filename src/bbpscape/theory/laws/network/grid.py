"""A grid of nodes of the joint law of λ, y and u, and what its symmetries are."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.curvature import curvature
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.learnt import correlated

# Entries of Q that differ by rounding.
SAME = 1e-13


@dataclass(frozen=True, eq=False)
class NetworkNodes:
    """E[φ(λ, y, u)] ≈ Σ_{ij} weights_ij E[φ | λ_i, y_ij], a grid of n × m nodes.

    ``preactivations`` is (n, p), of ``coordinates`` (n, p) that with u become the whitened v by
    ``whitening``; ``labels`` is (1, m) or (n, m); ``first`` and ``second``, the
    moments E[u | ·] and E[u uᵀ | ·], are (1, m, p*) and (1, m, p*, p*), or with n in place of 1.
    ``method`` is "tensor" or "quasi-Monte Carlo".
    """

    model: TeacherStudent
    preactivations: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    whitening: NDArray[np.float64]
    labels: NDArray[np.float64]
    weights: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    method: str

    @property
    def shape(self) -> tuple[int, int]:
        return self.weights.shape

    @cached_property
    def curvature(self) -> NDArray[np.float64]:
        """F at every node, shape (n, m, p, p)."""
        n, m = self.shape
        p = self.preactivations.shape[1]
        y = np.broadcast_to(self.labels, (n, m)).reshape(-1)
        repeated = np.repeat(self.preactivations, m, axis=0)
        return curvature(self.model, repeated, y).reshape(n, m, p, p)


def isotropic_teacher(model: TeacherStudent) -> bool:
    """Whether every label says the same of each of the teacher's preactivations, and of no pair."""
    facts = model.teacher.facts(model.p_star)
    return facts.exchangeable and facts.signs


def permutable(model: TeacherStudent) -> bool:
    """Whether the law is unchanged when student neurons are exchanged."""
    if model.second_layer is not None or model.student_norm is not None:
        return model.second_layer is None
    overlap, Q = model.overlap_matrix, model.gram
    across = Q[~np.eye(len(Q), dtype=bool)]
    alike = [np.all(overlap == overlap[:, :1]), np.ptp(np.diagonal(Q)) <= SAME * Q.max()]
    alike.append(across.size == 0 or np.ptp(across) <= SAME * Q.max())
    return all(map(bool, alike))


def sign_symmetric(model: TeacherStudent) -> bool:
    """Whether the law is unchanged when the sign of one student preactivation is flipped."""
    return model.activation.even and not correlated(model)
