"""Numbers, lists and ranges: as text (0.3:3:10, 1e-3:10:50:log, 1:20, 1,2,4,8) and as tables.

A range has its values to 12 digits: those of a finer or longer range are then those of a shorter,
however it was written.
"""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput, boolean, integer, number

MOST = 100_000
DIGITS = 12
KEYS = {"start", "stop", "count"}
FORMS = "a number, a list as 1,2,4, or a range as start:stop:count or start:stop:count:log"
TABLE = "a value, a list, or { start = …, stop = …, count = … }, with log = true for equal ratios"
NUMBER = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(?:inf(?:inity)?|∞)", re.ASCII | re.I
)
# 0,01 is no list of 0 and 1.
PADDED = re.compile(r"[+-]?0\d", re.ASCII)


def parse_number(name: str, text: str, *, whole: bool = False) -> float:
    """The number that ``text`` is, ``inf`` among them; an int where ``whole``.

    Raises
    ------
    InvalidInput
        If it is none, or no integer where ``whole``.

    >>> parse_number("N", "1e3", whole=True), parse_number("a", "0.5")
    (1000, 0.5)
    """
    part = text.strip()
    kind = "an integer" if whole else "a number"
    if not NUMBER.fullmatch(part) or PADDED.match(part):
        raise InvalidInput(f"{name} must be {kind}, got {text!r}{_hint(text)}")
    infinite = "inf" in part.lower() or "∞" in part
    value = float(part.replace("∞", "inf"))
    if not whole or math.isinf(value):
        if math.isinf(value) and not infinite:
            raise InvalidInput(f"{name} must be below 1e308, got {text!r}")
        return value
    if not value.is_integer():
        raise InvalidInput(f"{name} must be {kind}, got {text!r}")
    return int(part) if re.fullmatch(r"[+-]?\d+", part) else int(value)


def parse_list(name: str, text: str, *, whole: bool = False) -> list[float]:
    """The numbers between the commas of ``text``, in any order.

    >>> parse_list("second_layer", "0.5,-0.5")
    [0.5, -0.5]
    """
    if PADDED.match(text.rpartition(",")[2].strip()):
        raise InvalidInput(f"{name} must be numbers with commas, got {text!r}{_hint(text)}")
    return [parse_number(name, part, whole=whole) for part in text.split(",")]


def parse_rows(name: str, text: str) -> float | tuple[tuple[float, ...], ...]:
    """A number, or rows of numbers as 0.2,0.1;0,0.3.

    >>> parse_rows("overlap", "0.2,0.1;0,0.3")
    ((0.2, 0.1), (0.0, 0.3))
    """
    rows = [tuple(parse_list(name, row)) for row in text.split(";")]
    if len({len(row) for row in rows}) > 1:
        raise InvalidInput(f"{name} must have rows of one length, got {text!r}")
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else tuple(rows)


def parse_grid(name: str, text: str, *, whole: bool = False) -> float | list[float]:
    """The number, or the increasing list of numbers, that ``text`` stands for.

    ``1:20`` is every integer, where ``whole``; a range of integers is rounded, without repeats.
    ``inf`` is a number, and no part of a list.

    Raises
    ------
    InvalidInput
        If ``text`` is none of these.

    >>> parse_grid("alpha", "1:2:3"), parse_grid("N", "1e2:1e4:3:log", whole=True)
    ([1.0, 1.5, 2.0], [100, 1000, 10000])
    """
    if not set(text) & set(":,"):
        return parse_number(name, text, whole=whole)
    values = _range(name, text, whole) if ":" in text else parse_list(name, text, whole=whole)
    if any(map(math.isinf, values)):
        raise InvalidInput(f"{name} cannot have inf in a list, got {text!r}")
    if any(high <= low for low, high in itertools.pairwise(values)):
        raise InvalidInput(f"{name} must increase along the list, got {text!r}")
    return values


def values_of(name: str, given: object, *, whole: bool = False) -> list[Any]:
    """What a value, a list, a text or a table {start, stop, count, log} stands for, as a list.

    Raises
    ------
    InvalidInput
        If it is none of these or has none or too many values. The values themselves of a list are
        not looked at.

    >>> values_of("N", {"start": 100, "stop": 400, "count": 3, "log": True}, whole=True)
    [100, 200, 400]
    """
    if isinstance(given, str):
        found = parse_grid(name, given, whole=whole)
        return found if isinstance(found, list) else [found]
    if isinstance(given, Mapping):
        return _table(name, given, whole)
    listed = list(given) if isinstance(given, Sequence | np.ndarray) else [given]
    if not 1 <= len(listed) <= MOST:
        raise InvalidInput(f"{name} must have 1 to {MOST} values, got {len(listed)}")
    return listed


def spaced(start: float, stop: float, count: int, *, log: bool, whole: bool) -> list[float]:
    """``count`` numbers from ``start`` to ``stop``, even or of equal ratios, to 12 digits.

    >>> spaced(0.1, 0.7, 7, log=False, whole=False)
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    """
    raw = (np.geomspace if log else np.linspace)(float(start), float(stop), count)
    if whole:
        return [int(value) for value in np.unique(np.round(raw))]
    # Near 0 a range from −1 to 1 has the rounding of its ends.
    tiny = 1e-13 * (stop - start) if start < 0 < stop else 0.0
    return [rounded(float(value)) if abs(value) > tiny else 0.0 for value in raw]


def rounded(value: Any) -> Any:
    """``value`` with every float in it to 12 digits: one however it was computed.

    >>> rounded((0.1 + 0.2, [1 / 3, 2]))
    (0.3, [0.333333333333, 2])
    """
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(map(rounded, value))
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def short(value: object) -> str:
    """``value`` as a message shows it, in at most 80 characters."""
    text = repr(dict(value) if isinstance(value, Mapping) else value)
    return text if len(text) <= 80 else text[:77] + "..."


def _range(name: str, text: str, whole: bool) -> list[float]:
    parts = [part.strip() for part in text.split(":")]
    log = len(parts) == 4 and parts[3] == "log"
    if len(parts) not in ((2, 3, 4) if whole else (3, 4)) or (len(parts) == 4) != log:
        raise InvalidInput(f"{name} must be {FORMS}, got {text!r}")
    start, stop = (parse_number(name, part, whole=whole) for part in parts[:2])
    if not 0 < stop - start < math.inf or (log and start <= 0):
        raise InvalidInput(f"{name} must be a range from a lower to a higher number, got {text!r}")
    count = stop - start + 1 if len(parts) == 2 else parse_number(name, parts[2], whole=True)
    if not 2 <= count <= MOST:
        raise InvalidInput(f"{name} must have 2 to {MOST} values, got {text!r}")
    return spaced(start, stop, int(count), log=log, whole=whole)


def _table(name: str, given: Mapping[str, Any], whole: bool) -> list[float]:
    if not KEYS <= set(given) <= KEYS | {"log"}:
        raise InvalidInput(f"{name} must be {TABLE}; got {short(given)}")
    start, stop = (number(f"{name}.{key}", given[key]) for key in ("start", "stop"))
    count = integer(f"{name}.count", given["count"])
    log = boolean(f"{name}.log", given.get("log", False))
    if not 2 <= count <= MOST:
        raise InvalidInput(f"{name}.count must be from 2 to {MOST}, got {count}")
    if not 0 < stop - start < math.inf or (log and start <= 0):
        lowest = "0 < start < stop" if log else "start < stop"
        raise InvalidInput(f"{name} must have {lowest}, got {short(given)}")
    return spaced(start, stop, count, log=log, whole=whole)


def _hint(text: str) -> str:
    """What to write in place of a number that other people write so."""
    if "−" in text or "–" in text:
        return ": write the minus as a plain -"
    if re.search(r"\d,\d", text) or PADDED.match(text.strip()):
        return ": write decimals with a point, as 0.5"
    return ""
