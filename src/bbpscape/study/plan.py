"""The points of a definition: which are missing, what they cost, and whether it extends another."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.instance import sample_count
from bbpscape.study.cells import Cell
from bbpscape.study.definition import Definition
from bbpscape.study.observables import subjects
from bbpscape.study.store import SIMULATION, THEORY, New, Store

# Keys whose change would make the points of one study mean different things.
KEPT = ("seed", "observables", "precision", "device", "tolerance")
# Seconds of a theory point with closed forms, and of one without.
CLOSED_FORM, GENERAL = 0.02, 5.0


@dataclass(frozen=True)
class Plan:
    """How many points and draws a definition has, what is done, and what is to be expected.

    ``seconds`` is the predicted time of what is missing on one core, ``peak_bytes`` the predicted
    memory of the largest point, for each worker.
    """

    cells: int
    draws: int
    theory: int
    missing_points: int
    missing_draws: int
    missing_theory: int
    seconds: float
    peak_bytes: int

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


def wanted(definition: Definition) -> dict[tuple[str, str], int]:
    """The draws wanted for each (source, cell); 1 for theory."""
    counts: dict[tuple[str, str], int] = {}
    for cell, draws in definition.cells():
        if draws:
            counts[SIMULATION, cell.key] = draws
        if definition.theory:
            limit = cell.theory() if "N" in cell.parameters else cell
            counts[THEORY, limit.key] = 1
    return counts


def missing(
    definition: Definition, counts: Mapping[tuple[str, str], int], covered: Mapping
) -> Iterator[New]:
    """Points of ``block`` draws each for what is not ``covered``."""
    for (source, key), count in counts.items():
        first = covered.get((source, key), 0)
        per_draw = None
        while first < count:
            length = min(definition.block, count - first)
            if per_draw is None:
                per_draw = cost(definition, source, Cell(key))[0]
            yield New(source, key, first, length, per_draw * length)
            first += length


def make_plan(definition: Definition, store: Store | None) -> Plan:
    """What ``run`` would do; raises InvalidInput where it would be refused."""
    counts = wanted(definition)
    covered = {}
    if store is not None:
        check_extension(definition, store.definition(), counts, covered := store.covered())
    points = list(missing(definition, counts, covered))
    peak = max((cost(definition, *key_of(key))[1] for key in counts), default=0)
    by_source = {
        source: [one for one in points if one.source == source] for source in (SIMULATION, THEORY)
    }
    unfinished = 0.0 if store is None else store.remaining()[2]
    return Plan(
        cells=definition.size,
        draws=sum(count for (source, _), count in counts.items() if source == SIMULATION),
        theory=sum(source == THEORY for source, _ in counts),
        missing_points=len(points),
        missing_draws=sum(one.count for one in by_source[SIMULATION]),
        missing_theory=len(by_source[THEORY]),
        seconds=sum(one.cost for one in points) + unfinished,
        peak_bytes=peak,
    )


def key_of(key: tuple[str, str]) -> tuple[str, Cell]:
    return key[0], Cell(key[1])


def check_extension(
    definition: Definition,
    stored: Mapping[str, Any] | None,
    counts: Mapping[tuple[str, str], int],
    covered: Mapping[tuple[str, str], int],
) -> None:
    """InvalidInput unless every stored point is still asked for, and means the same."""
    if stored is None:
        return
    now = definition.to_dict()
    for name in KEPT:
        if now[name] != stored.get(name):
            raise InvalidInput(
                f"{name} cannot change from {json.dumps(stored.get(name))} to "
                f"{json.dumps(now[name])} in a study that has begun: start another file"
            )
    if not definition.theory and any(source == THEORY for source, _ in covered):
        raise InvalidInput("theory cannot change from true to false in a study that has begun")
    for (source, key), count in covered.items():
        asked = counts.get((source, key), 0)
        if asked == 0:
            raise InvalidInput(
                f"the study has points at {key} that the definition no longer has: axes can only "
                "grow; start another file"
            )
        if asked < count:
            raise InvalidInput(
                f"draws cannot go from {count} to {asked} at {key}: the study has them already"
            )


def extend(definition: Definition, store: Store) -> None:
    """Write the definition and add what it has more than the study; all of it or nothing."""
    counts = wanted(definition)
    with store.extending():
        covered = store.covered()
        check_extension(definition, store.definition(), counts, covered)
        store.write_definition(definition.to_dict())
        store.add(missing(definition, counts, covered))


def cost(definition: Definition, source: str, cell: Cell) -> tuple[float, int]:
    """(seconds on one core, bytes) of one draw, or of the theory of a cell, as predicted."""
    if source == THEORY:
        return (CLOSED_FORM if cell.model.is_reference else GENERAL), 0
    model, N, M = cell.model, cell.N, sample_count(cell.alpha, cell.N)
    seconds, size = 0.0, 0
    for subject in subjects(definition.measured):
        one, needed = subject.cost(cell, definition.numerics)
        read = [each for each in definition.measured if each.of == subject]
        seconds += one + sum(each.seconds(model, N, M, one) for each in read)
        size = max(size, needed)
    return seconds, size
