"""Gradient descent, momentum and gradient flow of many draws that advance together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
from bbpscape.simulation.descent.step import safe_step, safe_steps

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
    batch = _Batch(instances, begin, rule, gradient)
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


@dataclass
class _Point:
    """Where draws are: w and ∇L, of shape (n, p, N), where they live; the rest on the host.

    ``loss`` is L, ``norm`` ‖w‖ and ``steep`` ‖∇L‖, of shape (n,), and ``overlaps`` w w*ᵀ.
    """

    w: Any
    slope: Any
    loss: NDArray[np.float64]
    norm: NDArray[np.float64]
    steep: NDArray[np.float64]
    overlaps: NDArray[np.float64]


class _Batch:
    """The draws that still move. Arrays have one entry for each of ``alive``."""

    def __init__(
        self,
        instances: Sequence[Instance],
        starts: NDArray[np.float64],
        rule: DescentRule,
        gradient: BatchGradient,
    ):
        self.rule, self.gradient, self.where = rule, gradient, gradient.where
        self.model, self.M = gradient.model, gradient.M
        self.notes = [_Notes(one, rule) for one in instances]
        self.alive = np.arange(len(instances))
        self.time, self.refused = np.zeros(len(starts)), np.zeros(len(starts), dtype=int)
        self.step = 0
        self.records = set(record_steps(rule.steps).tolist())
        self.teacher = self._up(np.stack([one.teacher for one in instances]))
        self.teacher_norm = np.array([(one.teacher**2).sum() for one in instances])
        self.domain = Free()
        if rule.sphere:
            self.domain = OnSphere(instances[0].sphere, self.where, gradient.dtype)
        w = self._up(starts)
        self.eta = self._safe_steps(w) if rule.step is None else np.full(len(starts), rule.step)
        self.first_eta = self.eta.copy()
        self.velocity = self.where.xp.zeros_like(w)
        self.now = self._point(self.domain.onto(w))
        self.first_loss, self.first_steep = self.now.loss.copy(), self.now.steep.copy()

    def _up(self, array: NDArray) -> Any:
        return self.where.asarray(array, self.gradient.dtype)

    def _each(self, values: NDArray) -> Any:
        """One number a draw, to multiply weights with."""
        return self._up(values)[:, None, None]

    def _norms(self, weights: Any) -> NDArray[np.float64]:
        return np.sqrt(self.where.host(self._squares(weights)))

    def _squares(self, weights: Any) -> Any:
        xp = self.where.xp
        return xp.sum(weights * weights, axis=(1, 2), dtype=xp.float64)

    def _point(self, w: Any) -> _Point:
        """All that is asked of w, which comes to the host in one piece."""
        xp, n = self.where.xp, w.shape[0]
        loss, slope = self.gradient.there(w)
        slope = self.domain.tangent(w, slope)
        products = w @ xp.matrix_transpose(self.teacher)
        parts = [loss[:, None], self._squares(w)[:, None], self._squares(slope)[:, None]]
        parts.append(self.where.asarray(xp.reshape(products, (n, -1)), "float64"))
        numbers = np.array(self.where.host(xp.concat(parts, axis=1)))
        norm, steep = np.sqrt(numbers[:, 1]), np.sqrt(numbers[:, 2])
        overlaps = numbers[:, 3:].reshape(products.shape)
        return _Point(w, slope, numbers[:, 0], norm, steep, overlaps)

    def _safe_steps(self, w: Any) -> NDArray[np.float64]:
        if self.where.batches:
            return safe_steps(self.gradient, w)
        chosen = zip(self.alive, w, strict=True)
        found = [
            safe_step(self.notes[draw].instance, np.array(one, dtype=float)) for draw, one in chosen
        ]
        return np.array(found)

    def observe(self) -> None:
        """Note m², write the records that are due, and let draws go that have reached an end."""
        with np.errstate(over="ignore", invalid="ignore"):
            self._observe()

    def _observe(self) -> None:
        rule, k, now = self.rule, self.step, self.now
        m2 = magnetization(now.overlaps, now.norm**2, self.teacher_norm[self.alive])
        kept = []
        for i, draw in enumerate(self.alive):
            one = self.notes[draw]
            if m2[i] > one.largest:
                one.largest, one.largest_step = float(m2[i]), k
            if one.recovered_step is None and m2[i] >= rule.recovery and self._learned(i, one):
                one.recovered_step = k
            one.status = self._end(i, draw, now.steep[i], one)
            if k in self.records or k in rule.snapshots or one.status:
                self._write(i, one, float(m2[i]))
            if not one.status:
                kept.append(i)
        self._keep(np.array(kept, dtype=int))
        renewed = rule.step is None and rule.method != "flow" and k in self.records
        if renewed and k > 0 and self.alive.size:
            self.eta = self._safe_steps(self.now.w)

    def _host(self, i: int) -> NDArray[np.float64]:
        return np.array(self.where.host(self.now.w[i]), dtype=float)

    def _learned(self, i: int, one: _Notes) -> bool:
        if self.model.activation.quadratic:
            return True
        instance = one.instance
        error = relative_error(self.model, self._host(i), instance.teacher, instance.mean)
        return bool(error < 1 - self.rule.recovery)

    def _end(self, i: int, draw: Any, slope: float, one: _Notes) -> str:
        rule = self.rule
        first = self.first_loss[draw]
        if not math.isfinite(slope) or not self.now.loss[i] - first <= DIVERGED * abs(first):
            return "diverged"
        if rule.until_recovery and one.recovered_step is not None:
            return "recovered"
        if slope <= rule.tolerance * self.first_steep[draw]:
            return "converged"
        if self.eta[i] < SMALLEST * self.first_eta[draw]:
            return "converged"
        return "budget" if self.step >= rule.steps else ""

    def _write(self, i: int, one: _Notes, m2: float) -> None:
        w, teacher = self._host(i), one.instance.teacher
        error = float(relative_error(self.model, w, teacher, one.instance.mean))
        if self.step in self.records or one.status:
            one.rows.append((self.step, self.time[i], self.now.loss[i] / self.M, error, m2))
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
        for name in ("alive", "eta", "time", "refused"):
            setattr(self, name, getattr(self, name)[rows])
        now = self.now
        for name in ("loss", "norm", "steep", "overlaps"):
            setattr(now, name, getattr(now, name)[rows])
        if len(rows):
            index = rows if not self.where.batches else self.where.asarray(rows, "int64")
            self.velocity, self.teacher = self.velocity[index], self.teacher[index]
            now.w, now.slope = now.w[index], now.slope[index]

    def advance(self) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            getattr(self, f"_{self.rule.method}")()
        self.step += 1

    def _gd(self) -> None:
        there = self._point(self.domain.onto(self.now.w - self._each(self.eta) * self.now.slope))
        if self.rule.step is not None:
            self.time += self.eta
            self.now = there
            return
        accepted = self._accept(there, self.eta, np.ones(len(self.eta), dtype=bool))
        self.eta = np.where(accepted, self.eta, self.eta / 2)

    def _momentum(self) -> None:
        now = self.now
        self.velocity = self.domain.tangent(now.w, self.velocity)
        self.velocity = self.rule.beta * self.velocity - self._each(self.eta) * now.slope
        self.now = self._point(self.domain.onto(now.w + self.velocity))
        self.time += self.eta

    def _flow(self) -> None:
        """Heun's step: two gradients, the second of which is the next step's first."""
        now, h = self.now, self._each(self.eta)
        ahead = self._point(self.domain.onto(now.w - h * now.slope)).slope
        there = self._point(self.domain.onto(now.w - 0.5 * h * (now.slope + ahead)))
        error = 0.5 * self.eta * self._norms(ahead - now.slope) / now.norm
        error = np.where(np.isfinite(error), error, math.inf)
        accepted = self._accept(there, self.eta, error <= FLOW_ACCURACY)
        factor = 0.9 * np.sqrt(FLOW_ACCURACY / np.maximum(error, 1e-12))
        self.eta = self.eta * np.where(accepted, np.clip(factor, 0.2, 2), np.clip(factor, 0.2, 0.5))

    def _accept(self, there: _Point, taken: NDArray, allowed: NDArray) -> NDArray[np.bool_]:
        """Move the draws whose loss does not rise; which ones."""
        now, slack = self.now, ROUNDING * np.finfo(self.gradient.dtype).eps
        accepted = allowed & (there.loss <= now.loss + slack * abs(now.loss))
        self.time += np.where(accepted, taken, 0.0)
        self.refused += ~accepted
        if accepted.all():
            self.now = there
            return accepted
        mask = self.where.asarray(accepted, "bool")[:, None, None]
        for name in ("w", "slope"):
            chosen = self.where.xp.where(mask, getattr(there, name), getattr(now, name))
            setattr(now, name, chosen)
        for name in ("loss", "norm", "steep", "overlaps"):
            getattr(now, name)[accepted] = getattr(there, name)[accepted]
        return accepted
