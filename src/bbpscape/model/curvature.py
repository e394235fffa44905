"""The curvature of one sample: the Hessian of its loss in the student's preactivations."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent


def student_output(preactivations: ArrayLike) -> NDArray:
    """ŷ = (1/p) Σ_k λ_k² of the quadratic activation, over the last axis: (..., p) → (...).

    >>> float(student_output([1.0, 3.0]))
    5.0
    """
    return (np.asarray(preactivations) ** 2).mean(axis=-1)


def teacher_label(preactivations: ArrayLike) -> NDArray:
    """y = (1/p*) Σ_l u_l² of the quadratic activation, over the last axis: (..., p*) → (...).

    >>> float(teacher_label([2.0]))
    4.0
    """
    return (np.asarray(preactivations) ** 2).mean(axis=-1)


def curvature(model: TeacherStudent, preactivations: ArrayLike, labels: ArrayLike) -> NDArray:
    """F_kl = ℓ″ c_k c_l σ′_k σ′_l + δ_kl ℓ′ c_k σ″_k, ℓ′ and ℓ″ the derivatives in ŷ = Σ c_k σ_k.

    Parameters
    ----------
    model : TeacherStudent
        Its loss gives ``derivatives(y, y_hat)`` = (ℓ′, ℓ″). p must be finite.
    preactivations : array, shape (M, p)
        The student's preactivations λ = w·x.
    labels : array, shape (M,)
        The labels y.

    Returns
    -------
    array, shape (M, p, p)
        One symmetric matrix a sample.

    Raises
    ------
    InvalidInput
        If p is infinite or the shapes do not fit.

    >>> from bbpscape.model.losses import NormalizedSquare
    >>> model = TeacherStudent(p=1, p_star=1, loss=NormalizedSquare(a=1.0))
    >>> curvature(model, [[2.0]], [1.0]).item()  # 2 (3·4 − 1)/(1 + 1)
    11.0
    """
    values, y = np.asarray(preactivations), np.asarray(labels)
    if math.isinf(model.p):
        raise InvalidInput("p must be finite for the curvature of a sample, got inf")
    if values.ndim != 2 or values.shape[1] != model.p:
        raise InvalidInput(
            f"preactivations must have shape (M, p) with p = {model.p}, got {values.shape}"
        )
    if y.shape != values.shape[:1]:
        raise InvalidInput(f"labels must have shape ({len(values)},), got {y.shape}")
    slopes, bends, first, second = curvature_factors(model, values, y)
    result = second[:, None, None] * (slopes[:, :, None] * slopes[:, None, :])
    diagonal = np.arange(values.shape[1])
    result[:, diagonal, diagonal] += first[:, None] * bends
    return result


def curvature_factors(
    model: TeacherStudent, preactivations: NDArray, labels: NDArray
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """(s, b, ℓ′, ℓ″) of F = ℓ″ s sᵀ + ℓ′ diag(b), s_k = c_k σ′_k and b_k = c_k σ″_k.

    Parameters
    ----------
    model : TeacherStudent
    preactivations : array, shape (n, p)
    labels : array, shape (n,), or (n, m) or (1, m) for several labels of each

    >>> model = TeacherStudent(p=2, p_star=1)
    >>> [one.shape for one in curvature_factors(model, np.ones((1, 2)), np.zeros((1, 3)))]
    [(1, 2), (1, 2), (1, 3), (1, 3)]
    """
    c, output = model.output_weights, model.output(preactivations)
    y_hat = output.reshape(output.shape + (1,) * (labels.ndim - 1))
    shape = np.broadcast_shapes(labels.shape, y_hat.shape)
    first, second = model.loss.derivatives(
        np.broadcast_to(labels, shape), np.broadcast_to(y_hat, shape)
    )
    slopes = c * model.activation.first(preactivations)
    return slopes, c * model.activation.second(preactivations), first, second


def curvature_eigenvalues(model: TeacherStudent, r: ArrayLike, y: ArrayLike) -> NDArray:
    """f₀ = (2/p) ℓ′, p − 1 times, and f₁ = (2/p)(ℓ′ + 2r ℓ″), once, along λ: shape (..., 2).

    For the quadratic activation with a uniform second layer. With the normalized square loss
    f₀ = (2/p)(r − y)/(a + y) and f₁ = (2/p)(3r − y)/(a + y). At p = ∞ they are in units of 2/p.
    ``curvature_weights`` gives their weights in a trace over the p neurons.

    Parameters
    ----------
    model : TeacherStudent
    r, y : arrays of one shape
        The student's outputs r = |λ|²/p and the labels.

    >>> from bbpscape.model.losses import NormalizedSquare
    >>> model = TeacherStudent(p=2, p_star=1, loss=NormalizedSquare(a=1.0))
    >>> curvature_eigenvalues(model, [2.0], [1.0]).tolist()
    [[0.5, 2.5]]
    """
    if not model.activation.quadratic or model.second_layer is not None:
        raise InvalidInput("curvature_eigenvalues needs the quadratic activation, c_k = 1/p")
    r, y = np.asarray(r, dtype=float), np.asarray(y, dtype=float)
    if r.shape != y.shape:
        raise InvalidInput(f"r and y must have one shape, got {r.shape} and {y.shape}")
    first, second = model.loss.derivatives(y, r)
    return model.curvature_unit * np.stack([first, first + 2 * r * second], axis=-1)


def curvature_weights(model: TeacherStudent) -> NDArray:
    """((p − 1)/p, 1/p): the weights of f₀ and f₁ in ⟨φ(f)⟩ = (1/p) Tr φ(F).

    >>> curvature_weights(TeacherStudent(p=4, p_star=1)).tolist()
    [0.75, 0.25]
    """
    return np.array([1 - 1 / model.p, 1 / model.p])
