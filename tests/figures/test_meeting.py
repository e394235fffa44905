"""Where curves of several N meet: on curves of which it is known."""

import numpy as np
import pytest
from figures.kit import Data, table_of
from figures.meeting import phi_collapse, phi_crossings
from figures.together import phi_meeting

from figures import meeting

SIZES, CENTRE, DRAWS = [250, 500, 1000, 2000, 4000], 1.4, 20_000
ALPHA = np.linspace(1.1, 1.7, 7)


@pytest.fixture(autouse=True)
def fewer(monkeypatch):
    monkeypatch.setattr(meeting, "RESAMPLES", 100)


def curves(drift):
    """φ = 1/2 + x/10, x = (α/α(N) − 1) N^(1/3), where α(N) = 1.4 (1 + drift N^(−2/3))."""
    records = []
    for N in SIZES:
        centre = CENTRE * (1 + drift * N ** (-2 / 3))
        for alpha in ALPHA:
            mean = 0.5 + 0.1 * (alpha / centre - 1) * N ** (1 / 3)
            row = {"case": "continuous", "N": N, "alpha": float(alpha), "mean": mean}
            records.append(row | {"draws": DRAWS})
    return Data("figure03", "full", {"N": SIZES}, {"phi": table_of(records)})


def test_curves_that_meet_in_one_point():
    data = curves(0.0)
    for one in phi_crossings(data, "continuous"):
        assert one.alpha == pytest.approx(CENTRE, abs=6e-3)
        assert 0 < one.standard_error < 0.04
    every = phi_collapse(data, "continuous")
    assert every.alpha == pytest.approx(CENTRE, abs=2e-3)
    for corrected, dof in ((False, 3), (True, 2)):
        both = phi_meeting(data, "continuous", corrected)
        assert both.alpha == pytest.approx(CENTRE, abs=6e-3)
        assert (both.dof, both.chi2 < 0.1) == (dof, True)


def test_a_crossing_that_moves_with_the_size_is_extrapolated():
    """By the first correction to the window's scaling, N^(−2/3)."""
    data = curves(-3.0)
    crossings = [one.alpha for one in phi_crossings(data, "continuous")][:-1]
    assert crossings == sorted(crossings, reverse=True)
    plain, corrected = (phi_meeting(data, "continuous", each) for each in (False, True))
    assert plain.alpha > CENTRE + 3 * plain.standard_error
    assert plain.chi2 > corrected.chi2 + 4
    assert abs(corrected.alpha - CENTRE) < abs(plain.alpha - CENTRE) / 2
    assert plain.standard_error < corrected.standard_error < 0.1


def test_errors_are_those_of_many_data():
    """Pulls have mean 0 and spread 1, χ² the mean of its degrees, where curves have errors."""
    generator, found = np.random.default_rng(5), []
    for _ in range(150):
        data = curves(0.0)
        table = data.tables["phi"]
        table["draws"] = [800] * len(table["mean"])
        table["mean"] = (generator.binomial(800, table["mean"]) / 800).tolist()
        found.append(phi_meeting(data, "continuous"))
    pulls = np.array([(one.alpha - CENTRE) / one.standard_error for one in found])
    assert abs(pulls.mean()) < 0.3
    assert 0.82 < pulls.std() < 1.2
    assert 2.4 < np.mean([one.chi2 for one in found]) < 3.7
