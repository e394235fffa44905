"""Draws of figures that need many: one number each, kept as they come, so that a run goes on."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal, lapack

import bbpscape as bb
from bbpscape.core.seeds import draw_seed
from bbpscape.core.statistics import mean_and_error
from bbpscape.model.curvature import curvature
from bbpscape.simulation.data.instance import sample_count
from bbpscape.simulation.data.weights import random_weights
from bbpscape.simulation.dice.draw import DicedDraw
from figures import kit

BLOCK = 20  # draws that are computed and written together
# Up to here all eigenvectors of a draw cost less than the proof by Lanczos that one is the largest.
DENSE = 2000
SINGLE = 1000  # from this N on in float32: its rounding is far below the spacing of eigenvalues


@dataclass(frozen=True)
class Point:
    """Draws of one model at one α and N; ``case`` names the model."""

    case: str
    model: bb.TeacherStudent
    N: int
    alpha: float
    draws: int

    @property
    def key(self) -> tuple[str, int, float]:
        return self.case, self.N, self.alpha


class Draws:
    """The numbers measured so far, in a file of one line a block that only grows.

    A line that a killed run left unfinished is not read.
    """

    def __init__(self, name: str) -> None:
        kit.WORK.mkdir(exist_ok=True)
        self._path = kit.WORK / f"{name}.jsonl"
        self._values: dict[tuple[str, int, float], list[float]] = {}
        for case, N, alpha, values in _lines(self._path):
            self._values.setdefault((case, N, alpha), []).extend(values)

    def of(self, point: Point) -> NDArray[np.float64]:
        """The first ``point.draws`` of a point, or as many as there are."""
        return np.array(self._values.get(point.key, [])[: point.draws])

    def run(self, points: list[Point], measure: Callable[[Point, np.random.SeedSequence], float]):
        """Measure what is missing, the point that has least of its draws first."""
        while True:
            done = [len(self.of(point)) / point.draws for point in points]
            if min(done) == 1:
                return
            point = points[int(np.argmin(done))]
            first = len(self.of(point))
            name = f"{self._path.stem} {point.case} {point.N} {point.alpha}"
            values = [
                measure(point, draw_seed(name, 0, first + i))
                for i in range(min(BLOCK, point.draws - first))
            ]
            self._values.setdefault(point.key, []).extend(values)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([*point.key, values]) + "\n")

    def table(self, points: list[Point]) -> kit.Table:
        """Means with their standard errors."""
        records = []
        for point in points:
            values = self.of(point)
            mean, error = mean_and_error(values)
            records.append(
                {
                    "case": point.case,
                    "N": point.N,
                    "alpha": point.alpha,
                    "mean": float(mean),
                    "standard_error": float(error),
                    "draws": len(values),
                }
            )
        return kit.table_of(records)


def _lines(path: Path) -> Iterator[list]:
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    yield from map(json.loads, whole.splitlines())


def mean_m2(point: Point, seed: np.random.SeedSequence) -> float:
    """m² of the p·p* lowest eigenvectors, their mean."""
    copies = int(point.model.p) * point.model.p_star
    pairs = DicedDraw(point.model, point.alpha, point.N, seed, "float32").lowest(copies)
    if not pairs.converged:
        raise RuntimeError(f"{point.key}: the lowest pairs did not converge")
    return float(pairs.m2[:copies].mean())


def lowest_is_largest(point: Point, seed: np.random.SeedSequence) -> float:
    """1 if the lowest eigenvector has the largest overlap of all, else 0; p = p* = 1."""
    if point.N <= DENSE:
        m2 = every_m2(hessian_along_teacher(point, seed))
        return float(m2.argmax() == 0)
    draw = DicedDraw(point.model, point.alpha, point.N, seed, "float32")
    found = draw.largest_overlap().lowest
    if found is None:
        raise RuntimeError(f"{point.key}: φ undecided")
    return float(found)


def hessian_along_teacher(point: Point, seed: np.random.SeedSequence) -> NDArray[np.floating]:
    """H of a draw, p = p* = 1, in a basis whose first direction is the teacher.

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
    weights = curvature(model, preactivations[:, 1:], labels)[:, 0, 0]
    return (inputs.T * weights.astype(dtype)) @ inputs


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
