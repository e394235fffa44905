"""Checks of arguments: a failure is one line with the argument, what came and what is allowed."""

import math
import numbers


class InvalidInput(ValueError):
    """An argument outside what is allowed; its message is one line that says what to change."""


def positive(name: str, value: object) -> float:
    """Return ``value`` as a float if it is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be a number, got {value!r}")
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise InvalidInput(f"{name} must be finite and greater than 0, got {value!r}")
    return number


def positive_integer(name: str, value: object, *, infinite: bool = False) -> float:
    """Return ``value`` if it is an integer of at least 1 (or infinity, where ``infinite``).

    An int comes back for finite values and ``math.inf`` for infinity.
    """
    allowed = "a positive integer" + (" or inf" if infinite else "")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be {allowed}, got {value!r}")
    if infinite and value == math.inf:
        return math.inf
    number = float(value)
    if not (number.is_integer() and number >= 1):
        raise InvalidInput(f"{name} must be {allowed}, got {value!r}")
    return int(number)
