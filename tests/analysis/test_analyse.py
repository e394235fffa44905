"""Crossings, level points and onsets of made-up draws, whose answers are known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from tests.analysis import synthetic

import bbpscape as bb
from bbpscape.analysis import curves as curve_module
from bbpscape.analysis.analyse import analyse
from bbpscape.analysis.crossings import crossings, level_points, sign_change
from bbpscape.analysis.onset import onsets
from bbpscape.study.cells import Cell
from bbpscape.theory.overlap_curve import overlap_curve

SIZES = (250, 1000, 4000)


def test_a_crossing_is_found_within_its_errors():
    """Of 40 crossings, near all within two standard errors, and their pulls of spread 1."""
    pulls, founds = [], []
    for seed in range(40):
        curves = synthetic.sigmoids(SIZES[:2], 1.55, 400, seed)
        (found,) = crossings(curves, synthetic.resampled(curves))
        founds.append(found)
        pulls.append((found.alpha - 1.55) / found.standard_error)
    assert sum(one.status == "crossing" for one in founds) >= 38
    assert np.mean(np.abs(pulls) < 2) > 0.85
    assert 0.7 < np.std(pulls) < 1.4
    # A crossing elsewhere would be seen.
    assert abs(np.mean(pulls)) < 0.5
    # Errors half as large, or a crossing 0.1 away, would be seen.
    assert np.std(pulls) / 0.5 > 1.4
    assert 0.1 / np.median([one.standard_error for one in founds]) > 1.5


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_curves_that_do_not_cross(shift):
    """One curve twice, and one below the other: a clear crossing is rare."""
    seen = []
    for seed in range(40):
        same = 1 / (1 + np.exp(-3 * (synthetic.ALPHAS - 1.6)))
        lower = 1 / (1 + np.exp(-3 * (synthetic.ALPHAS - 1.6) + shift))
        curves = [
            synthetic.curve(100, same, 400, seed),
            synthetic.curve(200, lower, 400, 1000 + seed),
        ]
        (found,) = crossings(curves, synthetic.resampled(curves, 20))
        seen.append(found.status)
    assert seen.count("crossing") <= 4


def test_a_level_is_reached_where_the_curve_is():
    pulls = []
    for seed in range(30):
        curves = synthetic.sigmoids((250,), 1.55, 400, seed)
        (found,) = level_points(curves, synthetic.resampled(curves), 0.7)
        pulls.append((found.alpha - 1.55 - math.log(0.7 / 0.3) / 3) / found.standard_error)
        assert found.interval[0] < found.alpha < found.interval[1]
    assert abs(np.mean(pulls)) < 0.6
    assert 0.7 < np.std(pulls) < 1.5


def test_the_error_of_a_crossing_is_that_of_other_draws():
    found = []
    for seed in range(60):
        curves = synthetic.sigmoids(SIZES[:2], 1.55, 200, seed)
        found.append(crossings(curves, synthetic.resampled(curves))[0])
    spread = np.std([one.alpha for one in found], ddof=1)
    assert np.median([one.standard_error for one in found]) == pytest.approx(spread, rel=0.35)


def test_resampling_in_parts_is_resampling(monkeypatch):
    one = synthetic.curve(100, [0.0, 1.0], 50, 1, 1.0, alphas=[1.0, 2.0])
    whole = one.resampled(np.random.default_rng(1), 2000)
    monkeypatch.setattr(curve_module, "MOST_AT_ONCE", 170)
    for means in (whole, one.resampled(np.random.default_rng(2), 2000)):
        assert means.shape == (2000, 2)
        errors = [values.std() / math.sqrt(50) for values in one.draws]
        np.testing.assert_allclose(means.std(axis=0), errors, rtol=0.08)
        np.testing.assert_allclose(means.mean(axis=0), one.mean, atol=0.015)


def test_neighbours_and_the_outermost_are_compared():
    curves = synthetic.sigmoids(SIZES, 1.6, 100, 0)
    found = crossings(curves, synthetic.resampled(curves))
    assert [one.sizes for one in found] == [(250, 1000), (1000, 4000), (250, 4000)]
    short = [synthetic.curve(n, [0.2, 0.5, 0.8], 50, 0, alphas=[1, 2, 3]) for n in (10, 20)]
    (one,) = crossings(short, synthetic.resampled(short, 10))
    assert (one.status, one.alpha, one.found) == ("too few alphas", None, 0.0)


def test_the_sign_change_of_a_polynomial_is_exact():
    alphas = np.linspace(1, 3, 8)
    difference = (alphas - 1.7) * (4 - alphas)
    again = np.array([(alphas - r) * (4 - alphas) for r in (1.6, 1.7, 1.8)])
    found = sign_change(alphas, difference, np.full(8, 1e-4), again, (1, 2))
    assert found.degree == 2
    assert found.alpha == pytest.approx(1.7, abs=1e-9)
    assert found.standard_error == pytest.approx(0.1, abs=1e-9)
    assert found.found == 1.0
    # Of two sign changes, the one whose sides are clear.
    twice = sign_change(alphas, (alphas - 1.05) * (alphas - 2.2), np.full(8, 1e-4), again, (1, 2))
    assert twice.alpha == pytest.approx(2.2, abs=1e-9)


def test_an_onset_is_where_the_line_is():
    """A line is recovered; a bent curve gives another onset for each window, and a spread."""
    straight, bent = 0.3 * (synthetic.ALPHAS - 1.1), 0.2 * np.sqrt(synthetic.ALPHAS - 0.7)
    for means, known in ((straight, True), (bent, False)):
        curves = [synthetic.curve(n, means, 100, n, spread=0.02) for n in (100, 400)]
        for size in onsets(curves, synthetic.resampled(curves), 1.4, (0.01, 0.4, 0.8)):
            few, *lines = size.windows
            assert (few.points, few.alpha, few.found) == (1, None, 0.0)
            for one in lines:
                assert (abs(one.alpha - 1.1) < 3 * one.standard_error) == known
            assert size.spread == abs(lines[0].alpha - lines[1].alpha)
            assert (size.spread > 2 * lines[0].standard_error) == (not known)
    falling = [synthetic.curve(100, -straight, 100, 1, spread=0.02)]
    assert onsets(falling, synthetic.resampled(falling), 1.4)[0].windows[-1].alpha is None


def test_the_onset_of_the_theory_is_the_linear_onset():
    """Draws about m² of N → ∞, on a fine grid: the onset of ``linear_onset``."""
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0))
    start, width = bb.threshold(model).alpha_bbp, 0.4
    alphas = np.linspace(start * (1 + 1e-9), start * (1 + width), 200)
    curves = [synthetic.curve(500, overlap_curve(model, alphas).m2, 4, 3, 1e-5, alphas)]
    ((size,),) = (onsets(curves, synthetic.resampled(curves, 10), start, (width,)),)
    expected = bb.linear_onset(model, (width,)).alpha_0[0]
    assert size.windows[0].alpha == pytest.approx(expected, abs=2e-3)
    assert abs(expected - bb.threshold(model).alpha_0) > 0.05


def test_everything_together_is_reproducible_and_json():
    curves = synthetic.sigmoids(SIZES, 1.55, 300, 1)
    study = synthetic.study(curves)
    one, again = (analyse(study, "phi", label_draws=20, resamples=100) for _ in range(2))
    text = json.dumps(one.to_dict(), allow_nan=False)
    assert text == json.dumps(again.to_dict(), allow_nan=False)
    other = analyse(study, "phi", label_draws=0, resamples=100, seed=1)
    assert other.crossings[0].alpha == one.crossings[0].alpha
    assert other.crossings[0].standard_error != one.crossings[0].standard_error
    assert other.predictions.half == ()
    assert [round(h.N) for h in one.predictions.half] == list(SIZES)
    assert one.predictions.alpha_bbp == pytest.approx(1.690417, abs=1e-6)
    whats = [found.what for found in one.extrapolations]
    assert whats[:2] == ["crossing", "phi = 0.5"]
    assert one.extrapolations[0].sizes == pytest.approx([500, 2000])
    assert one.extrapolations[1].expected == one.predictions.alpha_bbp
    assert len([what for what in whats if " at alpha = " in what]) == 9


def test_an_overlap_has_onsets_and_limits():
    means = 0.3 * (synthetic.ALPHAS - 1.1)
    curves = [
        synthetic.curve(n, means + 3 * n ** (-2 / 3), 200, n, 0.02) for n in (100, 400, 1600, 6400)
    ]
    limits = list(zip(synthetic.ALPHAS.tolist(), means.tolist(), strict=True))
    study = synthetic.study(curves, "total_m2", theory=limits)
    found = analyse(study, label_draws=0, resamples=100, windows=(0.4, 0.8))
    at = {one.what: one for one in found.extrapolations}
    last = at["total_m2 at alpha = 2"]
    assert last.expected == pytest.approx(0.27)
    assert abs(last.power.limit - 0.27) < 3 * last.power.standard_error
    assert abs(last.logarithm.limit - 0.27) > 10 * last.logarithm.standard_error
    assert last.preferred == "N^(-2/3)"
    line = at["onset, window 0.8"]
    assert abs(line.power.limit - 1.1) < 3 * line.power.standard_error
    assert line.expected == found.predictions.linear_onset[0.8]
    moved = analyse(study, label_draws=0, resamples=100, windows=(0.8,), start=1.2)
    assert moved.onsets[0].start == 1.2
    assert all(one.expected is None for one in moved.extrapolations if "onset" in one.what)


def test_a_model_without_closed_forms_says_what_is_missing():
    curves = synthetic.sigmoids((20, 40), 1.55, 20, 1)
    study = synthetic.study(curves, "m2")
    rows = []
    for row in study.rows:
        values = row.cell.parameters | {"activation": "relu", "a": 1.0}
        rows.append(replace(row, cell=Cell.of(values)))
    found = analyse(replace(study, rows=tuple(rows)), label_draws=0, start=1.2, resamples=20)
    assert "linear_onset" in found.predictions.missing
    assert found.onsets[0].start == 1.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"observable": "gap"}, "observable must be one of phi"),
        ({"level": math.nan}, "level must be a finite number"),
        ({"level": "x"}, "level must be a number"),
        ({"start": -1.0}, "start must be finite and greater than 0"),
        ({"windows": 0.1}, "windows must be a list"),
        ({"windows": [0.0]}, "windows must be finite and greater than 0"),
        ({"resamples": 1}, "resamples must be from 10 to"),
        ({"resamples": 10.5}, "resamples must be an integer"),
        ({"seed": -1}, "seed must be"),
        ({"label_draws": True}, "label_draws must be"),
    ],
)
def test_refusals(options, message):
    study = synthetic.study(synthetic.sigmoids((20, 40), 1.55, 5, 1))
    with pytest.raises(bb.InvalidInput, match=message):
        analyse(study, **options)


def test_studies_that_cannot_be_analysed():
    one = synthetic.study(synthetic.sigmoids((20, 40), 1.55, 1, 1))
    with pytest.raises(bb.InvalidInput, match="two draws at least, got 1"):
        analyse(one)
    alike = synthetic.study([synthetic.curve(20, np.ones(9), 5, 1)])
    with pytest.raises(bb.InvalidInput, match="all alike"):
        analyse(alike)
    other = synthetic.study(synthetic.sigmoids((20, 40), 1.55, 5, 1), a=1.0)
    both = replace(one, rows=one.rows + other.rows)
    with pytest.raises(bb.InvalidInput, match=r"select one a of 1\.0, 2\.0"):
        analyse(both)
    empty = replace(one, rows=())
    with pytest.raises(bb.InvalidInput, match="no draws to analyse"):
        analyse(empty)
