"""Edges and outliers followed along α against each solved alone."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.matrix.along import along
from bbpscape.theory.route import route

TANH = bb.TeacherStudent(2, 1, "square", "tanh")
TWO = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.3), "log-cosh", second_layer=(0.7, 0.3))
# Edges are smooth at the lowest α; the second model has two outliers in the end, which cross.
CASES = [(TANH, np.linspace(0.06, 6.6, 8), {0, 1}, 2), (TWO, np.geomspace(1, 60, 6), {0, 1, 2}, 3)]


@pytest.mark.parametrize(("model", "alphas", "counts", "most"), CASES)
def test_followed_against_each_alone(model, alphas, counts, most):
    level, alone = route(model).level(0.3), route(model).level(0.3)
    asked = []

    def solved(alpha):
        asked.append(alpha)
        return level._side(alpha, 1.0)

    seen_kinds, seen_counts = set(), set()
    for alpha, (edge, outliers) in zip(alphas, along(level.law, alphas, solved), strict=True):
        expected_edge, expected = alone.left(float(alpha))
        seen_kinds.add(expected_edge.kind)
        seen_counts.add(len(expected))
        assert edge.kind == expected_edge.kind
        assert edge.value == pytest.approx(expected_edge.value, rel=1e-9)
        assert [one.direction for one in outliers] == [one.direction for one in expected]
        for one, other in zip(outliers, expected, strict=True):
            assert one.eigenvalue == pytest.approx(other.eigenvalue, rel=1e-9)
            assert one.m2 == pytest.approx(other.m2, rel=1e-7)
            assert one.multiplicity == other.multiplicity
    assert len(asked) <= most
    assert seen_kinds == {"smooth", "sharp"}
    assert seen_counts == counts


def test_a_curve_may_be_asked_for_in_any_order():
    way = route(TANH)
    way.coarse = way.level(0.3)
    alphas = np.array([4.0, 1.0, 2.5, 4.0])
    m2, eigenvalue = way.overlaps(alphas)
    for i, alpha in enumerate(alphas):
        edge, outliers = way.coarse.left(alpha)
        lowest = outliers[0].eigenvalue if outliers else edge.value
        assert eigenvalue[i] == pytest.approx(lowest, rel=1e-9)
        assert math.isclose(m2[i], outliers[0].m2 if outliers else 0.0, rel_tol=1e-7)
    assert m2[1] == 0 < m2[2] < m2[0] == m2[3]
