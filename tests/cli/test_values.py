"""Texts of options as values, and defaults as texts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

import bbpscape as bb
from bbpscape.cli.values import kind_of, text_of
from bbpscape.core.seeds import Seed


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (int, "12", 12),
        (int | None, "1e3", 1000),
        (Seed, str(2**62 + 1), 2**62 + 1),
        (float, "0.1", 0.1),
        (float | None, "inf", float("inf")),
        (str, " a b", " a b"),
        (str | Path | None, "x/y", Path("x/y")),
        (Sequence[float], "2", [2.0]),
        (tuple[float, ...] | None, "1,2.5", [1.0, 2.5]),
        (Sequence[int] | int, "1:4", [1, 2, 3, 4]),
        (Sequence[str], "random, spectral", ["random", "spectral"]),
        (float | ArrayLike | None, "0.5", 0.5),
        (ArrayLike, "1:2:3", [1.0, 1.5, 2.0]),
    ],
)
def test_a_text_is_read_by_the_type_of_its_argument(hint, text, value):
    found = kind_of(hint).read("x", text)
    assert found == value
    assert type(found) is type(value)


def test_an_array_of_integers_has_integers():
    assert kind_of(ArrayLike, whole=True).read("p", "1:3") == [1, 2, 3]
    assert kind_of(ArrayLike, whole=True).read("p", "4") == 4
    with pytest.raises(bb.InvalidInput, match="p must be an integer"):
        kind_of(ArrayLike, whole=True).read("p", "1.5")


@pytest.mark.parametrize("value", [0.123456789012, 1e-300, 3.0, 2**62, "gd", (1, 10), (0.25, 3.5)])
def test_a_default_is_read_from_its_text(value):
    hint = Sequence[type(value[0])] if isinstance(value, tuple) else type(value)
    found = kind_of(hint).read("x", text_of(value))
    assert (tuple(found) if isinstance(value, tuple) else found) == value


def test_no_option_stands_for_an_array_type():
    with pytest.raises(TypeError, match="no option can stand for"):
        kind_of(np.random.Generator)
