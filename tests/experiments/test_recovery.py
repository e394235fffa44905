"""Success of descent against α: what its points are, and what counts as recovered."""

import pytest

import bbpscape as bb


def test_a_curve_keeps_a_point_with_draws_that_diverge():
    model = bb.TeacherStudent(2, 1, bb.loss("(y-yhat)**4"), labels=bb.Labels(0.3))
    rule = bb.DescentRule("momentum", steps=60)
    found = bb.recovery(model, [3.0], 40, 8, rule=rule, workers=1)
    (line,) = found.lines
    assert (found.failed, line.recovered[0].of, line.largest_m2[0].size) == (0, 8, 8)
    assert line.m2[0] == pytest.approx(0.28, abs=0.2)
