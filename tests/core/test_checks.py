"""Checks of arguments: what comes out, and the one line for what does not pass."""

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from bbpscape.core import checks
from bbpscape.core.checks import InvalidInput


@pytest.mark.parametrize(
    ("check", "value", "arguments", "found"),
    [
        (checks.number, np.float32(0.5), (), 0.5),
        (checks.number, 3, (3, 3), 3.0),
        (checks.integer, 3.0, (), 3),
        (checks.integer, np.int64(0), (0,), 0),
        (checks.integer, 5, (1, 5), 5),
        (checks.integer, 10**17 + 1, (), 10**17 + 1),
        (checks.choice, "a", (("a", "b"),), "a"),
        (checks.boolean, np.True_, (), True),
        (checks.text, "x", (), "x"),
        (checks.path, "x.npy", (), Path("x.npy")),
        (checks.path, Path("x.npy"), (), Path("x.npy")),
        (checks.positive, 1, (), 1.0),
        (checks.positive_integer, 7.0, (), 7),
    ],
)
def test_values_that_pass(check, value, arguments, found):
    result = check("x", value, *arguments)
    assert result == found
    assert type(result) is type(found)


@pytest.mark.parametrize(
    ("check", "value", "arguments", "message"),
    [
        (checks.number, True, (), "x must be a number, got True"),
        (checks.number, "1", (), "x must be a number, got '1'"),
        (checks.number, math.nan, (), "x must be a finite number, got nan"),
        (checks.number, -1.0, (0,), "x must be at least 0, got -1.0"),
        (checks.number, 2, (0, 1), "x must be from 0 to 1, got 2"),
        (checks.number, 2, (-math.inf, 1), "x must be at most 1, got 2"),
        (checks.integer, 0, (), "x must be a positive integer, got 0"),
        (checks.integer, -1, (0,), "x must be at least 0, got -1"),
        (checks.integer, 2.5, (0,), "x must be an integer, got 2.5"),
        (checks.integer, 6, (2, 5), "x must be from 2 to 5, got 6"),
        (checks.integer, math.inf, (), "x must be a positive integer, got inf"),
        (checks.integer, math.nan, (), "x must be a positive integer, got nan"),
        (checks.integer, True, (), "x must be a positive integer, got True"),
        (checks.integer, 10**400, (), "x must be at most 1"),
        (checks.choice, "c", (("a", "b"),), "x must be one of a, b, got 'c'"),
        (checks.choice, ["a"], (("a", "b"),), r"x must be one of a, b, got \['a'\]"),
        (checks.boolean, 1, (), "x must be True or False, got 1"),
        (checks.text, 3, (), "x must be a text in quotes, got 3"),
        (checks.path, 3, (), "x must be a path, got 3"),
        (checks.positive, 1e13, (1e12,), "x must be between 1e-12 and 1e.12"),
    ],
)
def test_values_that_do_not(check, value, arguments, message):
    with pytest.raises(InvalidInput, match=message) as error:
        check("x", value, *arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 10**6, "'" + 39 * "x" + " … " + 39 * "x" + "'"),
        ("x " * 10**6, "'" + "x " * 19 + "x … " + " x" * 19 + " '"),
        ("it's " * 10**5, None),
        (10**5000, "what has more digits than can be written"),
        (10**3000, "1" + 39 * "0" + " … " + 40 * "0"),
        ([0.25] * 10**5, None),
        ("/scratch/of/a/user/" * 9, "'" + "/scratch/of/a/user/" * 9 + "'"),
    ],
    ids=["word", "words", "apostrophes", "too many digits", "digits", "list", "path"],
)
def test_a_refusal_repeats_little_of_what_came(value, shown):
    with pytest.raises(InvalidInput) as stop:
        checks.choice("loss", value, ("square", "log_cosh"))
    message = str(stop.value)
    assert message.startswith("loss must be one of square, log_cosh, got ")
    assert len(message) < 700
    if shown is not None:
        assert message == f"loss must be one of square, log_cosh, got {shown}"


def test_a_refusal_is_one_line_and_survives_a_process():
    error = InvalidInput("inputs must be 1-d, got array([[1,\n        2]]) of the user's")
    assert str(error) == "inputs must be 1-d, got array([[1, 2]]) of the user's"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    prose = "the study's " + "word " * 60 + "of another's"
    assert checks.one_line(prose) == prose
