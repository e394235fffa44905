"""How much a student knows: the squared magnetization and the generalization error."""

import functools
import itertools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent

SAMPLES = 8192  # of inputs, for a teacher of its own
NODES = 48  # of a Gauss–Hermite rule, for each of two preactivations


def squared_magnetization(student: ArrayLike, teacher: ArrayLike) -> NDArray[np.float64]:
    """m² = ‖w w*ᵀ‖²_* / (‖w‖² ‖w*‖²), with the nuclear norm, the sum of singular values, above.

    It is the fidelity of the normalized matrices wᵀw/Tr and w*ᵀw*/Tr, so that it does not change
    under w → O w, O a rotation of the neurons, nor with the norm of w. It is 1 if and only if wᵀw
    is proportional to w*ᵀw*, which for the quadratic activation with equal c_k is the teacher up to
    its norm; it needs p ≥ p*. A random student has m² of order min(p, p*)/N. At p = p* = 1 it is
    (w·w*)²/(|w|² |w*|²), and at p* = 1 the part of the student's squared norm along the teacher,
    Σ_k (w_k·w*)²/(N Σ_k |w_k|²). A student with orthogonal rows inside the teacher's span, p < p*,
    has p/p* if the teacher's rows are orthogonal and of one norm.

    Parameters
    ----------
    student : array, shape (..., p, N)
    teacher : array, shape (..., p_star, N)

    Returns
    -------
    array, shape (...)
        From 0 to 1, up to rounding.

    Raises
    ------
    InvalidInput
        If the shapes do not fit, or the numbers are not real and finite.

    >>> squared_magnetization([[3.0, 4.0]], [[1.0, 0.0]]).round(12).item()
    0.36
    >>> squared_magnetization([[0.0, 1.0], [-1.0, 0.0]], [[2.0, 0.0], [0.0, 2.0]]).item()
    1.0
    """
    w, v = _weights(student, teacher)
    return magnetization(w @ np.swapaxes(v, -1, -2), (w**2).sum((-1, -2)), (v**2).sum((-1, -2)))


def magnetization(
    overlaps: NDArray, student_norm: NDArray, teacher_norm: NDArray
) -> NDArray[np.float64]:
    """m² from w w*ᵀ, shape (..., p, p_star), and the squared norms of w and w*, shape (...)."""
    if min(overlaps.shape[-2:]) == 1:
        squared = (overlaps**2).sum((-1, -2))
    else:
        squared = np.linalg.svd(overlaps, compute_uv=False).sum(-1) ** 2
    return squared / (student_norm * teacher_norm)


def squared_frobenius(student: ArrayLike, teacher: ArrayLike) -> NDArray[np.float64]:
    """m² = p* ‖w w*ᵀ‖² / (‖w‖² ‖w*‖²), with the Frobenius norm, as the source has of eigenvectors.

    The share of w's squared norm in the span of the teacher's rows, if these are orthogonal and of
    one norm: 1 for a student that has a single direction of several, where the nuclear norm has
    1/p*. The two agree at p* = 1. ``student`` (..., p, N), ``teacher`` (..., p_star, N).

    Raises
    ------
    InvalidInput
        As ``squared_magnetization``.

    >>> one = [[3.0, 4.0, 0.0]]
    >>> teacher = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    >>> squared_frobenius(one, teacher).item(), squared_magnetization(one, teacher).item()
    (1.0, 0.5)
    """
    w, v = _weights(student, teacher)
    overlaps = w @ np.swapaxes(v, -1, -2)
    return frobenius_magnetization(overlaps, (w**2).sum((-1, -2)), (v**2).sum((-1, -2)))


def frobenius_magnetization(
    overlaps: NDArray, student_norm: NDArray, teacher_norm: NDArray
) -> NDArray[np.float64]:
    """The same from w w*ᵀ, shape (..., p, p_star), and the squared norms of w and w*."""
    return overlaps.shape[-1] * (overlaps**2).sum((-1, -2)) / (student_norm * teacher_norm)


def generalization_error(
    model: TeacherStudent, student: ArrayLike, teacher: ArrayLike, mean: ArrayLike | None = None
) -> NDArray[np.float64]:
    """E_x[(ŷ − ŷ*)²] / Var(ŷ*) over fresh inputs of the model, ŷ* the teacher's exact output.

    1 for the best constant, 0 for the teacher. With the quadratic activation and standard inputs,
    x ~ N(0, I_N/N), it is closed: E = (Tr CG)² + 2 Tr CGCG, G the Gram matrix of (w, w*) over N and
    C = diag(c, −1/p*). A covariance enters G, norms are averaged over, and a mean shifts the
    preactivations. Otherwise every pair of neurons is a Gauss–Hermite quadrature, of an accuracy of
    1e-8 for smooth activations and about 1e-3 for those with a kink; for another teacher than a
    committee of the student's activation it is a mean over 8192 quasi-random inputs, to about 1e-3.

    Parameters
    ----------
    model : TeacherStudent
    student : array, shape (..., p, N)
    teacher : array, shape (..., p_star, N)
    mean : array, shape (N,), optional
        μ of the inputs (``Instance.mean``), where the model gives them one; needed then.

    Returns
    -------
    array, shape (...)

    Raises
    ------
    InvalidInput
        If the shapes do not fit, or the numbers are not real and finite.

    >>> model = TeacherStudent(p=1, p_star=1)
    >>> generalization_error(model, [[1.0, 0.0]], [[0.0, 1.0]]).item()  # (2 + 2)/2
    2.0
    """
    w, v = _weights(student, teacher)
    if (w.shape[-2], v.shape[-2]) != (model.p, model.p_star):
        raise InvalidInput(
            f"student and teacher must have p = {model.p} and p_star = {model.p_star} rows, "
            f"got {w.shape[-2]} and {v.shape[-2]}"
        )
    if mean is None:
        if model.inputs.mean:
            raise InvalidInput("mean must be given: the model's inputs have one")
        return relative_error(model, w, v)
    shift = real_array("mean", mean, 1)
    if shift.shape != w.shape[-1:]:
        raise InvalidInput(f"mean must have shape ({w.shape[-1]},), got {shift.shape}")
    return relative_error(model, w, v, shift)


def _weights(
    student: ArrayLike, teacher: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    w, v = real_array("student", student), real_array("teacher", teacher)
    if w.ndim < 2 or v.ndim < 2 or w.shape[-1] != v.shape[-1]:
        raise InvalidInput(
            f"student and teacher must have shapes (p, N) and (p_star, N), got {w.shape}, {v.shape}"
        )
    return w, v


def relative_error(
    model: TeacherStudent,
    w: NDArray[np.float64],
    v: NDArray[np.float64],
    mean: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """``generalization_error`` of weights that may have diverged."""
    stacked = np.concatenate([w, np.broadcast_to(v, (*w.shape[:-2], *v.shape[-2:]))], axis=-2)
    N = w.shape[-1]
    sigma = model.inputs.covariance.values(N)
    gram = (stacked * sigma) @ np.swapaxes(stacked, -1, -2) / N
    shift = np.zeros(gram.shape[:-1]) if mean is None else stacked @ mean / math.sqrt(N)
    if model.own_teacher:
        return _sampled_error(model, gram, shift)
    first, second = np.zeros(shift.shape), np.zeros(gram.shape)
    for tau, share in zip(*model.inputs.radial.nodes(), strict=True):
        one, pairs = _moments(model, tau * gram, shift)
        first += share * one
        second += share * pairs
    weights = np.concatenate([model.output_weights, np.full(model.p_star, -1 / model.p_star)])
    error = second @ weights @ weights
    inside = slice(w.shape[-2], None)
    output = first[..., inside] @ weights[inside]
    variance = second[..., inside, inside] @ weights[inside] @ weights[inside] - output**2
    return np.maximum(error, 0.0) / variance


def _sampled_error(model: TeacherStudent, gram: NDArray, shift: NDArray) -> NDArray[np.float64]:
    """The same by a mean over inputs, (λ, u) of covariance τ ``gram`` and mean ``shift``."""
    values, vectors = np.linalg.eigh(gram)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    z, p = _points(gram.shape[-1]), int(model.p)
    error, output, square = (np.zeros(shift.shape[:-1]) for _ in range(3))
    for tau, share in zip(*model.inputs.radial.nodes(), strict=True):
        fields = shift[..., None, :] + math.sqrt(tau) * z @ np.swapaxes(root, -1, -2)
        target = model.teacher_output(fields[..., p:])
        error += share * ((model.output(fields[..., :p]) - target) ** 2).mean(axis=-1)
        output += share * target.mean(axis=-1)
        square += share * (target**2).mean(axis=-1)
    return error / (square - output**2)


@functools.cache
def _points(dimension: int) -> NDArray[np.float64]:
    """Quasi-random Gaussian points, shape (SAMPLES, dimension).

    Source: additive recurrence with the powers of the root of x^{d+1} = x + 1 (Roberts 2018).
    """
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dimension + 1))
    steps = root ** -np.arange(1.0, dimension + 1)
    return ndtri((0.5 + np.arange(1, SAMPLES + 1)[:, None] * steps) % 1.0)


def _moments(model: TeacherStudent, gram: NDArray, shift: NDArray) -> tuple[NDArray, NDArray]:
    """E[σ(u_i)] and E[σ(u_i) σ(u_j)] for Gaussian u of covariance ``gram``, (..., k, k), and mean
    ``shift``, (..., k)."""
    variances = np.diagonal(gram, axis1=-2, axis2=-1)
    if model.activation.quadratic:
        first = variances + shift**2
        across = 2 * gram**2 + 4 * gram * shift[..., :, None] * shift[..., None, :]
        return first, first[..., :, None] * first[..., None, :] + across
    nodes, weights = _rule()
    deviations = np.sqrt(variances)
    at = model.activation.value(deviations[..., None] * nodes + shift[..., None])
    first, second = at @ weights, np.empty(gram.shape)
    for i, j in itertools.combinations_with_replacement(range(gram.shape[-1]), 2):
        one, other = deviations[..., i], deviations[..., j]
        scale = np.where(one * other > 0, one * other, 1.0)
        rho = np.clip(gram[..., i, j] / scale, -1.0, 1.0) if i != j else np.ones(one.shape)
        rest = np.sqrt(1 - rho**2)
        u = other[..., None, None] * (
            rho[..., None, None] * nodes[:, None] + rest[..., None, None] * nodes
        )
        inner = model.activation.value(u + shift[..., j, None, None]) @ weights
        second[..., i, j] = second[..., j, i] = (at[..., i, :] * inner) @ weights
    return first, second


@functools.cache
def _rule() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes, weights / math.sqrt(2 * math.pi)
