"""The Hessian of a draw whose rows of X lie on Dask workers."""

import copy
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import positive_integer
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import NumpyBackend
from bbpscape.simulation.data.instance import DrawSeed, check_size, generator_of, sample_count
from bbpscape.simulation.data.sampler import Sampler
from bbpscape.simulation.data.stream import planted
from bbpscape.simulation.memory import STRIPE
from bbpscape.simulation.multiplied import Multiplied
from bbpscape.simulation.samples import PLAIN, Units, panel_slices
from bbpscape.simulation.sharded import tasks
from bbpscape.simulation.sharded.shards import Crew, Shards

AHEAD = 2  # such sums on their way beside the one that is waited for


class ShardedHessian(Multiplied):
    """The Hessian of ``draw(model, alpha, N, seed, draw)``, its rows of X on Dask workers.

    A shard is drawn where it stays, from the state of the stream at its first row: X is that of one
    machine to the last bit, and a lost worker's rows are drawn anew. Products and Gram matrices are
    summed by pairs of workers; the curvatures, and what is small, are here.

    Parameters
    ----------
    model, alpha, N, seed, draw
        As in ``draw``. A seed that is a Generator is advanced as ``draw`` would.
    client : distributed.Client
        Its workers share the rows, by their threads.

    Raises
    ------
    InvalidInput
        As ``draw``.
    """

    def __init__(
        self,
        model: TeacherStudent,
        alpha: float,
        N: int,
        seed: DrawSeed = 0,
        draw: int = 0,
        *,
        client: Any,
    ) -> None:
        self._N = int(positive_integer("N", N))
        samples = sample_count(alpha, self.N)
        self._p = check_size(model, self.N)
        generator = generator_of(model, alpha, self.N, seed, draw)
        sampler = Sampler(model.inputs, self.N, samples, generator)
        crew = Crew(client)
        self.shards = shards = Shards(crew, client.nthreads(), sampler, samples, generator)

        def project(weights: NDArray[np.float64]) -> NDArray[np.float64]:
            shared = [crew.submit(tasks.kept, weights)] * len(shards.rows)
            return shards.joined(shards.each(tasks.projected, shards.drawn, shared))

        found = planted(model, self.N, generator, sampler.mean, project)
        self.student, self.teacher = found.student, found.teacher
        self.teacher_basis, self.labels = found.teacher_basis, found.labels
        self.curvature: NDArray[np.float64] = found.curvature
        # The workers compute their own from fewer numbers than it has.
        given = shards.split(found.fields), shards.split(found.labels)
        self.curvatures = shards.each(tasks.curvature, [model] * len(shards.rows), *given)

    @property
    def p(self) -> int:
        return self._p

    @property
    def N(self) -> int:
        return self._N

    @property
    def held(self) -> bool:
        """X is not in this process."""
        return False

    def panels(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """(rows, X[rows]) for consecutive slices of rows, each fetched from its worker."""
        crew = self.shards.crew
        for X, shard in zip(self.shards.drawn, self.shards.rows, strict=True):
            for rows in panel_slices(shard.stop - shard.start):
                panel = crew.result(crew.submit(tasks.chosen, X, rows))
                yield slice(shard.start + rows.start, shard.start + rows.stop), panel

    def operator(self, dtype: str, scaled: bool = False) -> "ShardedOperator":
        """The product, in a precision; ``scaled``, in units of max|F|."""
        unit = Units.of_curvature(self.curvature) if scaled else PLAIN
        return ShardedOperator(self, unit).to(dtype)


class ShardedOperator:
    """V → V H for rows of V, as ``Operator`` has it: each worker adds what its rows of X give."""

    def __init__(self, hessian: ShardedHessian, units: Units) -> None:
        self.units, self.dtype, self.where = units, "float64", NumpyBackend()
        self.p, self.N, self.size = hessian.p, hessian.N, hessian.shape[0]
        self.columns = self.calls = 0
        self.curvature = hessian.curvature / units.curvature
        self._shards, self._curvatures = hessian.shards, hessian.curvatures
        self._inputs = hessian.shards.drawn

    def to(self, dtype: str) -> "ShardedOperator":
        """The same in a precision; X is copied where it lies."""
        if dtype == self.dtype:
            return self
        other = copy.copy(self)
        other.dtype, other.columns, other.calls = dtype, 0, 0
        other._inputs = self._shards.drawn
        if dtype == "float32":
            other._inputs = self._shards.each(tasks.single, self._shards.drawn)
        return other

    def __call__(self, block: NDArray) -> NDArray:
        """H applied to each row of a block of shape (b, pN)."""
        self.columns += len(block)
        self.calls += 1
        crew, count = self._shards.crew, len(self._inputs)
        shared = [crew.submit(tasks.kept, block)] * count
        unit = [self.units.curvature] * count
        parts = self._shards.each(tasks.product, self._inputs, self._curvatures, shared, unit)
        return crew.result(crew.total(parts))

    def gram(self, weights: NDArray[np.float64], dtype: str) -> NDArray:
        """Xᵀ diag(weights) X, its lower triangle, summed some columns at a time."""
        crew, given = self._shards.crew, self._given(weights)
        inputs = self.to(dtype)._inputs
        result = np.zeros((self.N, self.N), dtype, order="F")
        width = max(1, STRIPE // (self.N * result.itemsize))
        waiting: deque[tuple[slice, Any]] = deque()
        for start in range(0, self.N + AHEAD * width, width):
            if start < self.N:
                columns = slice(start, min(start + width, self.N))
                parts = self._shards.each(tasks.stripe, inputs, given, [columns] * len(given))
                waiting.append((columns, crew.total(parts)))
            if start >= AHEAD * width:
                columns, future = waiting.popleft()
                result[columns.start :, columns] = crew.result(future)
                del future
        return result

    def squares(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Σ_μ weights_μ x_μi², shape (N,)."""
        crew = self._shards.crew
        parts = self._shards.each(tasks.squares, self._inputs, self._given(weights))
        return crew.result(crew.total(parts))

    def rows(self, chosen: NDArray[np.int64]) -> NDArray:
        """X[chosen], for indices in increasing order."""
        local = []
        for rows in self._shards.rows:
            first, last = np.searchsorted(chosen, (rows.start, rows.stop))
            local.append(chosen[first:last] - rows.start)
        return self._shards.joined(self._shards.each(tasks.chosen, self._inputs, local))

    def _given(self, weights: NDArray[np.float64]) -> list[Any]:
        """Futures of the weights of each shard."""
        return self._shards.each(tasks.kept, self._shards.split(weights))
