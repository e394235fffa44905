"""Lists of numbers as text: 0.3:3:10, 1e-3:10:50:log, 1:20 and 1,2,4,8."""

import itertools
import math

import numpy as np

from bbpscape.core.checks import InvalidInput

MOST = 100_000
FORMS = "a number, a list as 1,2,4, or a range as start:stop:count or start:stop:count:log"


def parse_grid(name: str, text: str, integer: bool = False) -> float | list[float]:
    """The number, or the increasing list of numbers, that ``text`` stands for.

    ``1:20`` is every integer, where ``integer`` allows it; a range of integers is rounded, without
    repeats. ``inf`` is a number, and no part of a list.

    Raises
    ------
    InvalidInput
        If ``text`` is none of these.
    """
    if ":" not in text and "," not in text:
        return _number(name, text, integer)
    if ":" not in text:
        values = [_number(name, part, integer) for part in text.split(",")]
    else:
        values = _range(name, text, integer)
    if any(math.isinf(value) for value in values):
        raise InvalidInput(f"{name} cannot have inf in a list, got {text!r}")
    if any(high <= low for low, high in itertools.pairwise(values)):
        raise InvalidInput(f"{name} must increase along the list, got {text!r}")
    return values


def _range(name: str, text: str, integer: bool) -> list[float]:
    parts = [part.strip() for part in text.split(":")]
    logarithmic = len(parts) == 4 and parts[3] == "log"
    if len(parts) not in ((2, 3, 4) if integer else (3, 4)) or (len(parts) == 4) != logarithmic:
        raise InvalidInput(f"{name} must be {FORMS}, got {text!r}")
    start, stop = (_number(name, part, integer) for part in parts[:2])
    if not -math.inf < start < stop < math.inf or (logarithmic and start <= 0):
        raise InvalidInput(f"{name} must be a range from a lower to a higher number, got {text!r}")
    count = stop - start + 1 if len(parts) == 2 else _number(name, parts[2], True)
    if not 2 <= count <= MOST:
        raise InvalidInput(f"{name} must have 2 to {MOST} values, got {text!r}")
    values = (np.geomspace if logarithmic else np.linspace)(start, stop, int(count))
    return [float(v) for v in (np.unique(np.round(values)) if integer else values)]


def _number(name: str, text: str, integer: bool) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InvalidInput(f"{name} must be {FORMS}, got {text!r}") from None
    if math.isnan(value) or (integer and math.isfinite(value) and not value.is_integer()):
        kind = "an integer" if integer else "a number"
        raise InvalidInput(f"{name} must be {kind}, got {text!r}")
    return int(value) if integer and math.isfinite(value) else value
