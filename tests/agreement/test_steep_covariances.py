"""Power laws from β = 0 to 1.2, where few components count: the theory of each draw against it.

The models are a grid that was fixed before any of them was looked at.
"""

import functools

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.statistics import mean_and_error
from bbpscape.experiments.comparison_labels import predicted
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.theory.finite.label_population import sampled_side, solve_side
from bbpscape.theory.population.population import Population

N, DRAWS, SEED, LIMIT = 90, 10, 5, 4.5
NORMS = "atoms:0.4@0.5,1.6@0.5"
NETWORKS = [
    (1, 1, bb.NormalizedSquare(0.5), "quadratic"),
    (2, 1, bb.NormalizedSquare(0.5), "quadratic"),
    (3, 2, bb.NormalizedSquare(0.2), "quadratic"),
    (1, 1, bb.losses.Huber(1.0), "x**2/(1+x**2)"),
    (2, 1, bb.NormalizedSquare(1.0), "log-cosh"),
]
INDICES = range(15)


def case(index):
    """(model, α) of a place on the grid."""
    p, p_star, loss, activation = NETWORKS[index % 5]
    beta = round(1.2 * (index % 7) / 6, 3)
    law = bb.InputLaw(
        f"power:{beta}" if beta else "1.2,0.8", NORMS if index % 4 == 1 else "gaussian"
    )
    model = bb.TeacherStudent(p, p_star, loss, activation, inputs=law)
    return model, (6.0, 12.0, 24.0)[index % 3]


def measured(one, copies):
    """(eigenvalue, m²), means over the lowest of a draw."""
    pairs = lowest_dense(one.hessian, copies)
    return pairs.eigenvalues.mean(), teacher_overlap(pairs.eigenvectors, one.teacher_basis).mean()


@functools.cache
def draws(index):
    """Measured, and what each draw predicts, of shape (draws, 2)."""
    model, alpha = case(index)
    copies, found = int(model.p) * model.p_star, []
    for i in range(DRAWS):
        one = bb.draw(model, alpha, N, SEED, i)
        found.append((measured(one, copies), predicted(one, copies, True).at(slice(0, copies))))
    return np.array(found).transpose(1, 0, 2)


def scores(index):
    seen, said = draws(index)
    mean, error = mean_and_error(seen - said, axis=0)
    return mean / error


@pytest.mark.parametrize("index", INDICES)
def test_every_draw_is_what_its_weights_say(index):
    assert abs(scores(index)).max() < LIMIT


def test_the_scores_have_mean_0_and_spread_1():
    z = np.concatenate([scores(index) for index in INDICES])
    # Student's law with 9 degrees has a spread of 1.13.
    assert abs(z.mean()) < 3 * 1.13 / len(z) ** 0.5
    assert abs(z.std(ddof=1) / 1.13 - 1) < 3 / (2 * len(z)) ** 0.5


def test_as_if_student_and_teacher_were_orthogonal():
    """The same draws, each with its teacher's own profile, but without its overlap and student."""
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw("power:1.2"))
    gaps = []
    for i in range(6):
        one = bb.draw(model, 20.0, 150, 1, i)
        y, r = one.label_scalars
        profile = (one.teacher**2).mean(axis=0)
        sigma = model.inputs.covariance.values(150)
        population = Population(sigma, np.full(150, 1 / 150), profile, True)
        plain = solve_side(model, 150, sampled_side(model, 150, r, y, None, population))
        value = measured(one, 2)[0]
        gaps.append((value - predicted(one, 2, True).at(slice(0, 2))[0], value - plain.lowest))
    own, plain = np.sqrt((np.array(gaps) ** 2).mean(axis=0))
    assert own < plain / 3
