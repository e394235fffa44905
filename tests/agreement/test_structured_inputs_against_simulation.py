"""Theory of inputs with a covariance, norms and a mean against diagonalization."""

import functools

import numpy as np
import pytest
from scipy.linalg import eigh

import bbpscape as bb
from bbpscape.core.statistics import mean_and_error
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.law import INPUT, MEAN, TEACHER
from bbpscape.theory.population.population import Kernel, Population
from bbpscape.theory.route import route

LIMIT = 4.0
TANH = bb.activation("tanh")
NORMS = "atoms:0.5@0.5,1.5@0.5"


def model(p, p_star, loss, activation="quadratic", **inputs):
    law = bb.InputLaw(**inputs)
    return bb.TeacherStudent(p, p_star, loss, bb.activation(activation), inputs=law)


def square(a):
    return bb.NormalizedSquare(a)


# Model, α, N, draws: outliers apart from the edge, so that corrections in N stay below the errors.
CASES = {
    "power law": (model(1, 1, square(0.5), covariance="power:0.5"), 6.0, 300, 40),
    "steep": (model(2, 1, square(0.1), covariance="power:0.8"), 8.0, 200, 30),
    "three neurons": (model(3, 1, square(0.1), covariance="power:0.7"), 8.0, 200, 16),
    "two teachers": (model(1, 2, square(0.5), covariance="power:0.3"), 40.0, 150, 20),
    "two by two": (model(2, 2, square(0.1), covariance="power:0.5"), 40.0, 150, 10),
    "norms": (model(2, 1, square(0.5), covariance="power:0.3", radial=NORMS), 5.0, 200, 30),
    "norms alone": (model(1, 1, square(0.5), radial=NORMS), 6.0, 300, 40),
    "product": (model(1, 1, square(0.2), covariance="product:3"), 20.0, 200, 30),
    "levels and mean": (model(2, 1, square(0.2), covariance="1,4", mean=2.0), 5.0, 200, 40),
    "norms and mean": (model(2, 1, square(0.2), radial=NORMS, mean=2.0), 6.0, 200, 40),
    "source": (
        model(1, 1, square(0.5), covariance="power:0.4", profile="source:0.4"),
        6.0,
        300,
        40,
    ),
    "source, last": (
        model(2, 1, square(0.5), covariance="power:0.4", profile="source:-0.5"),
        6.0,
        200,
        20,
    ),
    "top": (model(1, 1, square(0.5), covariance="power:0.3", profile="top:150"), 6.0, 300, 40),
    "sphere": (
        model(2, 1, square(0.2), covariance="power:0.2", metric="sphere"),
        5.0,
        200,
        30,
    ),
    "huber": (
        model(2, 1, bb.losses.Huber(1.0), covariance="power:0.5", radial=NORMS),
        8.0,
        150,
        16,
    ),
    "rational": (
        model(1, 1, bb.losses.Huber(1.0), "x**2/(1+x**2)", covariance="power:0.6"),
        40.0,
        200,
        16,
    ),
    "cosine": (model(2, 1, bb.losses.Square(), "cos(x)", covariance="power:0.4"), 20.0, 150, 20),
    "tanh": (model(2, 1, square(50.0), "tanh", covariance="power:0.3"), 40.0, 120, 20),
    "tanh, norms": (model(1, 1, square(50.0), "tanh", radial=NORMS), 40.0, 150, 20),
    "second layer": (
        bb.TeacherStudent(
            2,
            1,
            square(0.1),
            second_layer=(0.7, 0.3),
            inputs=bb.InputLaw("power:0.4", profile="source:0.3"),
        ),
        5.0,
        200,
        40,
    ),
}


def lowest_outlier(model, alpha, N):
    """(left edge, lowest outlier that knows the teacher), None where there is none."""
    edge, found = route(model, N).level(0.8).left(alpha)
    informed = [(i, one) for i, one in enumerate(found) if TEACHER in one.direction]
    return edge, *(informed[0] if informed else (0, None))


@functools.cache
def predicted(name):
    return lowest_outlier(*CASES[name][:3])


@functools.cache
def measured(name, draws=None, N=None):
    """Eigenvalue and m² of the outlier's multiplet, shape (draws, 2)."""
    model, alpha, own, few = CASES[name]
    N, draws = N or own, draws or few
    _, place, outlier = predicted(name)
    below = sum(int(one.multiplicity) for one in route(model, N).level(0.8).left(alpha)[1][:place])
    rows = []
    for index in range(draws):
        instance = bb.draw(model, alpha, N, 17, index)
        last = below + int(outlier.multiplicity)
        pairs = lowest_dense(Hessian(instance.inputs, instance.curvature), last)
        m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
        rows.append((pairs.eigenvalues[below:].mean(), m2[below:].mean()))
    return np.array(rows)


def scores(name, outlier, values):
    """z of the eigenvalue and of m²."""
    mean, error = mean_and_error(values, axis=0)
    return (mean - [outlier.eigenvalue, outlier.m2]) / error


@pytest.mark.parametrize("name", CASES)
def test_outlier_and_overlap(name):
    edge, _, outlier = predicted(name)
    values = measured(name)
    error = mean_and_error(values, axis=0)[1]
    assert error[0] < 0.35 * (edge.value - outlier.eigenvalue)
    assert error[1] < 0.12 * outlier.m2
    assert abs(scores(name, outlier, values)).max() < LIMIT


def test_z_spreads_as_a_standard_score_does():
    """Over all models: errors √n too large or too small, and a bias of one error, would be seen."""
    z = np.array([scores(name, predicted(name)[2], measured(name)) for name in CASES]).ravel()
    assert len(z) == 2 * len(CASES)
    # z of Student's law with some 25 degrees: 1.04 and its sampling error, three times.
    assert abs(z.mean()) < 3 * 1.04 / len(z) ** 0.5
    assert abs(z.std(ddof=1) / 1.04 - 1) < 3 / (2 * len(z)) ** 0.5


# --- the other ends: right of the bulk ----------------------------------------------------------


def highest(model, alpha, N, draws):
    """The largest eigenvalue at p = 1, and its eigenvector's square along the first component."""
    rows = []
    for index in range(draws):
        one = bb.draw(model, alpha, N, 23, index)
        matrix = one.inputs.T @ (one.curvature.reshape(-1, 1) * one.inputs)
        value, vector = eigh(matrix, subset_by_index=[N - 1, N - 1])
        rows.append((value[0], vector[0, 0] ** 2))
    return np.array(rows)


def test_a_mean_is_an_outlier():
    one = model(1, 1, bb.losses.Square(), "log-cosh", radial=NORMS, mean=2.0)
    (found,) = [o for o in route(one).level(0.8).right(6.0)[1] if o.direction == MEAN]
    mean, error = mean_and_error(highest(one, 6.0, 300, 30)[:, 0])
    assert error < 0.02 * found.eigenvalue
    assert abs(mean - found.eigenvalue) < LIMIT * error
    # Without the 1 of the weight 1 + |μ|²/τ, or without the norms in it.
    (other,) = [
        o
        for o in route(one.replace(inputs=bb.InputLaw(mean=2.0))).level(0.8).right(6.0)[1]
        if o.direction == MEAN
    ]
    assert abs(mean - other.eigenvalue) > LIMIT * error


def test_a_principal_component_is_an_outlier():
    """One large σ, so that its eigenvector mixes with no other component's."""
    sigma = [6.0] + [1.0] * 299
    one = model(1, 1, bb.losses.Square(), "cos(x)", covariance=sigma)
    edge, outliers = route(one, 300).level(0.8).right(20.0)
    found = outliers[-1]
    assert found.direction == INPUT
    values = highest(one, 20.0, 300, 30)
    assert abs(scores("cosine", found, values)).max() < LIMIT
    # As if the component were a part of the bulk, and its overlap that of the edge.
    mean, error = mean_and_error(values, axis=0)
    assert abs(mean[0] - edge.value) > LIMIT * error[0]
    assert mean[1] < 1 - LIMIT * error[1]


# --- negative controls: the same checks refuse wrong theories -----------------------------------


def without(name, **parts):
    """The theory of a case whose inputs have other parts, in the same simulation."""
    model, alpha, N, _ = CASES[name]
    edge, _, outlier = lowest_outlier(model.replace(inputs=model.inputs.replace(**parts)), alpha, N)
    if outlier is not None:
        return abs(scores(name, outlier, measured(name))).max()
    mean, error = mean_and_error(measured(name), axis=0)
    return (abs(mean - [edge.value, 0.0]) / error).max()


@pytest.mark.parametrize("name", ["norms", "huber"])
def test_without_the_norms_the_theory_fails(name):
    assert without(name, radial="gaussian") > LIMIT


@pytest.mark.parametrize("name", ["power law", "three neurons", "levels and mean", "cosine"])
def test_without_the_covariance_the_theory_fails(name):
    assert without(name, covariance="1,1.0001") > LIMIT


@pytest.mark.parametrize("name", ["source", "top"])
def test_without_the_profile_the_theory_fails(name):
    assert without(name, profile="random") > LIMIT


@pytest.mark.parametrize("name", ["power law", "three neurons", "steep"])
def test_without_the_covariance_in_k_the_theory_fails(name, monkeypatch):
    """K = Γ, as it would be of isotropic inputs, in the equations of the covariance."""

    def kernel(self, direction, z, s):
        value, by_z, by_s = self.gamma(z, s)
        return Kernel(value, by_z, by_s, value)

    monkeypatch.setattr(Population, "kernel", kernel)
    edge, _, outlier = lowest_outlier(*CASES[name][:3])
    mean, error = mean_and_error(measured(name), axis=0)
    expected = [edge.value, 0.0] if outlier is None else [outlier.eigenvalue, outlier.m2]
    assert (abs(mean - expected) / error).max() > LIMIT
