"""Quadrature of one variable and the laws of labels, against moments in closed form."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.laws.network.label_law import label_nodes
from bbpscape.theory.laws.network.rules import gaussian_rule, tensor_nodes


@pytest.mark.parametrize("breaks", [(), (0.0,), (-0.7, 1.3)])
def test_gaussian_moments(breaks):
    x, w = gaussian_rule([(0.4, 0.15)], breaks)
    exact = [1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 15.0]
    np.testing.assert_allclose([w @ x**k for k in range(7)], exact, atol=1e-9)
    if breaks:
        jump = 0.5 * math.erfc(breaks[-1] / math.sqrt(2))
        assert w @ (x > breaks[-1]) == pytest.approx(jump, abs=1e-10)


def test_a_multiset_of_nodes_is_a_product_rule():
    x, w = gaussian_rule()
    points, weights = tensor_nodes(x, w, 3, symmetric=True)
    assert weights @ (points**2).prod(axis=1) == pytest.approx(1, abs=1e-10)
    assert weights @ points.sum(axis=1) ** 4 == pytest.approx(27, abs=1e-9)


@pytest.mark.parametrize("p_star", [1, 2, 3])
def test_labels_of_a_quadratic_teacher(p_star):
    nodes = label_nodes(bb.TeacherStudent(1, p_star), 1.0)
    y, w = nodes.y, nodes.weights
    assert w @ y == pytest.approx(1, abs=1e-9)
    assert w @ y**2 == pytest.approx(1 + 2 / p_star, abs=1e-8)
    # E[u_l² | y] = y by symmetry.
    np.testing.assert_allclose((w * np.exp(-y)) @ nodes.second[:, 0, 0], (w * y) @ np.exp(-y))


def test_labels_of_a_wide_quadratic_teacher():
    y, w = (lambda one: (one.y, one.weights))(label_nodes(bb.TeacherStudent(1, 40), 1.0))
    for k, exact in ((1, 1.0), (2, 1 + 2 / 40), (3, 1 + 6 / 40 + 8 / 1600)):
        assert w @ y**k == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(("p_star", "name"), [(65, "quadratic"), (9, "relu")])
def test_teachers_too_wide_are_refused(p_star, name):
    with pytest.raises(bb.InvalidInput, match="p_star"):
        label_nodes(bb.TeacherStudent(1, p_star, bb.losses.Huber(1.0), bb.activation(name)), 1.0)


@pytest.mark.parametrize("p_star", [1, 2])
def test_noisy_flipped_labels(p_star):
    model = bb.TeacherStudent(
        1, p_star, bb.losses.Square(), bb.activation("tanh"), bb.Labels(noise=0.2, flip=0.1)
    )
    nodes = label_nodes(model, 1.0)
    x, w = gaussian_rule()
    assert nodes.weights @ nodes.y == pytest.approx(0, abs=1e-9)
    expected = (w @ np.tanh(x) ** 2) / p_star + 0.2
    assert nodes.weights @ nodes.y**2 == pytest.approx(expected, abs=1e-9)
    slope = 0.8 * (w @ (x * np.tanh(x))) / p_star
    assert (nodes.weights * nodes.y) @ nodes.first[:, 0] == pytest.approx(slope, abs=1e-9)
