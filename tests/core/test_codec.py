"""Records read back are the values that were written, to the last bit."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.codec import BULKY, UNRECORDED, decode, encode
from bbpscape.core.result import Result, result


@dataclasses.dataclass(frozen=True)
class Part:
    value: float
    name: str = "x"


@result
class Sample(Result):
    """One field of each kind."""

    number: float
    maybe: float | None
    integer: int
    text: str
    path: Path
    array: NDArray[np.float64]
    counts: NDArray[np.int64]
    flags: NDArray[np.bool_]
    waves: NDArray[np.complex128]
    parts: tuple[Part, ...]
    pair: tuple[int, float]
    by_size: dict[int, float]
    by_alpha: dict[float, Part]
    inner: "Inner | None" = None
    cached: object = dataclasses.field(default=None, metadata=UNRECORDED)

    derived = ("double",)

    @property
    def double(self) -> float:
        return 2 * self.number


@result
class Inner(Result):
    values: NDArray[np.float64] = dataclasses.field(metadata=BULKY)
    size: float = math.inf


def sample(**changes):
    values = {
        "number": 0.1 + 0.2,
        "maybe": None,
        "integer": 2**70,
        "text": "α",
        "path": Path("a/b"),
        "array": np.array([[1 / 3, math.nan], [math.inf, -math.inf]]),
        "counts": np.array([1, 2]),
        "flags": np.array([True, False]),
        "waves": np.array([1 + 2j, -0.5j]),
        "parts": (Part(1.5), Part(math.inf, "y")),
        "pair": (1, 2.5),
        "by_size": {100: 0.5},
        "by_alpha": {0.1 + 0.2: Part(1.0)},
        "inner": Inner(np.array([1.0, 2.0])),
    }
    return Sample(**values | changes)


def through_json(value):
    return json.loads(json.dumps(value.to_dict(), allow_nan=False))


def test_a_record_is_read_back_exactly():
    before = sample()
    after = Result.from_dict(through_json(before))
    assert type(after) is Sample
    assert after.to_dict() == before.to_dict()
    np.testing.assert_array_equal(after.array, before.array)
    assert after.waves.dtype == complex
    assert after.flags.dtype == bool
    assert after.counts.dtype == np.int64
    assert (after.integer, after.path, after.parts) == (2**70, Path("a/b"), before.parts)
    assert after.by_alpha == before.by_alpha
    assert after.inner.size == math.inf


def test_derived_values_are_shown_and_not_read():
    values = through_json(sample())
    assert values["double"] == 2 * (0.1 + 0.2)
    assert Sample.from_dict(values | {"double": 7.0}).double == 2 * (0.1 + 0.2)


def test_nan_is_null_and_infinity_a_text():
    values = sample(number=math.nan).to_dict()
    assert values["number"] is None
    assert values["array"][1] == ["inf", "-inf"]
    assert math.isnan(Sample.from_dict(values).number)


@given(st.floats())
def test_any_float_survives(value):
    back = decode(float, json.loads(json.dumps(encode(value))))
    assert back == value or (math.isnan(back) and math.isnan(value))
    assert math.copysign(1, back) == math.copysign(1, value) or math.isnan(value)


def test_a_compact_record_is_without_bulk_and_says_so_when_read():
    values = sample().to_dict(compact=True)
    assert values["inner"] == {"type": "Inner", "size": "inf"}
    with pytest.raises(InvalidInput, match="without 'values'"):
        Result.from_dict(values)


def test_another_kind_of_record_is_refused():
    with pytest.raises(InvalidInput, match="the record of Inner, got one of 'Sample'"):
        Inner.from_dict(sample().to_dict())
    with pytest.raises(InvalidInput, match="'Nothing'"):
        Result.from_dict({"type": "Nothing"})
    incomplete = {k: v for k, v in sample().to_dict().items() if k != "number"}
    with pytest.raises(InvalidInput, match="needs 'number'"):
        Sample.from_dict(incomplete)


def test_what_has_no_json_form_is_an_error():
    with pytest.raises(TypeError, match="no JSON form"):
        encode(object())


def test_a_result_shows_itself_in_one_line_and_a_table():
    one = Inner(np.zeros(1000), 3.0)
    assert repr(one) == "<Inner>"
    assert one.summary().splitlines()[-1].split() == ["size", "3"]
    assert "<td" in one._repr_html_()
    assert one.to_dataframe().to_dict("list") == {"size": [3.0]}
