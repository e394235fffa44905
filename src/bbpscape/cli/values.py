"""From the text of an option to the value of an argument, by the argument's type, and back."""

import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from bbpscape.core.checks import InvalidInput
from bbpscape.core.grids import parse_grid, parse_number, values_of


@dataclass(frozen=True)
class Kind:
    """How a text is read; ``metavar`` stands for it in the help.

    An option of ``many`` values may be given again and again.
    """

    metavar: str
    read: Callable[[str, str], Any]
    many: bool = False


def _path(name: str, text: str) -> Path:
    if not text:
        raise InvalidInput(f"{name} must be a path, got {text!r}")
    return Path(text)


def _as_it_is(name: str, text: str) -> str:
    return text


def _texts(name: str, text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


SCALARS = {
    int: Kind("INTEGER", partial(parse_number, whole=True)),
    float: Kind("NUMBER", parse_number),
    Path: Kind("FILE", _path),
    str: Kind("TEXT", _as_it_is),
}
TEXTS = Kind("TEXT,…", _texts, many=True)
LISTS = {
    float: Kind("NUMBERS", values_of, many=True),
    int: Kind("INTEGERS", partial(values_of, whole=True), many=True),
    str: TEXTS,
}
# Numbers where one stands for itself.
GRIDS = {
    float: Kind("NUMBERS", parse_grid, many=True),
    int: Kind("INTEGERS", partial(parse_grid, whole=True), many=True),
}


def kind_of(hint: Any, whole: bool = False) -> Kind:
    """The kind of text for an argument of type ``hint``, of integers if an array is ``whole``.

    >>> kind_of(float | None).metavar, kind_of(Sequence[int]).metavar
    ('NUMBER', 'INTEGERS')
    """
    if typing.get_origin(hint) is typing.Annotated:
        return next(one for one in hint.__metadata__ if isinstance(one, Kind))
    members = set(_members(hint))
    if members >= set(_members(ArrayLike)):
        return GRIDS[int if whole else float]
    listed = [_members(one)[0] for inner in members for one in typing.get_args(inner)[:1]]
    for of, kinds in LISTS.items():
        if of in listed:
            return kinds
    for known, kind in SCALARS.items():
        if known in members:
            return kind
    raise TypeError(f"no option can stand for an argument of type {hint}")


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


def _members(hint: Any) -> tuple[Any, ...]:
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    return typing.get_args(hint) if union else (hint,)
