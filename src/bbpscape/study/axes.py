"""The parameters of a point, and the values that an axis of a study takes."""

from collections.abc import Mapping
from dataclasses import replace

from bbpscape.core.checks import InvalidInput, choice
from bbpscape.core.grids import TABLE, short, values_of
from bbpscape.model.parameters import PARAMETERS as SHARED
from bbpscape.study.spectral_start import STARTS

Value = float | int | str

# Parameters of a descent, which neither the model nor its theory knows.
DESCENT = ("start", "method", "domain", "steps")
REQUIRED = ("p", "p_star", "alpha", "N")
NAMES = (
    *("p", "p_star", "a", "loss", "delta", "activation", "label_noise", "flip", "overlap"),
    *("alpha", "N"),
    *DESCENT,
)
PARAMETERS = {name: SHARED[name] for name in NAMES}
PARAMETERS["start"] = replace(
    PARAMETERS["start"], check=lambda name, value: choice(name, value, STARTS)
)


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
    one = PARAMETERS.get(name)
    if isinstance(given, Mapping) and (one is None or one.text):
        raise InvalidInput(f"{name} must be {TABLE}; got {short(given)}")
    listed = [given] if isinstance(given, str) else values_of(name, given, whole=_whole(name))
    checked = [check_value(name, value) for value in listed]
    if len(set(checked)) < len(checked):
        raise InvalidInput(f"{name} must not have a value twice, got {short(given)}")
    return checked


def _whole(name: str) -> bool:
    return name in PARAMETERS and PARAMETERS[name].integer
