"""The joint law of λ, y and u as nodes, against plain Monte Carlo, for every way it is built."""

import dataclasses

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.model.curvature import curvature
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.nodes import network_nodes

SAMPLES = 400_000
LIMIT = 4.5
TANH, RELU, QUADRATIC = (bb.activation(name) for name in ("tanh", "relu", "quadratic"))
MODEL = bb.TeacherStudent
KINKS = bb.loss("min((y - yhat)**2, 1) + (y - yhat)**2/9")
CASES = {
    "smooth": MODEL(2, 1, bb.losses.Square(), TANH),
    "smooth, overlap": MODEL(2, 1, bb.losses.Square(), TANH, overlap=0.4),
    "smooth, noise, overlap": MODEL(
        1, 2, bb.losses.Square(), TANH, bb.Labels(0.2, 0.1), overlap=0.4
    ),
    "narrow noise": MODEL(1, 1, bb.losses.Square(), TANH, bb.Labels(1e-5, 0.1)),
    "kink": MODEL(2, 1, bb.losses.Huber(0.5), TANH),
    "kink, two teachers": MODEL(1, 2, bb.losses.Huber(0.5), TANH),
    "kink, quadratic teachers": MODEL(1, 3, bb.losses.Huber(0.5), QUADRATIC),
    "kink, noise": MODEL(1, 1, bb.losses.Huber(0.5), RELU, bb.Labels(0.2, 0.1)),
    "kink, narrow noise": MODEL(1, 1, bb.losses.Huber(0.3), QUADRATIC, bb.Labels(1e-4)),
    "kink, overlap": MODEL(2, 1, bb.losses.Huber(0.5), TANH, overlap=((0.5, -0.2),)),
    "kink, noise, overlap": MODEL(1, 1, bb.losses.Huber(0.5), TANH, bb.Labels(0.2), overlap=0.5),
    "kink, flips, noise, overlap": MODEL(
        1, 1, bb.losses.Huber(1.0), QUADRATIC, bb.Labels(0.2, 0.1), overlap=0.5
    ),
    "kink, noise, overlap, two teachers": MODEL(
        1, 2, bb.losses.Huber(0.5), TANH, bb.Labels(0.2), overlap=0.4
    ),
    "kinks of an expression": MODEL(1, 1, KINKS, TANH, bb.Labels(0.05)),
    "norms": MODEL(2, 1, bb.losses.Square(), RELU, student_gram=((0.5, 0.0), (0.0, 2.0))),
    "correlations": MODEL(2, 1, bb.losses.Square(), TANH, student_gram=((1.2, 0.4), (0.4, 0.8))),
    "norm, kink": MODEL(1, 1, bb.losses.Huber(0.5), RELU, bb.Labels(0.2), student_gram=2.0),
    "kink, overlap, learnt": MODEL(
        2,
        1,
        bb.losses.Huber(0.5),
        TANH,
        overlap=((0.5, -0.2),),
        student_gram=((0.9, 0.2), (0.2, 1.5)),
    ),
    "narrow": MODEL(2, 1, bb.losses.Square(), TANH, student_gram=((1.0, 0.99), (0.99, 1.0))),
    "narrow, overlap": MODEL(
        1, 1, bb.losses.Square(), TANH, bb.Labels(0.1, 0.1), overlap=0.98, student_gram=1.0
    ),
    "Sobol points, learnt": MODEL(
        2, 3, bb.losses.Square(), TANH, overlap=0.4, student_gram=((1.0, 0.5), (0.5, 0.7))
    ),
    "Sobol points": MODEL(2, 3, bb.losses.Square(), TANH, bb.Labels(0.1), overlap=0.2),
}


def moments(F, points, first, second, weights):
    """E of F_00, F_00², u_0² F_00, λ_0 u_0 F_00 and λ_0² F_00."""
    f, x = F[..., 0, 0], points[..., 0]
    terms = (f, f**2, second * f, x * first * f, x**2 * f)
    return np.array([(weights * one).sum() for one in terms])


def by_nodes(model):
    lowest = LowestCurvature(model)
    gather = [] if lowest.unbounded else [0.0]
    nodes = network_nodes(model, 1.0, gather)
    first, second = nodes.first[..., 0], nodes.second[..., 0, 0]
    return moments(nodes.curvature, nodes.preactivations[:, None, :], first, second, nodes.weights)


def by_sampling(model):
    """(mean, standard error) of the moments over blocks of samples of the model itself."""
    rng, p = np.random.default_rng(5), int(model.p)
    overlap, blocks = model.overlap_matrix, []
    for _ in range(20):
        u = rng.standard_normal((SAMPLES // 20, model.p_star))
        own = np.linalg.cholesky(model.gram - overlap.T @ overlap)
        points = u @ overlap + rng.standard_normal((len(u), p)) @ own.T
        y = model.labels.apply(model.teacher_output(u), rng)
        F = curvature(model, points, y)
        blocks.append(moments(F, points, u[:, 0], u[:, 0] ** 2, 1 / len(u)))
    blocks = np.array(blocks)
    return blocks.mean(axis=0), blocks.std(axis=0, ddof=1) / len(blocks) ** 0.5


@pytest.mark.parametrize("name", CASES)
def test_moments_of_the_joint_law(name):
    mean, error = by_sampling(CASES[name])
    assert (abs(by_nodes(CASES[name]) - mean) < LIMIT * error + 1e-12).all()


@pytest.mark.parametrize("name", ["smooth, overlap", "kink, noise, overlap"])
def test_another_overlap_is_seen(name):
    model = CASES[name]
    wrong = dataclasses.replace(
        model, overlap=tuple(tuple(0.9 * m for m in row) for row in model.overlap)
    )
    mean, error = by_sampling(model)
    assert (abs(by_nodes(wrong) - mean) > LIMIT * error).any()


@pytest.mark.parametrize("name", ["norms", "correlations", "narrow", "norm, kink"])
def test_another_gram_matrix_is_seen(name):
    model = CASES[name]
    mean, error = by_sampling(model)
    assert (abs(by_nodes(model.replace(student_gram=1.0)) - mean) > LIMIT * error).any()
