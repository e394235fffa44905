"""A Hessian as a matrix: what scipy, and whoever writes ``H @ v``, asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.operator import operator_of


class Multiplied(ABC):
    """A matrix by its products, ``H @ v`` among them: scipy and others take it as it is."""

    @property
    @abstractmethod
    def p(self) -> int:
        """Number of blocks, one a neuron."""

    @property
    @abstractmethod
    def N(self) -> int:
        """Size of a block, the dimension of the inputs."""

    @property
    def shape(self) -> tuple[int, int]:
        """(pN, pN)."""
        return self.p * self.N, self.p * self.N

    @property
    def dtype(self) -> np.dtype:
        """That of products: double precision."""
        return np.dtype(np.float64)

    def matmat(self, block: ArrayLike) -> NDArray[np.float64]:
        """H V, at O(p M N b) and with no matrix of size pN × pN.

        Parameters
        ----------
        block : array, shape (pN, b)
            V.

        Returns
        -------
        array
            Of the same shape.

        Raises
        ------
        InvalidInput
            If the shape is another, or the numbers are not real and finite.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20).hessian
        >>> np.allclose(H.matmat(np.eye(40)), H.dense())
        True
        """
        V = real_array("block", block)
        if V.ndim != 2 or len(V) != self.shape[0]:
            raise InvalidInput(f"block must have shape ({self.shape[0]}, b), got {V.shape}")
        return operator_of(self, "float64")(np.ascontiguousarray(V.T)).T  # type: ignore[arg-type]

    def matvec(self, vector: ArrayLike) -> NDArray[np.float64]:
        """H v.

        Parameters
        ----------
        vector : array, shape (pN,)
            v.

        Returns
        -------
        array
            Of the same shape.

        Raises
        ------
        InvalidInput
            If the shape is another, or the numbers are not real and finite.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20).hessian
        >>> v = np.ones(40)
        >>> np.allclose(H.matvec(v), H.dense() @ v), np.allclose(H @ v, H.matvec(v))
        (True, True)
        """
        v = real_array("vector", vector)
        if v.shape != self.shape[:1]:
            raise InvalidInput(f"vector must have shape ({self.shape[0]},), got {v.shape}")
        return self.matmat(v[:, None])[:, 0]

    def __matmul__(self, other: ArrayLike) -> NDArray[np.float64]:
        array = np.asarray(other)
        return self.matvec(array) if array.ndim == 1 else self.matmat(array)
