"""The lowest eigenpairs by a preconditioned block Davidson method with thick restarts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.simulation.backend import Backend
from bbpscape.simulation.operator import Operator
from bbpscape.simulation.threads import blas_limit

LARGE = 2**28  # bytes of a basis from which the BLAS takes more than one thread


@dataclass(frozen=True, eq=False)
class Search:
    """Ritz pairs of the final subspace, lowest first: more of them than were asked for.

    ``vectors`` has shape (k + guards, pN), rows, where the operator lives; ``residuals`` are the
    norms ‖H v − θ v‖ of the first k, as last computed.
    """

    ritz: NDArray[np.float64]
    vectors: Any
    residuals: NDArray[np.float64]
    converged: bool
    iterations: int


@dataclass(frozen=True)
class Sizes:
    """Vectors added in one iteration, kept at a restart, and held at most."""

    block: int
    kept: int
    held: int


def sizes(k: int, p: int, size: int) -> Sizes:
    """The block is wide enough for the products of p-fold blocks to run at the speed of GEMM."""
    block = min(max(8, 16 // p), max(1, size // 2))
    kept = min(k + 4 * block, size)
    return Sizes(block, kept, min(kept + 12 * block, size))


class _Subspace:
    """An orthonormal basis (rows), its image under H, and H projected on it."""

    def __init__(self, operator: Operator, held: int, locked: Any) -> None:
        self.operator, self.where, self.locked = operator, operator.where, locked
        zero = self.where.asarray(np.zeros((1, 1)), operator.dtype)
        self.basis = self.where.xp.broadcast_to(zero, (held, operator.size)) + 0.0
        self.image = self.where.xp.zeros_like(self.basis)
        self.projected = np.zeros((held, held))
        self.count = 0
        self.ritz, self.mixing = np.empty(0), np.empty((0, 0))

    def add(self, rows: Any) -> int:
        """Orthonormalize rows against the basis, add them, diagonalize; how many were added."""
        rows = orthonormal(rows, self.basis[: self.count, :], self.where)
        if self.locked is not None:
            rows = orthonormal(rows, self.locked, self.where)
            rows = orthonormal(rows, self.basis[: self.count, :], self.where)
        rows = rows[: len(self.projected) - self.count, :]
        if not rows.shape[0]:
            return 0
        old, new = self.count, self.count + rows.shape[0]
        self.basis[old:new, :] = rows
        self.image[old:new, :] = self.operator(rows)
        border = self.where.host(self.basis[:new, :] @ self.image[old:new, :].T)
        self.projected[:new, old:new] = border
        self.projected[old:new, :new] = border.T
        self.count = new
        self.ritz, self.mixing = np.linalg.eigh(self.projected[:new, :new])
        return new - old

    def vectors(self, targets: NDArray[np.int64]) -> Any:
        return self._mix(targets) @ self.basis[: self.count, :]

    def residuals(self, targets: NDArray[np.int64]) -> tuple[Any, NDArray[np.float64]]:
        """H v − θ v, rows, and their norms."""
        mix = self._mix(targets)
        values = self.where.asarray(self.ritz[targets][:, None], self.operator.dtype)
        rows = mix @ self.image[: self.count, :]
        rows -= (values * mix) @ self.basis[: self.count, :]
        norms = self.where.host(self.where.xp.linalg.vector_norm(rows, axis=1))
        return rows, norms.astype(float)

    def restart(self, kept: int) -> None:
        """Keep the lowest Ritz vectors."""
        mix = self._mix(np.arange(kept))
        self.basis[:kept, :] = mix @ self.basis[: self.count, :]
        self.image[:kept, :] = mix @ self.image[: self.count, :]
        self.projected[:kept, :kept] = np.diag(self.ritz[:kept])
        self.ritz, self.mixing = self.ritz[:kept], np.eye(kept)
        self.count = kept

    def _mix(self, targets: NDArray[np.int64]) -> Any:
        mixing = np.ascontiguousarray(self.mixing[:, targets].T)
        return self.where.asarray(mixing, self.operator.dtype)


def search(
    operator: Operator,
    precondition: Callable[[Any], Any],
    start: Any,
    k: int,
    tolerance: Callable[[NDArray[np.float64]], float],
    shape: Sizes,
    max_columns: int,
    locked: Any = None,
) -> Search:
    """Rayleigh–Ritz in a subspace that grows by the preconditioned residuals r = H v − θ v.

    Each iteration targets the lowest pairs that have not converged, and those above the k-th fill
    the block; converged pairs stay in the subspace. At a restart the lowest Ritz vectors stay.

    Parameters
    ----------
    start : array, shape (b, pN)
        Rows that span the first subspace, at least k of them.
    k : int
        Pairs wanted.
    tolerance : function
        Of the Ritz values: the residual norm below which a pair has converged.
    max_columns : int
        The search ends, not converged, when that many vectors have been multiplied.
    locked : array, shape (l, pN), optional
        Orthonormal rows that the subspace stays orthogonal to.

    Source: Davidson (1975); Stathopoulos and McCombs, ACM TOMS 37 (2010), for thick restarts.
    """
    # A BLAS thread that waits for its next call takes the processor from those of the product.
    small = 8 * shape.held * operator.size < LARGE
    with blas_limit(1 if small else operator.where.threads):
        space = _Subspace(operator, shape.held, locked)
        first, iterations = operator.columns, 0
        space.add(start)
        norms = np.full(k, np.inf)
        while True:
            limit = tolerance(space.ritz[:k])
            targets, rows, found = _unconverged(space, norms, limit, shape.block)
            converged = bool((norms <= limit).all())
            if converged or operator.columns - first >= max_columns:
                break
            scale = np.where(found > 0, found, 1.0)[:, None]
            step = precondition(rows / operator.where.asarray(scale, operator.dtype))
            if space.count + len(targets) > shape.held:
                space.restart(min(shape.kept, space.count))
            if not space.add(step):
                break
            iterations += 1
        kept = min(space.count, shape.kept)
        vectors = space.vectors(np.arange(kept))
    return Search(space.ritz[:kept], vectors, norms, converged, iterations)


def _unconverged(
    space: _Subspace, norms: NDArray[np.float64], limit: float, block: int
) -> tuple[NDArray[np.int64], Any, NDArray[np.float64]]:
    """The next targets and their residuals; ``norms`` is brought up to date for those below k."""
    while True:
        above = np.arange(len(norms), max(space.count, len(norms)))
        targets = np.r_[np.flatnonzero(norms > limit), above][:block]
        rows, found = space.residuals(targets)
        wanted = targets < len(norms)
        norms[targets[wanted]] = found[wanted]
        if (found[wanted] > limit).any() or (norms <= limit).all():
            return targets, rows, found


def orthonormal(rows: Any, against: Any, where: Backend) -> Any:
    """An orthonormal basis of the rows, orthogonal to the rows of ``against``.

    Twice projected, and orthonormalized through the eigenvectors of the Gram matrix, which drops
    directions that are lost in rounding: Duersch et al., SIAM J. Sci. Comput. 40 (2018).
    """
    xp = where.xp
    dtype = "float32" if "32" in str(rows.dtype) else "float64"
    smallest = 10 * float(np.finfo(dtype).eps)
    for _ in range(2):
        if against.shape[0]:
            rows = rows - (rows @ against.T) @ against
        norms = where.host(xp.linalg.vector_norm(rows, axis=1)).astype(float)
        scale = np.where(norms > 0, norms, 1.0)
        rows = rows / where.asarray(scale[:, None], dtype)
        values, vectors = np.linalg.eigh(where.host(rows @ rows.T).astype(float))
        chosen = values > smallest * max(1.0, values.max(initial=0.0))
        mix = (vectors[:, chosen] / np.sqrt(values[chosen])).T
        rows = where.asarray(np.ascontiguousarray(mix), dtype) @ rows
    return rows
