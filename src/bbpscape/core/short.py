"""What a value says of itself: the fields that are not as they are by default."""

import dataclasses
from typing import Any


def short(value: Any, plain: Any, always: tuple[str, ...] = ()) -> str:
    """``Name(field=…)`` of a dataclass, without what is as in ``plain``, but for ``always``.

    >>> @dataclasses.dataclass
    ... class Grid:
    ...     low: float = 0.0
    ...     high: float = 1.0
    >>> short(Grid(high=2.0), Grid())
    'Grid(high=2.0)'
    """
    names = [one.name for one in dataclasses.fields(value) if one.repr]
    said = [
        f"{name}={getattr(value, name)!r}"
        for name in names
        if name in always or getattr(value, name) != getattr(plain, name)
    ]
    return f"{type(value).__name__}({', '.join(said)})"
