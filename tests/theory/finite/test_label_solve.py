"""One draw of labels: the fast solve against the generic one."""

import numpy as np
import pytest

from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.draws import sample_labels
from bbpscape.theory.finite.label_sampled import solve_labels
from bbpscape.theory.finite.label_solve import LabelSums, solve_edge, solve_labels_fast


def model_of(p, p_star, a):
    return TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))


TRIAL = model_of(1, 1, 2.0)


MODELS = [TRIAL, model_of(1, 1, 0.01), model_of(2, 1, 0.01), model_of(3, 2, 1.0)]


def largest_difference(one, other):
    found = 0.0
    for name, value in vars(one).items():
        beside = getattr(other, name)
        assert (value is None) == (beside is None), name
        if value is not None:
            found = max(found, abs(value - beside))
    return found


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("N", "alpha"), [(30, 0.2), (50, 0.5), (100, 1.0), (800, 1.2), (800, 3.0), (9000, 1.7)]
)
def test_the_fast_path_is_the_generic_one(model, N, alpha):
    for draw in range(3):
        r, y = sample_labels(model, round(alpha * N), 5, draw)
        generic = solve_labels(model, N, r, y)
        assert largest_difference(solve_labels_fast(model, N, r, y), generic) < 1e-10
        # From any start.
        for start in (1e-3, 50.0):
            assert largest_difference(solve_labels_fast(model, N, r, y, start), generic) < 1e-10


@pytest.mark.parametrize(("seed", "N"), [(0, 1104), (1, 1055), (2, 719)])
def test_an_outlier_that_is_only_just_there(seed, N):
    r, y = sample_labels(TRIAL, 1000, seed, 0)
    sums = LabelSums(TRIAL, N, r, y)
    found = solve_edge(sums)
    assert 1 < found.strength < 1.006
    assert found.edge.residual == abs(sums(found.x)[1] - 1) < 1e-9
    for solver in (solve_labels, solve_labels_fast):
        assert solver(TRIAL, N, r, y).outlier == pytest.approx(found.edge.value, rel=1e-3)


def test_an_overlap_is_at_most_one():
    """Where p* is of order N the expansion at the edge exceeds it: 1.3 to 1.9 here."""
    model, N = model_of(1, 9, 0.5), 10
    found = [
        solver(model, N, *sample_labels(model, 400, 0, draw)).m2_lowest
        for draw in range(4)
        for solver in (solve_labels, solve_labels_fast)
    ]
    assert found == [1.0] * 8


def test_a_slip_in_one_label_is_seen():
    r, y = sample_labels(TRIAL, 1000, 5, 0)
    generic = solve_labels(TRIAL, 500, r, y)
    slipped = np.where(y == y.max(), 0.9 * y, y)
    assert largest_difference(solve_labels_fast(TRIAL, 500, r, slipped), generic) > 1e-4


def test_labels_without_a_negative_atom():
    r, y = np.array([2.0, 3.0]), np.array([0.1, 0.2])
    assert solve_edge(LabelSums(TRIAL, 10, r, y)) is None
    assert solve_labels_fast(TRIAL, 10, r, y) == solve_labels(TRIAL, 10, r, y)
