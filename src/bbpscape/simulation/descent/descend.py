"""Gradient descent, momentum and gradient flow of many draws that advance together."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.backend import Backend, NumpyBackend
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.descent.domain import Free, OnSphere
from bbpscape.simulation.descent.gradient import BatchGradient
from bbpscape.simulation.descent.overlap import magnetization, relative_error
from bbpscape.simulation.descent.rule import DescentRule, Trajectory, record_steps
from bbpscape.simulation.descent.step import safe_step

DIVERGED = 1e6  # times the first loss: a rise
SMALLEST = 1e-12  # of the first step: no smaller one lowers the loss but by rounding
ROUNDING = 16.0  # times eps and the loss: a rise that is none
FLOW_ACCURACY = 1e-3  # of a step: half the difference of Euler's and Heun's, over ‖w‖


def descend_batch(
    instances: Sequence[Instance],
    starts: Sequence[NDArray[np.float64]],
    rule: DescentRule,
    *,
    dtype: str = "float64",
    where: Backend | None = None,
) -> list[Trajectory]:
    """Descend from ``starts``, each of shape (p, N), on the losses of ``instances``.

    A draw that stops leaves the batch. On numpy each trajectory is the same whatever the others.

    Raises
    ------
    InvalidInput
        If the shapes do not fit, or a start is not real and finite.
    """
    backend = NumpyBackend() if where is None else where
    gradient = BatchGradient(instances, dtype, backend)
    shape = (len(instances), int(gradient.model.p), gradient.N)
    begin = real_array("starts", starts)
    if begin.shape != shape:
        raise InvalidInput(f"starts must have shape {shape}, got {begin.shape}")
    if rule.step is None:
        eta = [safe_step(i, w) for i, w in zip(instances, begin, strict=True)]
    else:
        eta = [rule.step] * len(instances)
    batch = _Batch(instances, begin, np.array(eta), rule, gradient)
    while batch.alive.size:
        batch.observe()
        if batch.alive.size:
            batch.advance()
    return [one.finish() for one in batch.notes]


class _Notes:
    """What is written down of one draw on its way."""

    def __init__(self, instance: Instance, rule: DescentRule):
        self.instance, self.rule = instance, rule
        self.rows: list[tuple[float, ...]] = []
        self.largest, self.largest_step = -1.0, 0
        self.recovered_step: int | None = None
        self.status = ""
        self.eta, self.refused = math.nan, 0
        self.student: NDArray[np.float64]
        self.snapshots: dict[int, NDArray[np.float64]] = {}

    def finish(self) -> Trajectory:
        step, time, loss, error, m2 = np.array(self.rows, dtype=float).T
        return Trajectory(
            step.astype(int),
            time,
            loss,
            error,
            m2,
            largest_m2=self.largest,
            largest_m2_step=self.largest_step,
            recovered_step=self.recovered_step,
            status=self.status,
            eta=self.eta,
            refused=self.refused,
            student=self.student,
            snapshots=self.snapshots,
        )


class _Batch:
    """The draws that still move. Arrays have one entry for each of ``alive``."""

    def __init__(
        self,
        instances: Sequence[Instance],
        starts: NDArray[np.float64],
        eta: NDArray[np.float64],
        rule: DescentRule,
        gradient: BatchGradient,
    ):
        self.rule, self.gradient, self.where = rule, gradient, gradient.where
        self.model, self.M = gradient.model, gradient.M
        self.notes = [_Notes(one, rule) for one in instances]
        self.alive = np.arange(len(instances))
        self.eta, self.first_eta = eta, eta.copy()
        self.time, self.refused = np.zeros(len(eta)), np.zeros(len(eta), dtype=int)
        self.step = 0
        self.records = set(record_steps(rule.steps).tolist())
        self.teacher = self._up(np.stack([one.teacher for one in instances]))
        self.teacher_norm = np.array([(one.teacher**2).sum() for one in instances])
        self.domain = Free()
        if rule.sphere:
            self.domain = OnSphere(instances[0].sphere, self.where, gradient.dtype)
        self.w = self.domain.onto(self._up(starts))
        self.velocity = self.where.xp.zeros_like(self.w)
        self.loss, self.slope = self._gradient(self.w)
        self.first_loss = self.loss.copy()
        self.first_slope = self._norms(self.slope)

    def _up(self, array: NDArray) -> Any:
        return self.where.asarray(array, self.gradient.dtype)

    def _each(self, values: NDArray) -> Any:
        """One number a draw, to multiply weights with."""
        return self._up(values)[:, None, None]

    def _norms(self, weights: Any) -> NDArray[np.float64]:
        xp = self.where.xp
        squares = self.where.host(xp.sum(weights * weights, axis=(1, 2), dtype=xp.float64))
        return np.sqrt(squares)

    def _gradient(self, w: Any) -> tuple[NDArray[np.float64], Any]:
        loss, slope = self.gradient(w)
        return loss, self.domain.tangent(w, slope)

    def observe(self) -> None:
        """Note m², write the records that are due, and let draws go that have reached an end."""
        with np.errstate(over="ignore", invalid="ignore"):
            self._observe()

    def _observe(self) -> None:
        rule, k = self.rule, self.step
        overlaps = self.where.host(self.w @ self.where.xp.matrix_transpose(self.teacher))
        norms, slopes = self._norms(self.w), self._norms(self.slope)
        m2 = magnetization(overlaps.astype(float), norms**2, self.teacher_norm[self.alive])
        kept = []
        for i, draw in enumerate(self.alive):
            one = self.notes[draw]
            if m2[i] > one.largest:
                one.largest, one.largest_step = float(m2[i]), k
            if one.recovered_step is None and m2[i] >= rule.recovery and self._learned(i, one):
                one.recovered_step = k
            one.status = self._end(i, draw, slopes[i], one)
            if k in self.records or k in rule.snapshots or one.status:
                self._write(i, one, float(m2[i]))
            if not one.status:
                kept.append(i)
        self._keep(np.array(kept, dtype=int))
        if rule.step is None and rule.method != "flow" and k in self.records and k > 0:
            found = [
                safe_step(self.notes[draw].instance, self._host(i))
                for i, draw in enumerate(self.alive)
            ]
            self.eta = np.array(found)

    def _host(self, i: int) -> NDArray[np.float64]:
        return np.array(self.where.host(self.w[i]), dtype=float)

    def _learned(self, i: int, one: _Notes) -> bool:
        if self.model.activation.quadratic:
            return True
        instance = one.instance
        error = relative_error(self.model, self._host(i), instance.teacher, instance.mean)
        return bool(error < 1 - self.rule.recovery)

    def _end(self, i: int, draw: Any, slope: float, one: _Notes) -> str:
        rule = self.rule
        first = self.first_loss[draw]
        if not math.isfinite(slope) or not self.loss[i] - first <= DIVERGED * abs(first):
            return "diverged"
        if rule.until_recovery and one.recovered_step is not None:
            return "recovered"
        if slope <= rule.tolerance * self.first_slope[draw]:
            return "converged"
        if self.eta[i] < SMALLEST * self.first_eta[draw]:
            return "converged"
        return "budget" if self.step >= rule.steps else ""

    def _write(self, i: int, one: _Notes, m2: float) -> None:
        w, teacher = self._host(i), one.instance.teacher
        error = float(relative_error(self.model, w, teacher, one.instance.mean))
        if self.step in self.records or one.status:
            one.rows.append((self.step, self.time[i], self.loss[i] / self.M, error, m2))
        if self.step in self.rule.snapshots:
            one.snapshots[self.step] = w
        if one.status:
            one.student, one.eta = w, float(self.eta[i])
            one.refused = int(self.refused[i])
            if any(step > self.step for step in self.rule.snapshots):
                one.snapshots[self.step] = w

    def _keep(self, rows: NDArray[np.int64]) -> None:
        if len(rows) == len(self.alive):
            return
        self.gradient.keep(rows)
        for name in ("alive", "eta", "time", "refused", "loss"):
            setattr(self, name, getattr(self, name)[rows])
        if len(rows):
            for name in ("w", "velocity", "slope", "teacher"):
                setattr(self, name, getattr(self, name)[self._index(rows)])

    def _index(self, rows: NDArray[np.int64]) -> Any:
        return rows if isinstance(self.where, NumpyBackend) else self.where.asarray(rows, "int64")

    def advance(self) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            getattr(self, f"_{self.rule.method}")()
        self.step += 1

    def _gd(self) -> None:
        trial = self.domain.onto(self.w - self._each(self.eta) * self.slope)
        loss, slope = self._gradient(trial)
        if self.rule.step is not None:
            self.time += self.eta
            self.w, self.loss, self.slope = trial, loss, slope
            return
        accepted = self._accept(trial, loss, slope, self.eta, np.ones(len(loss), dtype=bool))
        self.eta = np.where(accepted, self.eta, self.eta / 2)

    def _momentum(self) -> None:
        self.velocity = self.domain.tangent(self.w, self.velocity)
        self.velocity = self.rule.beta * self.velocity - self._each(self.eta) * self.slope
        self.w = self.domain.onto(self.w + self.velocity)
        self.loss, self.slope = self._gradient(self.w)
        self.time += self.eta

    def _flow(self) -> None:
        """Heun's step: two gradients, the second of which is the next step's first."""
        h = self._each(self.eta)
        euler = self.domain.onto(self.w - h * self.slope)
        _, ahead = self._gradient(euler)
        trial = self.domain.onto(self.w - 0.5 * h * (self.slope + ahead))
        loss, slope = self._gradient(trial)
        error = 0.5 * self.eta * self._norms(ahead - self.slope) / self._norms(self.w)
        error = np.where(np.isfinite(error), error, math.inf)
        accepted = self._accept(trial, loss, slope, self.eta, error <= FLOW_ACCURACY)
        factor = 0.9 * np.sqrt(FLOW_ACCURACY / np.maximum(error, 1e-12))
        self.eta = self.eta * np.where(accepted, np.clip(factor, 0.2, 2), np.clip(factor, 0.2, 0.5))

    def _accept(
        self, trial: Any, loss: NDArray, slope: Any, taken: NDArray, allowed: NDArray
    ) -> NDArray[np.bool_]:
        """Move the draws whose loss does not rise; which ones."""
        slack = ROUNDING * np.finfo(self.gradient.dtype).eps
        accepted = allowed & (loss <= self.loss + slack * abs(self.loss))
        self.time += np.where(accepted, taken, 0.0)
        self.refused += ~accepted
        if accepted.all():
            self.w, self.loss, self.slope = trial, loss, slope
            return accepted
        mask = self.where.asarray(accepted, "bool")[:, None, None]
        self.w = self.where.xp.where(mask, trial, self.w)
        self.slope = self.where.xp.where(mask, slope, self.slope)
        self.loss = np.where(accepted, loss, self.loss)
        return accepted
