"""The branch solved for many α at once against one root search for each."""

import math

import numpy as np
import pytest

from bbpscape import NormalizedSquare, TeacherStudent
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.branch import solve_branch
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier

MODELS = [(1, 1, 2.0), (2, 1, 0.01), (4, 2, 1.0), (math.inf, 1, 1.0), (500, 1, 1e-4), (1, 5, 100)]


@pytest.mark.parametrize(("p", "p_star", "a"), MODELS)
def test_against_one_root_search_for_each_alpha(p, p_star, a):
    law = CommitteeLaw(TeacherStudent(p, p_star, NormalizedSquare(a)))
    alphas = np.geomspace(0.05, 500, 23)
    branch = solve_branch(law, alphas)
    for i, alpha in enumerate(alphas):
        edge = left_edge(law, alpha)
        outlier = left_outlier(law, alpha, edge, TEACHER)
        assert branch.left_edge[i] == pytest.approx(edge.value, rel=1e-10)
        assert bool(branch.sharp[i]) == (edge.kind == "sharp")
        assert (outlier is None) == (branch.m2[i] == 0) == bool(np.isnan(branch.outlier[i]))
        if outlier is not None:
            assert branch.m2[i] == pytest.approx(outlier.m2, rel=1e-10)
            assert branch.outlier[i] == pytest.approx(outlier.eigenvalue, rel=1e-10)


def test_no_alpha_at_all():
    law = CommitteeLaw(TeacherStudent(1, 1, NormalizedSquare(1.0)))
    assert solve_branch(law, np.empty(0)).m2.shape == (0,)
