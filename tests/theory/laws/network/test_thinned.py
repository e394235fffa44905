"""Fewer labels: what is asked of them does not change, and where it would they stay."""

import numpy as np

import bbpscape as bb
from bbpscape.model.curvature import curvature
from bbpscape.theory.laws.network.label_law import label_nodes
from bbpscape.theory.laws.network.minima import newton, simplex
from bbpscape.theory.laws.network.thinned import thinned


def test_fewer_labels_say_the_same_of_other_preactivations():
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(50.0), bb.activation("tanh"))
    labels = label_nodes(model, 1.0)
    fewer = thinned(model, labels, 1.0, [1.2])
    assert fewer.y.size < labels.y.size / 1.5
    points = np.array([[0.4, -1.1], [2.0, 0.3]])
    for A in (20.0, 60.0, -30 + 40j):
        means = []
        for nodes in (labels, fewer):
            F = curvature(model, np.repeat(points, nodes.y.size, 0), np.tile(nodes.y, 2))
            T = np.linalg.solve(np.eye(2) + A * F, F + 0j).reshape(2, -1, 2, 2)
            weights = np.stack([nodes.weights, nodes.weights * nodes.second[:, 0, 0]])
            means.append(np.einsum("km,nmij->knij", weights, T))
        np.testing.assert_allclose(*means, atol=1e-9 * abs(means[0]).max())


def test_labels_stay_where_a_loss_breaks_between_them():
    loss = bb.losses.AbsoluteNormalizedSquare(0.3)
    model = bb.TeacherStudent(2, 1, loss, bb.activation("tanh"))
    labels = label_nodes(model, 1.0)
    assert thinned(model, labels, 1.0, []) is labels


def test_minima_of_several_starts_with_a_kink_and_without():
    starts = np.array([[1.5, -0.7], [-1.2, 2.0]])

    def kinked(x):
        return abs(x[..., 0] - 1 / 3) + (x[..., 0] - x[..., 1]) ** 2

    np.testing.assert_allclose(simplex(kinked, simplex(kinked, starts)), 1 / 3, atol=1e-4)

    def smooth(x):
        return np.cosh(x[..., 0] - 1) + np.cosh(x[..., 1] + x[..., 0])

    values, at = newton(smooth, starts)
    np.testing.assert_allclose(at, [[1, -1], [1, -1]], atol=1e-6)
    np.testing.assert_allclose(values, 2.0, atol=1e-12)
