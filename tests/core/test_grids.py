"""Numbers, lists and ranges: as text and as tables the same values, one line for what is none."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bbpscape.core.checks import InvalidInput
from bbpscape.core.grids import parse_grid, parse_list, parse_number, parse_rows, spaced, values_of


@pytest.mark.parametrize(
    ("text", "whole", "value"),
    [
        ("0.5", False, 0.5),
        (" -1e-3 ", False, -1e-3),
        (".5", False, 0.5),
        ("5.", False, 5.0),
        ("0", True, 0),
        ("1e3", True, 1000),
        ("+7", True, 7),
        ("-2", True, -2),
        ("12345678901234567890", True, 12345678901234567890),
        ("inf", True, math.inf),
        ("-inf", False, -math.inf),
    ],
)
def test_numbers(text, whole, value):
    found = parse_number("x", text, whole=whole)
    assert found == value
    assert type(found) is type(value)


def test_a_range_has_its_ends_whatever_their_ratio():
    """A tiny end is no rounding error: only a range across 0 has those."""
    assert spaced(1e-20, 1.0, 3, log=True, whole=False) == [1e-20, 1e-10, 1.0]
    assert spaced(1.0, 1e300, 3, log=False, whole=False) == [1.0, 5e299, 1e300]
    assert spaced(-1.0, 1.0, 21, log=False, whole=False)[10] == 0.0
    assert parse_grid("p", "1:1e20:3", whole=True) == [1, 5 * 10**19, 10**20]
    for text in ("-1e308:1e308:3", "1:1e400:3"):
        with pytest.raises(InvalidInput, match="x must be"):
            parse_grid("x", text)


@pytest.mark.parametrize(
    ("text", "whole", "message"),
    [
        ("0,01", False, "x must be a number, got '0,01': write decimals with a point"),
        ("−1", False, "x must be a number, got '−1': write the minus as a plain -"),
        ("1–2", False, "got '1–2': write the minus"),
        ("01", False, "got '01': write decimals with a point"),
        ("nan", False, "x must be a number, got 'nan'"),
        ("", False, "x must be a number, got ''"),
        ("1_000", True, "x must be an integer, got '1_000'"),
        ("1.5", True, "x must be an integer, got '1.5'"),
        ("٣", True, "x must be an integer, got '٣'"),
        ("0x10", True, "x must be an integer, got '0x10'"),
        ("1e400", False, "x must be below 1e308, got '1e400'"),
        ("two", False, "x must be a number, got 'two'"),
    ],
)
def test_what_is_no_number(text, whole, message):
    with pytest.raises(InvalidInput) as error:
        parse_number("x", text, whole=whole)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "whole", "values"),
    [
        ("3", False, 3.0),
        ("1,2,4", True, [1, 2, 4]),
        ("0.3:0.7:5", False, [0.3, 0.4, 0.5, 0.6, 0.7]),
        ("0.01:100:5:log", False, [0.01, 0.1, 1.0, 10.0, 100.0]),
        ("1:4", True, [1, 2, 3, 4]),
        ("1:3:2", True, [1, 3]),
        ("1:3:9", True, [1, 2, 3]),
        ("1e2:1e4:3:log", True, [100, 1000, 10000]),
        ("-1:1:3", False, [-1.0, 0.0, 1.0]),
        ("inf", False, math.inf),
    ],
)
def test_grids(text, whole, values):
    found = parse_grid("x", text, whole=whole)
    assert found == values
    if isinstance(values, list):
        assert [type(one) for one in found] == [type(one) for one in values]
        assert values_of("x", text, whole=whole) == values
    else:
        assert values_of("x", text, whole=whole) == [values]


@pytest.mark.parametrize(
    ("text", "whole", "message"),
    [
        ("1:2", False, "x must be a number, a list as 1,2,4, or a range"),
        ("1:2:3:4", False, "x must be a number, a list"),
        ("1:2:3:log:5", False, "x must be a number, a list"),
        ("2:1:3", False, "from a lower to a higher number, got '2:1:3'"),
        ("0:1:3:log", False, "from a lower to a higher number"),
        ("0:inf:3", False, "from a lower to a higher number"),
        ("0:1:1", False, "x must have 2 to 100000 values, got '0:1:1'"),
        ("0:1:100001", False, "x must have 2 to 100000 values"),
        ("1:100001", True, None),
        ("0:100001", True, "x must have 2 to 100000 values"),
        ("1,1", False, "x must increase along the list, got '1,1'"),
        ("2,1", False, "x must increase"),
        ("1,inf", False, "x cannot have inf in a list"),
        ("1,two", False, "x must be a number, got 'two'"),
        ("0,01", False, "got '0,01': write decimals with a point"),
        ("1.5:3", True, "x must be an integer, got '1.5'"),
    ],
)
def test_what_is_no_grid(text, whole, message):
    if message is None:
        with pytest.raises(InvalidInput, match="2 to 100000"):
            parse_grid("x", "1:100002", whole=whole)
        assert len(parse_grid("x", "1:100000", whole=whole)) == 100_000
        return
    with pytest.raises(InvalidInput) as error:
        parse_grid("x", text, whole=whole)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"start": 1, "stop": 2}, "x must be a value, a list, or"),
        ({"start": 1, "stop": 2, "count": 3, "base": 2}, "x must be a value, a list, or"),
        ({"start": "1", "stop": 2, "count": 3}, "x.start must be a number, got '1'"),
        ({"start": 1, "stop": math.inf, "count": 3}, "x.stop must be a finite number, got inf"),
        ({"start": 1, "stop": 2, "count": 1}, "x.count must be from 2 to 100000, got 1"),
        ({"start": 1, "stop": 2, "count": 2.5}, "x.count must be a positive integer, got 2.5"),
        ({"start": 1, "stop": 2, "count": 3, "log": "yes"}, "x.log must be True or False"),
        ({"start": 2, "stop": 1, "count": 3}, "x must have start < stop"),
        ({"start": 0, "stop": 1, "count": 3, "log": True}, "x must have 0 < start < stop"),
        ([], "x must have 1 to 100000 values, got 0"),
    ],
)
def test_what_is_no_table(given, message):
    with pytest.raises(InvalidInput) as error:
        values_of("x", given)
    assert message in str(error.value)


def test_lists_and_rows():
    assert parse_list("x", "3, 1,-2") == [3.0, 1.0, -2.0]
    assert parse_rows("x", "0.5") == 0.5
    assert parse_rows("x", "1,2;3,4") == ((1.0, 2.0), (3.0, 4.0))
    assert parse_rows("x", "1;3") == ((1.0,), (3.0,))
    assert values_of("x", (2, "inf")) == [2, "inf"]
    assert values_of("x", np.array([1.0, 2.0])) == [1.0, 2.0]
    assert values_of("x", 3) == [3]
    with pytest.raises(InvalidInput, match="x must have rows of one length, got '1,2;3'"):
        parse_rows("x", "1,2;3")
    with pytest.raises(InvalidInput, match="x must be a number, got ''"):
        parse_list("x", "1,,2")


@given(
    st.integers(1, 50),
    st.integers(1, 50),
    st.integers(2, 40),
    st.booleans(),
    st.booleans(),
)
def test_text_and_table_say_the_same(low, width, count, log, whole):
    start, stop = low / 8 if not whole else low, low / 8 + width
    text = f"{start}:{stop if not whole else low + width}:{count}" + (":log" if log else "")
    table = {"start": start, "stop": stop if not whole else low + width, "count": count, "log": log}
    assert values_of("x", text, whole=whole) == values_of("x", table, whole=whole)


def test_a_range_is_exact_and_keeps_its_values_when_it_grows():
    short, raw = spaced(0.1, 1.3, 13, log=False, whole=False), np.linspace(0.1, 1.3, 13)
    np.testing.assert_allclose(short, raw, rtol=1e-11)
    for stop, count in ((2.5, 25), (1.3, 25), (1.3, 37), (3.1, 61)):
        assert set(short) <= set(spaced(0.1, stop, count, log=False, whole=False))
    ratios = spaced(1e-3, 1e3, 7, log=True, whole=False)
    np.testing.assert_allclose(ratios, 10.0 ** np.arange(-3, 4), rtol=1e-11)
    assert spaced(-0.2, 0.2, 5, log=False, whole=False) == [-0.2, -0.1, 0.0, 0.1, 0.2]
