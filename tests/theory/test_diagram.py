"""Diagrams against the calls for one model, with their lines and refusals."""

import json
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory import diagram as module
from bbpscape.theory.scalar.edges import left_edge


def model(p, p_star, a):
    return bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a))


def test_two_parameters_against_single_thresholds():
    result = bb.diagram(a=[0.1, 0.7, 5.0], p=[1, 3], p_star=2)
    assert (result.x_name, result.y_name, result.fixed) == ("a", "p", {"p_star": 2.0})
    for j, p in enumerate(result.y):
        for i, a in enumerate(result.x):
            at = bb.threshold(model(int(p), 2, a))
            cell = {name: field[j, i] for name, field in result.fields.items()}
            assert cell == {
                "alpha_bbp": at.alpha_bbp,
                "continuous": float(at.transition == "continuous"),
                "m2_jump": at.m2_jump,
                "eigenvalue": at.eigenvalue,
                "alpha_0": at.alpha_0,
            }
    expected = [bb.critical_a(1, 2), bb.critical_a(3, 2)]
    assert result.lines["critical"]["a"] == pytest.approx(expected)
    assert result.status == "converged"
    assert result.worst < 1e-10


def test_widths_along_both_axes():
    result = bb.diagram(a=0.3, p=range(10, 40, 5), p_star=[1, 2])
    assert (result.x_name, result.y_name) == ("p_star", "p")
    line = result.lines["critical"]
    for i, critical in enumerate(line["p"]):
        assert ((result.y >= critical) == (result.fields["continuous"][:, i] == 0)).all()


@pytest.mark.parametrize(
    ("axes", "name"),
    [
        ({"a": [0.05, 0.5, 2.0], "p": 2}, "a"),
        ({"a": 1.0, "p": [1, 2, 5]}, "p"),
        ({"a": 1.0, "p": 3, "p_star": [1, 2, 6]}, "p_star"),
        ({"a": [0.05, 0.5], "p": math.inf}, "a"),
    ],
)
def test_over_alpha_against_single_calls(axes, name):
    alphas = [0.4, 0.9, 1.5, 3.0]
    result = bb.diagram(**axes, alpha=alphas)
    assert (result.x_name, result.y_name) == (name, "alpha")
    for i, value in enumerate(result.x):
        given = {"p_star": 1, **axes, name: value}
        at = model(given["p"], given["p_star"], given["a"])
        curve, line = bb.overlap_curve(at, alphas), result.lines["thresholds"]
        assert result.fields["m2"][:, i] == pytest.approx(curve.m2)
        assert result.fields["eigenvalue"][:, i] == pytest.approx(curve.eigenvalue)
        assert line["alpha_bbp"][i] == bb.threshold(at).alpha_bbp
        assert line["weak_recovery"][i] == at.p_star / 2
        sharp = [left_edge(module.CommitteeLaw(at), x).kind for x in alphas]
        assert result.fields["sharp_edge"][:, i].tolist() == [kind == "sharp" for kind in sharp]
        assert (np.array(alphas) > line["alpha_sharp"][i]).tolist() == [k == "sharp" for k in sharp]


def test_a_failed_cell_is_empty_and_said(monkeypatch):
    def fails(at):
        if at.p == 2:
            raise bb.NoConvergence("no")
        return bb.threshold(at)

    monkeypatch.setattr(module, "threshold", fails)
    result = bb.diagram(a=[0.1, 1.0], p=[1, 2, 3])
    assert np.isnan(result.fields["alpha_bbp"][1]).all()
    assert np.isfinite(result.fields["alpha_bbp"][[0, 2]]).all()
    assert result.status == "2 of 6 solves failed"
    values = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert values["fields"]["alpha_bbp"][1] == [None, None]


def test_an_accuracy_that_falls_short_is_said(monkeypatch):
    monkeypatch.setattr(module, "ACCURACY", 0.0)
    result = bb.diagram(a=[0.1, 1.0], p=[1, 2])
    assert result.status == "4 of 4 thresholds have a quadrature error above 1e-10"


def test_rows_are_tidy():
    names, rows = bb.diagram(a=[0.1, 1.0], p=[1, 2, 3]).rows()
    assert names[:3] == ("a", "p", "alpha_bbp")
    assert len(rows) == 6
    assert [row[:2] for row in rows[:3]] == [(0.1, 1.0), (1.0, 1.0), (0.1, 2.0)]


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"a": 1.0, "p": 2}, "exactly two .* got 0$"),
        ({"a": [1.0], "p": [2], "p_star": [1]}, "exactly two .* got 3: a, p_star, p"),
        ({"a": [1.0, 0.5], "p": [2]}, "a must increase"),
        ({"a": [-1.0], "p": [2]}, "a must be finite and greater than 0"),
        ({"a": [1.0], "p": [1.5]}, "p must be a positive integer"),
        ({"a": [1.0], "p": [math.inf]}, "p must be finite"),
        ({"a": [1.0], "p": 2, "alpha": 1.0}, "alpha must be a list"),
        ({"a": np.linspace(1, 2, 1001), "p": np.arange(1, 1001)}, "at most 1000000 cells"),
        ({"a": "x", "p": [1], "alpha": [1.0]}, "a must be a number"),
        ({"a": [[1.0]], "p": [1]}, "a must be a list"),
    ],
)
def test_refusals(axes, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.diagram(**axes)
