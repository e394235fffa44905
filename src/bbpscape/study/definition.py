"""A study file: TOML, checked key by key, and the cells that it asks for."""

import itertools
import math
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.instance import sample_count
from bbpscape.study.axes import PARAMETERS, REQUIRED, Value, axis_values, check_value
from bbpscape.study.cells import Cell
from bbpscape.study.observable import Observable
from bbpscape.study.observables import observable, subjects, symbol
from bbpscape.study.subject import Numerics

MOST_CELLS = 1_000_000
MOST_DRAWS = 10_000_000
MOST_BYTES = 1_000_000
DRAWS = "draws"

Draws = Annotated[int, Field(ge=0, le=MOST_DRAWS, strict=True)]


class Definition(BaseModel):
    """What a study computes: every combination of its axes, with so many draws each.

    ``model`` holds parameters with one value, ``axes`` those with several, each table of ``zipped``
    parameters that go together, lists of one length, among them perhaps the number of draws.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=False)

    seed: Annotated[int, Field(ge=0, lt=2**128, strict=True)] = 0
    draws: Draws = 1
    block: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 1
    observables: tuple[str, ...] = ("lowest", "m2", "total_m2")
    theory: Annotated[bool, Field(strict=True)] = True
    precision: Literal["float64", "float32"] = "float64"
    device: Literal["cpu", "cuda", "torch-cpu"] = "cpu"
    tolerance: Annotated[float, Field(ge=1e-14, le=0.1)] = 1e-8
    fixed: dict[str, Any] = Field(default_factory=dict, alias="model")
    axes: dict[str, Any] = Field(default_factory=dict)
    zipped: tuple[dict[str, Any], ...] = ()

    @field_validator("observables")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            observable(name)
        if not names or len(set(names)) < len(names):
            raise ValueError("at least one observable, and none twice")
        return names

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
    def _axes(cls, given: dict[str, Any]) -> dict[str, list[Value]]:
        return {name: axis_values(name, values) for name, values in given.items()}

    @field_validator("zipped")
    @classmethod
    def _zipped(cls, tables: tuple[dict[str, Any], ...]) -> tuple[dict[str, list[Any]], ...]:
        return tuple(_zip(table) for table in tables)

    @model_validator(mode="after")
    def _complete(self) -> "Definition":
        groups = [self.fixed, self.axes, *self.zipped]
        names = [name for group in groups for name in group]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} stands in more than one of [model], [axes], [[zipped]]")
        simulated = self.draws > 0 or DRAWS in names
        needed = [name for name in REQUIRED if simulated or name != "N"]
        if missing := [name for name in needed if name not in names]:
            raise ValueError(f"{', '.join(missing)} must be given in [model] or [axes]")
        if not simulated and not self.theory:
            raise ValueError("draws = 0 and theory = false leave nothing to compute")
        if self.size > MOST_CELLS:
            raise ValueError(f"the axes must span at most {MOST_CELLS} cells, got {self.size}")
        return self

    @property
    def measured(self) -> tuple[Observable, ...]:
        """The observables themselves."""
        return tuple(observable(name) for name in self.observables)

    def symbol(self, name: str) -> str:
        """What an axis says of a row's name, with mathtext."""
        return next((one.symbol for one in self.measured if one.name == name), symbol(name))

    @property
    def numerics(self) -> Numerics:
        return Numerics(self.precision, self.device, self.tolerance)

    @property
    def size(self) -> int:
        """How many cells the axes span."""
        lengths = [len(values) for values in self.axes.values()]
        return math.prod([*lengths, *(len(next(iter(t.values()))) for t in self.zipped)])

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """The parameters that vary, each axis by itself and zipped ones together."""
        groups = [(name,) for name, values in self.axes.items() if len(values) > 1]
        zipped = [tuple(name for name in table if name != DRAWS) for table in self.zipped]
        return groups + [names for names in zipped if names]

    def cells(self) -> Iterator[tuple[Cell, int]]:
        """Every cell with its number of draws, the last axis fastest."""
        defaults = {n: p.default for n, p in PARAMETERS.items() if p.default is not None}
        steps = [[{name: value} for value in values] for name, values in self.axes.items()]
        for table in self.zipped:
            names = tuple(table)
            steps.append(
                [dict(zip(names, row, strict=True)) for row in zip(*table.values(), strict=True)]
            )
        for combination in itertools.product(*steps):
            values: dict[str, Any] = {**defaults, **self.fixed}
            for step in combination:
                values |= step
            draws = values.pop(DRAWS, self.draws)
            yield Cell.of(values), draws

    def to_dict(self) -> dict[str, Any]:
        """The definition as JSON values, axes in full."""
        values = self.model_dump(by_alias=True, mode="json")
        return {**values, "model": _plain(self.fixed), "axes": _plain(self.axes)} | {
            "zipped": [_plain(table) for table in self.zipped]
        }


@dataclass(frozen=True)
class StudyFile:
    """A definition and where its results are kept: beside it, with the suffix ``.sqlite``."""

    path: Path
    definition: Definition

    @property
    def store(self) -> Path:
        return self.path.with_suffix(".sqlite")


def load_definition(path: str | os.PathLike[str]) -> StudyFile:
    """The definition in a TOML file.

    Raises
    ------
    InvalidInput
        If the file cannot be read, is no TOML, or a key or value is not allowed; every mistake is
        named.
    """
    target = Path(path)
    if target.suffix != ".toml":
        raise InvalidInput(f"a study file must end in .toml, got {str(path)!r}")
    try:
        if target.stat().st_size > MOST_BYTES:
            raise InvalidInput(f"a study file must be at most {MOST_BYTES} bytes, {path} is larger")
        text = target.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{str(path)!r} could not be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{str(path)!r} must be text in UTF-8") from None
    return StudyFile(target, parse_definition(text))


def parse_definition(text: str) -> Definition:
    """The definition in TOML text; see ``load_definition``."""
    try:
        return define(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput(f"the study is no TOML: {error}") from None
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"the study is no TOML: {error}") from None


def define(values: dict[str, Any]) -> Definition:
    """The definition of plain values, with every model that it asks for checked."""
    try:
        definition = Definition.model_validate(values)
    except ValidationError as error:
        raise InvalidInput("; ".join(_line(one) for one in error.errors())) from None
    _check_cells(definition)
    return definition


def _check_cells(definition: Definition) -> None:
    """Build every model once, and check α, N and the draws of every cell."""
    read_off = subjects(definition.measured)
    for cell, draws in definition.cells():
        try:
            model = cell.model
            if draws:
                if math.isinf(model.p):
                    raise InvalidInput("p must be finite where there are draws, got inf")
                sample_count(cell.alpha, cell.N)
                if model.p_star >= cell.N:
                    raise InvalidInput(f"N must be above p_star = {model.p_star}, got {cell.N}")
                for subject in read_off:
                    subject.check(cell)
        except InvalidInput as error:
            raise InvalidInput(f"{error} (at {cell.key})") from None


def _zip(table: dict[str, Any]) -> dict[str, list[Any]]:
    lists = {}
    for name, values in table.items():
        if not isinstance(values, list) or not values:
            raise InvalidInput(f"{name} must be a list with values, as all that is zipped")
        if name == DRAWS:
            for value in values:
                if isinstance(value, bool) or not isinstance(value, int):
                    raise InvalidInput(f"draws must be integers, got {value!r}")
                if not 0 <= value <= MOST_DRAWS:
                    raise InvalidInput(f"draws must be from 0 to {MOST_DRAWS}, got {value}")
            lists[name] = values
        else:
            lists[name] = [check_value(name, value) for value in values]
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) != 1:
        raise InvalidInput(f"zipped lists must be of one length, got {lengths}")
    return lists


def _line(error: Any) -> str:
    """One mistake: its key, what is allowed, what came."""
    where = ".".join(str(part) for part in error["loc"]).replace("fixed", "model")
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        allowed = (f.alias or n for n, f in Definition.model_fields.items())
        return f"{where} is no key of a study: use {', '.join(allowed)}"
    given = repr(error["input"])
    given = given if len(given) <= 60 else given[:57] + "..."
    if error["type"] == "value_error":
        return f"{where}: {message}" if where else message
    return f"{where}: {message[:1].lower()}{message[1:]}, got {given}"


def _plain(table: dict[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        return "inf" if value == math.inf else value

    return {name: plain(value) for name, value in table.items()}
