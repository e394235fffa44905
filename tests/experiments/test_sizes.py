"""Sizes that no machine has are refused at once, in one line that says what to change."""

import pytest

import bbpscape as bb
from bbpscape.simulation.data.stream import StreamedHessian

MODEL = bb.TeacherStudent(2, 1)
DRAWN = (
    bb.simulate,
    bb.compare,
    bb.descend,
    bb.hessian_along,
    bb.draw,
    bb.eigen.cost,
    StreamedHessian,
)


def refusal(function, *arguments, **others):
    with pytest.raises(bb.InvalidInput) as stop:
        function(*arguments, **others)
    message = str(stop.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("function", DRAWN)
@pytest.mark.parametrize(
    ("alpha", "N", "parts"),
    [
        (1e308, 100, ["alpha N must be at most 9.01e+15", "inf"]),
        (1e200, 100, ["alpha N must be at most 9.01e+15", "1e+202"]),
        (1.0, 10**200, ["at most 9.01e+15", "e+200"]),
        (10**400, 100, ["alpha must be below 1e308"]),
    ],
)
def test_samples_that_cannot_be_counted(function, alpha, N, parts):
    message = refusal(function, MODEL, alpha, N)
    assert all(part in message for part in parts), message


@pytest.mark.parametrize("alpha", [1e308, 1e200])
def test_a_list_of_them(alpha):
    assert "at most 9.01e+15" in refusal(bb.methods, MODEL, [1.0, alpha], 100, 1)
    assert "at most 9.01e+15" in refusal(bb.recovery, MODEL, [1.0, alpha], 100, 1)
    assert "alpha must be between" in refusal(bb.overlap_curve, MODEL, [1.0, alpha])
    assert "alpha must be between" in refusal(bb.spectrum, MODEL, alpha)
    axes = {"alpha": [1.0, alpha], "N": 100}
    assert "at most 9.01e+15" in refusal(bb.Study, MODEL, axes, ["lowest"])


def test_a_hessian_that_is_wider_than_can_be_counted():
    wide = bb.TeacherStudent(10**9, 1)
    assert "p N must be at most 9.01e+15" in refusal(bb.simulate, wide, 1.0, 10**8)


@pytest.mark.parametrize("draws", [1e9, 10**9, 10**12])
@pytest.mark.parametrize("function", [bb.simulate, bb.compare])
def test_draws_that_could_not_be_kept(function, draws):
    assert "draws must be at most" in refusal(function, MODEL, 1.0, 10, draws)


def test_draws_of_the_others():
    assert "draws must be at most" in refusal(bb.methods, MODEL, [1.0], 10, 10**12)
    assert "draws must be from 1 to 1e+06" in refusal(bb.finite_size, MODEL, draws=1e12)
    assert "draws must be from 1 to 100000" in refusal(bb.descend, MODEL, 1.0, 10, 10**9)
    assert "draws must be from 1 to 10000" in refusal(bb.recovery, MODEL, [1.0], 10, 10**9)
