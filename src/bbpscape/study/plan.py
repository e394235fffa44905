"""The points of a study: which are missing, what they cost, and whether it extends another."""

from __future__ import annotations

import functools
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from bbpscape.core.checks import InvalidInput
from bbpscape.core.report import Report, Table, counted, duration
from bbpscape.core.result import Result, result
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import backend
from bbpscape.simulation.data.instance import sample_count
from bbpscape.simulation.parallel import available_cpus, check_workers
from bbpscape.study.axes import OWN
from bbpscape.study.cells import Cell
from bbpscape.study.definition import Definition
from bbpscape.study.observables import finite_cost, subjects
from bbpscape.study.store import FINITE, SIMULATION, THEORY, New, Store
from bbpscape.theory.route import route

# Keys whose change would make the points of one study mean different things.
KEPT = ("seed", "observables", "precision", "tolerance", "eigensolver")
START = 1.5  # seconds until local processes have started
WORKER = 10**8  # bytes of a process that has computed nothing yet
# How exactly an object of the user's is the one that a study began with.
SAME = 1e-9
MOST_NOTES = 5
MANY = 1_000_000  # points, each a row in the file of the study

Counts = Mapping[tuple[str, str], int]


@result
class Plan(Result):
    """How many points and draws a study has, what is done, and what is to be expected.

    ``seconds`` is the predicted time of what is missing on one core, ``peak_bytes`` the predicted
    memory of a worker at the largest point; ``pace`` is the time that points took, divided by what
    was predicted for them, or None before any is done. ``notes`` name different α that are one
    number of samples.

    Examples
    --------
    >>> import bbpscape as bb
    >>> axes = {"alpha": [1.0, 2.0], "N": [20, 40]}
    >>> plan = bb.Study(bb.TeacherStudent(1, 1), axes, ["m2"], draws=3).plan(workers=1)
    >>> plan.cells, plan.missing_draws
    (4, 12)
    """

    study: str
    cells: int
    draws: int
    theory: int
    missing_points: int
    missing_draws: int
    missing_theory: int
    seconds: float
    peak_bytes: int
    workers: int
    pace: float | None
    notes: tuple[str, ...]

    derived: ClassVar[tuple[str, ...]] = ("wall_seconds",)

    @property
    def wall_seconds(self) -> float:
        """The time of the workers together, at the pace so far, with that of their start."""
        start = START if self.workers > 1 and self.seconds else 0.0
        return start + self.seconds * (self.pace or 1.0) / self.workers

    def headline(self) -> str:
        return f"Study of {self.study}"

    def report(self) -> Report:
        workers = counted(self.workers, "worker")
        source = "at the pace so far" if self.pace else "predicted"
        rows = [
            ("cells", str(self.cells), ""),
            ("draws", str(self.draws), str(self.missing_draws)),
            ("theory", str(self.theory), str(self.missing_theory)),
            (f"time on {workers}, {source}", "", duration(self.wall_seconds)),
            ("memory a worker", f"{self.peak_bytes / 1e9:.1f} GB", ""),
        ]
        return Report([Table(self.headline(), ("quantity", "in all", "to do"), rows)], self.notes)


def make_plan(definition: Definition, store: Store | None, workers: int | None = None) -> Plan:
    """What a run would do; InvalidInput where it would be refused."""
    count = available_cpus() if workers is None else check_workers(workers)
    backend(definition.device)
    counts = wanted(definition)
    covered: Counts = {}
    unfinished, pace = 0.0, None
    if store is not None:
        covered = covered_draws(definition, store)
        check_extension(definition, store.definition(), counts, covered)
        unfinished, pace = store.remaining()[2], store.pace()
    points, draws, theory, seconds, peak = 0, 0, 0, unfinished, 0
    for (source, key), asked in counts.items():
        left = asked - covered.get((source, key), 0)
        per_draw, size = cost(definition, source, key)
        points += -(-left // definition.block)
        draws += left if source == SIMULATION else 0
        theory += left if source == THEORY else 0
        seconds, peak = seconds + per_draw * left, max(peak, size)
    return Plan(
        study=definition.label(),
        cells=definition.size,
        draws=sum(count for (source, _), count in counts.items() if source == SIMULATION),
        theory=sum(source == THEORY for source, _ in counts),
        missing_points=points,
        missing_draws=draws,
        missing_theory=theory,
        seconds=seconds,
        peak_bytes=WORKER + peak,
        workers=count,
        pace=pace,
        notes=(*_many_points(definition, points), *_same_samples(definition)),
    )


def wanted(definition: Definition) -> dict[tuple[str, str], int]:
    """The draws wanted for each (source, cell); 1 for theory."""
    counts: dict[tuple[str, str], int] = {}
    for cell, draws in definition.cells():
        if draws:
            counts[SIMULATION, cell.key] = draws
        if draws and definition.finite_n:
            counts[FINITE, cell.key] = draws
        if definition.theory:
            counts[THEORY, cell.theory().key] = 1
    return counts


def covered_draws(definition: Definition, store: Store) -> dict[tuple[str, str], int]:
    """For each (source, cell), how many draws have points, whatever their status.

    A key may have been written with more digits than its cell has now.
    """
    found: dict[tuple[str, str], int] = defaultdict(int)
    for (source, key), count in store.covered().items():
        at = source, Cell.read(key, definition.objects).key
        found[at] = max(found[at], count)
    return dict(found)


def missing(definition: Definition, counts: Counts, covered: Counts) -> Iterator[New]:
    """Points of ``block`` draws each for what is not ``covered``."""
    for (source, key), count in counts.items():
        first = covered.get((source, key), 0)
        per_draw = None
        while first < count:
            length = min(definition.block, count - first)
            if per_draw is None:
                per_draw = cost(definition, source, key)[0]
            yield New(source, key, first, length, per_draw * length)
            first += length


def check_extension(
    definition: Definition, stored: Mapping[str, Any] | None, counts: Counts, covered: Counts
) -> None:
    """InvalidInput unless every stored point is still asked for, and means the same."""
    if stored is None:
        return
    now = definition.to_dict()
    for name in KEPT:
        if now.get(name) != stored.get(name):
            raise InvalidInput(
                f"{name} cannot change from {json.dumps(stored.get(name))} to "
                f"{json.dumps(now.get(name))} in a study that has begun: start another file"
            )
    _check_objects(definition.custom, stored.get("custom"))
    if not definition.theory and any(source == THEORY for source, _ in covered):
        raise InvalidInput("theory cannot change from true to false in a study that has begun")
    if not definition.finite_n and any(source == FINITE for source, _ in covered):
        raise InvalidInput("finite_n cannot change from true to false in a study that has begun")
    for (source, key), count in covered.items():
        asked = counts.get((source, key), 0)
        if asked == 0:
            _check_inputs(definition, key)
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
        covered = covered_draws(definition, store)
        check_extension(definition, store.definition(), counts, covered)
        store.write_definition(definition.to_dict())
        store.add(missing(definition, counts, covered))


def cost(definition: Definition, source: str, key: str) -> tuple[float, int]:
    """(seconds on one core, bytes) of one draw, or of the theory of a cell, as predicted."""
    cell = Cell(key, definition.objects)
    if source == THEORY:
        return _theory_cost(cell.model, cell.dimension)
    if source == FINITE:
        return finite_cost(cell)
    model, N, M = cell.model, cell.N, sample_count(cell.alpha, cell.N)
    seconds, size = 0.0, 0
    for subject in subjects(definition.observables):
        one, needed = subject.cost(cell, definition.numerics)
        read = [each for each in definition.observables if each.of == subject]
        seconds += one + sum(each.seconds(model, N, M, one) for each in read)
        size = max(size, needed)
    return seconds, size


@functools.lru_cache(maxsize=256)
def _theory_cost(model: TeacherStudent, N: int | None) -> tuple[float, int]:
    return route(model, N).cost


def _check_objects(now: Mapping[str, Mapping[str, Any]], stored: Any) -> None:
    """InvalidInput if an object of the user's has the name of another that the study began with."""
    before = stored if isinstance(stored, dict) else {}
    for parameter, held in now.items():
        for name, numbers in held.items():
            other = before.get(parameter, {}).get(name, numbers)
            same = numbers == other or (
                isinstance(numbers, list)
                and isinstance(other, list)
                and len(numbers) == len(other)
                and all(
                    math.isclose(a, b, rel_tol=SAME, abs_tol=SAME)
                    for a, b in zip(numbers, other, strict=True)
                )
            )
            if not same and parameter != "observables":
                raise InvalidInput(
                    f"the {parameter} {name} is another than the study began with: give it a name "
                    "of its own, or start another file"
                )


def _check_inputs(definition: Definition, key: str) -> None:
    """InvalidInput where a stored point is of rows that are now others."""
    own = Cell(key).parameters.get(OWN)
    if own is not None and own not in definition.custom.get(OWN, {}):
        raise InvalidInput(
            f"the study has points of the inputs {own}, and these are others now: a file, or what "
            "is done to it, has changed; put it back, or start another file"
        )


def _many_points(definition: Definition, points: int) -> Iterator[str]:
    if points > MANY:
        yield f"{points:,} points are as many rows of a file: raise block from {definition.block}"


def _same_samples(definition: Definition) -> Iterator[str]:
    """Different α that are one number of samples, for M is an integer."""
    found: dict[tuple[Any, ...], set[float]] = defaultdict(set)
    for cell, draws in definition.cells():
        if draws:
            found[cell.N, sample_count(cell.alpha, cell.N)].add(cell.alpha)
    several = {at: alphas for at, alphas in found.items() if len(alphas) > 1}
    for (N, M), alphas in list(several.items())[:MOST_NOTES]:
        listed = ", ".join(f"{alpha:.12g}" for alpha in sorted(alphas)[:4])
        yield f"at N = {N}, alpha = {listed} are all M = {M} samples"
    if len(several) > MOST_NOTES:
        yield f"and {len(several) - MOST_NOTES} more that are the same numbers of samples"
