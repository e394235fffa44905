"""Gradient descent, momentum and gradient flow of many draws that advance together."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.backend import Backend, NumpyBackend
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.descent.domain import Free, OnSphere
from bbpscape.simulation.descent.gradient import BatchGradient
from bbpscape.simulation.descent.notes import Notes, Point
from bbpscape.simulation.descent.overlap import (
    frobenius_magnetization,
    magnetization,
    relative_error,
)
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
    tell: Callable[[int, tuple[float, ...]], None] | None = None,
) -> list[Trajectory]:
    """Descend from ``starts``, each of shape (p, N), on the losses of ``instances``.

    ``tell`` is called with the index of a draw and (step, time, loss, generalization, m2,
    m2_frobenius) as they are recorded. A draw that stops leaves the batch.

    On numpy each trajectory is the same whatever the others.

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
    batch, told = _Batch(instances, begin, rule, gradient), [0] * len(instances)
    while batch.alive.size:
        batch.observe()
        if tell is not None:
            for index, one in enumerate(batch.notes):
                for row in one.rows[told[index] :]:
                    tell(index, row)
                told[index] = len(one.rows)
        if batch.alive.size:
            batch.advance()
    return [one.finish() for one in batch.notes]


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
        self.notes = [Notes(one, rule) for one in instances]
        self.alive = np.arange(len(instances))
        count = len(starts)
        self.largest, self.largest_step = np.full(count, -1.0), np.zeros(count, dtype=int)
        self.largest_frobenius = np.full(count, -1.0)
        self.recovered = np.zeros(count, dtype=bool)
        self.time, self.refused = np.zeros(count), np.zeros(count, dtype=int)
        self.step = 0
        self.records = set(record_steps(rule.steps).tolist())
        self.teacher = self._up(np.stack([one.teacher for one in instances]))
        self.teacher_norm = np.array([(one.teacher**2).sum() for one in instances])
        self.domain = Free()
        if rule.sphere:
            if instances[0].model.student_gram is not None:
                raise InvalidInput("on the sphere neurons have norm √N: leave out student_gram")
            self.domain = OnSphere(instances[0].sphere, self.where, gradient.dtype)
        w = self._up(starts)
        self.eta = self._safe_steps(w) if rule.step is None else np.full(len(starts), rule.step)
        self.first_eta = self.eta.copy()
        self._latest: tuple[Any, Any] = (None, None)
        self.velocity = self.where.xp.zeros_like(w)
        self.now = self._point(self.domain.onto(w))
        self.first_loss, self.first_steep = self.now.loss.copy(), self.now.steep.copy()

    def _up(self, array: NDArray) -> Any:
        return self.where.asarray(array, self.gradient.dtype)

    def _each(self, values: NDArray) -> Any:
        """One number a draw, to multiply weights with; kept for the next step."""
        if values is not self._latest[0]:
            self._latest = values, self._up(values)[:, None, None]
        return self._latest[1]

    def _norms(self, weights: Any) -> NDArray[np.float64]:
        return np.sqrt(self.where.host(self._squares(weights)))

    def _squares(self, weights: Any) -> Any:
        xp = self.where.xp
        return xp.sum(weights * weights, axis=(1, 2), dtype=xp.float64)

    def _point(self, w: Any) -> Point:
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
        return Point(w, slope, numbers[:, 0], norm, steep, overlaps)

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
        rule, k, now, alive = self.rule, self.step, self.now, self.alive
        norms = now.norm**2, self.teacher_norm[alive]
        m2, frobenius = (
            one(now.overlaps, *norms) for one in (magnetization, frobenius_magnetization)
        )
        self.largest_frobenius[alive] = np.fmax(self.largest_frobenius[alive], frobenius)
        rises = m2 > self.largest[alive]
        self.largest[alive[rises]], self.largest_step[alive[rises]] = m2[rises], k
        for i in np.flatnonzero((m2 >= rule.recovery) & ~self.recovered[alive]).tolist():
            if self._learned(i, self.notes[alive[i]]):
                self.recovered[alive[i]], self.notes[alive[i]].recovered_step = True, k
        ends = self._ends()
        due = k in self.records or k in rule.snapshots
        written = np.flatnonzero((ends != "") | due)
        if written.size:
            self._write(written, m2, frobenius, ends)
        self._keep(np.flatnonzero(ends == ""))
        renewed = rule.step is None and rule.method != "flow" and k in self.records
        if renewed and k > 0 and self.alive.size:
            self.eta = self._safe_steps(self.now.w)

    def _host(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        chosen = self.now.w if len(rows) == len(self.alive) else self.now.w[self._index(rows)]
        return np.array(self.where.host(chosen), dtype=float)

    def _index(self, rows: NDArray[np.int64]) -> Any:
        return self.where.asarray(rows, "int64")

    def _errors(self, w: NDArray[np.float64], notes: Sequence[Notes]) -> NDArray[np.float64]:
        """The generalization error of draws at w, shape (n,)."""
        instances = [one.instance for one in notes]
        teachers = np.stack([one.teacher for one in instances])
        if instances[0].mean is None:
            return relative_error(self.model, w, teachers)
        means = [one.mean for one in instances]
        each = zip(w, teachers, means, strict=True)
        return np.array([relative_error(self.model, *one) for one in each])

    def _learned(self, i: int, one: Notes) -> bool:
        if self.model.activation.quadratic:
            return True
        error = self._errors(self._host(np.array([i])), [one])[0]
        return bool(error < 1 - self.rule.recovery)

    def _ends(self) -> NDArray[np.str_]:
        """Why each draw stops here; "" where it goes on."""
        rule, now, alive = self.rule, self.now, self.alive
        first = self.first_loss[alive]
        ends = np.full(len(alive), "budget" if self.step >= rule.steps else "", dtype="<U9")
        small = now.steep <= rule.tolerance * self.first_steep[alive]
        ends[small | (self.eta < SMALLEST * self.first_eta[alive])] = "converged"
        if rule.until_recovery:
            ends[self.recovered[alive]] = "recovered"
        ends[~np.isfinite(now.steep) | ~(now.loss - first <= DIVERGED * abs(first))] = "diverged"
        return ends

    def _write(
        self,
        rows: NDArray[np.int64],
        m2: NDArray[np.float64],
        frobenius: NDArray[np.float64],
        ends: NDArray[np.str_],
    ) -> None:
        """A record, a snapshot or the end of some draws."""
        notes, now = [self.notes[draw] for draw in self.alive[rows]], self.now
        students = self._host(rows)
        errors = self._errors(students, notes)
        for i, one, w, error in zip(rows.tolist(), notes, students, errors, strict=True):
            status, draw = str(ends[i]), self.alive[i]
            if self.step in self.records or status:
                loss = now.loss[i] / self.M
                both = float(m2[i]), float(frobenius[i])
                one.rows.append((self.step, self.time[i], loss, float(error), *both))
            if self.step in self.rule.snapshots:
                one.snapshots[self.step] = w
            if status:
                one.student, one.status, one.eta = w, status, float(self.eta[i])
                one.largest = float(self.largest[draw])
                one.largest_frobenius = float(self.largest_frobenius[draw])
                one.largest_step = int(self.largest_step[draw])
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
            index = self._index(rows)
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
        if not accepted.all():
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

    def _accept(self, there: Point, taken: NDArray, allowed: NDArray) -> NDArray[np.bool_]:
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
