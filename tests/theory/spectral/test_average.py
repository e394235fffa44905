"""The Hessian averaged over the student, as a preprocessing, against nested integration."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

import bbpscape as bb
from bbpscape.theory.spectral.average import averaged_curvature

LABELS = np.array([0.01, 0.7, 3.0, 20.0])
LOSSES = [("huber", {"delta": 1.0}, 1e-5), ("logistic", {}, 1e-11), ("square", {}, 1e-11)]


@pytest.mark.parametrize("p", [1, 2, 7])
@pytest.mark.parametrize(("name", "numbers", "accuracy"), LOSSES)
def test_against_the_trace_integrated_over_the_student(name, numbers, accuracy, p):
    """−(2/p) E[ℓ′ + (2/p) r ℓ″], split where Huber's ℓ″ jumps, r = u²/p with u of p − 1 powers."""
    model = bb.TeacherStudent(p, 1, bb.loss(name, **numbers))
    found = averaged_curvature(model)(LABELS)
    constant = 2 / (2 ** (p / 2) * math.gamma(p / 2))

    def trace(u, y):
        r = u * u / p
        first, second = (float(x) for x in model.loss.derivatives(y, r))
        density = constant * u ** (p - 1) * math.exp(-u * u / 2)
        return density * (first + 2 * r * second / p)

    for y, T in zip(LABELS, found, strict=True):
        ends = {0.0, 12.0} | {math.sqrt(p * max(y + d, 0)) for d in (-1.0, 1.0)}
        inside = sorted(end for end in ends if end <= 12)
        expected = sum(
            quad(trace, low, high, args=(y,), epsabs=1e-13, epsrel=1e-13, limit=200)[0]
            for low, high in pairwise(inside)
        )
        assert pytest.approx(-2 / p * expected, rel=accuracy, abs=accuracy) == T


def test_shapes_are_kept_over_blocks():
    T = averaged_curvature(bb.TeacherStudent(2, 1, bb.loss("logistic")))
    y = np.linspace(0, 5, 600)
    assert T(y.reshape(3, 200)).shape == (3, 200)
    np.testing.assert_array_equal(T(y.reshape(3, 200)).ravel(), T(y))
    assert T(y)[[0, 300, 599]] == pytest.approx([float(T(y[i])) for i in (0, 300, 599)])


def test_the_threshold_of_a_loss_with_kinks_has_six_digits():
    channel = bb.spectral.QuadraticTeacher(1)
    model = bb.TeacherStudent(1, 1, bb.loss("huber", delta=1.0))
    found = bb.spectral.spectral_threshold(channel, averaged_curvature(model))
    assert found.alpha == pytest.approx(0.8082823, rel=1e-6)
    assert found.diagnostics.quadrature_error < 1e-6


@pytest.mark.parametrize(
    "model",
    [
        bb.TeacherStudent(math.inf, 1),
        bb.TeacherStudent(2, 1, second_layer=(0.2, 0.8)),
        bb.TeacherStudent(2, 1, "square", "tanh"),
    ],
)
def test_refusals(model):
    with pytest.raises(bb.InvalidInput, match="the average needs the quadratic"):
        averaged_curvature(model)
