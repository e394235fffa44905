"""Values to JSON and back, exactly, by the types that their fields declare.

Numbers that JSON lacks: NaN is null in a float field, ±∞ the texts "inf" and "-inf".
"""

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.core.status import Status

# Metadata of a field: bulky arrays that ``to_dict(compact=True)`` leaves out.
BULKY: Mapping[str, Any] = {"bulky": True}
# Metadata of a field that is no part of the record, such as a cache.
UNRECORDED: Mapping[str, Any] = {"unrecorded": True}


def encode(value: Any, compact: bool = False) -> Any:
    """``value`` as JSON: dicts with text keys, lists, texts, finite numbers, booleans, None."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, complex):
        return [_number(value.real), _number(value.imag)]
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "to_dict"):
        return value.to_dict(compact=True) if compact and is_record(value) else value.to_dict()
    if dataclasses.is_dataclass(value):
        return encode_fields(value, compact)
    if isinstance(value, Mapping):
        return {_key(k): encode(one, compact) for k, one in value.items()}
    if isinstance(value, Sequence):
        return [encode(one, compact) for one in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def encode_fields(value: Any, compact: bool = False) -> dict[str, Any]:
    """The fields of a dataclass instance, then its ``derived`` properties; a status as text."""
    kept = {
        one.name: encode(getattr(value, one.name), compact)
        for one in dataclasses.fields(value)
        if not one.metadata.get("unrecorded") and not (compact and one.metadata.get("bulky"))
    }
    shown = {name: getattr(value, name) for name in getattr(value, "derived", ())}
    return kept | {
        name: str(one) if isinstance(one, Status) else encode(one) for name, one in shown.items()
    }


def decode_fields(cls: type, values: Mapping[str, Any]) -> Any:
    """An instance of a dataclass from ``encode_fields``; derived properties are ignored."""
    hints, given = _hints(cls), {}
    for one in dataclasses.fields(cls):
        if one.metadata.get("unrecorded") or not one.init:
            continue
        if one.name in values:
            given[one.name] = decode(hints[one.name], values[one.name])
        elif one.metadata.get("bulky"):
            raise InvalidInput(
                f"this {cls.__name__} was written without {one.name!r} (compact): it cannot be "
                "read back; write it in full"
            )
        elif one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
            raise InvalidInput(f"a {cls.__name__} needs {one.name!r}, which is missing")
    return cls(**given)


def decode(hint: Any, value: Any) -> Any:
    """The value of type ``hint`` that ``encode`` made into ``value``."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(arguments, value)
    if origin is typing.Annotated:
        return decode(arguments[0], value)
    if origin is np.ndarray:
        return _decode_array(arguments, value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(decode(arguments[0], one) for one in value)
        return tuple(decode(h, one) for h, one in zip(arguments, value, strict=True))
    if origin in (list, Sequence):
        return [decode(arguments[0], one) for one in value]
    if origin in (dict, Mapping):
        return {_decode_key(arguments[0], k): decode(arguments[1], v) for k, v in value.items()}
    if hint is float:
        return _decode_number(value)
    if hint is complex:
        return complex(*map(_decode_number, value))
    if hint is Path:
        return Path(value)
    if hasattr(hint, "from_dict"):
        return hint.from_dict(value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return decode_fields(hint, value)
    return value


def is_record(value: object) -> bool:
    """Whether ``value`` has compact and full forms."""
    return getattr(value, "records_compactly", False)


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _number(value: float) -> float | str | None:
    if math.isfinite(value):
        return float(value)
    return None if math.isnan(value) else "inf" if value > 0 else "-inf"


def _decode_number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _array(values: np.ndarray) -> Any:
    if values.dtype.kind == "c":
        return {"real": _array(values.real), "imag": _array(values.imag)}
    if values.dtype.kind in "fO" and not np.isfinite(values.astype(float)).all():
        flat = [_number(float(one)) for one in values.ravel()]
        return _nested(flat, values.shape)
    return values.tolist()


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if len(shape) <= 1:
        return flat
    size = math.prod(shape[1:])
    return [_nested(flat[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def _decode_array(arguments: tuple[Any, ...], value: Any) -> np.ndarray:
    kind = typing.get_args(arguments[1]) if len(arguments) > 1 else ()
    dtype = np.dtype(kind[0]) if kind and isinstance(kind[0], type) else np.dtype(float)
    if isinstance(value, dict):
        return _decode_array((), value["real"]) + 1j * _decode_array((), value["imag"])
    return np.array(value, dtype=dtype)


def _decode_union(arguments: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in arguments:
        return None
    left = [one for one in arguments if one is not type(None)]
    if len(left) > 1 and float in left and isinstance(value, int | str) and int in left:
        return decode(int if isinstance(value, int) else float, value)
    return decode(left[0], value)


def _key(key: object) -> str:
    return key if isinstance(key, str) else repr(key.item() if hasattr(key, "item") else key)


def _decode_key(hint: Any, key: str) -> Any:
    return hint(key) if hint in (int, float) else key
