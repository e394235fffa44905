"""Where the arrays of the iterative eigensolver live: numpy, or a torch device."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from bbpscape.core.checks import InvalidInput, choice
from bbpscape.simulation.threads import blas_limit, blas_threads

DTYPES = ("float32", "float64")
DEVICES = ("cpu", "cuda", "torch-cpu")
LARGE_FACTOR = 2**26  # bytes of a triangular factor from which threads pay
Solve = Callable[[Any], Any]


class NumpyBackend:
    """numpy arrays, and BLAS and LAPACK through scipy; ``threads`` of them at most."""

    xp: Any = np
    batches = False  # whether many draws go through it as one array

    def __init__(self, threads: int | None = None) -> None:
        self.threads = blas_threads() if threads is None else threads

    def asarray(self, array: NDArray, dtype: str) -> Any:
        return np.asarray(array, dtype=dtype)

    def host(self, array: Any) -> NDArray:
        return array

    def gram(
        self, panels: Iterable[tuple[slice, Any]], weights: NDArray, N: int, dtype: str
    ) -> Any:
        """Xᵀ diag(weights) X, its lower triangle, as rank-k updates of the rows of each sign."""
        with blas_limit(self.threads):
            return self._gram(panels, weights, N, dtype)

    def _gram(
        self, panels: Iterable[tuple[slice, Any]], weights: NDArray, N: int, dtype: str
    ) -> NDArray:
        update = blas.ssyrk if dtype == "float32" else blas.dsyrk
        result = np.zeros((N, N), dtype=dtype, order="F")
        for rows, panel in panels:
            for sign in (1.0, -1.0):
                chosen = np.flatnonzero(sign * weights[rows] > 0)
                if not chosen.size:
                    continue
                scales = np.sqrt(abs(weights[rows][chosen])).astype(dtype)
                scaled = np.asarray(panel[chosen], dtype=dtype)
                scaled *= scales[:, None]
                # scaled.T is in Fortran order: BLAS reads it where it lies and adds to result.
                result = update(sign, scaled.T, beta=1.0, c=result, lower=1, overwrite_c=1)
        return result

    def diagonal(self, gram: Any) -> NDArray:
        return gram.diagonal().astype(float)

    def cholesky(self, gram: Any, shift: NDArray[np.float64]) -> Solve | None:
        """R → R (G + diag(shift))⁻¹ on rows; None if that is not positive definite."""
        single = gram.dtype == np.float32
        matrix = gram.copy(order="F")
        matrix[np.diag_indices(len(matrix))] += shift.astype(gram.dtype)
        potrf = lapack.spotrf if single else lapack.dpotrf
        solve = blas.strsm if single else blas.dtrsm
        with blas_limit(self.threads):
            factor, info = potrf(matrix, lower=1, overwrite_a=1, clean=0)
        if info:
            return None
        threads = self.threads if factor.nbytes > LARGE_FACTOR else 1

        def apply(rows: NDArray) -> NDArray:
            block = np.array(rows, dtype=factor.dtype).T  # in Fortran order: solved in place
            with blas_limit(threads):
                block = solve(1.0, factor, block, lower=1, overwrite_b=1)
                return solve(1.0, factor, block, lower=1, trans_a=1, overwrite_b=1).T

        return apply


class TorchBackend:
    """torch tensors on one device, through their array namespace."""

    batches = True

    def __init__(self, device: str) -> None:
        try:
            import torch
            from array_api_compat import torch as namespace
        except ImportError:
            raise InvalidInput(
                f"device {device!r} needs torch: pip install 'bbpscape[gpu]'"
            ) from None
        if device == "cuda" and not torch.cuda.is_available():
            raise InvalidInput("device 'cuda' is not available: torch finds no GPU here")
        self.xp: Any = namespace
        self.threads = 1  # torch has its own
        self._device = torch.device("cuda" if device == "cuda" else "cpu")

    def asarray(self, array: Any, dtype: str) -> Any:
        kind = getattr(self.xp, dtype)
        if isinstance(array, np.ndarray):
            # A copy: torch shares memory with numpy otherwise, and warns where it is read-only.
            return self.xp.asarray(np.array(array, dtype=dtype), device=self._device)
        return array.to(device=self._device, dtype=kind)

    def host(self, array: Any) -> NDArray:
        return array.cpu().numpy()

    def gram(
        self, panels: Iterable[tuple[slice, Any]], weights: NDArray, N: int, dtype: str
    ) -> Any:
        """Xᵀ diag(weights) X, both triangles."""
        result = self.asarray(np.zeros((N, N)), dtype)
        for rows, panel in panels:
            part = self.asarray(panel, dtype)
            result += (part * self.asarray(weights[rows], dtype)[:, None]).T @ part
        return result

    def diagonal(self, gram: Any) -> NDArray:
        return self.host(self.xp.linalg.diagonal(gram)).astype(float)

    def cholesky(self, gram: Any, shift: NDArray[np.float64]) -> Solve | None:
        """R → R (G + diag(shift))⁻¹ on rows; None if that is not positive definite."""
        matrix = gram + self.asarray(np.diag(shift), str(gram.dtype)[6:])
        try:
            factor = self.xp.linalg.cholesky(matrix)
        except RuntimeError:  # torch's LinAlgError
            return None
        identity = self.asarray(np.eye(gram.shape[0]), str(gram.dtype)[6:])
        half = self.xp.linalg.solve(factor, identity)
        inverse = half.T @ half

        def apply(rows: Any) -> Any:
            return self.asarray(rows, str(gram.dtype)[6:]) @ inverse

        return apply


Backend = NumpyBackend | TorchBackend


def backend(device: str) -> Backend:
    """The backend of a device: ``cpu`` is numpy, ``cuda`` and ``torch-cpu`` are torch.

    Raises
    ------
    InvalidInput
        If the device is of another name, or is not there.
    """
    choice("device", device, DEVICES)
    return NumpyBackend() if device == "cpu" else TorchBackend(device)


def check_dtype(dtype: str) -> str:
    """``dtype`` if it is float32 or float64, else InvalidInput."""
    return choice("dtype", dtype, DTYPES)
