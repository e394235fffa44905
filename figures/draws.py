"""Draws of figures that need many: one number each, kept as they come, so that a run goes on."""

import json
import math
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bbpscape as bb
from bbpscape.core.seeds import draw_seed
from bbpscape.core.statistics import mean_and_error
from bbpscape.simulation.dice.draw import DicedDraw
from figures import kit

BLOCK = 20  # draws that are computed and written together
Measure = Callable[["Point", Sequence[np.random.SeedSequence]], list[float]]


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
        self._whole = False
        self._values: dict[tuple[str, int, float], list[float]] = {}
        for case, N, alpha, values in _lines(self._path):
            self._values.setdefault((case, N, alpha), []).extend(values)

    def of(self, point: Point) -> NDArray[np.float64]:
        """The first ``point.draws`` of a point, or as many as there are."""
        return np.array(self._values.get(point.key, [])[: point.draws])

    def run(
        self,
        points: Sequence[Point],
        measure: Measure,
        block: Callable[[Point], int] = lambda point: BLOCK,
        ahead: int = 1,
        seconds: float = math.inf,
    ) -> None:
        """Measure what is missing, the point that has least of its draws first.

        ``ahead`` blocks are computed side by side, on threads. None is begun after ``seconds``.
        """
        ends, begun = time.monotonic() + seconds, Counter()
        for point in points:
            begun[point.key] = len(self._values.get(point.key, []))
        waiting: deque = deque()
        with ThreadPoolExecutor(ahead) as threads:
            while True:
                done = [begun[point.key] / point.draws for point in points]
                if min(done) < 1 and time.monotonic() < ends:
                    point = points[int(np.argmin(done))]
                    seeds = self._seeds(point, begun[point.key], block(point))
                    begun[point.key] += len(seeds)
                    waiting.append((point, seeds, threads.submit(measure, point, seeds)))
                elif not waiting:
                    return
                if len(waiting) > ahead or min(done) >= 1 or time.monotonic() >= ends:
                    self._take(waiting)

    def _seeds(self, point: Point, first: int, block: int) -> list[np.random.SeedSequence]:
        name = f"{self._path.stem} {point.case} {point.N} {point.alpha}"
        return [draw_seed(name, 0, i) for i in range(first, min(first + block, point.draws))]

    def _take(self, waiting: deque) -> None:
        """Write the first block; if it failed, what others have finished first."""
        point, seeds, future = waiting.popleft()
        if error := future.exception():
            while waiting and waiting[0][0].key != point.key and not waiting[0][2].exception():
                self._write(*waiting.popleft())
            raise error
        self._write(point, seeds, future)

    def _write(self, point: Point, seeds: list[np.random.SeedSequence], future: Future) -> None:
        values = future.result()
        if len(values) != len(seeds):
            raise RuntimeError(f"{point.key}: {len(values)} numbers of {len(seeds)} draws")
        if not self._whole:
            _end_with_a_line(self._path)
            self._whole = True
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
    if path.exists():
        text = path.read_text(encoding="utf-8")
        yield from map(json.loads, text[: text.rfind("\n") + 1].splitlines())


def _end_with_a_line(path: Path) -> None:
    """Drop what stands behind the last whole line."""
    if path.exists():
        whole = path.read_bytes().rfind(b"\n") + 1
        os.truncate(path, whole)


def mean_m2(point: Point, seeds: Sequence[np.random.SeedSequence]) -> list[float]:
    """m² of the p·p* lowest eigenvectors of each draw, their mean."""
    copies, found = int(point.model.p) * point.model.p_star, []
    for seed in seeds:
        pairs = DicedDraw(point.model, point.alpha, point.N, seed, "float32").lowest(copies)
        if not pairs.converged:
            raise RuntimeError(f"{point.key}: the lowest pairs did not converge")
        found.append(float(pairs.m2[:copies].mean()))
    return found
