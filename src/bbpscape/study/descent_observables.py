"""Observables of a gradient descent on the loss of a draw, from the start and by the rule of its
point."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.backend import backend
from bbpscape.simulation.data.instance import Instance, sample_count
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.rule import DescentRule, Trajectory, budget_seconds
from bbpscape.simulation.memory import instance_bytes
from bbpscape.simulation.parallel import available_cpus
from bbpscape.study.cells import Cell
from bbpscape.study.observable import OBSERVABLES, Observable
from bbpscape.study.subject import Numerics, Subject

DEVICE_BYTES = 2**32  # of inputs, in double precision, that advance together on a torch device


@dataclass(frozen=True)
class Descents(Subject):
    """The descent of a draw, which by default ends when it has recovered the teacher.

    One that diverges counts as not recovered, with the largest m² that it reached, and has no
    loss, error and m² at its end.
    """

    parameters = ("start", "method", "domain", "steps", "until")

    def check(self, cell: Cell, numerics: Numerics) -> None:
        if numerics.eigensolver != "auto":
            raise InvalidInput(
                f"eigensolver {numerics.eigensolver} is for spectra: leave out what is read off a "
                "descent, or take auto"
            )
        self.rule(cell)

    def rule(self, cell: Cell) -> DescentRule:
        """The rule of a point; InvalidInput if its start does not go with the model."""
        values = cell.parameters
        cell.start.check_model(cell.model)
        return DescentRule(
            method=str(values["method"]),
            sphere=values["domain"] == "sphere",
            steps=int(values["steps"]),
            until_recovery=values["until"] == "recovery",
        )

    def prepare(
        self, cell: Cell, seed: np.random.SeedSequence, numerics: Numerics, below_edge: bool
    ) -> Trajectory:
        (found,) = self.prepare_all(cell, [seed], numerics, below_edge)
        return found

    def prepare_all(
        self,
        cell: Cell,
        seeds: Sequence[np.random.SeedSequence],
        numerics: Numerics,
        below_edge: bool,
    ) -> Iterator[Trajectory]:
        """On a torch device as many draws advance together as fit, else one after the other."""
        rule, where = self.rule(cell), backend(numerics.device)
        size = 8 * sample_count(cell.alpha, cell.N) * cell.N
        together = max(1, DEVICE_BYTES // size) if where.batches else 1

        def begin(seed: np.random.SeedSequence) -> tuple[Instance, NDArray[np.float64]]:
            instance = cell.draw(seed)
            return instance, cell.start.begin(instance)

        with ThreadPoolExecutor(min(together, available_cpus())) as threads:
            for first in range(0, len(seeds), together):
                begun = threads.map(begin, seeds[first : first + together])
                instances, starts = zip(*begun, strict=True)
                dtype = numerics.precision
                yield from descend_batch(instances, starts, rule, dtype=dtype, where=where)

    def cost(self, cell: Cell, numerics: Numerics) -> tuple[float, int]:
        """The whole budget of steps: a descent that recovers or converges ends before."""
        p, N, M = int(cell.model.p), cell.N, sample_count(cell.alpha, cell.N)
        return budget_seconds(self.rule(cell), p, N, M), 2 * instance_bytes(p, N, M)


DESCENT = Descents()


def _descent_m2(one: Trajectory) -> float | None:
    return one.largest_m2


def _descent_m2_frobenius(one: Trajectory) -> float | None:
    return one.largest_m2_frobenius


def _final_m2(one: Trajectory) -> float | None:
    return None if _diverged(one) else float(one.m2[-1])


def _final_m2_frobenius(one: Trajectory) -> float | None:
    return None if _diverged(one) else float(one.m2_frobenius[-1])


def _converged(one: Trajectory) -> float | None:
    return float(one.status == "converged")


def _recovered(one: Trajectory) -> float | None:
    return float(one.recovered and not _diverged(one))


def _recovery_step(one: Trajectory) -> float | None:
    if one.recovered_step is None or _diverged(one):
        return None
    return float(one.recovered_step)


def _descent_loss(one: Trajectory) -> float | None:
    return None if _diverged(one) else float(one.loss[-1])


def _descent_error(one: Trajectory) -> float | None:
    return None if _diverged(one) else float(one.generalization[-1])


def _diverged(one: Trajectory) -> bool:
    return one.status == "diverged"


for _one in (
    Observable(
        "descent_m2",
        _descent_m2,
        None,
        "largest $m^2$ of the descent",
        "largest squared magnetization (nuclear norm) that the descent reaches",
        DESCENT,
    ),
    Observable(
        "descent_m2_frobenius",
        _descent_m2_frobenius,
        None,
        "largest $m^2$ (Frobenius) of the descent",
        "the same with the Frobenius norm, which differs at p* > 1",
        DESCENT,
    ),
    Observable(
        "final_m2",
        _final_m2,
        None,
        "$m^2$ at the end of the descent",
        "squared magnetization (nuclear norm) where it ends; with until = end, what it finds",
        DESCENT,
    ),
    Observable(
        "final_m2_frobenius",
        _final_m2_frobenius,
        None,
        "$m^2$ (Frobenius) at the end of the descent",
        "the same with the Frobenius norm, which differs at p* > 1",
        DESCENT,
    ),
    Observable(
        "converged",
        _converged,
        None,
        "fraction converged",
        "1 if the descent ends because its gradient vanishes, 0 for its budget or recovery",
        DESCENT,
    ),
    Observable(
        "recovered",
        _recovered,
        None,
        "fraction recovered",
        "1 if the descent recovers the teacher, else 0",
        DESCENT,
    ),
    Observable(
        "recovery_step",
        _recovery_step,
        None,
        "step of the recovery",
        "step at which the descent recovers the teacher, if it does",
        DESCENT,
    ),
    Observable(
        "descent_loss", _descent_loss, None, "loss a sample", "loss a sample at the end", DESCENT
    ),
    Observable(
        "descent_error",
        _descent_error,
        None,
        "generalization error",
        "generalization error at the end",
        DESCENT,
    ),
):
    OBSERVABLES.add(_one.name, _one)
