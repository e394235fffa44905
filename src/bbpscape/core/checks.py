"""Checks of arguments: a failure is one line with the argument, what came and what is allowed."""

import math
import numbers


class InvalidInput(ValueError):
    """An argument outside what is allowed; its message is one line that says what to change."""


class NoConvergence(ArithmeticError):
    """A solve failed; the message says which and what to try."""


# The largest integer that a double can stand for, with room to multiply.
LARGEST = 10**300


def positive(name: str, value: object, limit: float = math.inf) -> float:
    """Return ``value`` as a float if it is finite, above 0, and between 1/limit and limit."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be a number, got {value!r}")
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise InvalidInput(f"{name} must be finite and greater than 0, got {value!r}")
    if not 1 / limit <= number <= limit:
        raise InvalidInput(f"{name} must be between {1 / limit:g} and {limit:g}, got {value!r}")
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
    if isinstance(value, numbers.Integral) and int(value) > LARGEST:
        raise InvalidInput(f"{name} must be at most {LARGEST}, got {value!r}")
    number = float(value)
    if not (number.is_integer() and 1 <= number <= LARGEST):
        raise InvalidInput(f"{name} must be {allowed}, got {value!r}")
    return int(number)
