"""Networks of any symmetry on structured inputs: the p × p route against plain diagonalization.

Inputs, weights, losses and Hessians are written out here; nothing is shared with the package.
"""

import functools
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.law import MEAN
from bbpscape.theory.matrix.edges import left_matrix_edge
from bbpscape.theory.matrix.outliers import left_matrix_outliers
from bbpscape.theory.matrix.route import MatrixRoute

LIMIT, P = 4.0, 2
NORMS = (0.4, 1.6)
RADIAL = "atoms:0.4@0.5,1.6@0.5"


def tanh(x):
    value = np.tanh(x)
    return value, 1 - value**2, -2 * value * (1 - value**2)


def relu(x):
    return np.maximum(x, 0), 1.0 * (x > 0), 0 * x


def quadratic(x):
    return x**2, 2 * x, 2 + 0 * x


def square(y, output):
    return output - y, 1 + 0 * y


def huber(y, output):
    return np.clip(output - y, -0.5, 0.5), 1.0 * (abs(output - y) < 0.5)


def normalized(a):
    return lambda y, output: ((output - y) / (a + y), 1 / (a + y))


def powers(N, beta):
    sigma = np.arange(1, N + 1) ** -beta
    return sigma / sigma.mean()


def levels(N):
    return np.repeat([1.5, 0.5], N // 2)


# Model, α, N, draws; then σ, norms, |μ|, σ(x) and ℓ′, ℓ″ by hand, the teacher's profile, overlap.
T, IN = bb.TeacherStudent, bb.InputLaw
CASES = {
    "tanh, square": (
        T(P, 1, bb.losses.Square(), "tanh", inputs=IN("1.5,0.5", RADIAL)),
        (20.0, 200, 12),
        (levels(200), NORMS, 0.0, tanh, square, None, 0.0),
    ),
    "relu, power law": (
        T(P, 1, bb.NormalizedSquare(0.3), "relu", overlap=0.4, inputs=IN("power:0.5", RADIAL)),
        (20.0, 200, 12),
        (powers(200, 0.5), NORMS, 0.0, relu, normalized(0.3), None, 0.4),
    ),
    "profile": (
        T(
            P,
            1,
            bb.NormalizedSquare(0.1),
            overlap=0.2,
            inputs=IN("power:0.5", RADIAL, profile="source:0.6"),
        ),
        (4.0, 240, 12),
        (powers(240, 0.5), NORMS, 0.0, quadratic, normalized(0.1), 0.6, 0.2),
    ),
    "tanh, huber, mean": (
        T(P, 1, bb.losses.Huber(0.5), "tanh", inputs=IN("1.5,0.5", mean=2.5)),
        (12.0, 240, 12),
        (levels(240), (1.0,), 2.5, tanh, huber, None, 0.0),
    ),
}


def weights_of(generator, sigma, source, overlap):
    """(w*, w): of variance one and orthogonal in the metric of Σ, but for the overlap."""
    N = sigma.size
    profile = np.ones(N) if source is None else np.arange(1, N + 1) ** -source
    rows = [np.sqrt(profile) * generator.standard_normal(N)]
    rows += list(generator.standard_normal((P, N)))
    for k, row in enumerate(rows):
        for other in rows[:k]:
            row -= other * (row * sigma @ other) / N
        row *= math.sqrt(N / (row * sigma @ row))
    teacher, student = rows[0], np.array(rows[1:])
    return teacher, overlap * teacher + math.sqrt(1 - overlap**2) * student


def diagonalized(generator, alpha, sigma, norms, length, activation, loss, source, overlap):
    """Eigenvalues of H, and squared overlaps of its eigenvectors with w* and the mean."""
    N, M = sigma.size, round(alpha * sigma.size)
    teacher, student = weights_of(generator, sigma, source, overlap)
    mean = generator.standard_normal(N)
    mean *= length / np.linalg.norm(mean)
    tau = generator.choice(norms, M)
    x = np.sqrt(tau[:, None] * sigma) * generator.standard_normal((M, N)) + mean
    x /= math.sqrt(N)
    value, slope, bend = activation(x @ student.T)
    first, second = loss(activation(x @ teacher)[0], value.mean(axis=1))
    F = second[:, None, None] * slope[:, :, None] * slope[:, None, :] / P**2
    F[:, range(P), range(P)] += first[:, None] * bend / P
    H = np.empty((P, N, P, N))
    for k in range(P):
        for m in range(P):
            H[k, :, m, :] = (x.T * F[:, k, m]) @ x
    values, vectors = np.linalg.eigh(H.reshape(P * N, P * N))
    vectors = vectors.reshape(P, N, P * N)

    def along(direction):
        return (np.einsum("n,knj->kj", direction, vectors) ** 2).sum(axis=0)

    unit = mean / length if length else mean
    return values, along(teacher / np.linalg.norm(teacher)), along(unit)


@functools.cache
def measured(name):
    """Per draw: eigenvalue, m² and squared overlap with the mean of the lowest eigenvectors."""
    _, (alpha, _, draws), others = CASES[name]
    count = 2 if name == "profile" else 1
    rows = []
    for index in range(draws):
        found = diagonalized(np.random.default_rng([7, index]), alpha, *others)
        rows.append([one[:count].mean() for one in found])
    return np.array(rows)


def z_of(name, expected):
    values = measured(name)[:, : len(expected)]
    return (values.mean(axis=0) - expected) / (values.std(axis=0, ddof=1) / len(values) ** 0.5)


def lowest(name, **changed):
    """(λ, m²) of theory, of a model with other inputs, as many outliers as are measured."""
    model, (alpha, N, _), _ = CASES[name]
    _, found = MatrixRoute(model.replace(**changed), N).level(0.6).left(alpha)
    some = found[: 2 if name == "profile" else 1]
    return np.array([[one.eigenvalue, one.m2] for one in some]).mean(axis=0)


@pytest.mark.parametrize("name", ["tanh, square", "relu, power law", "profile"])
def test_the_lowest_outlier(name):
    assert (abs(z_of(name, lowest(name))) < LIMIT).all()


def test_a_mean_has_an_outlier_of_its_own():
    model, (alpha, N, _), _ = CASES["tanh, huber, mean"]
    _, (one, *others) = MatrixRoute(model, N).level(0.6).left(alpha)
    assert one.direction == MEAN
    z = z_of("tanh, huber, mean", [one.eigenvalue, 0.0, one.m2])
    assert abs(z[0]) < LIMIT
    # The mean has chance overlaps of order N^(−½) with the weights: 1/N of m² is theirs.
    share = measured("tanh, huber, mean")[:, 1:]
    assert share.sum(axis=1).mean() == pytest.approx(one.m2, abs=0.05)
    assert others[0].direction == "student and teacher"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("tanh, square", {"radial": "gaussian"}),
        ("relu, power law", {"covariance": "isotropic"}),
        ("profile", {"profile": "random"}),
        ("profile", {"radial": "gaussian"}),
    ],
)
def test_theory_of_other_inputs_fails(name, changed):
    assert abs(z_of(name, lowest(name, **changed))).max() > LIMIT


def test_a_kernel_without_the_covariance_fails():
    """K of isotropic weights, (z − S)⁻¹: the bulk alone knows the covariance."""
    name = "relu, power law"
    model, (alpha, N, _), _ = CASES[name]
    law = MatrixRoute(model, N).level(0.6).law
    edge = left_matrix_edge(law, alpha)
    ones = np.ones(N)
    blind = type(law.population)(ones, ones / N, ones)

    class Blind(type(law)):
        """Its directions see other components than its bulk."""

        bulk = law.population

    wrong = Blind(law.parts, law.weights, law.lowest, blind)
    found = left_matrix_outliers(wrong, alpha, edge)
    expected = [found[0].eigenvalue, found[0].m2] if found else [edge.edge.value, 0.0]
    assert abs(z_of(name, expected)).max() > LIMIT
