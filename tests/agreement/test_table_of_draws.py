"""The committed table of single draws: 30 committees × 200 draws and 15 networks × 40.

It says what the theory of draws is off by, and so what ``compare`` expects of it. A few of its
predictions are made anew, so that a broken theory fails.
"""

import numpy as np
import pytest

pytest.importorskip("benchmarks", reason="not part of this distribution")

from benchmarks import draws as table

from bbpscape.theory.finite import draw_noise
from bbpscape.theory.finite.draw_copies import ERRORS

ROWS = table.read()
COMMITTEES = [row for row in ROWS if row["kind"] == "committee"]
NETWORKS = [row for row in ROWS if row["kind"] == "network"]


def numbers(rows, name):
    return np.array([float(row[name]) for row in rows])


def scores(rows, name):
    """z with what the theory is expected to be off by."""
    unit = numbers(rows, "scale" if name == "eigenvalue" else "m2_theory")
    return table.scores(rows, name, unit * ERRORS[name == "m2"])


def test_the_table_is_whole():
    assert [int(row["index"]) for row in COMMITTEES] == list(range(30))
    assert {row["draws"] for row in COMMITTEES} == {"200"}
    assert len(NETWORKS) == 15
    said = " ".join(row["model"] for row in NETWORKS)
    assert all(f"{name}, square loss" in said for name in ("relu", "gelu", "softplus"))


def spread(z):
    return z.std(ddof=1)


def test_committees_have_scores_of_mean_0_and_spread_1():
    """With what is expected: eigenvalues −0.206 ± 0.16, 0.85; m² 0.15, 0.99."""
    eigenvalue, m2 = (scores(COMMITTEES, name) for name in ("eigenvalue", "m2"))
    assert abs(eigenvalue.mean()) < 0.21
    assert abs(m2.mean()) < 0.2
    assert 0.8 < spread(eigenvalue) < 1.2
    assert 0.8 < spread(m2) < 1.2


def test_without_what_is_expected_m2_is_off():
    """By a percent or two, which 200 draws show: mean 1.0, spread 2.3. Eigenvalues are not."""
    eigenvalue, m2 = (table.scores(COMMITTEES, name) for name in ("eigenvalue", "m2"))
    assert m2.mean() == pytest.approx(1.0, abs=0.1)
    assert spread(m2) == pytest.approx(2.27, abs=0.1)
    gaps = numbers(COMMITTEES, "m2") / numbers(COMMITTEES, "m2_theory") - 1
    assert np.median(abs(gaps)) < 0.012
    assert abs(eigenvalue.mean()) < 0.22
    assert 0.8 < spread(eigenvalue) < 1.2


def test_copies_split_by_what_is_measured():
    several = [row for row in COMMITTEES if float(row["split"]) > 1e-9]
    assert len(several) == 27
    ratio = numbers(several, "split_theory") / numbers(several, "split")
    assert abs(ratio - 1).max() < 0.1


def test_networks():
    """Nothing was set after them: eigenvalues −0.58, 0.77; m² 0.18, 0.73, of 15."""
    eigenvalue, m2 = (table.scores(NETWORKS, name) for name in ("eigenvalue", "m2"))
    assert abs(eigenvalue.mean()) < 0.65
    assert abs(m2.mean()) < 0.2
    assert 0.7 < spread(eigenvalue) < 1.2
    assert 0.7 < spread(m2) < 1.2
    several = [row for row in NETWORKS if float(row["split"]) > 1e-9]
    ratio = numbers(several, "split_theory") / numbers(several, "split")
    assert abs(ratio - 1).max() < 0.1


def first(index):
    """Predictions of the first draws, made anew, and those of the table."""
    (row,) = [row for row in ROWS if int(row["index"]) == index]
    cases = {case.index: case for case in table.networks()} if index >= 100 else {}
    case = cases.get(index) or table.committee(index)
    found = np.mean([case.draw(draw)[1] for draw in range(table.FIRST)], axis=0)
    return found, [float(row[f"{name}_first"]) for name in table.NUMBERS], float(row["scale"])


def off(index):
    """By how much they differ: eigenvalues in units of the scale, m² and the splitting of 1."""
    found, kept, scale = first(index)
    return np.abs(
        [(found[0] - kept[0]) / scale, found[1] / kept[1] - 1, found[2] / max(kept[2], 1e-9) - 1]
    )[: 2 + (kept[2] > 0)]


@pytest.mark.parametrize("index", [11, 23, 103])
def test_predictions_are_those_of_the_table(index):
    assert off(index).max() < 1e-3


def test_without_the_fluctuations_of_a_draw_they_are_not(monkeypatch):
    one = draw_noise.Fluctuations.one
    monkeypatch.setattr(draw_noise.Fluctuations, "one", lambda self, g: 0 * one(self, g))
    assert off(11).max() > 0.02
