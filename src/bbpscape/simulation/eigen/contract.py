"""What a matrix must be able to do to have its extreme eigenpairs found: multiply a block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bbpscape.core.arrays import LARGEST, real_array
from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.core.seeds import stream
from bbpscape.simulation.backend import Backend, NumpyBackend

Matmat = Callable[[NDArray[np.float64]], Any]
ASYMMETRY = 1e-9  # of ‖H u‖ ‖v‖: what rounding may do to u·Hv − v·Hu


@dataclass(frozen=True)
class BlockOperator:
    """A symmetric matrix H of real numbers by its product with a block of vectors.

    Parameters
    ----------
    matmat : callable, array of shape (n, b) to H V of the same shape
        Any b; it is called with arrays that must not be changed.
    size : int
        n.
    preconditioner : callable, optional
        (V, values) to an approximation of (H − λ)⁻¹ V, of shape (n, b), with the λ_j that is sought
        for each column; positive definite on the whole. With one the pairs are found by block
        Davidson, without by Lanczos. It is for the lowest pairs.
    norm : float, optional
        ‖H‖, for the size of rounding errors; estimated by a few products by default.
    dense : callable, optional
        () to H itself, where it is at hand.

    Raises
    ------
    InvalidInput
        If an argument is of another kind.

    Examples
    --------
    >>> import bbpscape as bb
    >>> H = BlockOperator(lambda V: np.arange(6.0)[:, None] * V, 6)
    >>> bb.lowest(H, 2).eigenvalues.round(9).tolist()
    [0.0, 1.0]
    """

    matmat: Matmat = field(repr=False)
    size: int
    preconditioner: Callable[..., Any] | None = field(default=None, repr=False)
    norm: float | None = None
    dense: Callable[[], NDArray[np.float64]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", int(positive_integer("size", self.size)))
        for name in ("matmat", "preconditioner", "dense"):
            value = getattr(self, name)
            if not callable(value) and (name == "matmat" or value is not None):
                raise InvalidInput(f"{name} of an operator must be callable, got {value!r}")
        if self.norm is not None:
            object.__setattr__(self, "norm", positive("norm", self.norm))

    def negated(self) -> BlockOperator:
        """−H, without the preconditioner, which is for the lowest pairs of H.

        Returns
        -------
        BlockOperator
            Of the same size.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.eigen.BlockOperator(lambda V: 2 * V, 3)
        >>> H.negated().matmat(np.ones((3, 1))).ravel().tolist()
        [-2.0, -2.0, -2.0]
        """
        dense = self.dense
        return BlockOperator(
            lambda V: -np.asarray(self.matmat(V)),
            self.size,
            None,
            self.norm,
            None if dense is None else lambda: -dense(),
        )


def block_operator(matrix: Any) -> BlockOperator:
    """``matrix`` as a BlockOperator: an array, rows of numbers, a sparse matrix, a LinearOperator,
    or one already.

    Raises
    ------
    InvalidInput
        If it is none of these, or not square.

    >>> block_operator(np.eye(3)).size
    3
    """
    if isinstance(matrix, BlockOperator):
        return matrix
    if isinstance(matrix, list | tuple):
        matrix = real_array("matrix", matrix, 2)
    shape = getattr(matrix, "shape", None)
    known = isinstance(matrix, np.ndarray) or sparse.issparse(matrix) or hasattr(matrix, "matmat")
    if not known or not isinstance(shape, tuple):
        raise InvalidInput(
            "a matrix must be a Hessian, an array, a sparse matrix, a LinearOperator or "
            f"bb.eigen.BlockOperator(matmat, size), got {type(matrix).__name__}"
        )
    if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
        raise InvalidInput(f"a matrix must be square, got shape {shape}")
    if np.dtype(getattr(matrix, "dtype", None) or float).kind not in "fiub":
        raise InvalidInput(f"a matrix must be real, got dtype {matrix.dtype}")
    if isinstance(matrix, np.ndarray):
        held = real_array("matrix", matrix, 2)
        return BlockOperator(lambda V: held @ V, len(held), dense=lambda: held)
    if sparse.issparse(matrix):
        rows = sparse.csr_array(matrix).astype(float)
        real_array("matrix", rows.data)
        return BlockOperator(lambda V: rows @ V, shape[0], dense=lambda: rows.toarray())
    return BlockOperator(matrix.matmat, shape[0])


class Rows:
    """V → V H for rows of V, as the search asks for it; ``columns`` and ``calls`` count.

    Raises
    ------
    InvalidInput
        If the products are of another shape, or not finite.
    """

    p = 2  # as wide a block as a Hessian of two neurons has

    dtype = "float64"

    def __init__(self, operator: BlockOperator) -> None:
        self.size = operator.size
        self.where: Backend = NumpyBackend()
        self.columns = self.calls = 0
        self._matmat = operator.matmat

    def __call__(self, block: NDArray) -> NDArray:
        self.columns += len(block)
        self.calls += 1
        image = np.asarray(self._matmat(block.T))
        if image.shape != block.T.shape:
            raise InvalidInput(
                f"matmat must give an array of shape {block.T.shape}, got {image.shape}"
            )
        if not np.isfinite(image).all():
            raise InvalidInput("matmat must give finite numbers, got nan or inf")
        if abs(image).max(initial=0.0) > LARGEST:
            raise InvalidInput(
                f"matmat must give numbers below {LARGEST:.0e}, whose squares are finite: scale it"
            )
        return np.ascontiguousarray(image.T, dtype=self.dtype)


def check_symmetric(rows: Rows) -> None:
    """InvalidInput if u·Hv and v·Hu differ by more than rounding, for two random vectors."""
    pair = stream("symmetry").standard_normal((2, rows.size))
    image = rows(pair)
    there, back = float(pair[0] @ image[1]), float(pair[1] @ image[0])
    size = max(
        float(np.linalg.norm(a) * np.linalg.norm(b)) for a, b in zip(pair, image[::-1], strict=True)
    )
    if abs(there - back) > ASYMMETRY * size:
        raise InvalidInput(
            f"a matrix must be symmetric: u·Hv = {there:.6g} and v·Hu = {back:.6g} for two random "
            "vectors"
        )
