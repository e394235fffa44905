"""Weights of the student and the teacher: their sphere, and their overlap on it."""

import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.teacher_student import TeacherStudent

# Of the largest length that weights of the same size can have: none at all.
NO_LENGTH = 1e-12


def random_weights(
    model: TeacherStudent, N: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(w, w*) of random direction on the sphere of the model's inputs, shapes (p, N), (p_star, N).

    w* has the model's profile, and w the model's overlap with it or its Gram matrix.
    """
    sphere = Sphere(model.inputs, N)
    student = sphere.onto(generator.standard_normal((int(model.p), N)))
    directions = generator.standard_normal((model.p_star, N))
    teacher = sphere.onto(directions * np.sqrt(model.inputs.profile.variances(N)))
    if model.student_gram is not None:
        student = sphere.at_gram(student, teacher, model.overlap_matrix, model.gram)
    elif model.overlap != 0.0:
        student = sphere.at_overlap(student, teacher, model.overlap_matrix)
    return student, teacher


class Sphere:
    """w·G w = N, on which the metric of the inputs has weights: G = Σ in its eigenbasis, or G = 1.

    Parameters
    ----------
    law : InputLaw
    N : int

    Raises
    ------
    InvalidInput
        If Σ does not exist at N.

    >>> Sphere(InputLaw([1.5, 0.5]), 2).onto(np.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, law: InputLaw, N: int):
        self.N = N
        self.round = law.metric == "sphere" or law.covariance.isotropic
        # The diagonal of G, shape (N,).
        self.metric = np.ones(N) if self.round else law.covariance.values(N)
        self._roots = np.sqrt(self.metric)

    def onto(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows of ``weights``, scaled; InvalidInput where the inputs do not see one."""
        norms = np.linalg.norm(weights * self._roots, axis=1, keepdims=True)
        largest = self._roots[0] * np.linalg.norm(weights, axis=1, keepdims=True)
        if (norms <= NO_LENGTH * largest).any():
            raise InvalidInput("weights must not lie where the inputs have no variance")
        return weights * (math.sqrt(self.N) / norms)

    def at_overlap(
        self, student: NDArray[np.float64], teacher: NDArray[np.float64], overlap: NDArray
    ) -> NDArray[np.float64]:
        """w_k = Σ_l m_lk b_l + √(1 − Σ_l m_lk²) w⊥_k, with b nearest to w* of all that G has
        orthogonal.

        w⊥ is ``student`` without its part along b, on the sphere.
        """
        room = np.count_nonzero(self.metric)
        if len(teacher) >= room:
            raise InvalidInput(
                f"an overlap needs inputs that vary in more than p_star = {len(teacher)} "
                f"directions, got {room}"
            )
        basis = self.orthonormal(teacher)
        rest = self.onto(student - (student * self.metric @ basis.T) @ basis)
        known = math.sqrt(self.N) * (overlap.T @ basis)
        return known + np.sqrt(1 - (overlap**2).sum(axis=0))[:, None] * rest

    def at_gram(
        self,
        student: NDArray[np.float64],
        teacher: NDArray[np.float64],
        overlap: NDArray,
        gram: NDArray,
    ) -> NDArray[np.float64]:
        """w_k = Σ_l m_lk b_l + Σ_j (√(Q − mᵀm))_kj e_j, so that w·Gw/N = Q exactly.

        b is that of ``at_overlap``; e is nearest to ``student`` of all that is orthogonal in G, and
        orthogonal to b.
        """
        room, needed = np.count_nonzero(self.metric), len(teacher) + len(student)
        if needed > room:
            raise InvalidInput(
                "a student_gram needs inputs that vary in p + p_star = "
                f"{needed} directions at least, got {room}"
            )
        basis = self.orthonormal(teacher)
        own = self.orthonormal(student - (student * self.metric @ basis.T) @ basis)
        values, vectors = np.linalg.eigh(gram - overlap.T @ overlap)
        root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        return math.sqrt(self.N) * (overlap.T @ basis + root @ own)

    def orthonormal(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The nearest rows that G has orthonormal; nothing where G has no length."""
        left, _, right = np.linalg.svd(weights * self._roots, full_matrices=False)
        return left @ right / np.where(self._roots > 0, self._roots, 1.0)
