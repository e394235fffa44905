"""Records, tables and reports of thresholds, spectra and overlap curves."""

import functools
import json
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.core.result import Result
from bbpscape.theory.spectrum import Spectrum
from bbpscape.theory.threshold import Threshold

MODELS = {
    "committee": bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0)),
    "infinite committee": bb.TeacherStudent(math.inf, 2, bb.NormalizedSquare(0.5)),
    "scalar network": bb.TeacherStudent(
        1, 1, bb.losses.AbsoluteNormalizedSquare(0.5), labels=bb.Labels(noise=0.1)
    ),
    "network": bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0), second_layer=(0.8, 0.2)),
}


@functools.cache
def results(name):
    model = MODELS[name]
    at = bb.threshold(model)
    alpha = 1.5 * at.alpha_bbp
    return at, bb.spectrum(model, alpha, points=25), bb.overlap_curve(model, [0.5 * alpha, alpha])


def through_json(result):
    return type(result).from_dict(json.loads(json.dumps(result.to_dict(), allow_nan=False)))


@pytest.mark.parametrize("name", MODELS)
def test_records_are_exact(name):
    for result in results(name):
        again = through_json(result)
        assert json.dumps(again.to_dict()) == json.dumps(result.to_dict())
        assert again.model == result.model
        assert again.summary() == result.summary()
        assert type(Result.from_dict(result.to_dict())) is type(result)


@pytest.mark.parametrize("name", MODELS)
def test_a_spectrum_read_back_answers_as_before(name):
    spectrum = results(name)[1]
    again = through_json(spectrum)
    x = np.linspace(spectrum.eigenvalue[0], spectrum.eigenvalue[-1], 12)[1:-1]
    for question in ("density", "fraction_below", "overlap_profile"):
        before = getattr(spectrum, question)(x)
        assert np.isfinite(before).all()
        assert getattr(again, question)(x).tolist() == before.tolist()
    if name == "infinite committee":
        with pytest.raises(InvalidInput, match="finite p"):
            again.spectral_shift(x[3])
    else:
        assert again.spectral_shift(x[3]) == spectrum.spectral_shift(x[3]) != 0
    np.testing.assert_allclose(
        again.profile, spectrum.overlap_profile(spectrum.eigenvalue), equal_nan=True
    )


@pytest.mark.parametrize("name", MODELS)
def test_tables(name):
    at, spectrum, curve = results(name)
    row = at.to_dataframe()
    assert row.shape[0] == 1
    assert row.alpha_bbp[0] == at.alpha_bbp
    assert list(spectrum.to_dataframe()) == ["eigenvalue", "rho", "cumulative", "overlap_profile"]
    assert spectrum.to_dataframe().shape[0] == 25
    assert curve.to_dataframe().m2.tolist() == curve.m2.tolist()


def test_the_unit_stands_beside_eigenvalues():
    """At p = ∞ they are those of (p/2) H, and a reader has to be told."""
    for result in results("infinite committee"):
        assert "eigenvalue (units of 2/p)" in result.summary()
        assert "eigenvalue (units of 2/p)" in result._repr_html_()
    for result in results("committee"):
        assert "eigenvalue" in result.summary()
        assert "units" not in result.summary()
    assert [result.to_dict()["eigenvalue_unit"] for result in results("committee")[:2]] == ["1"] * 2


def test_a_threshold_says_what_it_is_of_and_what_it_found():
    at = results("committee")[0]
    text = at.summary()
    assert text.startswith("BBP transition, p = 2, p* = 1, a = 1\n")
    for line in (
        f"alpha_bbp {at.alpha_bbp:.10g}",
        "transition discontinuous",
        f"m2_jump {at.m2_jump:.6g}",
        f"alpha_0 {at.alpha_0:.10g}",
        "alpha_weak_recovery 0.5",
        f"a_critical {at.a_critical:.10g}",
        "status converged",
    ):
        assert line in [" ".join(one.split()) for one in text.splitlines()]
    assert repr(at) == "<BBP transition, p = 2, p* = 1, a = 1>"
    second = results("network")[0].summary()
    assert "a_critical" not in second


def test_a_spectrum_lists_its_features():
    committee, network = results("committee")[1], results("network")[1]
    one = committee.outliers[0]
    lines = [" ".join(line.split()) for line in committee.summary().splitlines()]
    assert lines[3:] == [
        f"left edge, {committee.left_edge.kind} {committee.left_edge.value:.8g}",
        "right edge, unbounded inf",
        f"teacher outlier {one.eigenvalue:.8g} 2 {one.m2:.6g}",
    ]
    assert "note: relative error of edges, outliers and m2:" in network.summary()
    few = bb.spectrum(MODELS["committee"], 0.4, points=5).summary()
    assert "atom of mass 0.6" in few


def test_what_falls_short_is_said():
    spectrum = results("network")[1].to_dict()
    short = Spectrum.from_dict(spectrum | {"quadrature_error": 0.01})
    assert not short.status.ok
    assert "quadrature error 0.01, above 0.0001" in short.summary()
    assert Spectrum.from_dict(spectrum | {"quadrature_error": 1e-6}).status.ok
    lost = Spectrum.from_dict(spectrum | {"no_left_edge": "it falls"})
    assert "note: no left edge: it falls" in lost.summary()
    at = results("committee")[0].to_dict()
    at["diagnostics"] |= {"quadrature_error": 1e-3}
    short_threshold = Threshold.from_dict(at)
    assert not short_threshold.status.ok
    assert "quadrature error 0.001, above 1e-10" in short_threshold.summary()
    assert at["diagnostics"]["status"] == "converged"
    assert short_threshold.to_dict()["diagnostics"]["status"].startswith("quadrature error 0.001")
