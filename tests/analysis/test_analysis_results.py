"""What an analysis and an extrapolation owe: an exact record, a summary, a table, a page."""

import functools
import json

import numpy as np
import pytest
from tests.analysis import synthetic

import bbpscape as bb
from bbpscape.analysis.crossings import UNCLEAR
from bbpscape.analysis.extrapolation import extrapolate


def overlaps():
    """Overlaps that begin at α = 1 + 5/√N, with the theory of two points."""
    means = [np.maximum(0, 0.6 * (synthetic.ALPHAS - 1 - 5 / n**0.5)) for n in (100, 400, 1600)]
    curves = [
        synthetic.curve(n, mean, 50, 4, 0.1)
        for n, mean in zip((100, 400, 1600), means, strict=True)
    ]
    return synthetic.study(curves, "m2", theory=((1.0, 0.0), (2.0, 0.6)))


KINDS = {
    "Analysis": (
        lambda: bb.analyse(overlaps(), level=0.2, label_draws=4, resamples=50, seed=2),
        (
            "m2: p = 1, p* = 1, a = 2",
            "alpha_bbp (discontinuous)",
            "alpha_1/2 at N = 100",
            "N = 100 and 400",
            "N = 1600 at 0.2",
            "Onset by a line",
            "m2 at alpha = 2",
        ),
        ("curves", "draws", "alphas", "samples"),
        3 + 3 + 3 * 4 + 3,
    ),
    "Extrapolation": (
        lambda: extrapolate("x", [100, 1000, 10000], [1.0, 1.1, 1.2], [1e-4, 2e-4, 3e-4], 1.5),
        ("x as N → ∞", "N = 100, 1000, 10000", "N^(-2/3)", "1/log N", "1.500"),
        (),
        3,
    ),
}


@functools.cache
def made(name):
    return KINDS[name][0]()


def keys(record):
    if isinstance(record, dict):
        return set(record) | {key for one in record.values() for key in keys(one)}
    if isinstance(record, list):
        return {key for one in record for key in keys(one)}
    return set()


@pytest.mark.parametrize("name", KINDS)
def test_the_record_is_exact(name):
    one = made(name)
    record = one.to_dict()
    again = bb.Result.from_dict(json.loads(json.dumps(record, allow_nan=False)))
    assert type(again) is type(one)
    assert again.to_dict() == record
    assert again.summary() == one.summary()
    assert not again.to_dataframe().compare(one.to_dataframe()).size


@pytest.mark.parametrize("name", KINDS)
def test_a_compact_record_leaves_out_the_draws(name):
    one, bulky = made(name), set(KINDS[name][2])
    # Sizes of half points are draws too, but these are numbers.
    assert keys(one.to_dict()) - keys(one.to_dict(compact=True)) | {"draws"} == bulky | {"draws"}


@pytest.mark.parametrize("name", KINDS)
def test_the_summary_and_the_page_show_what_it_is_of(name):
    one = made(name)
    page, report = one._repr_html_(), one.report()
    for part in KINDS[name][1]:
        assert part in one.summary(), part
    assert page.count("<table>") == len(report.tables)
    for table in report.tables:
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)


@pytest.mark.parametrize("name", KINDS)
def test_the_table_has_a_row_for_each(name):
    frame = made(name).to_dataframe()
    assert len(frame) == KINDS[name][3]
    assert frame.notna().any().all()


def test_the_table_of_an_analysis_is_what_was_found():
    one = made("Analysis")
    frame = one.to_dataframe()
    assert frame.kind.value_counts().to_dict() == {
        "crossing": 3,
        "level": 3,
        "onset": 12,
        "half": 3,
    }
    level = frame[frame.kind == "level"]
    assert level.N.tolist() == [100, 400, 1600]
    assert level.alpha.tolist() == [found.alpha for found in one.level_points]
    # They are where they were put: 1 + 5/√N + 0.2/0.6.
    expected = 1 + 5 / np.sqrt(level.N) + 1 / 3
    assert (abs(level.alpha - expected) < 4 * level.standard_error).all()
    assert (abs(level.alpha - expected - 0.2) > 4 * level.standard_error).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_it_says_what_is_unclear(seed):
    """One curve twice: what crossing there is lies in its errors."""
    same = [synthetic.curve(n, 0.3 + 0.1 * synthetic.ALPHAS, 40, seed, 0.1) for n in (100, 400)]
    found = bb.analyse(synthetic.study(same, "lowest"), resamples=20, label_draws=0)
    assert [one.status for one in found.crossings] == [UNCLEAR]
    assert "1 of 1 crossing unclear" in str(found.status)
    assert "1 of 1 crossing unclear" in found.summary()
    clear = synthetic.study(synthetic.sigmoids((250, 1000), 1.55, 400, seed))
    found = bb.analyse(clear, resamples=20, label_draws=0)
    assert found.status.ok
    assert "unclear" not in found.summary()


@pytest.mark.parametrize(
    ("values", "errors", "preferred", "problem"),
    [
        ([1 + 2 * n ** (-2 / 3) for n in (100, 1000, 10000)], 1e-4, "N^(-2/3)", ""),
        ([1.0, 2.0, 1.0], 1e-4, "neither", "neither form fits"),
        ([1.0, 1.1, 1.15], 1.0, "undecided", "cannot be told apart"),
    ],
)
def test_the_status_of_an_extrapolation(values, errors, preferred, problem):
    found = extrapolate("x", [100, 1000, 10000], values, [errors**2] * 3)
    assert found.preferred == preferred
    assert found.status.ok == (not problem)
    assert problem in str(found.status)
    assert problem in found.summary()
