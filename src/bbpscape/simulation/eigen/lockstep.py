"""The lowest eigenpairs of many dense matrices at once, by Lanczos on (H − σ)⁻¹ of each.

A GPU diagonalizes matrices of more than 32 rows one after the other, whole; products, and Cholesky
factorizations, of many it makes side by side.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.seeds import stream
from bbpscape.simulation.backend import TorchBackend

STEPS = 32  # Lanczos vectors that are held
MOST_CYCLES = 8
SPARE = 4  # Ritz pairs beyond the wanted ones
SMALL = 1e-12  # of the largest Ritz value: a residual that is none
MOST_TRIALS = 40
CLEAR = 1e3  # of eps ‖H‖: a gap that rounding does not close
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Stack:
    """The ``count`` lowest pairs of each of B matrices.

    ``values`` and ``residuals`` have shape (B, count), ``vectors`` (B, n, count), ``norms`` (B,),
    bounds on ‖H‖. ``certain`` says of which matrices no eigenvalue was missed below the last but
    one, as H − ``shift`` has at most that many below 0.
    """

    values: NDArray[np.float64]
    vectors: NDArray[np.float64]
    residuals: NDArray[np.float64]
    norms: NDArray[np.float64]
    shift: NDArray[np.float64]
    certain: NDArray[np.bool_]


def possible(size: int, count: int) -> bool:
    """Whether so many pairs of a matrix of this size come out of the steps there are."""
    return count + SPARE <= STEPS // 2 and size > STEPS


def lowest_of_stack(H: Any, count: int, where: TorchBackend) -> Stack | None:
    """The ``count`` lowest pairs of each matrix of H, shape (B, n, n), where it lives.

    32 Lanczos steps with (H − σ)⁻¹, σ well below H, say where λ_1 is; with σ close below it they
    are restarted until they give the pairs. H − σ has a Cholesky factorization if and only if σ is
    below H. That of H − σ + c V Vᵀ, V the vectors below a σ inside, says that they are all. None
    where no σ is found.
    """
    xp, size = where.xp, H.shape[1]
    norms = xp.max(xp.sum(abs(H), axis=2), axis=1)
    diagonal = xp.linalg.diagonal(H)
    least = xp.min(diagonal, axis=1)
    below = xp.maximum(-2 * least, 1e-2 * xp.mean(abs(diagonal), axis=1) + 1e3 * EPS * norms)
    shift = _below(H, (-below * 4.0**power for power in range(MOST_TRIALS)), where)
    if shift is None:
        return None
    start = where.asarray(stream("starting block").standard_normal(size), "float64")
    start = xp.broadcast_to(start, (H.shape[0], size))
    vectors, roots = _ritz(where.inverses(H, shift), start, count + SPARE, 1, where)
    values = shift[:, None] + 1 / roots
    # Close below λ_1, by half the width of what is sought; back towards the first where it is not.
    near = 1.5 * values[:, 0] - 0.5 * values[:, count - 1]
    parts = (shift + (near - shift) * 0.5**power for power in range(MOST_TRIALS))
    shift = _below(H, parts, where)
    if shift is None:
        return None
    start = xp.sum(vectors, axis=2)
    vectors, _ = _ritz(where.inverses(H, shift), start, count + SPARE, MOST_CYCLES, where)
    return _finished(H, vectors, count, norms, where)


def _below(H: Any, shifts: Iterable[Any], where: TorchBackend) -> Any:
    """The first σ below each H, None where one has none."""
    chosen = definite = None
    for shift in shifts:
        chosen = shift if chosen is None else where.xp.where(definite, chosen, shift)
        definite = where.definite(H, chosen)
        if bool(where.xp.all(definite)):
            return chosen
    return None


def _ritz(
    inverse: Any, start: Any, count: int, cycles: int, where: TorchBackend
) -> tuple[Any, Any]:
    """The ``count`` largest Ritz pairs of each inverse: vectors (B, n, count), values (B, count).

    At a restart the ``count`` largest Ritz vectors stay: Wu and Simon, SIAM J. Matrix Anal. Appl.
    22 (2000).
    """
    xp, (B, size) = where.xp, start.shape
    basis = where.zeros((B, STEPS, size), "float64")
    projected = where.zeros((B, STEPS, STEPS), "float64")
    row, kept = start / xp.linalg.vector_norm(start, axis=1, keepdims=True), 0
    for cycle in range(cycles):
        for j in range(kept, STEPS):
            basis[:, j] = row
            known = basis[:, : j + 1]
            image = inverse @ row[..., None]
            for turn in range(2):
                along = known @ image
                if turn == 0:
                    projected[:, : j + 1, j] = projected[:, j, : j + 1] = along[..., 0]
                image = image - xp.matrix_transpose(known) @ along
            norms = xp.linalg.vector_norm(image[..., 0], axis=1)
            row = image[..., 0] / norms[:, None]
        values, mixing = where.small_eigh(projected)
        values, mixing = xp.flip(values, axis=1)[:, :count], xp.flip(mixing, axis=2)[:, :, :count]
        vectors = xp.matrix_transpose(mixing) @ basis
        left = norms[:, None] * abs(mixing[:, -1, :])
        if cycle + 1 == cycles or bool(xp.all(left[:, : count - SPARE] < SMALL * values[:, :1])):
            break
        kept = count
        basis[:, :kept] = vectors
        projected[...] = 0.0
        xp.linalg.diagonal(projected)[:, :kept] = values
    return xp.matrix_transpose(vectors), values


def _finished(H: Any, vectors: Any, count: int, norms: Any, where: TorchBackend) -> Stack:
    """Rayleigh–Ritz with H itself, residuals, and that nothing was missed."""
    xp = where.xp
    gram = xp.matrix_transpose(vectors) @ (H @ vectors)
    values, mixing = where.small_eigh((gram + xp.matrix_transpose(gram)) / 2)
    vectors = (vectors @ mixing)[:, :, :count]
    values = values[:, :count]
    residuals = xp.linalg.vector_norm(H @ vectors - vectors * values[:, None, :], axis=1)
    last, wanted = values[:, count - 2], vectors[:, :, : count - 1]
    gap, error = values[:, count - 1] - last, xp.max(residuals, axis=1)
    shift = last + gap / 2
    lift = 2 * (shift - values[:, 0])
    lifted = H + lift[:, None, None] * (wanted @ xp.matrix_transpose(wanted))
    clear = gap > CLEAR * EPS * norms + 4 * error
    parts = (values, vectors, residuals, norms, shift, where.definite(lifted, shift) & clear)
    return Stack(*(where.host(one) for one in parts))
