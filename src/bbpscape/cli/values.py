"""From the text of an option to the value of an argument, by the argument's type, and back."""

import math
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from bbpscape.cli.grids import parse_grid
from bbpscape.cli.parameters import is_integer
from bbpscape.core.checks import InvalidInput


@dataclass(frozen=True)
class Kind:
    """How a text is read; ``metavar`` stands for it in the help."""

    metavar: str
    read: Callable[[str, str], Any]


def number(name: str, text: str) -> float:
    """A number with a decimal point; "inf" is one."""
    try:
        return float(_ascii(text))
    except ValueError:
        hint = ": write decimals with a point" if "," in text else ""
        raise InvalidInput(f"{name} must be a number, got {text!r}{hint}") from None


def integer(name: str, text: str) -> int:
    """An integer, every digit of it; 1e3 is one."""
    given = _ascii(text)
    try:
        return int(given)
    except ValueError:
        value = _float(given)
    if value.is_integer() and abs(value) <= 2**53:
        return int(value)
    raise InvalidInput(f"{name} must be an integer, got {text!r}")


def width(name: str, text: str) -> float:
    """A positive integer or infinity."""
    try:
        value = number(name, text)
        return value if math.isinf(value) else integer(name, text)
    except InvalidInput:
        raise InvalidInput(f"{name} must be a positive integer or inf, got {text!r}") from None


def matrix(name: str, text: str) -> float | tuple[tuple[float, ...], ...]:
    """'0.2', or rows as '0.2,0.1;0,0.3'."""
    try:
        rows = [tuple(float(part) for part in _ascii(row).split(",")) for row in text.split(";")]
    except ValueError:
        raise InvalidInput(f"{name} must be numbers, rows as 0.2,0.1;0,0.3, got {text!r}") from None
    if len({len(row) for row in rows}) > 1:
        raise InvalidInput(f"{name} must have rows of one length, got {text!r}")
    return rows[0][0] if rows == [rows[0]] and len(rows[0]) == 1 else tuple(rows)


def numbers(name: str, text: str) -> list[float]:
    return _listed(parse_grid(name, _ascii(text)))


def integers(name: str, text: str) -> list[int]:
    found = _listed(parse_grid(name, _ascii(text), integer=True))
    if not all(map(math.isfinite, found)):
        raise InvalidInput(f"{name} must be finite, got {text!r}")
    return [int(one) for one in found]


def grid(name: str, text: str) -> float | list[float]:
    """One number as it is, several as a list."""
    return parse_grid(name, _ascii(text))


def integer_grid(name: str, text: str) -> float | list[float]:
    return parse_grid(name, _ascii(text), integer=True)


def texts(name: str, text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def text_of(value: Any) -> str:
    """The text that is read as ``value``.

    >>> text_of((0.5, 1.0)), text_of(1e-8), text_of("gd")
    ('0.5,1', '1e-08', 'gd')
    """
    if isinstance(value, str | Path):
        return str(value)
    if isinstance(value, Sequence):
        return ",".join(text_of(one) for one in value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _ascii(text: str) -> str:
    """``text`` with the minus of typography, as documents print it, in place of a hyphen."""
    return text.strip().replace("−", "-")


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _listed(found: float | list[float]) -> list[float]:
    return found if isinstance(found, list) else [found]


def _as_is(name: str, text: str) -> str:
    return text


TEXT = Kind("TEXT", _as_is)
GRID = Kind("NUMBERS", grid)
INTEGER_GRID = Kind("INTEGERS", integer_grid)
FILE = Kind("FILE", lambda name, text: Path(text))
SCALARS = {int: Kind("INTEGER", integer), float: Kind("NUMBER", number), Path: FILE, str: TEXT}
LISTS = {
    float: Kind("NUMBERS", numbers),
    int: Kind("INTEGERS", integers),
    str: Kind("TEXT,…", texts),
}


def kind_of(hint: Any, name: str = "") -> Kind:
    """The kind of text for an argument of type ``hint``; its ``name`` says if it has integers.

    >>> kind_of(float | None).metavar, kind_of(Sequence[int]).metavar
    ('NUMBER', 'INTEGERS')
    """
    if typing.get_origin(hint) is typing.Annotated:
        return next(one for one in hint.__metadata__ if isinstance(one, Kind))
    members = set(_members(hint))
    if members >= set(_members(ArrayLike)):
        return INTEGER_GRID if is_integer(name) else GRID
    listed = [_members(one)[0] for inner in members for one in typing.get_args(inner)[:1]]
    for of, kinds in LISTS.items():
        if of in listed:
            return kinds
    for known, kind in SCALARS.items():
        if known in members:
            return kind
    raise TypeError(f"no option can stand for an argument of type {hint}")


def _members(hint: Any) -> tuple[Any, ...]:
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    return typing.get_args(hint) if union else (hint,)
