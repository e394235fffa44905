"""How a student that has learnt lies to its teacher: λ = mᵀu + R^½ ζ, R = Q − mᵀm.

Two rules carry the joint law. In λ and u themselves, each neuron by a rule of its own: kinks and
gathering points lie on its axes, and weights are ratios of densities. That needs a covariance that
is not narrow in any direction; else the coordinates are ζ and u.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent

# The trapezoid rule of a Gaussian law of spacing h has errors exp(−(2π/h)² κ/2), κ the smallest
# eigenvalue of its correlations. Here h = 0.36/density.
NARROW = 20.0
SPACING = 0.36
# An eigenvalue of R beside the largest squared norm, that is none.
SINGULAR = 1e-9


def correlated(model: TeacherStudent) -> bool:
    """Whether a student preactivation depends on others, or on those of the teacher."""
    return model.overlap != 0.0 or (isinstance(model.student_gram, tuple) and _off_diagonal(model))


def _off_diagonal(model: TeacherStudent) -> bool:
    Q = model.gram
    return bool(np.count_nonzero(Q - np.diag(np.diagonal(Q))))


def deviations(model: TeacherStudent) -> NDArray[np.float64]:
    """√Q_kk, shape (p,)."""
    return np.sqrt(np.diagonal(model.gram))


def own_root(model: TeacherStudent) -> NDArray[np.float64]:
    """R^½, shape (p, p).

    Raises
    ------
    InvalidInput
        If the student has no part of its own in some direction.
    """
    m, Q = model.overlap_matrix, model.gram
    values, vectors = np.linalg.eigh(Q - m.T @ m)
    if values[0] < SINGULAR * np.diagonal(Q).max():
        raise InvalidInput(
            "the theory needs a student with a part of its own in every direction: make "
            f"student_gram - overlap' overlap larger, whose lowest eigenvalue is {values[0]:.2g}"
        )
    return (vectors * np.sqrt(values)) @ vectors.T


def is_narrow(model: TeacherStudent, density: float) -> bool:
    """Whether the law of (λ, u) is too narrow in some direction for a product of their rules."""
    if not correlated(model):
        return False
    p = int(model.p)
    m, s = model.overlap_matrix, deviations(model)
    C = np.eye(p + model.p_star)
    C[:p, :p] = model.gram / np.outer(s, s)
    C[:p, p:] = (m / s).T
    C[p:, :p] = m / s
    width = (2 * math.pi * density / SPACING) ** 2 / 2
    return bool(np.linalg.eigvalsh(C)[0] * width < NARROW)


def conditional(model: TeacherStudent, points: NDArray, u: NDArray) -> NDArray[np.float64]:
    """P(λ | u)/Π_k N(λ_k; 0, Q_kk), whose denominator the rules of the neurons have as weights.

    ``points`` is (n, p), ``u`` is (1, m, p_star) or (n, m, p_star).
    """
    root = own_root(model)
    inverse = np.linalg.inv(root)
    own, means = points @ inverse, u @ (model.overlap_matrix @ inverse)
    variances = np.diagonal(model.gram)
    scale = 0.5 * float(np.log(variances).sum()) - np.linalg.slogdet(root)[1]
    ratio = np.zeros((len(points), u.shape[1])) + scale
    ratio += ((points**2 / variances).sum(axis=1) / 2)[:, None]
    for k in range(points.shape[1]):
        ratio -= (own[:, k, None] - means[..., k]) ** 2 / 2
    return np.exp(ratio)


def whitening(model: TeacherStudent) -> NDArray[np.float64]:
    """(ζ, u) from (λ, u), shape (p + p_star, p + p_star)."""
    p, inverse = int(model.p), np.linalg.inv(own_root(model))
    L = np.eye(p + model.p_star)
    L[:p, :p] = inverse
    L[:p, p:] = -inverse @ model.overlap_matrix.T
    return L
