"""A certificate passes when nothing was missed, and fails when something was."""

import numpy as np
import pytest

from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen.certificate import (
    block_certificate,
    inertia_certificate,
    negative_pivots,
)
from bbpscape.simulation.eigen.diagonalize import all_eigenvalues_and_lowest
from bbpscape.simulation.eigen.preconditioner import Preconditioner
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.operator import Operator


@pytest.fixture(scope="module")
def problem():
    model = TeacherStudent(p=2, p_star=1, loss=NormalizedSquare(a=0.1))
    instance = draw(model, 2.0, 120, np.random.default_rng(0))
    hessian = Hessian(instance.inputs, instance.curvature)
    return hessian, all_eigenvalues_and_lowest(hessian, 8)


def test_negative_pivots_count_eigenvalues(problem):
    hessian, pairs = problem
    dense = hessian.dense()
    for count in (0, 1, 5, 100, 239):
        shift = pairs.eigenvalues[count] - 1e-6
        assert negative_pivots(dense, shift) == count


@pytest.mark.parametrize("missing", [0, 2, 3])
def test_inertia_finds_what_is_missing(problem, missing):
    hessian, pairs = problem
    values = pairs.eigenvalues[:6]
    assert inertia_certificate(hessian.dense(), values, 5).passed
    left = np.delete(values, missing)
    result = inertia_certificate(hessian.dense(), left, 4)
    assert result.passed is False
    assert result.below == 5


@pytest.mark.parametrize("missing", [0, 2, 3])
def test_a_second_block_finds_what_is_missing(problem, missing):
    hessian, pairs = problem
    single = Operator(hessian, "float32")
    inverse = Preconditioner(single)

    def check(values, vectors, k):
        return block_certificate(single, inverse, values, vectors, k, 1e-4, seed=0)

    whole = check(pairs.eigenvalues[:6], pairs.eigenvectors[:, :5], 5)
    assert whole.passed
    assert whole.other == pytest.approx(pairs.eigenvalues[5], abs=0.02)
    chosen = np.delete(np.arange(6), missing)
    holes = check(pairs.eigenvalues[chosen], pairs.eigenvectors[:, chosen[:4]], 4)
    assert holes.passed is False
    assert holes.other == pytest.approx(pairs.eigenvalues[missing], abs=0.02)


def test_a_cluster_is_certified_from_below():
    # Three copies of 0, two of them wanted: no eigenvalue lies below.
    matrix = np.diag([0.0, 0.0, 0.0, 1.0])
    result = inertia_certificate(matrix, np.zeros(3), 2)
    assert (result.passed, result.below) == (True, 0)
    matrix[3, 3] = -1e-6
    assert inertia_certificate(matrix, np.zeros(3), 2).passed is False
    # A gap that the errors of the values hide is none.
    values = np.array([-2.0, 0.0, 3.0])
    assert inertia_certificate(np.diag(values), values, 2, error=0.4).shift == 1.5
    assert inertia_certificate(np.diag(values), values, 2, error=1.2).shift == 1.5
    assert inertia_certificate(np.diag(values), values, 1, error=1.2).shift < -2
