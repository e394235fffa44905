"""Message passing beside the state evolution."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.checks import InvalidInput


def model(teacher="quadratic", **labels):
    return bb.TeacherStudent(1, 1, "square", teacher=teacher, labels=bb.Labels(**labels))


@pytest.mark.parametrize(
    ("given", "alpha", "N"),
    [
        ({}, [0.9, 1.5], 500),
        ({"teacher": "relu"}, [0.5, 1.2], 400),
        ({"teacher": "tanh", "flip": 0.2}, [0.5], 400),
        ({"teacher": "sign(u1)"}, [0.5, 2.0], 400),
        ({"noise": 0.2}, [2.5], 120),
        ({"poisson": True}, [3.0], 120),
    ],
)
def test_message_passing_follows_the_state_evolution(given, alpha, N):
    found = bb.bayes_optimal(model(**given), alpha, N, 12, seed=1)
    theory, error = found.theory.uninformed, found.standard_error + 1e-6
    assert abs((found.measured - theory) / error).max() < 4
    # Half the information would be seen.
    half = bb.bayes_optimal(model(**given), np.array(alpha) / 2).theory.uninformed
    assert (abs((found.measured - half) / error) > 4).all()


def test_no_message_passing_without_a_size():
    found = bb.bayes_optimal(model(), [0.9])
    assert found.measured.shape == (0,)
    assert "measured" not in found.to_dataframe()
    assert "AMP measured" not in found.summary()


def test_the_record_is_exact_and_the_summary_names_all():
    found = bb.bayes_optimal(model(), [0.9, 1.2], 40, 2)
    again = type(found).from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()
    assert again.model == found.model
    text = found.summary()
    for word in ("information limit", "uninformed", "1.12847", "perfect recovery is possible"):
        assert word in text
    assert list(found.to_dataframe().columns) == [
        "alpha", "uninformed", "informed", "information", "measured", "standard_error", "unsettled",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"N": 0}, "N must be a positive integer"),
        ({"N": 20, "alpha": [1e-3]}, "alpha must be at least 1/N"),
        ({"start": 1.5}, "start must be from 0 to 1"),
        ({"draws": 0}, "draws must be a positive integer"),
        ({"model": bb.TeacherStudent(1, 2), "N": 20}, "N needs p_star = 1"),
        ({"model": bb.TeacherStudent(np.inf, 1), "N": 20}, "N needs a finite p"),
        ({"model": bb.spectral.GeneralChannel(1, lambda y, t: y, outcomes=(0, 1)), "N": 20},
         "N needs a TeacherStudent"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_one_line(given, match):
    with pytest.raises(InvalidInput, match=match):
        bb.bayes_optimal(**{"model": model(), "alpha": [1.0]} | given)
