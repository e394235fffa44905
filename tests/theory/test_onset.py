"""α₀ of a line over a window: its limit of no width, and a direct least-squares fit."""

import numpy as np
import pytest

from bbpscape import InvalidInput, NormalizedSquare, TeacherStudent, linear_onset, overlap_curve

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


@pytest.mark.parametrize("windows", [[], [0.0], 0.1, [True], [1e9]])
def test_bad_windows(windows):
    with pytest.raises(InvalidInput, match="windows must"):
        linear_onset(DISCONTINUOUS, windows)
