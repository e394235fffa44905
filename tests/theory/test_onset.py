"""α₀ of a line over a window: its limit of no width, and a direct least-squares fit."""

import json

import numpy as np
import pytest

from bbpscape import (
    InvalidInput,
    NormalizedSquare,
    TeacherStudent,
    linear_onset,
    overlap_curve,
)
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.onset import LinearOnset

DISCONTINUOUS = TeacherStudent(1, 1, NormalizedSquare(2.0))


def test_a_narrow_window_gives_the_tangent():
    result = linear_onset(DISCONTINUOUS, [1e-3])
    assert result.alpha_0[0] == pytest.approx(result.tangent, abs=2e-3)
    assert abs(result.alpha_0[0] - result.threshold.alpha_bbp) > 0.5


@pytest.mark.parametrize("window", [0.05, 0.5])
@pytest.mark.parametrize(("p", "a"), [(1, 2.0), (3, 1.0), (2, 0.01)])
def test_against_a_fit_on_many_points(p, a, window):
    model = TeacherStudent(p, 1, NormalizedSquare(a))
    result = linear_onset(model, [window])
    at = result.threshold.alpha_bbp
    edges = np.linspace(at, at * (1 + window), 2001)
    alphas = (edges[1:] + edges[:-1]) / 2
    slope, level = np.polyfit(alphas, overlap_curve(model, alphas).m2, 1)
    assert result.alpha_0[0] == pytest.approx(-level / slope, abs=1e-6)


def test_spread_over_windows():
    result = linear_onset(DISCONTINUOUS, (0.05, 0.4))
    assert result.spread == pytest.approx(abs(result.alpha_0[0] - result.alpha_0[1]))
    assert result.to_dict()["windows"] == [0.05, 0.4]


def test_of_a_network_and_of_a_law():
    """A committee given as a law of one's own is the committee; a network has a line too."""
    model = TeacherStudent(2, 1, NormalizedSquare(0.5))
    given = linear_onset(CommitteeLaw(model), (0.1, 0.4))
    assert given.alpha_0 == pytest.approx(linear_onset(model, (0.1, 0.4)).alpha_0, rel=1e-8)
    network = TeacherStudent(2, 1, "huber")
    found = linear_onset(network, (0.2,))
    at = found.threshold.alpha_bbp
    nodes, weights = np.polynomial.legendre.leggauss(8)
    alphas = at * (1.1 + 0.1 * nodes)
    m2 = overlap_curve(network, alphas).m2
    slope, level = np.polyfit(alphas, m2, 1, w=np.sqrt(weights))
    assert found.alpha_0[0] == pytest.approx(-level / slope, rel=1e-6)
    assert found.alpha_0[0] < at - 1e-4


def test_the_record_is_exact_and_the_table_says_it_all():
    result = linear_onset(DISCONTINUOUS, (0.05, 0.4))
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert json.dumps(LinearOnset.from_dict(json.loads(text)).to_dict()) == text
    assert (result.to_dict()["tangent"], result.to_dict()["spread"]) == (
        result.tangent,
        result.spread,
    )
    assert result.to_dataframe().alpha_0.tolist() == list(result.alpha_0)
    assert result.to_dataframe().window.tolist() == [0.05, 0.4]
    lines = result.summary().splitlines()
    assert lines[0] == "Linear onset of m2, p = 1, p* = 1, a = 2"
    shown = {line.split()[0]: line.split()[1] for line in lines[3:]}
    assert shown == {
        "tangent": f"{result.tangent:.6g}",
        "0.05": f"{result.alpha_0[0]:.6g}",
        "0.4": f"{result.alpha_0[1]:.6g}",
        "spread": f"{result.spread:.3g}",
    }


@pytest.mark.parametrize("windows", [[], [0.0], 0.1, [True], [1e9]])
def test_bad_windows(windows):
    with pytest.raises(InvalidInput, match="windows must"):
        linear_onset(DISCONTINUOUS, windows)
