"""The parameters of a point, and the values that an axis of a study takes."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, text
from bbpscape.core.grids import TABLE, rounded, short, values_of
from bbpscape.model.inputs.covariance import covariance
from bbpscape.model.inputs.law import PARTS as INPUTS
from bbpscape.model.inputs.profile import profile
from bbpscape.model.inputs.radial import radial
from bbpscape.model.parameters import PARAMETERS as SHARED

# A number, a text, or a tuple of numbers or of tuples of them.
Value = Any

# Parameters of a descent, which neither the model nor its theory knows.
DESCENT = ("start", "method", "domain", "steps", "until")
REQUIRED = ("p", "p_star", "alpha", "N")
# Rows of one's own: a point names them, and they decide its N.
OWN = "inputs"
MODEL = (
    *("p", "p_star", "a", "loss", "delta", "activation"),
    *("teacher", "label_noise", "flip", "poisson", "second_layer", "overlap", "student_gram"),
    *INPUTS,
)


def _table(name: str, value: object) -> Value:
    """A number, or a table of them as tuples."""
    array = real_array(name, value)
    if array.ndim == 0:
        return float(array) + 0.0
    rows = array.tolist()
    return tuple(rows if array.ndim == 1 else map(tuple, rows))


PARAMETERS = {name: SHARED[name] for name in (*MODEL, OWN, "alpha", "N", *DESCENT)}
PARAMETERS[OWN] = replace(PARAMETERS[OWN], check=text, kind=str)
for _name in ("overlap", "student_gram"):
    PARAMETERS[_name] = replace(PARAMETERS[_name], check=_table)


# Parts of the law of inputs, whose names may say a number: power:0.5.
LAWS: dict[str, Any] = {"covariance": covariance, "radial": radial, "profile": profile}


def places(name: str, values: Iterable[Value]) -> tuple[str, dict[Value, float]] | None:
    r"""(label, where each value stands on its axis); None where they are no numbers of one kind.

    >>> places("covariance", ["isotropic", "power:0.5"])
    ('covariance $\\beta$', {'isotropic': 0.0, 'power:0.5': 0.5})
    """
    if name not in PARAMETERS or (PARAMETERS[name].text and name not in LAWS):
        return None
    if name not in LAWS:
        numbers = {one: one for one in values}
        real = all(isinstance(one, int | float) for one in numbers)
        return (PARAMETERS[name].axis, numbers) if real else None
    found = {one: LAWS[name](one).places for one in values}
    shared = set.intersection(*(set(one) for one in found.values())) if found else set()
    symbol = next(iter(sorted(shared)), None)
    if symbol is None:
        return None
    return f"{name} {symbol}", {one: given[symbol] for one, given in found.items()}


def column(name: str) -> str:
    """What a table calls a parameter: the mean of the inputs is not that of the draws."""
    return "input_mean" if name == "mean" else name


def check_value(name: str, value: object) -> Value:
    """``value`` of the parameter ``name`` in its own type, numbers to 12 digits.

    Raises
    ------
    InvalidInput
        If there is no such parameter, or the value is not allowed.

    >>> check_value("alpha", 0.1 + 0.2)
    0.3
    """
    if name not in PARAMETERS:
        raise InvalidInput(f"{name} is no parameter: use {', '.join(PARAMETERS)}")
    return rounded(PARAMETERS[name].check(name, value))


def axis_values(name: str, given: object) -> tuple[Value, ...]:
    """The values of an axis: one, a list, or an even range, in the order given, without repeats.

    Raises
    ------
    InvalidInput
        If ``given`` is none of these, or a value is not allowed.

    >>> axis_values("N", {"start": 100, "stop": 400, "count": 3, "log": True})
    (100, 200, 400)
    >>> axis_values("alpha", "0.5:1.5:3")
    (0.5, 1.0, 1.5)
    """
    one = PARAMETERS.get(name)
    words = one is None or one.text
    if isinstance(given, Mapping) and words:
        raise InvalidInput(f"{name} must be {TABLE}; got {short(given)}")
    single = isinstance(given, str) and words
    whole = one is not None and one.integer
    listed = [given] if single else values_of(name, given, whole=whole)
    checked = tuple(check_value(name, value) for value in listed)
    if len(set(checked)) < len(checked):
        raise InvalidInput(f"{name} must not have a value twice, got {short(given)}")
    return checked
