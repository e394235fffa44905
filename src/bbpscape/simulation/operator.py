"""H V with X read once, panel by panel of its rows, in single or double precision."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.simulation.backend import Backend, NumpyBackend
from bbpscape.simulation.samples import PLAIN, SampleProduct, Samples, Units
from bbpscape.simulation.threads import blas_limit

GROUPS = 8  # runs of panels that are summed apart, whatever the number of threads
WORTH = 5e7  # operations from which threads are worth starting


class Negated:
    """−H of other samples: the same inputs, and −F."""

    def __init__(self, samples: Any) -> None:
        self._samples, self.curvature = samples, -samples.curvature
        self.p, self.N, self.held = samples.curvature.shape[1], samples.N, samples.held
        self.shape = (self.p * self.N,) * 2
        if samples.held:
            self.inputs = samples.inputs

    def panels(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        return self._samples.panels()

    def matmat(self, block: NDArray) -> NDArray[np.float64]:
        return -self._samples.matmat(block)

    def dense(self) -> NDArray[np.float64]:
        return -self._samples.dense()


def operator_of(
    samples: Samples, dtype: str, where: Backend | None = None, *, scaled: bool = False
) -> SampleProduct:
    """The product with H: an ``Operator``, or the samples' own where X lies elsewhere.

    Parameters
    ----------
    samples : Samples
        One with a method ``operator(dtype, scaled)`` is asked for it.
    dtype : str
    where : Backend, optional
    scaled : bool
        In units in which H is of order 1: those of ``units``.
    """
    own = getattr(samples, "operator", None)
    if own is not None:
        return own(dtype, scaled)
    return Operator(samples, dtype, where, Units.of(samples) if scaled else PLAIN)


class Operator:
    """V → V H for rows of V: out_bk = Σ_μ Σ_l F_μ,kl (x_μ · V_bl) x_μ.

    A panel of X is used for both products before the next one is read, so that X travels from
    memory once. ``columns`` and ``calls`` count the vectors and the blocks multiplied.

    Parameters
    ----------
    samples : Samples
        A Hessian, held or streamed.
    dtype : str
        "float64" or "float32"; X is copied once if it is held in the other precision.
    where : Backend
    units : Units
        Of F and X: results are in those of the eigenvalue.

    Examples
    --------
    >>> import bbpscape as bb
    >>> H = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20).hessian
    >>> rows = np.eye(40)
    >>> np.allclose(bb.eigen.Operator(H)(rows), rows @ H.dense())
    True
    """

    def __init__(
        self,
        samples: Samples,
        dtype: str = "float64",
        where: Backend | None = None,
        units: Units = PLAIN,
    ):
        self.samples, self.dtype, self.units = samples, dtype, units
        self.where: Backend = NumpyBackend() if where is None else where
        self.p, self.N = samples.curvature.shape[1], samples.N
        self.size = self.p * self.N
        self.columns = self.calls = 0
        unit = units.curvature
        self.curvature = samples.curvature if unit == 1.0 else samples.curvature / unit
        self._curvature = self.where.asarray(self.curvature, dtype)
        self._panels: list[tuple[slice, Any]] | None = None
        if samples.held:
            self._panels = self.where.hold(self._made(), len(self.curvature), self.N, dtype)

    def to(self, dtype: str) -> Operator:
        """The same in a precision; X, if held, is copied where it lives.

        Parameters
        ----------
        dtype : str
            "float64" or "float32".

        Returns
        -------
        Operator
            Itself if it has that precision.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20).hessian
        >>> bb.eigen.Operator(H).to("float32").dtype
        'float32'
        """
        if dtype == self.dtype:
            return self
        other = copy.copy(self)
        other.dtype, other.columns, other.calls = dtype, 0, 0
        other._curvature = self.where.asarray(self.curvature, dtype)
        if self._panels is not None:
            other._panels = [(rows, self.where.asarray(x, dtype)) for rows, x in self._panels]
        return other

    def panels(self) -> Iterator[tuple[slice, Any]]:
        """(rows, X[rows]) in the operator's precision, where it lives.

        Yields
        ------
        slice, array
            The rows, and X at them.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20).hessian
        >>> sum(len(part) for _, part in bb.eigen.Operator(H).panels())
        60
        """
        if self._panels is not None:
            yield from self._panels
            return
        for rows, panel in self._made():
            yield rows, self.where.asarray(panel, self.dtype)

    def _made(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        unit = self.units.inputs
        for rows, panel in self.samples.panels():
            yield rows, panel if unit == 1.0 else panel / unit

    def __call__(self, block: Any) -> Any:
        """H applied to each row of a block of shape (b, pN)."""
        b, p, N = block.shape[0], self.p, self.N
        self.columns += b
        self.calls += 1
        xp = self.where.xp
        right = xp.reshape(block, (b * p, N)).T
        result = xp.zeros_like(xp.reshape(block, (b * p, N)))

        def part(panels: Iterable[tuple[slice, Any]]) -> Any:
            total = xp.zeros_like(result)
            for rows, panel in panels:
                projected = xp.reshape(panel @ right, (-1, b, p))
                weighted = xp.matmul(projected, self._curvature[rows])
                total += xp.reshape(weighted, (-1, b * p)).T @ panel
            return total

        for one in self._mapped(part, b):
            result += one
        return xp.reshape(result, (b, p * N))

    def _mapped(self, part: Callable[[Iterable[tuple[slice, Any]]], Any], b: int) -> Iterator[Any]:
        """part(group) for each group of panels, in order: the sum does not depend on threads."""
        if self._panels is None:
            yield part(self.panels())
            return
        size = -(-len(self._panels) // GROUPS)
        groups = [self._panels[i : i + size] for i in range(0, len(self._panels), size)]
        if self.where.threads == 1 or len(groups) == 1 or self.flops(b) < WORTH:
            yield from map(part, groups)
            return
        # The BLAS splits a panel's small products badly; whole panels run beside each other well.
        with blas_limit(1), ThreadPoolExecutor(min(self.where.threads, len(groups))) as pool:
            yield from pool.map(part, groups)

    def gram(self, weights: NDArray[np.float64], dtype: str) -> Any:
        """G = Xᵀ diag(weights) X, its lower triangle at least, where the arrays live.

        Parameters
        ----------
        weights : array, shape (M,)
            One a sample, of either sign.
        dtype : str
            "float64" or "float32".

        Returns
        -------
        array, shape (N, N)
            G.

        Examples
        --------
        >>> import bbpscape as bb
        >>> one = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20)
        >>> made = np.tril(bb.eigen.Operator(one.hessian).gram(np.ones(60), "float64"))
        >>> np.allclose(made, np.tril(one.inputs.T @ one.inputs))
        True
        """
        return self.where.gram(self.panels(), weights, self.N, dtype)

    def squares(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Σ_μ weights_μ x_μi², the diagonal of ``gram``.

        Parameters
        ----------
        weights : array, shape (M,)
            One a sample.

        Returns
        -------
        array, shape (N,)
            The diagonal.

        Examples
        --------
        >>> import bbpscape as bb
        >>> one = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20)
        >>> made = bb.eigen.Operator(one.hessian).squares(np.ones(60))
        >>> np.allclose(made, (one.inputs**2).sum(axis=0))
        True
        """
        total = np.zeros(self.N)
        for rows, panel in self.panels():
            given = self.where.asarray(weights[rows], self.dtype)
            total += self.where.host((panel * panel).T @ given)
        return total

    def rows(self, chosen: NDArray[np.int64]) -> Any:
        """X[chosen], where the arrays live.

        Parameters
        ----------
        chosen : array of int
            Indices in increasing order.

        Returns
        -------
        array, shape (len(chosen), N)
            The rows.

        Examples
        --------
        >>> import bbpscape as bb
        >>> one = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20)
        >>> made = bb.eigen.Operator(one.hessian).rows(np.array([3, 7]))
        >>> np.array_equal(made, one.inputs[[3, 7]])
        True
        """
        found = []
        for rows, panel in self.panels():
            first, last = np.searchsorted(chosen, (rows.start, rows.stop))
            inside = chosen[first:last] - rows.start
            found.append(panel[self.where.asarray(inside, "int64"), :])
        return self.where.xp.concat(found, axis=0)

    def flops(self, b: int) -> int:
        """4 M N p b + 2 M p² b: operations of one product with b vectors.

        Parameters
        ----------
        b : int
            Number of vectors.

        Returns
        -------
        int
            Operations.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.draw(bb.TeacherStudent(p=2, p_star=1), 3.0, 20).hessian
        >>> bb.eigen.Operator(H).flops(1) == 4 * 60 * 20 * 2 + 2 * 60 * 4
        True
        """
        M = len(self.samples.curvature)
        return 4 * M * self.N * self.p * b + 2 * M * self.p**2 * b
