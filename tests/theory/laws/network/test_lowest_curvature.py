"""How low the curvature of known models reaches, attained or not."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.model.curvature import curvature
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature

TANH = bb.TeacherStudent(2, 1, bb.NormalizedSquare(50.0), bb.activation("tanh"))
LOG_COSH = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.3), bb.activation("log-cosh"))
REFERENCES = [
    (1, 1, 0.01),
    (1, 1, 2.0),
    (2, 1, 1.0),
    (2, 2, 0.3),
    (3, 1, 0.1),
    (4, 3, 1.0),
    (300, 1, 0.5),
]


def test_the_lowest_curvature_of_known_models():
    one = np.eye(2)
    # y → ∞ leaves −c σ″(λ_k), and σ″ is largest at 0.
    cases = {"log-cosh": (2, 0.5), "softplus": (2, 0.125), "gelu": (1, math.sqrt(2 / math.pi))}
    for name, (p, expected) in cases.items():
        model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(0.5), bb.activation(name))
        assert LowestCurvature(model).reach(np.eye(p)) == pytest.approx(expected, abs=1e-9)
    huber = bb.TeacherStudent(2, 1, bb.losses.Huber(0.7))
    assert LowestCurvature(huber).reach(one) == pytest.approx(0.7, abs=1e-12)
    relu = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5), bb.activation("relu"))
    assert LowestCurvature(relu).reach(one) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        bb.TeacherStudent(2, 1, bb.losses.Square()),
        bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("softplus")),
        bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("tanh"), bb.Labels(noise=0.1)),
        # One large preactivation makes ℓ′ large, and σ″ of the other neuron is negative.
        bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0), bb.activation("gelu")),
        bb.TeacherStudent(
            1, 1, bb.losses.AbsoluteNormalizedSquare(1.0), bb.activation("x**3 - 3*x")
        ),
    ],
    ids=["quadratic", "softplus", "noisy tanh", "gelu", "cubic"],
)
def test_models_without_a_left_edge_are_recognized(model):
    with pytest.raises(bb.InvalidInput, match="no left edge: its curvature has no lower bound"):
        bb.threshold(model)


def test_a_spectrum_without_a_left_edge_says_so():
    result = bb.spectrum(bb.TeacherStudent(1, 1, bb.losses.Square()), 2.0, points=60)
    assert result.left_edge.kind == "unbounded"
    assert "y → ∞" in result.no_left_edge


def test_curvature_that_grows_only_where_the_label_follows_the_student():
    """Huber's ℓ″ is 1 for |y − ŷ| < δ alone: F = λλᵀ + … has no upper bound at y = ŷ."""
    model = bb.TeacherStudent(2, 1, bb.losses.Huber(1.0))
    assert LowestCurvature(model).unbounded is None
    assert "no lower bound" in str(LowestCurvature(model, sign=-1.0).unbounded)
    # Where labels are bounded they cannot follow.
    signs = bb.TeacherStudent(2, 1, bb.losses.Huber(1.0), bb.activation("tanh"))
    assert LowestCurvature(signs, sign=-1.0).unbounded is None


def test_bounded_models_have_one():
    for model in (
        bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("tanh")),
        bb.TeacherStudent(2, 1, bb.losses.Huber(1.0)),
        bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("relu")),
    ):
        assert LowestCurvature(model).unbounded is None


def test_the_lowest_curvature_of_any_matrix():
    """Huber of λ₀²/2 − λ₁²/2 has F = ±diag(1, −1) at λ = 0: the lowest root of A F."""
    model = bb.TeacherStudent(2, 1, bb.losses.Huber(1.0), second_layer=(0.5, -0.5))
    A = np.array([[1, 4.4], [4.4, 30]])
    expected = -np.linalg.eigvals(A @ np.diag([1.0, -1.0])).real.min()
    assert LowestCurvature(model).reach(A) == pytest.approx(expected, rel=1e-6)


def test_the_lowest_point_moves_along_kinks():
    """Between what a grid of λ finds at the kinks ŷ − y = ±δ themselves, and at labels nearby."""
    model = bb.TeacherStudent(2, 1, bb.losses.Huber(1.0), bb.activation("gelu"))
    root = np.sqrt(np.diag([1.0, 1.3]))
    line = np.linspace(0.4, 1.6, 121)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    output = model.output(points)
    at, near = (
        min(
            np.linalg.eigvalsh(root @ -curvature(model, points, output + gap) @ root)[:, 0].min()
            for gap in (distance - 1, 1 - distance)
        )
        for distance in (1e-9, 0.05)
    )
    assert -near <= LowestCurvature(model, sign=-1.0).reach(root @ root) <= -at + 1e-9
