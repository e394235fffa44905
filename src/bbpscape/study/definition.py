"""What a study is: the cells that its axes span, and what is measured at each."""

import functools
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self

from bbpscape.core.checks import InvalidInput, integer
from bbpscape.simulation.data.instance import check_size, sample_count
from bbpscape.study.axes import OWN, PARAMETERS, REQUIRED, Value
from bbpscape.study.cells import Cell
from bbpscape.study.objects import NAMED, Objects, built_in, fingerprint, named
from bbpscape.study.observable import Observable
from bbpscape.study.observables import OBSERVABLES, subjects, symbol
from bbpscape.study.schema import DRAWS, checked
from bbpscape.study.subject import Numerics
from bbpscape.study.work import Job
from bbpscape.theory.finite.draws import check_sizes

MOST_TOLD = 4  # values of an axis that a line names


@dataclass(frozen=True)
class Definition:
    """Every combination of the axes, with so many draws each; ``define`` and ``from_dict`` make it.

    ``fixed`` holds parameters with one value, ``axes`` those with several, each table of ``zipped``
    those that go together, and ``objects`` the losses, activations, starts and inputs that they
    name.
    ``custom`` says by what these, and observables of the user's, are known again.
    """

    fixed: dict[str, Value]
    axes: dict[str, tuple[Value, ...]]
    zipped: tuple[dict[str, tuple[Value, ...]], ...]
    observables: tuple[Observable, ...]
    draws: int
    seed: int
    block: int
    theory: bool
    finite_n: bool
    precision: str
    device: str
    tolerance: float
    eigensolver: str
    objects: Objects = field(repr=False)
    custom: dict[str, dict[str, Any]] = field(repr=False)

    @classmethod
    def define(cls, keys: Mapping[str, Any]) -> Self:
        """The definition of the keys of a study file, with every model that it asks for checked.

        Losses, activations and observables may be objects.

        Raises
        ------
        InvalidInput
            If a key or value is not allowed; every mistake is named.
        """
        made = cls._made(keys, {})
        made._check_cells()
        return made

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The definition that ``to_dict`` wrote down.

        Objects of the script that ran it stay names: their points can be read, and not computed.
        """
        custom = values.get("custom", {})
        if not isinstance(custom, dict) or not all(isinstance(v, dict) for v in custom.values()):
            raise InvalidInput(f"the study's definition cannot be read: custom is {custom!r}")
        known = {name: value for name, value in values.items() if name != "custom"}
        if isinstance(known.get("observables"), list):
            known["observables"] = [
                _elsewhere(name, custom["observables"][name])
                if isinstance(name, str)
                and name in custom.get("observables", {})
                and name not in OBSERVABLES
                else name
                for name in known["observables"]
            ]
        made = cls._made(known, custom)
        if all(set(custom.get(name, {})) <= set(made.objects[name]) for name in NAMED):
            made._check_cells()
        return made

    @classmethod
    def _made(cls, keys: Mapping[str, Any], custom: dict[str, dict[str, Any]]) -> Self:
        texts, objects = named(keys, custom)
        made = object.__new__(cls)
        for name, value in checked(texts).items():
            object.__setattr__(made, name, value)
        found: dict[str, dict[str, Any]] = {
            name: {text: fingerprint(one) for text, one in held.items()}
            for name, held in objects.items()
        }
        own = {one.name: one.symbol for one in made.observables if not built_in(one.measure)}
        found = {name: held for name, held in {**found, "observables": own}.items() if held}
        object.__setattr__(made, "objects", objects)
        object.__setattr__(made, "custom", custom | found)
        return made

    def to_dict(self) -> dict[str, Any]:
        """The definition as JSON values, axes in full."""
        names = ["seed", "draws", "block", "theory", "precision", "device", "tolerance"]
        # Said where it is not the usual one: files of studies from before it say nothing.
        names += ["eigensolver"] * (self.eigensolver != "auto")
        names += ["finite_n"] * self.finite_n
        values: dict[str, Any] = {
            **{name: getattr(self, name) for name in names},
            "observables": [one.name for one in self.observables],
            "model": _plain(self.fixed),
            "axes": _plain(self.axes),
            "zipped": [_plain(table) for table in self.zipped],
        }
        return {**values, "custom": self.custom} if self.custom else values

    @property
    def numerics(self) -> Numerics:
        return Numerics(self.precision, self.device, self.tolerance, self.eigensolver)

    @property
    def job(self) -> Job:
        """What all of its points share."""
        return Job(self.seed, self.observables, self.numerics, self.objects)

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

    def label(self) -> str:
        """The parameters in a line: 'p = 1, p* = 1, alpha 0.8 … 2.4 (9), N 100, 200'."""
        shown = [
            (PARAMETERS[name], value)
            for name, value in self.fixed.items()
            if name in ("p", "p_star", "a") or value != PARAMETERS[name].default
        ]
        told = [f"{one.plain} = {_short(value)}" for one, value in shown]
        varying = {**self.axes, **{name: v for table in self.zipped for name, v in table.items()}}
        for name, values in varying.items():
            plain = PARAMETERS[name].plain if name in PARAMETERS else name
            if len(values) == 1:
                told.append(f"{plain} = {_short(values[0])}")
            elif len(values) <= MOST_TOLD:
                told.append(f"{plain} {', '.join(map(_short, values))}")
            else:
                told.append(f"{plain} {_short(values[0])} … {_short(values[-1])} ({len(values)})")
        return ", ".join(told)

    def symbol(self, name: str) -> str:
        """What an axis says of an observable's name, with mathtext."""
        return next((one.symbol for one in self.observables if one.name == name), symbol(name))

    def cells(self) -> Iterator[tuple[Cell, int]]:
        """Every cell with its number of draws, the last axis fastest."""
        defaults = {n: p.default for n, p in PARAMETERS.items() if n not in REQUIRED}
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
            if (own := values[OWN]) is not None:
                values["N"] = self._dimension(own, values.get("N"))
            yield Cell.of(values, self.objects), draws

    def _dimension(self, own: str, N: int | None) -> int:
        """That of the inputs of this name, which an N may only repeat."""
        numbers = self.custom.get(OWN, {}).get(own)
        if not (isinstance(numbers, list) and len(numbers) == 2):
            raise InvalidInput(f"the study's definition cannot be read: inputs {own} have no size")
        found = integer("N", numbers[1])
        if N not in (None, found):
            raise InvalidInput(f"N must be that of the inputs, {found}, got {N}: leave it out")
        return found

    def _check_cells(self) -> None:
        """Build every model once, and check α, N and the draws of every cell."""
        read_off = subjects(self.observables)
        for cell, draws in self.cells():
            try:
                model = cell.model
                if self.theory:
                    cell.theory()
                if draws:
                    sample_count(cell.alpha, cell.N)
                    cell.source.check(cell.alpha)
                    check_size(model, cell.N)
                    if model.p_star >= cell.N:
                        raise InvalidInput(f"N must be above p_star = {model.p_star}, got {cell.N}")
                    if self.finite_n:
                        _check_finite_n(cell)
                    for subject in read_off:
                        subject.check(cell, self.numerics)
            except InvalidInput as error:
                raise InvalidInput(f"{error} (at {cell.key})") from None


def _check_finite_n(cell: Cell) -> None:
    """Refuse a cell whose draws have no theory at finite N."""
    if cell.source.inputs is not None:
        raise InvalidInput("finite_n must be false for inputs of your own: compare has theirs")
    check_sizes(cell.model, cell.alpha, cell.N)


def _elsewhere(name: str, symbol: object) -> Observable:
    """An observable that another script measured: its values can be read."""
    return Observable(name, functools.partial(_refuse, name), symbol=str(symbol))


def _refuse(name: str, prepared: object) -> NoReturn:
    raise InvalidInput(
        f"the observable {name} is an object of the script that made this study: run it from there"
    )


def _short(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return "inf" if value == math.inf else value

    return {name: plain(value) for name, value in table.items()}
