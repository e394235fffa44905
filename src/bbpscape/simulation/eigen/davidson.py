"""The lowest eigenpairs by a preconditioned block Davidson method with thick restarts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import NoConvergence
from bbpscape.core.seeds import stream
from bbpscape.simulation.backend import Backend
from bbpscape.simulation.samples import Product
from bbpscape.simulation.threads import blas_limit

LARGE = 2**28  # bytes of a basis from which the BLAS takes more than one thread
MOST_FILLS = 20


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


@dataclass(frozen=True)
class Stop:
    """When a search ends: k pairs have residual norms below ``limit``, a function of their values.

    It ends too, not converged, when ``max_columns`` vectors have been multiplied. Values that
    differ by less than ``width`` are one.
    """

    k: int
    limit: Callable[[NDArray[np.float64]], float]
    max_columns: int
    width: float = 0.0


class _Subspace:
    """An orthonormal basis (rows), its image under H, and H projected on it."""

    def __init__(
        self, operator: Product, held: int, goal: Stop, locked: Any, rough: Product | None
    ) -> None:
        self.operator, self.where, self.locked = operator, operator.where, locked
        self.rough, self.exact = rough, rough is None
        self.wanted, self.width = goal.k, goal.width
        self.basis = self.where.zeros((held, operator.size), operator.dtype)
        self.image = self.where.zeros((held, operator.size), operator.dtype)
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
        self.image[old:new, :] = self._multiplied(rows)
        border = self.where.host(self.basis[:new, :] @ self.image[old:new, :].T)
        if self.rough is not None and old >= self.wanted:
            # How H couples corrections to the wanted is below the rounding of single precision.
            border[: self.wanted] = self.where.host(self.image[: self.wanted, :] @ rows.T)
        self.projected[:new, old:new] = border
        self.projected[old:new, :new] = border.T
        self.count = new
        self.ritz, self.mixing = np.linalg.eigh(self.projected[:new, :new])
        self._sort_cluster()
        return new - old

    def _multiplied(self, rows: Any) -> Any:
        """H on new rows, in single precision where they are corrections."""
        if self.rough is None:
            return self.operator(rows)
        self.exact = False
        image = self.rough(self.where.asarray(rows, self.rough.dtype))
        return self.where.asarray(image, self.operator.dtype)

    def renew(self, kept: int) -> None:
        """A restart with the lowest Ritz vectors, the wanted of which are multiplied anew."""
        self.restart(kept)
        wanted = min(self.wanted, kept)
        self.image[:wanted, :] = self.operator(self.basis[:wanted, :])
        border = self.where.host(self.basis[:kept, :] @ self.image[:wanted, :].T)
        self.projected[:kept, :wanted] = border
        self.projected[:wanted, :kept] = border.T
        self.projected[:wanted, :wanted] = (border[:wanted] + border[:wanted].T) / 2
        self.ritz, self.mixing = np.linalg.eigh(self.projected[:kept, :kept])
        self._sort_cluster()
        self.exact = True

    def _sort_cluster(self) -> None:
        """In a cluster of equal Ritz values that the k-th ends in, smallest residuals first.

        Rounding decides there which of the vectors are the lowest, and mixes those that have
        converged with those just added, whose values are right long before their vectors are.
        """
        members = cluster(self.ritz, self.wanted, self.width)
        if members.size:
            rows, _ = self.residuals(members)
            gram = self.where.host(rows @ rows.T).astype(float)
            self.mixing[:, members] = self.mixing[:, members] @ np.linalg.eigh(gram)[1]

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
    operator: Product,
    precondition: Callable[..., Any],
    start: Any,
    goal: Stop,
    shape: Sizes,
    locked: Any = None,
    rough: Product | None = None,
) -> Search:
    """Rayleigh–Ritz in a subspace that grows by the preconditioned residuals r = H v − θ v.

    Each iteration targets the lowest pairs that have not converged, and those above the k-th fill
    the block; converged pairs stay in the subspace. At a restart the lowest Ritz vectors stay.

    Parameters
    ----------
    start : array, shape (b, pN)
        Rows that span the first subspace; it is filled up to k + 1 if they are fewer.
    goal : Stop
    shape : Sizes
    locked : array, shape (l, pN), optional
        Orthonormal rows that the subspace stays orthogonal to.
    rough : Product, optional
        The operator in single precision, for the corrections: they have small coefficients in the
        vectors sought, whose own images are renewed in double precision at each restart, and before
        they are taken to have converged.

    Source: Davidson (1975); Stathopoulos and McCombs, ACM TOMS 37 (2010), for thick restarts.
    """
    # A BLAS thread that waits for its next call takes the processor from those of the product.
    small = 8 * shape.held * operator.size < LARGE
    with blas_limit(1 if small else operator.where.threads):
        space = _Subspace(operator, shape.held, goal, locked, rough)
        first, iterations = operator.columns, 0
        space.add(start)
        _fill(space)
        if rough is not None:
            space.renew(space.count)
        norms = np.full(goal.k, np.inf)
        while True:
            limit = goal.limit(space.ritz[: goal.k])
            targets, rows, found = _unconverged(space, norms, limit, shape.block)
            converged = bool((norms <= limit).all())
            if converged and not space.exact:
                space.renew(min(shape.kept, space.count))
                norms[:] = np.inf
                continue
            rest = 0 if rough is None else iterations * shape.block
            if converged or operator.columns - first + rest >= goal.max_columns:
                break
            scale = np.where(found > 0, found, 1.0)[:, None]
            step = precondition(
                rows / operator.where.asarray(scale, operator.dtype), space.ritz[targets]
            )
            if space.count + len(targets) > shape.held:
                again = space.restart if rough is None else space.renew
                again(min(shape.kept, space.count))
            if not space.add(step):
                break
            iterations += 1
        kept = min(space.count, shape.kept)
        vectors = space.vectors(np.arange(kept))
    return Search(space.ritz[:kept], vectors, norms, converged, iterations)


def _fill(space: _Subspace) -> None:
    """Add random directions up to k + 1: those of a start may depend on each other."""
    room = space.operator.size - (0 if space.locked is None else space.locked.shape[0])
    generator = stream("fresh directions")
    for _ in range(MOST_FILLS):
        missing = min(space.wanted + 1, room) - space.count
        if missing <= 0:
            return
        rows = generator.standard_normal((missing, space.operator.size))
        space.add(space.where.asarray(rows, space.operator.dtype))
    if space.count < space.wanted:
        raise NoConvergence("no basis for the search was found: use the dense method")


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


def cluster(values: NDArray[np.float64], k: int, width: float) -> NDArray[np.int64]:
    """The values within ``width`` of the k-th, if the next one is among them; else none.

    >>> cluster(np.array([0.0, 1.0, 1.0, 1.0, 2.0]), 2, 0.1).tolist()
    [1, 2, 3]
    >>> cluster(np.array([0.0, 1.0, 1.0, 1.0, 2.0]), 4, 0.1).tolist()
    []
    """
    if len(values) <= k or values[k] - values[k - 1] > width:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(abs(values - values[k - 1]) <= width)


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
