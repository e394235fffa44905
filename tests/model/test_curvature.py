"""The curvature of one sample against differences of its loss, and its closed-form spectrum."""

import math

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.curvature import (
    curvature,
    curvature_eigenvalues,
    curvature_weights,
    student_output,
    teacher_label,
)
from bbpscape.model.loss import Loss
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent

WIDTHS = [1, 2, 3, 5]


class QuarticLoss(Loss):
    """ℓ = (y − ŷ)⁴/12: ℓ′ = (ŷ − y)³/3 and ℓ″ = (ŷ − y)², so that ℓ″ varies with ŷ."""

    def value(self, y, y_hat):
        return (y - y_hat) ** 4 / 12

    def derivatives(self, y, y_hat):
        return (y_hat - y) ** 3 / 3, (y_hat - y) ** 2


def model_of(p, p_star=2, a=0.7, loss=None):
    model = TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))
    if loss is not None:
        object.__setattr__(model, "loss", loss)
    return model


def samples(p, count=6, p_star=2):
    rng = np.random.default_rng(3)
    return rng.standard_normal((count, p)), teacher_label(rng.standard_normal((count, p_star)))


def difference_hessian(f, x, step=1e-4):
    """Second differences of f: R^p → R at x, by complex step in one direction and central in one.

    The complex step has no cancellation, the central one an error of step²: 1e-8 here.
    """
    tiny, eye = 1e-30, np.eye(len(x))

    def slope(at, k):
        return f(at + 1j * tiny * eye[k]).imag / tiny

    return np.array(
        [
            [(slope(x + step * e, k) - slope(x - step * e, k)) / (2 * step) for e in eye]
            for k in range(len(x))
        ]
    )


@pytest.mark.parametrize("loss", [None, QuarticLoss()], ids=["normalized", "quartic"])
@pytest.mark.parametrize("p", WIDTHS)
def test_curvature_is_the_hessian_of_the_loss(p, loss):
    model = model_of(p, loss=loss)
    preactivations, labels = samples(p)
    F = curvature(model, preactivations, labels)
    for sample, y, measured in zip(preactivations, labels, F, strict=True):
        expected = difference_hessian(lambda x, y=y: model.loss.value(y, student_output(x)), sample)
        np.testing.assert_allclose(measured, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", [None, QuarticLoss()], ids=["normalized", "quartic"])
@pytest.mark.parametrize("p", WIDTHS)
def test_eigenvalues_in_closed_form(p, loss):
    model = model_of(p, loss=loss)
    preactivations, labels = samples(p)
    F = curvature(model, preactivations, labels)
    np.testing.assert_array_equal(F, F.swapaxes(1, 2))
    r = student_output(preactivations)
    f = curvature_eigenvalues(model, r, labels)
    expected = np.concatenate([np.repeat(f[:, :1], p - 1, axis=1), f[:, 1:]], axis=1)
    np.testing.assert_allclose(np.linalg.eigvalsh(F), np.sort(expected, axis=1), atol=1e-13)
    np.testing.assert_allclose(f @ curvature_weights(model), np.einsum("mkk->m", F) / p)


def test_normalized_square_formula():
    r, y = np.array([0.3, 2.0]), np.array([1.5, 0.1])
    f = curvature_eigenvalues(model_of(4), r, y)
    np.testing.assert_allclose(f[:, 0], 0.5 * (r - y) / (0.7 + y))
    np.testing.assert_allclose(f[:, 1], 0.5 * (3 * r - y) / (0.7 + y))


def test_infinite_width_is_in_its_own_units():
    model = model_of(math.inf)
    assert curvature_eigenvalues(model, [1.0], [0.3]).tolist() == [[0.7, 2.7]]
    assert curvature_weights(model).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("p", "preactivations", "labels", "message"),
    [
        (math.inf, np.ones((2, 2)), np.ones(2), "p must be finite"),
        (2, np.ones((2, 3)), np.ones(2), r"preactivations must have shape \(M, p\) with p = 2"),
        (2, np.ones(2), np.ones(2), "preactivations must have shape"),
        (2, np.ones((3, 2)), np.ones(2), r"labels must have shape \(3,\), got \(2,\)"),
    ],
)
def test_refusals(p, preactivations, labels, message):
    with pytest.raises(InvalidInput, match=message):
        curvature(model_of(p), preactivations, labels)


def test_eigenvalues_refuse_other_shapes():
    with pytest.raises(InvalidInput, match="r and y must have one shape"):
        curvature_eigenvalues(model_of(2), [1.0, 2.0], [1.0])
