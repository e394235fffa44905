"""The table of parameters: every entry takes its default and says what it does not take."""

import math
from pathlib import Path

import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.parameters import PARAMETERS, parameter
from bbpscape.model.teacher_student import TeacherStudent


@pytest.mark.parametrize("one", PARAMETERS.values(), ids=PARAMETERS)
def test_an_entry_takes_its_default_and_refuses_nonsense(one):
    name = one.name
    assert one.help.endswith(".")
    assert len(one.help) <= 75
    if one.default is not None:
        assert one.check(name, one.default) == one.default
        assert isinstance(one.default, one.kind)
    for value in (None, object(), 3 if one.kind in (str, Path) else "nonsense", [[1], [2, 3]]):
        with pytest.raises(InvalidInput, match=name.replace(".", r"\.")) as error:
            one.check(name, value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("p", "inf", math.inf),
        ("p", 3.0, 3),
        ("p_star", 3.0, 3),
        ("a", 1, 1.0),
        ("overlap", -0.0, 0.0),
        ("second_layer", [1, 2], (1.0, 2.0)),
        ("seed", 0, 0),
        ("beta", 1, 1.0),
    ],
)
def test_values_come_out_in_their_type(name, given, value):
    found = PARAMETERS[name].check(name, given)
    assert found == value
    assert type(found) is type(value)
    assert math.copysign(1, found) == 1 if isinstance(found, float) else True


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("p", 0),
        ("p", 1.5),
        ("p_star", math.inf),
        ("a", 0.0),
        ("a", math.inf),
        ("delta", -1.0),
        ("alpha", 0),
        ("N", 0),
        ("draws", 0),
        ("seed", -1),
        ("beta", 1.1),
        ("dtype", "float16"),
        ("device", "tpu"),
        ("method", "sgd"),
        ("domain", "torus"),
        ("sphere", 1),
        ("flip", True),
        ("label_noise", math.nan),
    ],
)
def test_values_out_of_range_are_refused(name, given):
    with pytest.raises(InvalidInput, match=f"{name} must be .*got "):
        PARAMETERS[name].check(name, given)


def test_defaults_are_those_of_a_model():
    values = {n: p.default for n, p in PARAMETERS.items() if n in TeacherStudent().to_dict()}
    assert TeacherStudent().to_dict() == values
    assert TeacherStudent.from_dict(values) == TeacherStudent()


def test_names_in_commands_text_and_figures():
    assert PARAMETERS["p_star"].option == "--p-star"
    assert PARAMETERS["p_star"].plain == "p*"
    assert PARAMETERS["p_star"].axis == "teacher width $p^*$"
    assert PARAMETERS["label_noise"].axis == PARAMETERS["label_noise"].symbol == "label noise"
    assert PARAMETERS["N"].option == "--N"
    assert parameter("method", "simulate").option == "--method"
    assert parameter("method", "descend") is PARAMETERS["method"]
    assert (PARAMETERS["loss"].text, PARAMETERS["loss"].integer) == (True, False)
    assert (PARAMETERS["N"].text, PARAMETERS["N"].integer) == (False, True)
    with pytest.raises(InvalidInput, match="q is no parameter: use p, p_star"):
        parameter("q")
