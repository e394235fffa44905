"""Loss and gradient of many draws at once: two matrix products a draw, its data read once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.activations import QUADRATIC
from bbpscape.model.checks import InvalidInput
from bbpscape.model.losses import AbsoluteNormalizedSquare, NormalizedSquare, Square
from bbpscape.simulate.backend import Backend, NumpyBackend, check_dtype
from bbpscape.simulate.instance import Instance

# Bytes of X in a panel, used for both products while it is in the cache.
PANEL_BYTES = 2**22
SQUARES = (Square, NormalizedSquare, AbsoluteNormalizedSquare)


class BatchGradient:
    """L(w) = Σ_μ ℓ(y_μ, ŷ_μ) and ∂L/∂w_k = Σ_μ ℓ′_μ c_k σ′(λ_μk) x_μ of each of n draws.

    Λ = X wᵀ and Rᵀ X, with R_μk = ℓ′_μ c_k σ′(λ_μk), are all the products. On numpy a panel of X is
    used for both before the next is read, and a draw's result does not depend on the others; on
    torch all draws are one batched product. ``calls`` counts gradients of the whole batch.

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
        self._weights = first.model.output_weights
        self._native = first.model.activation == QUADRATIC and isinstance(first.model.loss, SQUARES)
        self._uniform = first.model.second_layer is None
        self._c = self.where.asarray(self._weights, dtype)
        self._set([self._held(one) for one in instances])

    def _held(self, one: Instance) -> tuple[Any, ...]:
        """(X, y, ℓ″) of a draw, ℓ″ being 1/(a + y) and its like where the loss is a square."""
        y = one.labels
        second = self.model.loss.derivatives(y, np.zeros(y.shape))[1] if self._native else y
        return tuple(self.where.asarray(array, self.dtype) for array in (one.inputs, y, second))

    def _set(self, held: list[tuple[Any, ...]]) -> None:
        self._draws: list[tuple[Any, ...]] = held
        self._stacked: tuple[Any, ...] | None = None
        if not isinstance(self.where, NumpyBackend):
            self._stacked = tuple(
                self.where.xp.stack(list(part)) for part in zip(*held, strict=True)
            )
            self._draws = [tuple(part[i] for part in self._stacked) for i in range(len(held))]

    def __len__(self) -> int:
        return len(self._draws)

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Forget all draws but these."""
        if len(rows) < len(self):
            self._set([self._draws[i] for i in rows])

    def __call__(self, student: Any) -> tuple[NDArray[np.float64], Any]:
        """(L, ∂L/∂w) at students of shape (n, p, N): shapes (n,), on the host, and (n, p, N)."""
        self.calls += 1
        with np.errstate(over="ignore", invalid="ignore"):
            if self._stacked is None:
                return self._panels(student)
            X, y, second = self._stacked
            xp = self.where.xp
            terms, residuals = self._residuals(X @ xp.matrix_transpose(student), y, second)
            loss = self.where.host(xp.sum(terms, axis=1, dtype=xp.float64))
            return np.array(loss), xp.matrix_transpose(residuals) @ X

    def _panels(self, student: NDArray) -> tuple[NDArray[np.float64], NDArray]:
        loss, gradient = np.zeros(len(self)), np.zeros_like(student)
        rows = max(64, PANEL_BYTES // (self.N * np.dtype(self.dtype).itemsize))
        for i, (X, y, second) in enumerate(self._draws):
            w = np.ascontiguousarray(student[i].T)
            for start in range(0, self.M, rows):
                part = slice(start, start + rows)
                panel = X[part]
                terms, residuals = self._residuals(panel @ w, y[part], second[part])
                loss[i] += terms.sum(dtype=float)
                gradient[i] += residuals.T @ panel
        return loss, gradient

    def _residuals(self, preactivations: Any, y: Any, second: Any) -> tuple[Any, Any]:
        """(ℓ, R) from λ of shape (..., p), y and ℓ″ of shape (...)."""
        if self._native:
            gap = (preactivations * preactivations) @ self._c
            gap -= y
            slope = gap * second
            gap *= slope
            gap *= 0.5
            if self._uniform:
                slope *= 2 / self.model.p
                return gap, preactivations * slope[..., None]
            return gap, preactivations * (2 * slope[..., None] * self._c)
        values, labels = self.where.host(preactivations), self.where.host(y)
        activation, loss = self.model.activation, self.model.loss
        outputs = activation.value(values) @ self._weights
        first = np.broadcast_to(loss.derivatives(labels, outputs)[0], outputs.shape)
        residuals = (first[..., None] * self._weights) * activation.first(values)
        terms = np.broadcast_to(loss.value(labels, outputs), outputs.shape)
        return self.where.asarray(terms, self.dtype), self.where.asarray(residuals, self.dtype)
