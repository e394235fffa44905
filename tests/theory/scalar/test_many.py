"""Many models and α at once against one search for each."""

import math

import numpy as np
import pytest

from bbpscape import NormalizedSquare, TeacherStudent
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.committees import Committees
from bbpscape.theory.scalar import many
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.many import solve_branch, transitions
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.threshold import threshold

MODELS = [(1, 1, 2.0), (2, 1, 0.01), (4, 2, 1.0), (math.inf, 1, 1.0), (500, 1, 1e-4), (1, 5, 100)]


def laws_of(models):
    return Committees.of(*zip(*models, strict=True))


def law_of(p, p_star, a):
    return CommitteeLaw(TeacherStudent(p, p_star, NormalizedSquare(a)))


WIDE = [(p, p_star, a) for p in (1, 2, 17, 500) for p_star in (1, 6) for a in (1e-4, 0.3, 40.0)]


def test_moments_against_those_of_one_law_at_a_time():
    models = [*WIDE, (3, 2, 0.7)]
    s = np.linspace(1.0, 0.02, len(models))
    found = laws_of(models).moments(s, 3, 3)
    for i, (p, p_star, a) in enumerate(models):
        powers = (2 / p) ** np.arange(1, 4)
        one = law_of(p, p_star, a).moments(-s[i] * p / 2, 3, (BULK, TEACHER)) / powers
        sizes = np.abs(one[0]) + np.abs(one[1])
        assert np.abs(found[:, i].reshape(2, 3) - one).max(axis=0) == pytest.approx(
            0 * sizes, abs=1e-12 * sizes.max()
        )


def test_transitions_against_single_thresholds():
    found = transitions(laws_of(WIDE))
    kinds = set()
    for i, (p, p_star, a) in enumerate(WIDE):
        at = threshold(TeacherStudent(p, p_star, NormalizedSquare(a)))
        kinds.add(at.transition)
        assert found.continuous[i] == (at.transition == "continuous")
        for name, value in (
            ("alpha", at.alpha_bbp),
            ("m2_jump", at.m2_jump),
            ("eigenvalue", at.eigenvalue),
            ("alpha_0", at.alpha_0),
        ):
            assert getattr(found, name)[i] == pytest.approx(value, rel=1e-10, abs=1e-12), name
        assert found.quadrature_error[i] < 1e-11
    assert len(kinds) == 2


@pytest.mark.parametrize("models", [MODELS[:3] + MODELS[4:], MODELS[3:4]])
def test_branches_against_one_root_search_for_each(models):
    laws, alphas = laws_of(models), np.geomspace(0.05, 500, 23)
    branch = solve_branch(laws, alphas, transitions(laws))
    for at in np.ndindex(branch.m2.shape):
        law, alpha = law_of(*models[at[1]]), float(alphas[at[0]])
        edge = left_edge(law, alpha)
        outlier = left_outlier(law, alpha, edge, TEACHER)
        assert branch.left_edge[at] == pytest.approx(edge.value, rel=1e-10)
        assert bool(branch.sharp[at]) == (edge.kind == "sharp")
        assert (outlier is None) == (branch.m2[at] == 0) == bool(np.isnan(branch.outlier[at]))
        if outlier is not None:
            assert branch.m2[at] == pytest.approx(outlier.m2, rel=1e-10)
            assert branch.outlier[at] == pytest.approx(outlier.eigenvalue, rel=1e-10)


def test_no_alpha_at_all():
    laws = laws_of([(1, 1, 1.0)])
    assert solve_branch(laws, np.empty(0), transitions(laws)).m2.shape == (0, 1)


def test_what_does_not_settle_is_empty_alone(monkeypatch):
    laws = laws_of([(2, 1, 0.1), (2, 1, 5.0)])  # a continuous transition, and another
    monkeypatch.setattr(many, "MOST_STEPS", 1)
    found = transitions(laws)
    branch = solve_branch(laws, np.array([0.7, 9.0]), found)
    assert np.isnan(found.alpha).tolist() == [True, False]
    assert np.isnan(branch.m2[:, 0]).all()
    assert np.isnan(found.quadrature_error).tolist() == [True, False]
