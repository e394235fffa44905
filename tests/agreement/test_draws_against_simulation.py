"""Finite N: every draw's lowest eigenvalues, their splitting and m², against diagonalization."""

import functools

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.experiments.comparison_labels import predicted
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap

# Copies that mix with the bulk just above a discontinuous onset; a clear outlier of six copies;
# a curvature without a lower bound.
CASES = {
    "onset": (bb.TeacherStudent(2, 2, bb.NormalizedSquare(0.897)), 3.229, 140),
    "copies": (bb.TeacherStudent(3, 2, bb.NormalizedSquare(0.1495)), 5.175, 90),
    "unbounded": (bb.TeacherStudent(2, 1, "square", "softplus"), 4.0, 120),
}
DRAWS = 24


@functools.cache
def draws(name):
    """λ, m² and the spread of the copies, measured and predicted: (2, DRAWS, 3)."""
    model, alpha, N = CASES[name]
    copies, found = int(model.p) * model.p_star, []
    for i in range(DRAWS):
        one = bb.draw(model, alpha, N, 1, i)
        pairs = lowest_dense(one.hessian, copies)
        m2 = teacher_overlap(pairs.eigenvectors, one.teacher_basis)
        said = predicted(one, copies, True)
        found.append(
            (
                (pairs.eigenvalues.mean(), m2.mean(), pairs.eigenvalues.std()),
                (*said.at(slice(0, copies)), said.eigenvalues.std(axis=1).mean()),
            )
        )
    return np.array(found).transpose(1, 0, 2)


@pytest.mark.parametrize("name", CASES)
def test_each_draw_is_what_its_coordinates_say(name):
    measured, said = draws(name)
    gaps = measured - said
    z = gaps.mean(axis=0) / (gaps.std(axis=0, ddof=1) / DRAWS**0.5)
    assert abs(z).max() < 4


def test_the_limit_of_large_N_is_far_off_where_copies_mix_with_the_bulk():
    model, alpha, _ = CASES["onset"]
    measured = draws("onset")[0][:, 1]
    (outlier, *_) = [one for one in bb.spectrum(model, alpha).outliers if one.teacher_m2 > 0]
    error = measured.std(ddof=1) / DRAWS**0.5
    assert (measured.mean() - outlier.m2) / error > 6
