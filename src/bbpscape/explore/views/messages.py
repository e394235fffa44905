"""What an answer consists of.

A message holds a ``part`` of a view: the ``record`` of a result, its ``columns``, or numbers that
are drawn before the result is whole. ``work`` says how far a slow answer is.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from bbpscape.core.codec import encode
from bbpscape.core.result import Result

Send = Callable[[dict[str, Any]], None]


def part(name: str, found: Result, **others: Any) -> dict[str, Any]:
    """A result as a part of a view."""
    columns = {key: encode(one) for key, one in found.columns().items()}
    return {"part": name, "record": found.to_dict(), "columns": columns, **others}


def bare(found: Any) -> dict[str, Any]:
    """The record of a result without what is derived from it, which takes as long again."""
    kept = [one for one in dataclasses.fields(found) if not one.metadata.get("unrecorded")]
    values = {one.name: encode(getattr(found, one.name)) for one in kept}
    return {"type": type(found).__name__, **values}
