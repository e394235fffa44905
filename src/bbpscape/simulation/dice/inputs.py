"""Gaussian inputs that are drawn only where an algorithm looks at them."""

import numpy as np
from numpy.typing import NDArray

# Of the length that a vector had: what is left of it after a projection is rounding.
NOTHING = 1e-10
# Of the same: so much is lost in a projection that it has to be repeated.
ONCE_MORE = 0.5
GROWTH = 1.5
# So few rows are multiplied faster one by one, as vectors.
FEW = 2


class DicedInputs:
    """X, M × N with independent N(0, 1/N) entries, in an orthonormal basis of R^N that grows.

    X is known on ``size`` directions, as ``columns``: X e_1, X e_2, …, one a row of shape (M,). A
    product Xᵀw takes one direction more. With v the part of w orthogonal to all that was asked
    before, Xᵀv leaves the known directions by a length χ_{N − size}/√N; X on the direction in which
    it does so is that length along v, and independent Gaussian noise orthogonal to v and to all
    that was asked before. So each product is exact in law, and M × N numbers are neither drawn nor
    held.

    Parameters
    ----------
    M, N : int
        Samples and dimension.
    known : int
        Directions that X is known on from the start, at most N.
    generator : Generator
    dtype : str
        "float64" or "float32", of what is held.

    Source: Y. M. Lu, *Householder Dice*, IEEE Transactions on Information Theory 67 (2021).

    >>> inputs = DicedInputs(5, 3, 1, np.random.default_rng(0))
    >>> inputs.reveal(np.eye(5)[:2])
    >>> inputs.size
    3
    """

    def __init__(
        self, M: int, N: int, known: int, generator: np.random.Generator, dtype: str = "float64"
    ):
        self.N = N
        self._generator, self._dtype = generator, np.dtype(dtype)
        self._scale = self._dtype.type(1 / np.sqrt(N))
        self._known = _Rows(M, self._dtype)
        self._known.append(generator.standard_normal((known, M), self._dtype) * self._scale)
        self._asked = _Rows(M, self._dtype)

    @property
    def size(self) -> int:
        """Directions of R^N that X is known on."""
        return len(self._known.rows)

    @property
    def columns(self) -> NDArray[np.floating]:
        """X on those directions, shape (size, M)."""
        return self._known.rows

    @property
    def nbytes(self) -> int:
        """Of what is held."""
        return self._known.nbytes + self._asked.nbytes

    def reveal(self, block: NDArray[np.floating]) -> None:
        """Make Xᵀw of each row w of ``block``, shape (b, M), lie in the known directions."""
        asked, generator = self._asked.rows, self._generator
        noise = generator.standard_normal((len(block), asked.shape[1]), self._dtype)
        together = np.concatenate([np.asarray(block, self._dtype), noise])
        lengths = np.linalg.norm(block, axis=1)
        left = together - _within(together, asked)
        new, noise = left[: len(block)], left[len(block) :]
        if (np.linalg.norm(new, axis=1) < ONCE_MORE * lengths).any():
            new = new - _within(new, asked)
        new = orthonormal_rows(new, NOTHING * lengths.max(initial=0.0))
        if not len(new):
            return
        noise = noise[: len(new)] - (noise[: len(new)] @ new.T) @ new
        self._asked.append(new)
        # Xᵀ of the new rows, orthonormalized: a Gaussian matrix with as many rows as there are new
        # ones, by Bartlett's decomposition.
        left_over = self.N - self.size
        fresh = min(len(new), left_over)
        lower = np.tril(generator.standard_normal((len(new), fresh)), -1)
        index = np.arange(fresh)
        lower[index, index] = np.sqrt(generator.chisquare(left_over - index))
        self._known.append((lower.T.astype(self._dtype) @ new + noise[:fresh]) * self._scale)


class _Rows:
    """Rows of M numbers, appended without a copy each time."""

    def __init__(self, M: int, dtype: np.dtype):
        self._held, self._count = np.empty((16, M), dtype), 0

    @property
    def rows(self) -> NDArray[np.floating]:
        return self._held[: self._count]

    @property
    def nbytes(self) -> int:
        return self._held.nbytes

    def append(self, block: NDArray[np.floating]) -> None:
        needed = self._count + len(block)
        if needed > len(self._held):
            room = max(needed, int(GROWTH * len(self._held)))
            held = np.empty((room, self._held.shape[1]), self._held.dtype)
            held[: self._count] = self.rows
            self._held = held
        self._held[self._count : needed] = block
        self._count = needed


def _within(block: NDArray[np.floating], basis: NDArray[np.floating]) -> NDArray[np.floating]:
    """The part of each row of ``block`` in the span of orthonormal rows."""
    if len(block) > FEW:
        return (block @ basis.T) @ basis
    return np.stack([(basis @ row) @ basis for row in block])


def orthonormal_rows(block: NDArray[np.floating], nothing: float) -> NDArray[np.floating]:
    """Orthonormal rows that span those of ``block`` longer than ``nothing``."""
    lengths = np.linalg.norm(block, axis=1)
    block = block[lengths > nothing] / lengths[lengths > nothing, None]
    if len(block) < 2:
        return block
    values, vectors = np.linalg.eigh((block @ block.T).astype(float))
    good = values > NOTHING * values[-1]
    turn = (vectors[:, good] / np.sqrt(values[good])).T.astype(block.dtype)
    block = turn @ block
    # Once more, since the first turn is as good as the rows were independent.
    q, _ = np.linalg.qr(block.T)
    return np.ascontiguousarray(q.T)
