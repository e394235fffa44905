"""The parameters of a point, and the values that an axis of a study takes."""

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.simulation.descent.rule import METHODS
from bbpscape.simulation.descent.start import STARTS

MOST_VALUES = 100_000
# The digits that the values of a range keep: those of a longer range are then those of a shorter.
DIGITS = 12
RANGE_KEYS = {"start", "stop", "count", "log"}
VALUES = "a value, a list, or { start = …, stop = …, count = … }, with log = true for equal ratios"

Value = float | int | str


@dataclass(frozen=True)
class Parameter:
    """A parameter of a point: how its value is checked, and the value it has unless given."""

    name: str
    check: Callable[[str, object], Value]
    default: Value | None = None
    integer: bool = False
    text: bool = False


def _width(name: str, value: object) -> Value:
    return positive_integer(name, math.inf if value == "inf" else value, infinite=True)


def _integer(name: str, value: object) -> Value:
    return int(positive_integer(name, value))


def _text(name: str, value: object) -> Value:
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a text in quotes, got {value!r}")
    return value


def _one_of(*allowed: str) -> Callable[[str, object], Value]:
    def check(name: str, value: object) -> Value:
        if value not in allowed:
            raise InvalidInput(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
        return str(value)

    return check


def _number(name: str, value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be a number, got {value!r}")
    number = float(value)
    if not math.isfinite(number):
        raise InvalidInput(f"{name} must be a finite number, got {value!r}")
    return number + 0.0  # −0 becomes 0: they are one value


PARAMETERS = {
    one.name: one
    for one in (
        Parameter("p", _width, integer=True),
        Parameter("p_star", _integer, integer=True),
        Parameter("a", positive, 0.01),
        Parameter("loss", _text, "normalized-square", text=True),
        Parameter("delta", positive, 1.0),
        Parameter("activation", _text, "quadratic", text=True),
        Parameter("label_noise", _number, 0.0),
        Parameter("flip", _number, 0.0),
        Parameter("overlap", _number, 0.0),
        Parameter("alpha", positive),
        Parameter("N", _integer, integer=True),
        Parameter("start", _one_of(*STARTS), "random", text=True),
        Parameter("method", _one_of(*METHODS), "gd", text=True),
        Parameter("domain", _one_of("free", "sphere"), "free", text=True),
        Parameter("steps", _integer, 2000, integer=True),
    )
}
# Parameters of a descent, which neither the model nor its theory knows.
DESCENT = ("start", "method", "domain", "steps")
REQUIRED = tuple(name for name, one in PARAMETERS.items() if one.default is None)


def check_value(name: str, value: object) -> Value:
    """``value`` of the parameter ``name`` in its own type, else InvalidInput."""
    if name not in PARAMETERS:
        raise InvalidInput(f"{name} is no parameter: use {', '.join(PARAMETERS)}")
    try:
        return PARAMETERS[name].check(name, value)
    except OverflowError:
        raise InvalidInput(f"{name} must be below 1e308, got a longer number") from None


def axis_values(name: str, given: object) -> list[Value]:
    """The values of an axis: one, a list, or an even range, in the order given, without repeats.

    Raises
    ------
    InvalidInput
        If ``given`` is none of these, or a value is not allowed.

    >>> axis_values("N", {"start": 100, "stop": 400, "count": 3, "log": True})
    [100, 200, 400]
    """
    values = _range(name, given) if isinstance(given, Mapping) else given
    listed = values if isinstance(values, list) else [values]
    if not 1 <= len(listed) <= MOST_VALUES:
        raise InvalidInput(f"{name} must have 1 to {MOST_VALUES} values, got {len(listed)}")
    checked = [check_value(name, value) for value in listed]
    if len(set(checked)) < len(checked):
        raise InvalidInput(f"{name} must not have a value twice, got {_short(given)}")
    return checked


def _range(name: str, given: Mapping[str, Any]) -> list[Value]:
    if PARAMETERS.get(name, Parameter(name, _text, text=True)).text or not (
        {"start", "stop", "count"} <= set(given) <= RANGE_KEYS
    ):
        raise InvalidInput(f"{name} must be {VALUES}; got {_short(given)}")
    start, stop = (float(_number(f"{name}.{key}", given[key])) for key in ("start", "stop"))
    count = int(positive_integer(f"{name}.count", given["count"]))
    logarithmic = given.get("log", False)
    if not isinstance(logarithmic, bool):
        raise InvalidInput(f"{name}.log must be true or false, got {logarithmic!r}")
    if not 2 <= count <= MOST_VALUES:
        raise InvalidInput(f"{name}.count must be from 2 to {MOST_VALUES}, got {count}")
    if not start < stop or (logarithmic and start <= 0):
        lowest = "0 < start < stop" if logarithmic else "start < stop"
        raise InvalidInput(f"{name} must have {lowest}, got {_short(given)}")
    raw = (np.geomspace if logarithmic else np.linspace)(start, stop, count)
    if PARAMETERS[name].integer:
        return [int(value) for value in np.unique(np.round(raw))]
    step = abs(stop - start)
    # Near 0 a range from −1 to 1 has the rounding of its ends.
    return [float(f"{value:.{DIGITS}g}") if abs(value) > 1e-13 * step else 0.0 for value in raw]


def _short(value: object) -> str:
    text = repr(dict(value) if isinstance(value, Mapping) else value)
    return text if len(text) <= 80 else text[:77] + "..."
