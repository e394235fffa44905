"""Diagrams of inputs with structure, β an axis among the others: against single calls."""

import json

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.route import route


def model(p, a, beta=None, **parts):
    covariance = parts.pop("covariance", "isotropic") if beta is None else f"power:{beta}"
    inputs = bb.InputLaw(covariance, **parts)
    return bb.TeacherStudent(p, 1, bb.NormalizedSquare(a), inputs=inputs)


def test_thresholds_over_beta():
    found = bb.diagram(a=[0.3, 3.0], beta=[0.0, 0.4, 0.8], p=2, N=120)
    assert (found.x_name, found.y_name) == ("a", "beta")
    for j, beta in enumerate(found.y):
        for i, a in enumerate(found.x):
            at = bb.threshold(model(2, a, beta), 120)
            assert found.fields["alpha_bbp"][j, i] == at.alpha_bbp
            assert found.fields["m2_jump"][j, i] == at.m2_jump
            assert found.fields["continuous"][j, i] == (at.transition == "continuous")
    assert found.lines == {}
    assert found.status.ok
    standard = bb.diagram(a=[0.3, 3.0], p=[2, 3])
    for name, values in standard.fields.items():
        assert found.fields[name][0] == pytest.approx(values[0], rel=1e-9), name
    # And they do depend on β.
    assert found.fields["alpha_bbp"][2, 0] < 0.7 * found.fields["alpha_bbp"][0, 0]


def test_spectra_over_beta_and_alpha():
    alphas = [0.5, 2.0, 4.0]
    found = bb.diagram(a=0.5, beta=[0.0, 0.5], alpha=alphas, p=1, N=100)
    standard = bb.diagram(a=[0.5, 0.6], alpha=alphas, p=1)
    for name, values in standard.fields.items():
        assert found.fields[name][:, 0] == pytest.approx(values[:, 0], rel=1e-9), name
    for row, alpha in enumerate(alphas):
        way = route(model(1, 0.5, 0.5), 100)
        left = way.edges(alpha)[0]
        teacher = [one for one in way.outliers(alpha) if one.direction == "teacher"]
        m2, value = found.fields["m2"][row, 1], found.fields["eigenvalue"][row, 1]
        assert m2 == pytest.approx(teacher[0].m2 if teacher else 0.0, rel=1e-6)
        place = teacher[0].eigenvalue if teacher else left.value
        assert value == pytest.approx(place, rel=1e-6)
        assert found.fields["sharp_edge"][row, 1] == (left.kind == "sharp")
    assert found.fields["m2"][2].min() > 0.1
    line = found.lines["thresholds"]
    assert line["alpha_bbp"][1] == bb.threshold(model(1, 0.5, 0.5), 100).alpha_bbp
    assert "weak_recovery" not in line
    assert list(found.lines) == ["thresholds"]


@pytest.mark.parametrize(
    "parts", [{"radial": "0.4,1.6"}, {"covariance": "1,4", "radial": "atoms:0.5@0.5,1.5@0.5"}]
)
def test_fixed_inputs(parts):
    found = bb.diagram(a=[0.3, 1.0], p=[1, 2], inputs=bb.InputLaw(**parts))
    expected = bb.threshold(model(2, 1.0, **parts)).alpha_bbp
    assert found.fields["alpha_bbp"][1, 1] == expected
    assert found.inputs.label[0] in found.headline()
    assert not found.standard
    # A number β and norms go together.
    inputs = bb.InputLaw(radial="0.4,1.6")
    both = bb.diagram(a=[0.3, 1.0], p=1, alpha=[1.0, 2.0], beta=0.5, inputs=inputs, N=60)
    at = bb.threshold(model(1, 1.0, 0.5, radial="0.4,1.6"), 60)
    assert both.lines["thresholds"]["alpha_bbp"][1] == at.alpha_bbp
    assert both.fixed["beta"] == 0.5


def test_the_record_and_the_figure():
    inputs = bb.InputLaw(radial="0.4,1.6")
    cells = bb.diagram(a=[0.3, 1.0, 3.0], beta=[0.0, 0.4], p=1, inputs=inputs, N=60)
    plane = bb.diagram(a=0.5, beta=[0.0, 0.4], alpha=[0.5, 3.0], p=1, N=60)
    for one in (cells, plane):
        record = json.loads(json.dumps(one.to_dict(), allow_nan=False))
        again = type(one).from_dict(record)
        assert again.to_dict() == one.to_dict()
        assert (again.inputs, again.N) == (one.inputs, 60)
        figure = one.plot()
        (title,) = [text.get_text() for text in [figure._suptitle]]
        assert "$N = 60$" in title
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert not any("weak recovery" in text or "tricritical" in text for text in legend)
    figure = cells.plot()
    assert figure.axes[0].get_ylabel() == r"exponent of the covariance $\beta$"
    # The colour is α itself.
    assert figure.axes[-1].get_ylabel() == r"$\alpha$"
    (mesh, *_) = figure.axes[0].collections
    shown = np.ma.getdata(mesh.get_array()).ravel()
    np.testing.assert_allclose(shown, cells.fields["alpha_bbp"].ravel())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"a": [1.0], "beta": [0.5]}, "N must be given: a power law"),
        ({"a": [1.0], "beta": [-0.5], "N": 50}, "beta must be"),
        ({"a": [1.0], "beta": [0.5, 0.2], "N": 50}, "beta must increase"),
        ({"a": [1.0], "beta": [0.5], "N": 0}, "N must be a positive integer"),
        ({"a": [1.0], "p": [1], "beta": -1.0, "N": 50}, "beta must be"),
        (
            {"a": [1.0], "beta": [0.5], "N": 50, "inputs": bb.InputLaw("1,4")},
            "leave out the covariance",
        ),
        ({"a": [1.0], "p": [1], "inputs": bb.InputLaw("power:1")}, "N must be given"),
        ({"a": [1.0], "p": [1], "inputs": bb.InputLaw(radial="chi2:3")}, "no upper bound"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.diagram(**arguments)
