"""Where the arrays of the iterative eigensolver live: numpy, or a torch device."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from bbpscape.core.checks import InvalidInput, choice
from bbpscape.core.limits import available_memory
from bbpscape.core.memory import require_memory
from bbpscape.simulation.threads import blas_limit, blas_threads
from bbpscape.simulation.upload import Upload

DTYPES = ("float32", "float64")
DEVICES = ("cpu", "cuda", "torch-cpu")
LARGE_FACTOR = 2**26  # bytes of a triangular factor from which threads pay
CHUNK = 2**28  # bytes of X in one piece on a torch device: long enough products, small copies
Solve = Callable[[Any], Any]
Panels = Iterable[tuple[slice, Any]]


class NumpyBackend:
    """numpy arrays, and BLAS and LAPACK through scipy; ``threads`` of them at most."""

    xp: Any = np
    batches = False  # whether many draws go through it as one array
    lockstep = False  # whether dense matrices are solved side by side, without LAPACK

    def __init__(self, threads: int | None = None) -> None:
        self.threads = blas_threads() if threads is None else threads

    def asarray(self, array: NDArray, dtype: str) -> Any:
        return np.asarray(array, dtype=dtype)

    def host(self, array: Any) -> NDArray:
        return array

    def zeros(self, shape: tuple[int, ...], dtype: str) -> Any:
        return np.zeros(shape, dtype=dtype)

    def hold(self, panels: Panels, samples: int, N: int, dtype: str) -> list[tuple[slice, Any]]:
        """Panels of X kept in a precision; those that are in it already are not copied."""
        return [(rows, self.asarray(panel, dtype)) for rows, panel in panels]

    def stack(self, arrays: Sequence[NDArray], dtype: str) -> Any:
        """Host arrays of one shape as one."""
        return np.stack(arrays).astype(dtype, copy=False)

    def available(self) -> int:
        """Bytes that are free."""
        return available_memory()

    def require(self, estimate: Callable[[int], int], value: int, name: str) -> None:
        """Refuse ``value`` if ``estimate(value)`` bytes do not fit where the arrays live."""
        require_memory(estimate, value, name)

    def gram(self, panels: Panels, weights: NDArray, N: int, dtype: str) -> Any:
        """Xᵀ diag(weights) X, its lower triangle, as rank-k updates of the rows of each sign."""
        with blas_limit(self.threads):
            return self._gram(panels, weights, N, dtype)

    def _gram(self, panels: Panels, weights: NDArray, N: int, dtype: str) -> NDArray:
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
    """torch tensors on one device, through their array namespace.

    Raises
    ------
    InvalidInput
        If torch or the device is not there, or torch is told to round float32 products further.
    """

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
        if torch.get_float32_matmul_precision() != "highest":
            raise InvalidInput(
                "torch keeps fewer digits of float32 products here (TF32): call "
                "torch.set_float32_matmul_precision('highest')"
            )
        self.xp: Any = namespace
        self.threads = 1  # torch has its own
        self._torch: Any = torch
        self._upload = Upload(torch)
        self._device = torch.device("cuda" if device == "cuda" else "cpu")
        # LAPACK is faster than many small products on a CPU, and slower on a GPU.
        self.lockstep = device == "cuda"

    def asarray(self, array: Any, dtype: str) -> Any:
        kind = getattr(self.xp, dtype)
        if isinstance(array, np.ndarray):
            # A copy: torch shares memory with numpy otherwise, and warns where it is read-only.
            return self.xp.asarray(np.array(array, dtype=dtype), device=self._device)
        return array.to(device=self._device, dtype=kind)

    def host(self, array: Any) -> NDArray:
        return array.cpu().numpy()

    def zeros(self, shape: tuple[int, ...], dtype: str) -> Any:
        return self._torch.zeros(shape, dtype=getattr(self.xp, dtype), device=self._device)

    def hold(self, panels: Panels, samples: int, N: int, dtype: str) -> list[tuple[slice, Any]]:
        """Panels of X joined to pieces of ``CHUNK`` bytes, in a precision, on the device."""
        pieces, waiting, start = [], [], 0
        most = max(1, CHUNK // (N * np.dtype(dtype).itemsize))
        for rows, panel in panels:
            waiting.append(panel)
            if rows.stop == samples or rows.stop - start + len(panel) > most:
                piece = self.zeros((rows.stop - start, N), dtype)
                self._upload.fill(piece, waiting)
                pieces.append((slice(start, rows.stop), piece))
                waiting, start = [], rows.stop
        return pieces

    def stack(self, arrays: Sequence[NDArray], dtype: str) -> Any:
        """Host arrays of one shape as one."""
        result = self.zeros((len(arrays), *arrays[0].shape), dtype)
        self._upload.fill(result, arrays)
        return result

    def available(self) -> int:
        """Bytes that are free on the device."""
        if self._device.type == "cpu":
            return available_memory()
        cuda = self._torch.cuda
        return cuda.mem_get_info()[0] + cuda.memory_reserved() - cuda.memory_allocated()

    def require(self, estimate: Callable[[int], int], value: int, name: str) -> None:
        """Refuse ``value`` if ``estimate(value)`` bytes do not fit where the arrays live."""
        of = "memory" if self._device.type == "cpu" else "the GPU's memory"
        require_memory(estimate, value, name, of=of, available=self.available())

    def gram(self, panels: Panels, weights: NDArray, N: int, dtype: str) -> Any:
        """Xᵀ diag(weights) X, both triangles."""
        result = self.zeros((N, N), dtype)
        for rows, panel in panels:
            part = self.asarray(panel, dtype)
            result.addmm_((part * self.asarray(weights[rows], dtype)[:, None]).T, part)
        return result

    def diagonal(self, gram: Any) -> NDArray:
        return self.host(self.xp.linalg.diagonal(gram)).astype(float)

    def cholesky(self, gram: Any, shift: NDArray[np.float64]) -> Solve | None:
        """R → R (G + diag(shift))⁻¹ on rows; None if that is not positive definite.

        The inverse itself, as one product is faster on a device than two triangular solutions.
        """
        dtype = str(gram.dtype).removeprefix("torch.")
        matrix = gram.clone()
        matrix.diagonal().add_(self.asarray(shift, dtype))
        factor, info = self._torch.linalg.cholesky_ex(matrix)
        if int(info):
            return None
        inverse = self._torch.cholesky_inverse(factor)

        def apply(rows: Any) -> Any:
            return self.asarray(rows, dtype) @ inverse

        return apply

    def inverses(self, stack: Any, shift: Any) -> Any:
        """(H − σ)⁻¹ of each matrix of a stack, positive definite with its σ."""
        factor = self._factors(stack, shift)[0]
        identity = self._torch.eye(stack.shape[1], dtype=stack.dtype, device=stack.device)
        half = self._torch.linalg.solve_triangular(factor, identity.expand_as(stack), upper=False)
        return half.mT @ half

    def definite(self, stack: Any, shift: Any) -> Any:
        """Whether H − σ is positive definite, of each matrix of a stack, and its σ."""
        return self._factors(stack, shift)[1] == 0

    def _factors(self, stack: Any, shift: Any) -> Any:
        shifted = stack.clone()
        shifted.diagonal(dim1=1, dim2=2).sub_(shift[:, None])
        return self._torch.linalg.cholesky_ex(shifted)

    def small_eigh(self, stack: Any) -> Any:
        """Eigenvalues and eigenvectors of each of many matrices of at most 32 rows."""
        return self._torch.linalg.eigh(stack)


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
