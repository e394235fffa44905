"""Loss and gradient of many draws at once: two matrix products a draw, its data read once."""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.backend import Backend, NumpyBackend, check_dtype
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.descent.fused import ROWS, fused
from bbpscape.simulation.threads import blas_limit

# Bytes of X in a panel, used for both products while it is in the cache.
PANEL_BYTES = 2**21
GROUPS = 8  # runs of panels of a draw that are summed apart, whatever the number of threads
WORTH = 2e7  # operations from which threads are worth starting
# Widths up to which X w is faster neuron by neuron: the BLAS copies X before a matrix product.
NARROW = 4
# Widths up to which X is read once, faster than the BLAS reads it twice.
FUSED = 16


class BatchGradient:
    """L(w) = Σ_μ ℓ(y_μ, ŷ_μ) and ∂L/∂w_k = Σ_μ ℓ′_μ c_k σ′(λ_μk) x_μ of each of n draws.

    Λ = w Xᵀ and R X, with R_kμ = ℓ′_μ c_k σ′(λ_kμ), are all the products. On numpy a panel of X is
    used for both before the next is read, by machine code of its own for few quadratic neurons
    under a square loss; panels of all draws go beside each other on the backend's threads, and a
    draw's result depends neither on the other draws nor on the threads. On torch all draws are one
    batched product. ``calls`` counts gradients of the whole batch.

    Parameters
    ----------
    instances : sequence of Instance
        One model, one M, one N. The students of the instances are not used.
    dtype : str
        "float64" or "float32"; losses are summed in double precision.
    where : Backend

    Raises
    ------
    InvalidInput
        If there is no instance, or they differ in model or shape.

    >>> from bbpscape.model.losses import Square
    >>> from bbpscape.model.teacher_student import TeacherStudent
    >>> model = TeacherStudent(p=1, p_star=1, loss=Square())
    >>> one = Instance(model, np.array([[2.0]]), np.ones((1, 1)), np.ones((1, 1)))
    >>> loss, gradient = BatchGradient([one])(np.full((1, 1, 1), 2.0))  # (16 − 4)²/2, 12·2·4·2
    >>> loss.item(), gradient.item()
    (72.0, 192.0)
    """

    def __init__(
        self, instances: Sequence[Instance], dtype: str = "float64", where: Backend | None = None
    ):
        if not instances:
            raise InvalidInput("instances must be at least one, got none")
        first = instances[0]
        for one in instances:
            if one.model != first.model or one.inputs.shape != first.inputs.shape:
                raise InvalidInput("instances must be of one model, one M and one N")
        self.model, self.M, self.N = first.model, first.M, first.N
        self.dtype = check_dtype(dtype)
        self.where: Backend = NumpyBackend() if where is None else where
        self.calls = 0
        self._pool: ThreadPoolExecutor | None = None
        self._weights = first.model.output_weights
        self._native = first.model.activation.quadratic and first.model.loss.is_square
        self._uniform = first.model.second_layer is None
        self._c = self.where.asarray(self._weights, dtype)
        held = [self._held(one) for one in instances]
        self._draws: list[tuple[Any, ...]] = []
        self._stacked: tuple[Any, ...] | None = None
        if self.where.batches:
            self._stacked = tuple(self.where.stack(part, dtype) for part in zip(*held, strict=True))
        else:
            self._draws = [tuple(self.where.asarray(a, dtype) for a in one) for one in held]
        self._count = len(held)

    def _held(self, one: Instance) -> tuple[NDArray[np.float64], ...]:
        """(X, y, ℓ″) of a draw, ℓ″ being 1/(a + y) and its like where the loss is a square."""
        y = one.labels
        second = self.model.loss.derivatives(y, np.zeros(y.shape))[1] if self._native else y
        return one.inputs, y, second

    def __len__(self) -> int:
        return self._count

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Forget all draws but these."""
        if len(rows) == len(self):
            return
        if self._stacked is None:
            self._draws = [self._draws[i] for i in rows]
        else:
            index = self.where.asarray(rows, "int64")
            self._stacked = tuple(part[index] for part in self._stacked)
        self._count = len(rows)

    def __call__(self, student: Any) -> tuple[NDArray[np.float64], Any]:
        """(L, ∂L/∂w) at students of shape (n, p, N): shapes (n,), on the host, and (n, p, N)."""
        loss, gradient = self.there(student)
        return np.array(self.where.host(loss)), gradient

    def there(self, student: Any) -> tuple[Any, Any]:
        """The same, L in double precision where the arrays live."""
        self.calls += 1
        with np.errstate(over="ignore", invalid="ignore"):
            if self._stacked is None:
                return self._panels(student)
            X, y, second = self._stacked
            xp = self.where.xp
            terms, residuals = self._residuals(student @ xp.matrix_transpose(X), y, second)
            return xp.sum(terms, axis=1, dtype=xp.float64), residuals @ X

    def hessians(self, student: Any) -> Callable[[Any], Any]:
        """V → H V of each draw at its student, V of shape (n, p, N); on torch, all draws at once.

        (H V)_k = Σ_μ x_μ (c_k σ″_k ℓ′ a_k + c_k σ′_k ℓ″ Σ_l c_l σ′_l a_l), a = V Xᵀ, of a sample.
        """
        assert self._stacked is not None
        X, y, _ = self._stacked
        turned = self.where.xp.matrix_transpose(X)
        values, labels = self.where.host(student @ turned).astype(float), self.where.host(y)
        activation, loss = self.model.activation, self.model.loss
        weights = self._weights[:, None]
        slopes = loss.derivatives(labels, self._weights @ activation.value(values))
        first, second = (np.broadcast_to(one, labels.shape)[:, None, :] for one in slopes)
        bent = self._up(weights * activation.second(values) * first)
        along, steep = self._up(weights * activation.first(values)), self._up(second)

        def product(V: Any) -> Any:
            a = V @ turned
            mixed = self.where.xp.sum(along * a, axis=1, keepdims=True) * steep
            return (bent * a + along * mixed) @ X

        return product

    def _up(self, array: NDArray) -> Any:
        return self.where.asarray(array, self.dtype)

    def _panels(self, student: NDArray) -> tuple[NDArray[np.float64], NDArray]:
        rows = max(64, PANEL_BYTES // (self.N * np.dtype(self.dtype).itemsize)) // ROWS * ROWS
        panels = [slice(start, start + rows) for start in range(0, self.M, rows)]
        size = -(-len(panels) // GROUPS)
        runs = [panels[i : i + size] for i in range(0, len(panels), size)]
        tasks = [(i, run) for i in range(len(self)) for run in runs]
        loss, gradient = np.zeros(len(self)), np.zeros_like(student)

        def part(task: tuple[int, list[slice]]) -> tuple[float, NDArray]:
            return self._run(*task, student[task[0]])

        def add(results: Iterable[tuple[float, NDArray]]) -> None:
            for (i, _), (value, added) in zip(tasks, results, strict=True):
                loss[i] += value
                gradient[i] += added

        threads = min(self.where.threads, len(tasks))
        if threads == 1 or 4.0 * self.M * student.size < WORTH:
            with blas_limit(1) if self.where.threads > 1 else contextlib.nullcontext():
                add(map(part, tasks))
            return loss, gradient
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.where.threads)
        ends = [len(tasks) * k // threads for k in range(threads + 1)]
        shares = [tasks[low:high] for low, high in itertools.pairwise(ends)]
        # The BLAS splits a panel's small products badly; whole panels run beside each other well.
        with blas_limit(1):
            found = self._pool.map(lambda share: list(map(part, share)), shares)
            add(itertools.chain.from_iterable(found))
        return loss, gradient

    def _run(self, i: int, run: list[slice], w: NDArray) -> tuple[float, NDArray]:
        """(L, ∂L/∂w) of the samples of draw i in some panels."""
        X, y, second = self._draws[i]
        loss, gradient = 0.0, np.zeros_like(w)
        if self._native and len(w) <= FUSED and X.flags.c_contiguous:
            first, last = run[0].start, min(run[-1].stop, len(X))
            whole = last - (last - first) % ROWS
            part, w = slice(first, whole), np.ascontiguousarray(w)
            loss = fused(X[part], y[part], second[part], w, self._c, gradient)
            run = [slice(whole, last)] if whole < last else []
        for rows in run:
            panel = X[rows]
            if len(w) <= NARROW:
                preactivations = np.empty((len(w), len(panel)), dtype=self.dtype)
                for neuron, out in zip(w, preactivations, strict=True):
                    np.dot(panel, neuron, out=out)
            else:
                preactivations = w @ panel.T
            # Threads do not share the caller's error state.
            with np.errstate(over="ignore", invalid="ignore"):
                terms, residuals = self._residuals(preactivations, y[rows], second[rows])
            loss += float(terms.sum(dtype=float))
            gradient += residuals @ panel
        return loss, gradient

    def _residuals(self, preactivations: Any, y: Any, second: Any) -> tuple[Any, Any]:
        """(ℓ, R) from λ of shape (..., p, M), y and ℓ″ of shape (..., M)."""
        if self._native:
            gap = self._c @ (preactivations * preactivations)
            gap -= y
            slope = gap * second
            gap *= slope
            gap *= 0.5
            if self._uniform:
                slope *= 2 / self.model.p
                return gap, preactivations * slope[..., None, :]
            return gap, preactivations * (2 * slope[..., None, :] * self._c[:, None])
        values, labels = self.where.host(preactivations), self.where.host(y)
        activation, loss = self.model.activation, self.model.loss
        outputs = self._weights @ activation.value(values)
        first = np.broadcast_to(loss.derivatives(labels, outputs)[0], outputs.shape)
        residuals = first[..., None, :] * self._weights[:, None] * activation.first(values)
        terms = np.broadcast_to(loss.value(labels, outputs), outputs.shape)
        return self.where.asarray(terms, self.dtype), self.where.asarray(residuals, self.dtype)
