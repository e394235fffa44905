"""Gradient descent of many draws of one model, from any start."""

import dataclasses
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import backend, check_dtype
from bbpscape.simulation.data.instance import draw, sample_count
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.rule import RATE, DescentRule, Trajectory, budget_operations
from bbpscape.simulation.descent.start import check_start, starting_point
from bbpscape.simulation.memory import instance_bytes, require_memory
from bbpscape.simulation.parallel import available_cpus, check_workers, ordered_map
from bbpscape.study.spectral_start import spectral_preprocessing

BATCH_BYTES = 2**29  # of inputs that advance together
WORTH = 10.0  # seconds of work below which starting processes costs more than it saves
MOST_DRAWS = 100_000
STATUSES = ("converged", "recovered", "budget", "diverged")


@dataclass(frozen=True, eq=False)
class Descent:
    """The trajectories of ``draws`` of one model at one α and N, all by one rule."""

    model: TeacherStudent
    alpha: float
    N: int
    M: int
    seed: int
    start: str
    rule: DescentRule
    trajectories: tuple[Trajectory, ...] = field(repr=False)

    @property
    def recovered(self) -> "Fraction":
        """In how many draws the teacher was recovered."""
        return Fraction(sum(one.recovered for one in self.trajectories), len(self.trajectories))

    @property
    def statuses(self) -> dict[str, int]:
        """How many draws ended in which way."""
        ends = [one.status for one in self.trajectories]
        return {status: ends.count(status) for status in STATUSES if status in ends}

    def to_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.to_dict(),
            "alpha": self.alpha,
            "N": self.N,
            "M": self.M,
            "seed": self.seed,
            "start": self.start,
            "rule": dataclasses.asdict(self.rule),
            "recovered": self.recovered.to_dict(),
            "statuses": self.statuses,
            "draws": [one.to_dict() for one in self.trajectories],
        }


def start_name(start: str) -> str:
    """'random start', 'Hessian start'."""
    return f"{'Hessian' if start == 'hessian' else start} start"


@dataclass(frozen=True)
class Fraction:
    """k of n, with Wilson's interval of one standard deviation (z = 1).

    (k + z²/2 ± z √(k (n − k)/n + z²/4))/(n + z²): it has a width at k = 0 and k = n too.

    Source: Wilson (1927), J. Amer. Statist. Assoc. 22, 209.

    >>> one = Fraction(0, 15)
    >>> one.value, one.interval
    (0.0, (0.0, 0.0625))
    """

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of

    @property
    def interval(self) -> tuple[float, float]:
        k, n = self.count, self.of
        half = math.sqrt(k * (n - k) / n + 0.25)
        return max((k + 0.5 - half) / (n + 1), 0.0), min((k + 0.5 + half) / (n + 1), 1.0)

    def to_dict(self) -> dict[str, Any]:
        low, high = self.interval
        return {"count": self.count, "of": self.of, "value": self.value, "low": low, "high": high}


@dataclass(frozen=True)
class _Settings:
    model: TeacherStudent
    alpha: float
    N: int
    start: str
    rule: DescentRule
    dtype: str
    device: str


def descend(
    model: TeacherStudent,
    alpha: float = 2.0,
    N: int = 1000,
    draws: int = 20,
    seed: Seed = 0,
    start: str = "random",
    rule: DescentRule | None = None,
    *,
    dtype: str = "float64",
    device: str = "cpu",
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Descent:
    """Descend on the empirical loss of each draw, from one kind of start.

    Parameters
    ----------
    model : TeacherStudent
        p must be finite.
    alpha : float
        M = round(αN).
    N, draws : int
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone, and is that of ``compare`` and ``simulate``.
    start : str
        "random"; "hessian", the lowest eigenvectors at the random student; "spectral", the optimal
        preprocessing of the labels; "overlap", the student at the model's overlap. See
        ``simulate.descent_start.starting_point``.
    rule : DescentRule, optional
    dtype, device : str
        As in ``lowest``.
    workers : int, optional
        Processes of one thread each; by default the number of cores if the budget of steps is worth
        starting them. Results do not depend on it.
    progress : function, optional
        Called with the number of draws that are done, and of all.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or an instance would not fit in memory.
    """
    TeacherStudent.check(model)
    if not math.isfinite(model.p):
        raise InvalidInput("p must be finite at finite N, got inf")
    N = int(positive_integer("N", N))
    M = sample_count(alpha, N)
    if model.p_star >= N:
        raise InvalidInput(f"N must be above p_star = {model.p_star}, got {N}")
    draws, seed = int(positive_integer("draws", draws)), check_seed(seed)
    if draws > MOST_DRAWS:
        raise InvalidInput(f"draws must be at most {MOST_DRAWS}, got {draws}")
    rule = DescentRule() if rule is None else rule
    check_start(start, model.overlap != 0.0)
    if start == "spectral":
        spectral_preprocessing(model)
    check_dtype(dtype)
    backend(device)
    p = int(model.p)
    together = min(draws, max(1, BATCH_BYTES // (8 * M * N)))
    require_memory(lambda n: 2 * together * instance_bytes(p, n, -(-M * n // N)), N)
    if workers is None:
        predicted = budget_operations(rule, p, N, M) * draws / RATE
        workers = available_cpus() if predicted > WORTH and device == "cpu" else 1
    count = check_workers(workers)
    together = min(together, -(-draws // count))
    children = np.random.SeedSequence(seed).spawn(draws)
    batches = [children[i : i + together] for i in range(0, draws, together)]
    settings = _Settings(model, alpha, N, start, rule, dtype, device)
    found: list[Trajectory] = []
    for part in ordered_map(functools.partial(_descend, settings), batches, count):
        found += part
        if progress is not None:
            progress(len(found), draws)
    return Descent(model, M / N, N, M, seed, start, rule, tuple(found))


def _descend(settings: _Settings, children: list[np.random.SeedSequence]) -> list[Trajectory]:
    s = settings
    instances = [draw(s.model, s.alpha, s.N, child) for child in children]
    transform = spectral_preprocessing(s.model) if s.start == "spectral" else None
    starts = [starting_point(one, s.start, transform) for one in instances]
    return descend_batch(instances, starts, s.rule, dtype=s.dtype, where=backend(s.device))
