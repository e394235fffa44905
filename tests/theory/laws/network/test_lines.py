"""Labels along lines for losses with kinks: shares and moments beyond a label, and edges of both
routes."""

import math

import numpy as np
import pytest
from scipy.special import k0, k1

import bbpscape as bb
from bbpscape.model.teacher import Teacher
from bbpscape.model.teacher import teacher as teacher_of
from bbpscape.theory.laws.network.kinked_labels import kinked_labels
from bbpscape.theory.laws.network.matrix_law import matrix_law
from bbpscape.theory.laws.network.tabulated import tabulated_law
from bbpscape.theory.matrix.edges import left_matrix_edge
from bbpscape.theory.route import route

HUBER = bb.losses.Huber(1.0)
OUTPUTS = np.array([0.2, 1.0, 3.0])
NEVER = 1e3
ANGLES = (np.arange(40_000) + 0.5) * math.pi / 40_000


def beyond(teacher, flip=0.0):
    """P(y > ŷ + 1) and E[u₁²; y > ŷ + 1] at OUTPUTS."""
    model = bb.TeacherStudent(1, 2, HUBER, labels=bb.Labels(flip=flip), teacher=teacher)
    nodes = kinked_labels(model, OUTPUTS, 1.0)
    weights = nodes.weights * (nodes.y > OUTPUTS[:, None] + 1)
    return weights.sum(axis=1), (weights * nodes.second[..., 0, 0]).sum(axis=1)


def along_rays(levels):
    """The same from the squared length beyond which y is larger, at ANGLES; NEVER for never."""
    tail = np.exp(-levels / 2)
    moment = (levels + 2) * tail
    return tail.mean(axis=1), (moment * np.cos(ANGLES) ** 2).mean(axis=1)


@pytest.mark.parametrize(
    ("teacher", "level"),
    [
        ("u1**2 + 2*u2**2", lambda c: c / (1 + np.sin(ANGLES) ** 2)),
        ("u1*u2", lambda c: np.where(math.pi / 2 > ANGLES, 2 * c / np.sin(2 * ANGLES), NEVER)),
        ("sign(u1*u2)*(u1**2 + u2**2)", lambda c: np.where(math.pi / 2 > ANGLES, c, NEVER)),
        # A ratio is one along a ray.
        ("u1/u2", lambda c: np.where((1 / np.tan(ANGLES)) > c, 0.0, NEVER)),
    ],
)
def test_beyond_a_label(teacher, level):
    expected = along_rays(np.array([level(one + 1) for one in OUTPUTS]))
    # The ratio's own sum has steps of 1/40 000.
    accuracy = 3e-5 if "/" in teacher else 5e-7
    for one, other in zip(beyond(teacher), expected, strict=True):
        assert one == pytest.approx(other, abs=accuracy)


def test_a_flip_and_an_inverse_image():
    # P(y > c) = e^{−c/2}/2 of y = |u|² with the sign of u₁; a third of the labels are flipped.
    def law(y):
        density, size = np.exp(-abs(y) / 2) / 4, np.sqrt(abs(y))
        first = np.stack([np.sign(y) * size * 2 / math.pi, 0 * y], axis=-1)
        return density, first, (abs(y) / 2)[:, None, None] * np.eye(2)

    known = Teacher(
        "signed square",
        lambda u: np.sign(u[..., 0]) * (u**2).sum(axis=-1),
        p_star=2,
        kinks=lambda u: (u[..., 0],),
        law=law,
    )
    bare = Teacher("bare", known.value, 2, known.kinks)
    for one in (known, bare):
        tail, moment = beyond(one, flip=1 / 3)
        c = OUTPUTS + 1
        assert tail == pytest.approx(np.exp(-c / 2) / 2, abs=1e-7)
        assert moment == pytest.approx((c + 2) * np.exp(-c / 2) / 4, abs=1e-7)


@pytest.mark.parametrize("refinement", [0.8, 1.2])
def test_breaks_far_from_each_other(refinement):
    # The matrix route of a model that the scalar one solves; its rule of λ has breaks at ±1, ±4.9.
    model = bb.TeacherStudent(1, 2, HUBER, teacher="(u1**2 + u2**2)*1.5")
    edge, _ = route(model).level(1.0).left(20.0)
    found = left_matrix_edge(matrix_law(model, refinement), 20.0).edge.value
    assert found == pytest.approx(edge.value, rel=1e-8)


def test_a_table_of_the_law_of_a_product():
    """P = K₀(|y|)/π, E[u₁² | y] = |y| K₁/K₀, E[u₁u₂ | y] = y, at labels of every size."""
    y = np.array([-9.0, -0.7, -1e-5, 3e-3, 0.4, 2.0, 6.0])
    density, first, second = tabulated_law(teacher_of("u1*u2"), 2)(y)
    np.testing.assert_allclose(density, k0(abs(y)) / math.pi, rtol=2e-5)
    np.testing.assert_allclose(second[:, 0, 0], abs(y) * k1(abs(y)) / k0(abs(y)), rtol=2e-6)
    np.testing.assert_allclose(second[:, 1, 0], y, rtol=2e-6)
    assert abs(first).max() < 1e-9
    assert tabulated_law(teacher_of("u1*u2 + u1"), 2) is None
