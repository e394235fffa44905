"""What a worker does: one point in, one result out, the same on any machine and in any order."""

import time
from dataclasses import dataclass
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.backend import backend
from bbpscape.simulation.processes import unpack
from bbpscape.simulation.threads import one_thread
from bbpscape.study.cells import Cell
from bbpscape.study.objects import Objects
from bbpscape.study.observable import Observable
from bbpscape.study.observables import finite_values, theory_values, values_of_draws
from bbpscape.study.subject import Numerics


@dataclass(frozen=True)
class Job:
    """What all points of a study share."""

    seed: int
    observables: tuple[Observable, ...]
    numerics: Numerics
    objects: Objects


@dataclass(frozen=True)
class Task:
    """A point of a job, its draws by theory if ``finite``; ``first`` is None for N → ∞."""

    cell: str
    first: int | None
    count: int
    finite: bool = False


@dataclass(frozen=True)
class Outcome:
    """``values`` by observable, a list over draws or a number of theory; or else a ``reason``."""

    values: dict[str, Any] | None
    reason: str
    seconds: float


def ready(job: Job | bytes) -> str:
    """ "" if a process has what the job takes, else what it lacks."""
    try:
        backend(_unpacked(job).numerics.device)
    except Exception as error:
        if isinstance(error, InvalidInput):
            return str(error)
        return f"a worker cannot load the study ({type(error).__name__}: {error})"
    return ""


def execute(job: Job | bytes, task: Task) -> Outcome:
    """Compute a point with one BLAS thread; an error becomes its reason."""
    began = time.perf_counter()
    try:
        # Unpacked first: it may load a BLAS of its own.
        one = _unpacked(job)
        with one_thread():
            values = _values(one, task)
    except Exception as error:
        message = " ".join(str(error).split()) or "no message"
        reason = f"{type(error).__name__}: {message}"[:1000]
        return Outcome(None, reason, time.perf_counter() - began)
    return Outcome(values, "", time.perf_counter() - began)


def _unpacked(job: Job | bytes) -> Job:
    return unpack(job) if isinstance(job, bytes) else job


def _values(job: Job, task: Task) -> dict[str, Any]:
    cell = Cell(task.cell, job.objects)
    if task.first is None:
        return dict(theory_values(cell, job.observables))
    draws = range(task.first, task.first + task.count)
    if task.finite:
        return dict(finite_values(cell, job.seed, draws, job.observables))
    seeds = [cell.seed(job.seed, draw) for draw in draws]
    return dict(values_of_draws(cell, seeds, job.observables, job.numerics))
