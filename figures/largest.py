"""φ of many draws: whether the lowest eigenvector of H has the largest overlap of all, p = p* = 1.

By all eigenvectors on the CPU, where that costs less than a proof; else by Lanczos from the
teacher's direction, many draws side by side on a GPU.
"""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal, lapack

from bbpscape.model.curvature import curvature
from bbpscape.simulation.backend import Backend, backend
from bbpscape.simulation.data.instance import sample_count
from bbpscape.simulation.data.weights import random_weights
from bbpscape.simulation.parallel import available_cpus
from figures.draws import Point

# Up to here all eigenvectors cost no more on the CPU than a proof by Lanczos.
DENSE = 1000
SINGLE = 1000  # from this N on in float32: its rounding is far below the spacing of eigenvalues
FIRST, LATER = 120, 1.25  # Lanczos steps until the first look, and how many more each time
POINTS, MARGIN = 17, 1.1  # where Christoffel's function is taken in an interval; see largest_mass
# In units of ‖H‖: residuals of settled Ritz values, and how far below the lowest no eigenvalue is.
SETTLED = {"float32": 3e-6, "float64": 1e-10}
ROOM = {"float32": 2e-5, "float64": 1e-9}
BATCH, MOST = 2**31, 128  # bytes of matrices, and draws, that are on a GPU side by side


@contextlib.contextmanager
def on_device(device: str) -> Iterator[dict[str, Any]]:
    """What ``Draws.run`` takes to measure φ: one draw after the other, or blocks on a GPU."""
    if device == "cpu":
        yield {"measure": lowest_is_largest}
        return
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        measure = functools.partial(lowest_is_largest, device=device, pool=pool)
        yield {"measure": measure, "block": _together, "ahead": 2}


def _together(point: Point) -> int:
    return max(1, min(MOST, BATCH // (8 * point.N**2)))


def lowest_is_largest(
    point: Point,
    seeds: Sequence[np.random.SeedSequence],
    device: str = "cpu",
    pool: Executor | None = None,
) -> list[float]:
    """1 for each draw whose lowest eigenvector has the largest overlap of all, 0 for the others.

    ``pool`` diagonalizes Lanczos' matrices.
    """
    if device == "cpu" and point.N <= DENSE:
        found = [every_m2(hessian_along_teacher(point, seed)) for seed in seeds]
        return [float(m2.argmax() == 0) for m2 in found]
    where = backend(device)
    if device == "cpu":
        return [_by_lanczos(_stacked(point, [seed], where), where, pool)[0] for seed in seeds]
    return _by_lanczos(_stacked(point, seeds, where), where, pool)


def samples_along_teacher(
    point: Point, seed: np.random.SeedSequence
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """(X/√N, F) of a draw, p = p* = 1, in a basis whose first direction is the teacher.

    The inputs have the same law in every basis: they are drawn in this one.
    """
    generator, model, N = np.random.default_rng(seed), point.model, point.N
    student, teacher = random_weights(model, N, generator)
    coordinates = np.linalg.qr(np.concatenate([teacher, student]).T).R.T
    dtype = np.dtype("float32" if N >= SINGLE else "float64")
    inputs = generator.standard_normal((sample_count(point.alpha, N), N), dtype)
    inputs /= dtype.type(np.sqrt(N))
    preactivations = inputs[:, :2].astype(float) @ coordinates.T
    labels = model.teacher_output(preactivations[:, :1])
    return inputs, curvature(model, preactivations[:, 1:], labels)[:, 0, 0].astype(dtype)


def hessian_along_teacher(point: Point, seed: np.random.SeedSequence) -> NDArray[np.floating]:
    """H of a draw in the basis of ``samples_along_teacher``."""
    inputs, weights = samples_along_teacher(point, seed)
    return (inputs.T * weights) @ inputs


def every_m2(matrix: NDArray[np.floating]) -> NDArray[np.float64]:
    """|⟨e_1, v⟩|² of all eigenvectors of a symmetric matrix, from the lowest on.

    Householder's reflections from the first column on leave e_1 where it is: the tridiagonal
    matrix has the same first components.
    """
    tridiagonal, work = lapack.get_lapack_funcs(("sytrd", "sytrd_lwork"), (matrix,))
    size, _ = work(len(matrix), lower=1)
    _, diagonal, off, _, info = tridiagonal(
        np.asfortranarray(matrix), lower=1, lwork=int(size), overwrite_a=1
    )
    assert info == 0
    vectors = eigh_tridiagonal(diagonal.astype(float), off.astype(float))[1]
    first: NDArray[np.float64] = vectors[0] ** 2
    return first


def _stacked(point: Point, seeds: Sequence[np.random.SeedSequence], where: Backend) -> Any:
    """H of each draw, shape (B, N, N); of one on the CPU. A GPU's are drawn on threads."""
    if not where.batches:
        (inputs, weights), N = samples_along_teacher(point, seeds[0]), point.N
        H = where.gram([(slice(0, len(inputs)), inputs)], weights, N, str(inputs.dtype))
        return (H + np.tril(H, -1).T)[None]
    with ThreadPoolExecutor(min(len(seeds), available_cpus())) as threads:
        drawn = list(threads.map(functools.partial(samples_along_teacher, point), seeds))
    inputs, weights = zip(*drawn, strict=True)
    dtype = str(inputs[0].dtype)
    X, F = where.stack(inputs, dtype), where.stack(weights, dtype)
    return where.xp.matrix_transpose(X * F[:, :, None]) @ X


def _by_lanczos(H: Any, where: Backend, pool: Executor | None) -> list[float]:
    """Of each matrix of a stack, after as many steps as its proof takes."""
    dtype = str(H.dtype).removeprefix("torch.")
    answers = np.full(len(H), np.nan)
    open_, lanczos, look = np.arange(len(H)), Lanczos(H, where), FIRST
    while open_.size:
        lanczos.advance(min(look, H.shape[1]))
        diagonals, offs = lanczos.matrices()
        each = (diagonals, offs, [dtype] * len(offs))
        found = list(pool.map(decided, *each) if pool else map(decided, *each))
        answer = np.array([one for one, _ in found])
        lowest = np.array([bound for _, bound in found])
        sure = np.isfinite(answer)
        # What Lanczos has not seen could still lie below: a draw is 1 only if nothing does.
        claims = np.flatnonzero(answer == 1)
        sure[claims] = nothing_below(lanczos.H, claims, lowest[claims], where)
        answers[open_[sure]] = answer[sure]
        if lanczos.steps == H.shape[1]:
            for i in np.flatnonzero(~sure).tolist():
                answer[i] = every_m2(where.host(lanczos.H[i])).argmax() == 0
            sure[:] = True
            answers[open_] = answer
        left = np.flatnonzero(~sure)
        open_, look = open_[left], int(LATER * look)
        lanczos.keep(left)
    return answers.tolist()


def decided(
    diagonal: NDArray[np.float64], off: NDArray[np.float64], dtype: str
) -> tuple[float, float]:
    """(1, 0 or NaN where it is open; a bound that no eigenvalue may be below where it is 1).

    By Lanczos' matrix from e_1: settled Ritz values have the overlaps of eigenvectors, and what
    lies between them no more than ``largest_mass``.
    """
    # A coupling of 0 ends an invariant space; what comes after it is not of H.
    ended = np.flatnonzero(off == 0)
    if ended.size:
        diagonal, off = diagonal[: ended[0] + 1], off[: ended[0] + 1]
    nodes, vectors = eigh_tridiagonal(diagonal, off[:-1])
    weights, norm = vectors[0] ** 2, max(abs(nodes[0]), abs(nodes[-1]))
    settled = off[-1] * abs(vectors[-1]) <= SETTLED[dtype] * norm
    if not settled[0]:
        return np.nan, np.nan
    if weights[settled].max() > weights[0]:
        return 0.0, np.nan
    below = float(nodes[0]) - ROOM[dtype] * norm
    if settled.all():
        return 1.0, below
    low, high = int(settled.argmin()) - 1, len(nodes) - int(settled[::-1].argmin())
    ends, pairs = nodes[low : high + 1], weights[low : high + 1]
    # No eigenvector between two nodes has more than both of their weights.
    open_ = np.flatnonzero(pairs[1:] + pairs[:-1] >= weights[0])
    if not open_.size:
        return 1.0, below
    points = np.linspace(ends[open_], ends[open_ + 1], POINTS).ravel()
    return (1.0 if largest_mass(diagonal, off, points) < weights[0] else np.nan), below


def largest_mass(
    diagonal: NDArray[np.float64], off: NDArray[np.float64], points: NDArray[np.float64]
) -> float:
    """The most that an eigenvector with an eigenvalue about one of ``points`` overlaps with e_1.

    That is Christoffel's function 1/Σ_j p_j(λ)², p_j the orthonormal polynomials of e_1's spectral
    measure: the largest atom at λ of all measures with the same moments. Between points that are a
    sixteenth of two nodes apart it was larger by 4 % at most, of 18 random matrices; MARGIN allows
    for more.
    """
    before, now = np.zeros_like(points), np.ones_like(points)
    total = np.ones_like(points)
    with np.errstate(over="ignore", invalid="ignore"):
        for j in range(len(diagonal) - 1):
            coupling = off[j - 1] if j else 0.0
            before, now = now, ((points - diagonal[j]) * now - coupling * before) / off[j]
            total += now * now
    # Beyond all numbers is where no eigenvector has a part in e_1.
    return MARGIN * float((1 / total[np.isfinite(total)]).max(initial=0.0))


def nothing_below(
    H: Any, rows: NDArray[np.int64], shifts: NDArray[np.float64], where: Backend
) -> NDArray[np.bool_]:
    """Whether H − shift is positive definite, of some matrices of a stack."""
    dtype = str(H.dtype).removeprefix("torch.")

    def definite(i: int, shift: float) -> bool:
        if where.batches:
            return bool(where.definite(H[i : i + 1], where.asarray(np.array([shift]), dtype)))
        return where.cholesky(H[i], np.full(H.shape[1], -shift)) is not None

    each = zip(rows.tolist(), shifts, strict=True)
    return np.array([definite(i, shift) for i, shift in each], dtype=bool)


class Lanczos:
    """Lanczos from e_1 on each matrix of a stack, shape (B, N, N), orthogonalized in full."""

    def __init__(self, H: Any, where: Backend):
        self.H, self.steps, self._where = H, 0, where
        self._basis = where.xp.zeros_like(H[:, :FIRST])
        self._next = where.xp.zeros_like(H[:, 0])
        self._next[:, 0] = 1.0
        self._diagonal: list[Any] = []
        self._off: list[Any] = []

    def advance(self, steps: int) -> None:
        """To so many steps in all."""
        xp = self._where.xp
        if steps > self._basis.shape[1]:
            more = xp.zeros_like(self.H[:, : steps - self._basis.shape[1]])
            self._basis = xp.concat([self._basis, more], axis=1)
        while self.steps < steps:
            q, j = self._next, self.steps
            self._basis[:, j] = q
            image = (self.H @ q[:, :, None])[:, :, 0]
            self._diagonal.append(xp.sum(image * q, axis=1))
            known = self._basis[:, : j + 1]
            for _ in range(2):
                parts = known @ image[:, :, None]
                image = image - (xp.matrix_transpose(parts) @ known)[:, 0]
            length = xp.linalg.vector_norm(image, axis=1)
            self._off.append(length)
            # An invariant space ends in a coupling of 0, and 0 from there on.
            self._next = image / xp.where(length > 0, length, xp.ones_like(length))[:, None]
            self.steps += 1

    def matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Diagonals, and off-diagonals with the coupling to the next step, shape (B, steps)."""
        xp, host = self._where.xp, self._where.host
        return host(xp.stack(self._diagonal, axis=1)).astype(float), host(
            xp.stack(self._off, axis=1)
        ).astype(float)

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Forget all matrices but these."""
        if len(rows) == len(self.H):
            return
        index = self._where.asarray(rows, "int64")
        self.H, self._basis, self._next = (one[index] for one in (self.H, self._basis, self._next))
        self._diagonal = [one[index] for one in self._diagonal]
        self._off = [one[index] for one in self._off]
