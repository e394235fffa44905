"""The keys of a study, checked one by one, so that every mistake is named at once."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bbpscape.core.checks import InvalidInput
from bbpscape.study.axes import OWN, REQUIRED, Value, axis_values, check_value
from bbpscape.study.observable import Observable
from bbpscape.study.observables import observable

MOST_CELLS = 1_000_000
MOST_DRAWS = 10_000_000
MOST_BLOCK = 10_000
DRAWS = "draws"
DEFAULTS = ("lowest", "m2", "total_m2")

Draws = Annotated[int, Field(ge=0, le=MOST_DRAWS, strict=True)]


class Keys(BaseModel):
    """What a study file may say: ``model`` holds parameters with one value, ``axes`` those with
    several, each table of ``zipped`` parameters that go together, lists of one length, among them
    perhaps the number of draws."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=False, arbitrary_types_allowed=True
    )

    seed: Annotated[int, Field(ge=0, lt=2**128, strict=True)] = 0
    draws: Draws = 1
    block: Annotated[int, Field(ge=1, le=MOST_BLOCK, strict=True)] = 1
    observables: Annotated[tuple[Any, ...], Field(validate_default=True)] = DEFAULTS
    theory: Annotated[bool, Field(strict=True)] = True
    finite_n: Annotated[bool, Field(strict=True)] = False
    precision: Literal["float64", "float32"] = "float64"
    device: Literal["cpu", "cuda", "torch-cpu"] = "cpu"
    tolerance: Annotated[float, Field(ge=1e-14, le=0.1)] = 1e-8
    eigensolver: Literal["auto", "dice"] = "auto"
    fixed: dict[str, Any] = Field(default_factory=dict, alias="model")
    axes: dict[str, Any] = Field(default_factory=dict)
    zipped: tuple[dict[str, Any], ...] = ()

    @field_validator("observables")
    @classmethod
    def _known(cls, given: tuple[Any, ...]) -> tuple[Observable, ...]:
        found = tuple(observable(one) for one in given)
        names = {one.name for one in found}
        if not found or len(names) < len(found):
            raise ValueError("at least one observable, and none twice")
        return found

    @field_validator("tolerance", mode="before")
    @classmethod
    def _a_number(cls, value: object) -> object:
        if isinstance(value, bool | str):
            raise ValueError("a number from 1e-14 to 0.1")
        return value

    @field_validator("fixed")
    @classmethod
    def _values(cls, given: dict[str, Any]) -> dict[str, Value]:
        return {name: check_value(name, value) for name, value in given.items()}

    @field_validator("axes")
    @classmethod
    def _axes(cls, given: dict[str, Any]) -> dict[str, tuple[Value, ...]]:
        return {name: axis_values(name, values) for name, values in given.items()}

    @field_validator("zipped")
    @classmethod
    def _zipped(cls, tables: tuple[dict[str, Any], ...]) -> tuple[dict[str, tuple[Any, ...]], ...]:
        return tuple(_zip(table) for table in tables)

    @model_validator(mode="after")
    def _complete(self) -> "Keys":
        groups = [self.fixed, self.axes, *self.zipped]
        names = [name for group in groups for name in group]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} stands in more than one of [model], [axes], [[zipped]]")
        simulated = self.draws > 0 or DRAWS in names
        sized = simulated and OWN not in names
        needed = [name for name in REQUIRED if sized or name != "N"]
        if missing := [name for name in needed if name not in names]:
            raise ValueError(f"{', '.join(missing)} must be given in [model] or [axes]")
        if not simulated and not self.theory:
            raise ValueError("draws = 0 and theory = false leave nothing to compute")
        if self.finite_n and not simulated:
            raise ValueError("finite_n = true needs draws")
        if self.finite_n and all(one.finite is None for one in self.observables):
            raise ValueError(
                "finite_n = true needs an observable that theory at finite N has: lowest, m2 or "
                "total_m2"
            )
        lengths = [len(values) for values in self.axes.values()]
        size = math.prod([*lengths, *(len(next(iter(t.values()))) for t in self.zipped)])
        if size > MOST_CELLS:
            raise ValueError(f"the axes must span at most {MOST_CELLS} cells, got {size}")
        return self


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The values of all keys, in their own types; ``model`` is called ``fixed``.

    Raises
    ------
    InvalidInput
        In one line that names every mistake, with what is allowed and what came.
    """
    try:
        keys = Keys.model_validate(values)
    except ValidationError as error:
        raise InvalidInput("; ".join(_line(one) for one in error.errors())) from None
    return {name: getattr(keys, name) for name in Keys.model_fields}


def _zip(table: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    lists = {}
    for name, values in table.items():
        if not isinstance(values, list | tuple) or not values:
            raise InvalidInput(f"{name} must be a list with values, as all that is zipped")
        if name == DRAWS:
            for value in values:
                if isinstance(value, bool) or not isinstance(value, int):
                    raise InvalidInput(f"draws must be integers, got {value!r}")
                if not 0 <= value <= MOST_DRAWS:
                    raise InvalidInput(f"draws must be from 0 to {MOST_DRAWS}, got {value}")
            lists[name] = tuple(values)
        else:
            lists[name] = tuple(check_value(name, value) for value in values)
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) != 1:
        raise InvalidInput(f"zipped lists must be of one length, got {lengths}")
    return lists


def _line(error: Any) -> str:
    """One mistake: its key, what is allowed, what came."""
    where = ".".join(str(part) for part in error["loc"]).replace("fixed", "model")
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        allowed = (f.alias or n for n, f in Keys.model_fields.items())
        return f"{where} is no key of a study: use {', '.join(allowed)}"
    given = repr(error["input"])
    given = given if len(given) <= 60 else given[:57] + "..."
    if error["type"] == "value_error":
        return f"{where}: {message}" if where else message
    return f"{where}: {message[:1].lower()}{message[1:]}, got {given}"
