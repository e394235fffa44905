"""Diagrams against the calls for one model, with their lines and refusals."""

import json
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory import diagram as module
from bbpscape.theory import diagram_cells as cells
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.many import transitions

# Where message passing recovers |u|²/p* perfectly: the peaks of q/((1 − q) I(q)), or p*.
PERFECT = {1: 1.12847, 2: 2.02671, 6: 6.0}


def model(p, p_star, a):
    return bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a))


def test_two_parameters_against_single_thresholds():
    result = bb.diagram(a=[0.1, 0.7, 5.0], p=[1, 3], p_star=2)
    assert (result.x_name, result.y_name, result.fixed) == ("a", "p", {"p_star": 2.0})
    for j, p in enumerate(result.y):
        for i, a in enumerate(result.x):
            at = bb.threshold(model(int(p), 2, a))
            cell = {name: field[j, i] for name, field in result.fields.items()}
            expected = {
                "alpha_bbp": at.alpha_bbp,
                "continuous": float(at.transition == "continuous"),
                "m2_jump": at.m2_jump,
                "eigenvalue": at.eigenvalue,
                "alpha_0": at.alpha_0,
            }
            assert cell == pytest.approx(expected, rel=1e-10)
    expected = [bb.critical_a(1, 2), bb.critical_a(3, 2)]
    assert result.lines["critical"]["a"] == pytest.approx(expected)
    assert result.status.ok
    assert 0 < result.worst_quadrature_error < 1e-10
    assert result.quadrature_error.shape == (2, 3)


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
        assert line["alpha_bbp"][i] == pytest.approx(bb.threshold(at).alpha_bbp, rel=1e-10)
        assert line["weak_recovery"][i] == at.p_star / 2
        assert line["perfect_recovery"][i] == pytest.approx(PERFECT[at.p_star], abs=2e-5)
        sharp = [left_edge(CommitteeLaw(at), x).kind for x in alphas]
        assert result.fields["sharp_edge"][:, i].tolist() == [kind == "sharp" for kind in sharp]
        assert (np.array(alphas) > line["alpha_sharp"][i]).tolist() == [k == "sharp" for k in sharp]
        assert result.quadrature_error[i] < 1e-11
    if name == "p_star" or given["p"] == math.inf:
        assert list(result.lines) == ["thresholds"]
        return
    given |= {name: bb.critical_a(given["p"], 1) if name == "a" else bb.critical_p(given["a"], 1)}
    corner = bb.threshold(model(given["p"], 1, given["a"]))
    found = {key: values.item() for key, values in result.lines["critical"].items()}
    assert found == pytest.approx({name: given[name], "alpha": corner.alpha_bbp}, rel=1e-10)


@pytest.mark.parametrize("axes", [{"p": [1, 2, 3]}, {"p": 2, "alpha": [1.0, 2.0, 3.0]}])
@pytest.mark.parametrize(("at_once", "steps"), [(1, [1, 2, 3]), (7, [2, 3]), (5000, [3])])
def test_progress_is_told_by_the_columns_that_are_done(monkeypatch, axes, at_once, steps):
    monkeypatch.setattr(cells, "AT_ONCE", at_once)
    told = []
    found = bb.diagram(a=[0.1, 0.2, 0.3], **axes, progress=lambda *done: told.append(done))
    assert told == [(done, 3) for done in steps]
    monkeypatch.undo()
    whole = bb.diagram(a=[0.1, 0.2, 0.3], **axes)
    for name, values in whole.fields.items():
        assert found.fields[name] == pytest.approx(values, rel=1e-12), name


def test_a_failed_cell_is_empty_and_said(monkeypatch):
    def fails(laws):
        found = transitions(laws)
        for values in (found.alpha, found.m2_jump, found.eigenvalue, found.alpha_0):
            values[laws.p == 2] = np.nan
        found.quadrature_error[laws.p == 2] = np.nan
        return found

    monkeypatch.setattr(cells, "transitions", fails)
    result = bb.diagram(a=[0.1, 1.0], p=[1, 2, 3])
    assert np.isnan(result.fields["alpha_bbp"][1]).all()
    assert np.isfinite(result.fields["alpha_bbp"][[0, 2]]).all()
    assert result.status.problem == "2 of 6 solves failed"
    assert "2 of 6 solves failed: their cells are empty" in result.summary()
    values = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert values["fields"]["alpha_bbp"][1] == [None, None]


def test_an_accuracy_that_falls_short_is_said(monkeypatch):
    result = bb.diagram(a=[0.1, 1.0], p=[1, 2])
    assert result.status.ok
    monkeypatch.setattr(module, "GOAL", 0.0)
    assert result.status.problem.startswith("4 of 4 thresholds have a quadrature error above")
    assert f"{result.worst_quadrature_error:.1g}" in result.status.advice
    assert str(result.status) in " ".join(result.summary().split())


def test_columns_are_tidy():
    result = bb.diagram(a=[0.1, 1.0], p=[1, 2, 3])
    frame = result.to_dataframe()
    assert list(frame)[:3] == ["a", "p", "alpha_bbp"]
    assert frame.a.tolist() == [0.1, 1.0] * 3
    assert frame.p.tolist() == [1, 1, 2, 2, 3, 3]
    alone = bb.threshold(model(2, 1, 1.0)).alpha_bbp
    assert frame.alpha_bbp[3] == pytest.approx(alone, rel=1e-10)


@pytest.mark.parametrize(
    ("axes", "shape", "fixed"),
    [
        ({}, ("a", 60, "p", 20), {"p_star": 1}),
        ({"a": [0.1, 1.0]}, ("a", 2, "p", 20), {"p_star": 1}),
        ({"p_star": [1, 2]}, ("a", 60, "p_star", 2), {"p": 2}),
        ({"p": [1, 2], "p_star": [1, 3]}, ("p_star", 2, "p", 2), {"a": 0.01}),
        ({"alpha": [1.0, 2.0]}, ("a", 60, "alpha", 2), {"p": 2, "p_star": 1}),
        ({"alpha": [1.0, 2.0], "p": [1, 2]}, ("p", 2, "alpha", 2), {"p_star": 1, "a": 0.01}),
    ],
)
def test_what_is_not_given_is_a_list_where_one_is_missing(monkeypatch, axes, shape, fixed):
    nothing = ({}, {}, np.zeros(1))
    for name in ("over_alpha", "over_parameters"):
        monkeypatch.setattr(module, name, lambda *arguments: nothing)
    result = bb.diagram(**axes)
    assert (result.x_name, result.x.size, result.y_name, result.y.size) == shape
    assert result.fixed == fixed
    if result.x_name == "a" and "a" not in axes:
        assert result.x[[0, -1]] == pytest.approx([1e-3, 10])


@pytest.mark.parametrize("axes", [{"a": [0.1, 9.0], "p": [1, 2]}, {"p": math.inf, "alpha": [1, 2]}])
def test_the_record_is_exact_and_the_table_says_what_it_shows(axes):
    result = bb.diagram(**({"a": [0.05, 0.5]} | axes))
    record = result.to_dict()
    assert type(result).from_dict(json.loads(json.dumps(record))).to_dict() == record
    text = result.summary()
    at_infinity = axes["p"] == math.inf
    assert record["eigenvalue_unit"] == ("2/p" if at_infinity else "1")
    assert ("eigenvalue in units of 2/p" in text) == at_infinity
    line = next(line for line in text.splitlines() if line.startswith("eigenvalue"))
    field = result.fields["eigenvalue"]
    assert line.split()[-2:] == [f"{field.min():.6g}", f"{field.max():.6g}"]
    assert text.splitlines()[0] == result.headline()
    assert result.headline().startswith("Diagram over a and ")


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"a": 1.0, "p": 2}, "exactly two .* got 0$"),
        ({"p": [1], "p_star": [1], "alpha": [1.0]}, "exactly two .* got 3: p_star, p, alpha"),
        ({"a": [1.0], "p": [2], "p_star": [1]}, "exactly two .* got 3: a, p_star, p"),
        ({"a": [1.0, 0.5], "p": [2]}, "a must increase"),
        ({"a": [1.0, 1.0], "p": [2]}, "a must increase"),
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
