"""Checks of arguments: a failure is one line with the argument, what came and what is allowed."""

from __future__ import annotations

import difflib
import math
import numbers
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

CLOSE = 0.75  # how alike two names are that one may be meant by the other
PIECE, LINE = 200, 600  # characters of a quoted text or a word, and of a message, that are shown
_PIECES = re.compile(rf"(?<!\w)('[^']{{{PIECE},}}'|\"[^\"]{{{PIECE},}}\")(?!\w)|\S{{{PIECE},}}")


class InvalidInput(ValueError):
    """An argument outside what is allowed; its message is one line that says what to change.

    Examples
    --------
    >>> import bbpscape as bb
    >>> try:
    ...     bb.TeacherStudent(p=0, p_star=1)
    ... except bb.InvalidInput as error:
    ...     print(error)
    p must be a positive integer or inf, got 0
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


def one_line(message: str) -> str:
    """A message on one line; of a text of the user's, which may have megabytes, both ends.

    >>> one_line("a text,\\nand a long one: " + 1000 * "x")[:40]
    'a text, and a long one: xxxxxxxxxxxxxxxx'
    """
    line = " ".join(message.split()) if "\n" in message else message
    line = _PIECES.sub(lambda found: _ends(found[0], 40), line)
    return line if len(line) <= LINE else _ends(line, LINE // 2)


def shown(value: object) -> str:
    """What a message says came: Python writes no integer of more than 4300 digits."""
    try:
        return repr(value)
    except ValueError:
        return "what has more digits than can be written"


def _ends(text: str, each: int) -> str:
    return f"{text[:each]} … {text[-each:]}"


def did_you_mean(
    given: object, known: Iterable[str], others: Mapping[str, str] | None = None
) -> str:
    """ "; did you mean 'tanh'?" of the nearest of ``known``, "" if none is near.

    ``others`` are names that other people use.

    >>> did_you_mean("logcosh", ["tanh", "log-cosh"]), did_you_mean("mse", ["square"])
    ("; did you mean 'log-cosh'?", '')
    """
    names = {plain(one): one for one in known}
    names |= {plain(one): name for one, name in (others or {}).items() if name in names.values()}
    text = plain(given[:PIECE]) if isinstance(given, str) else ""
    near = difflib.get_close_matches(text, names, 1, CLOSE)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


def plain(name: str) -> str:
    """``name`` without what people write differently: capitals, spaces and dashes.

    >>> plain("Log-Cosh"), plain("smooth_l1")
    ('logcosh', 'smoothl1')
    """
    return re.sub(r"[-_\s]", "", name).casefold()


class NoConvergence(ArithmeticError):
    """A solve failed; the message says which, and what to try.

    Examples
    --------
    >>> import bbpscape as bb
    >>> try:
    ...     bb.critical_p(1e-12, 1)
    ... except bb.NoConvergence as error:
    ...     print(str(error)[:39])
    p_c: the transition is continuous up to
    """


class NoTransition(NoConvergence):
    """No outlier along the teacher leaves the bulk at any α that was looked at: a finding."""


# The largest integer that a double can stand for, with room to multiply.
LARGEST = 10**300


def natural(name: str, value: object) -> int:
    """``value`` if it is an integer of at least 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 0:
        raise InvalidInput(f"{name} must be an integer of at least 0, got {shown(value)}")
    return int(value)


def positive(name: str, value: object, limit: float = math.inf) -> float:
    """Return ``value`` as a float if it is finite, above 0, and between 1/limit and limit."""
    number = _float(name, value)
    if not (math.isfinite(number) and number > 0):
        raise InvalidInput(f"{name} must be finite and greater than 0, got {shown(value)}")
    if not 1 / limit <= number <= limit:
        raise InvalidInput(
            f"{name} must be between {1 / limit:g} and {limit:g}, got {shown(value)}"
        )
    return number


def positive_integer(name: str, value: object, *, infinite: bool = False) -> float:
    """Return ``value`` if it is an integer of at least 1 (or infinity, where ``infinite``).

    An int comes back for finite values and ``math.inf`` for infinity.
    """
    allowed = "a positive integer" + (" or inf" if infinite else "")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be {allowed}, got {shown(value)}")
    if infinite and value == math.inf:
        return math.inf
    if isinstance(value, numbers.Integral) and int(value) > LARGEST:
        raise InvalidInput(
            f"{name} must be at most 1e300, got one of about 1e{math.log10(abs(int(value))):.0f}"
        )
    number = float(value)
    if not (number.is_integer() and 1 <= number <= LARGEST):
        raise InvalidInput(f"{name} must be {allowed}, got {shown(value)}")
    return int(number)


def number(name: str, value: object, low: float = -math.inf, high: float = math.inf) -> float:
    """Return ``value`` as a finite float from ``low`` to ``high``; −0 becomes 0: they are one."""
    found = _float(name, value)
    if not math.isfinite(found):
        raise InvalidInput(f"{name} must be a finite number, got {shown(value)}")
    if not low <= found <= high:
        raise InvalidInput(f"{name} must be {_bounds(low, high)}, got {shown(value)}")
    return found + 0.0


def integer(name: str, value: object, low: int = 1, high: float = math.inf) -> int:
    """Return ``value`` as an int from ``low`` to ``high``; a float without fraction is one too."""
    allowed = "a positive integer" if low == 1 else "an integer"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be {allowed}, got {shown(value)}")
    if isinstance(value, numbers.Integral) and abs(int(value)) > LARGEST:
        raise InvalidInput(
            f"{name} must be at most 1e300, got one of about 1e{math.log10(abs(int(value))):.0f}"
        )
    found = float(value)
    if not found.is_integer() or (low == 1 and found < 1):
        raise InvalidInput(f"{name} must be {allowed}, got {shown(value)}")
    if not low <= found <= high:
        raise InvalidInput(f"{name} must be {_bounds(low, high)}, got {shown(value)}")
    return int(value) if isinstance(value, numbers.Integral) else int(found)


def choice(name: str, value: object, allowed: Iterable[str]) -> str:
    """Return ``value`` if it is one of the texts ``allowed``."""
    known = tuple(allowed)
    if not isinstance(value, str) or value not in known:
        near = did_you_mean(value, known)
        raise InvalidInput(f"{name} must be one of {', '.join(known)}, got {shown(value)}{near}")
    return value


def boolean(name: str, value: object) -> bool:
    """Return ``value`` if it is True or False, Python's or numpy's."""
    # By name: a message should not have to import numpy.
    if type(value).__name__ not in ("bool", "bool_"):
        raise InvalidInput(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def text(name: str, value: object) -> str:
    """Return ``value`` if it is a text."""
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a text in quotes, got {shown(value)}")
    return value


def path(name: str, value: object) -> Path:
    """Return ``value`` as a path if it is one or a text."""
    if not isinstance(value, str | os.PathLike):
        raise InvalidInput(f"{name} must be a path, got {shown(value)}")
    return Path(value)


def _float(name: str, value: object) -> float:
    """A number as a float; refused where none is as large."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be a number, got {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise InvalidInput(f"{name} must be below 1e308, got a longer number") from None


def _bounds(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {low:g}"
    return f"at most {high:g}" if math.isinf(low) else f"from {low:g} to {high:g}"
