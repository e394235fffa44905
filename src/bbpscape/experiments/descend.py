"""Gradient descent of many draws of one model, from any start."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from bbpscape.core.checks import integer
from bbpscape.core.memory import require_memory
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, counted, number
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.statistics import Fraction
from bbpscape.core.status import CONVERGED, Status
from bbpscape.experiments.sizes import check_sizes
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import backend, check_dtype
from bbpscape.simulation.data.inputs import Inputs
from bbpscape.simulation.data.source import Source, source_of
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.rule import RATE, DescentRule, Trajectory, budget_operations
from bbpscape.simulation.descent.start import Start, start_label
from bbpscape.simulation.memory import instance_bytes
from bbpscape.simulation.parallel import available_cpus, check_workers, gathered, ordered_map
from bbpscape.study.spectral_start import find_start

DIMENSION = 1000
BATCH_BYTES = 2**29  # of inputs that advance together
WORTH = 10.0  # seconds of work below which starting processes costs more than it saves
MOST_DRAWS = 100_000
STATUSES = ("converged", "recovered", "budget", "diverged")


@result
class Descent(Result):
    """The trajectories of the draws of one model at one α and N, all by one rule.

    ``inputs`` describes input rows of your own; it is None if inputs follow the model's law.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.descend(bb.TeacherStudent(1, 1), alpha=6.0, N=20, draws=2)
    >>> sum(found.statuses.values()), found.trajectories[0].step[0]
    (2, np.int64(0))
    """

    derived: ClassVar[tuple[str, ...]] = ("draws", "recovered", "statuses")

    model: TeacherStudent
    alpha: float
    N: int
    M: int
    seed: int
    start: str
    rule: DescentRule
    trajectories: tuple[Trajectory, ...]
    inputs: str | None = None

    @property
    def draws(self) -> int:
        return len(self.trajectories)

    @property
    def recovered(self) -> Fraction:
        """In how many draws the teacher was recovered."""
        return Fraction(sum(one.recovered for one in self.trajectories), self.draws)

    @property
    def statuses(self) -> dict[str, int]:
        """How many draws ended in which way."""
        ends = [one.status for one in self.trajectories]
        return {status: ends.count(status) for status in STATUSES if status in ends}

    @property
    def status(self) -> Status:
        lost, short = (self.statuses.get(name, 0) for name in ("diverged", "budget"))
        if lost:
            return Status(
                f"{lost} of {counted(self.draws, 'draw')} diverged",
                "take a smaller step or beta, or method gd",
            )
        if short:
            return Status(
                f"{short} of {counted(self.draws, 'draw')} still moved after the last of "
                f"{self.rule.steps} steps",
                "allow more steps",
            )
        return CONVERGED

    def headline(self) -> str:
        sizes = self.model.label(alpha=self.alpha, N=self.N)
        told = f"{self.rule.method}, {start_label(self.start)}, {sizes}"
        return told if self.inputs is None else f"{told}, {self.inputs}"

    def report(self) -> Report:
        """How each draw ended, and how many recovered the teacher."""
        both = self.model.p_star > 1
        kinds = ("m2 (nuclear)", "m2 (Frobenius)") if both else ("m2",)
        names = ("draw", "status", "step", "loss/M", "gen. error", *kinds, "largest")
        rows = [
            (
                str(index),
                one.status,
                str(one.step[-1]),
                f"{one.loss[-1]:.3g}",
                f"{one.generalization[-1]:.3g}",
                *(f"{m2[-1]:.4f}" for m2 in (one.m2, one.m2_frobenius)[: 1 + both]),
                f"{one.largest_m2:.4f}",
                number(one.recovered_step, "d"),
            )
            for index, one in enumerate(self.trajectories)
        ]
        count, of, (low, high) = self.recovered.count, self.draws, self.recovered.interval
        share = f"recovered: {count} of {of} (fraction {low:.3f} to {high:.3f})"
        notes = () if self.status.ok else (str(self.status),)
        return Report([Table(f"{self.headline()}\n{share}", (*names, "recovered at"), rows)], notes)

    def columns(self) -> Mapping[str, Any]:
        """One row a draw: its last record, its largest m², and how it ended."""
        last = ("step", "time", "loss", "generalization", "m2", "m2_frobenius")
        names = ("largest_m2", "largest_m2_frobenius", "largest_m2_step", "recovered",
                 "recovered_step", "status", "eta")  # fmt: skip
        paths = self.trajectories
        return {
            "draw": list(range(self.draws)),
            **{name: [getattr(one, name)[-1] for one in paths] for name in last},
            **{name: [getattr(one, name) for one in paths] for name in (*names, "refused")},
        }


@dataclass(frozen=True)
class _Job:
    """What every draw of a descent shares."""

    source: Source
    alpha: float
    N: int
    start: Start
    rule: DescentRule
    dtype: str
    device: str


@shows_progress
def descend(
    model: TeacherStudent,
    alpha: float = 2.0,
    N: int | None = None,
    draws: int = 20,
    seed: Seed = 0,
    start: str | Start = "random",
    rule: DescentRule | None = None,
    *,
    inputs: Inputs | ArrayLike | None = None,
    dtype: str = "float64",
    device: str = "cpu",
    workers: int | None = None,
    progress: Telling = None,
) -> Descent:
    """Descend on the empirical loss of each draw, from one kind of start.

    Parameters
    ----------
    model : TeacherStudent
        p must be finite.
    alpha : float
        M = round(αN).
    N : int
        Dimension; with ``inputs`` it is theirs, else 1000 by default.
    draws : int
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone, and is that of ``compare`` and ``simulate``.
    start : str or Start
        "random"; "hessian", the lowest eigenvectors at the random student; "spectral", the optimal
        preprocessing of the labels; "overlap", the student at the model's overlap; or your own.
    rule : DescentRule, optional
    inputs : Inputs, rows or file, optional
        Your own inputs, as in ``compare``; ``generalization`` is that over Gaussian inputs of their
        covariance and norms.
    dtype, device : str
        As in ``lowest``.
    workers : int, optional
        Processes of one thread each; by default the number of cores if the budget of steps is worth
        starting them. Results do not depend on it.
    progress : function or False, optional
        Called with the number of draws that are done, and of all; by default a line
        on standard error once it takes long, False for silence.

    Returns
    -------
    Descent
        The trajectory of every draw, and how it ended.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or an instance would not fit in memory.

    See Also
    --------
    recovery : How often the teacher is found, against α.
    hessian_along : The Hessian along the way.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.descend(bb.TeacherStudent(1, 1), alpha=6.0, N=20, draws=2, seed=0)
    >>> found.recovered
    Fraction(count=2, of=2)
    """
    source = source_of(TeacherStudent.check(model), inputs)
    N, M = check_sizes(model, alpha, source.dimension(N, DIMENSION))
    source.check(alpha)
    draws, seed = integer("draws", draws, 1, MOST_DRAWS), check_seed(seed)
    begin = find_start(start).check_model(model)
    backend(device)
    rule = DescentRule() if rule is None else rule
    job = _Job(source, alpha, N, begin, rule, check_dtype(dtype), device)
    count, together = _shares(job, M, draws, workers)
    children = source.seeds(alpha, N, seed, draws)
    batches = [children[i : i + together] for i in range(0, draws, together)]
    parts = ordered_map(functools.partial(_descend, job), batches, count)
    found = gathered(parts, draws, progress)
    return Descent(model, M / N, N, M, seed, begin.name, rule, tuple(found), source.description)


def _shares(job: _Job, M: int, draws: int, workers: int | None) -> tuple[int, int]:
    """(processes, draws that advance together), refused where these do not fit in memory."""
    p, N = int(job.source.model.p), job.N
    together = min(draws, max(1, BATCH_BYTES // (8 * M * N)))

    def held(n: int) -> int:
        return 2 * together * instance_bytes(p, n, -(-M * n // N))

    require_memory(held, N)
    backend(job.device).require(held, N, "N")
    if workers is None:
        seconds = budget_operations(job.rule, p, N, M) * draws / RATE
        workers = available_cpus() if seconds > WORTH and job.device == "cpu" else 1
    count = check_workers(workers)
    return count, min(together, -(-draws // count))


def _descend(job: _Job, children: Sequence[np.random.SeedSequence]) -> list[Trajectory]:
    instances = [job.source.draw(job.alpha, job.N, child) for child in children]
    starts = [job.start.begin(one) for one in instances]
    return descend_batch(instances, starts, job.rule, dtype=job.dtype, where=backend(job.device))
