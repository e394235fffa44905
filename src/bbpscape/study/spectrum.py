"""The left end of the spectrum: of a draw, and at N → ∞."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import NoConvergence
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance, sample_count
from bbpscape.simulation.dice.draw import DICE, DicedDraw, check_diced, diced_bytes, diced_seconds
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.signal import LargestOverlap, largest_overlap
from bbpscape.simulation.hessian import Hessian
from bbpscape.study.cells import Cell
from bbpscape.study.subject import Numerics, Subject
from bbpscape.theory.route import route

SMALL = 8e-4  # seconds of a draw's own small work
SAMPLING = 1.4e-8  # seconds of an entry of X


@dataclass(frozen=True)
class Limit:
    """The left end of the spectrum at N → ∞: its edge and its outliers.

    Outliers are (eigenvalue, multiplicity, m2) from the lowest on, m2 the overlap of one of their
    eigenvectors with the teacher.
    The edge is 0 if a share of the eigenvalues is 0 and the others are larger. ``N`` is the
    dimension of the inputs if their law belongs to one, or None.

    Examples
    --------
    >>> import bbpscape as bb
    >>> at = bb.study.Limit(edge=0.0, outliers=((-1.0, 2, 0.25),))
    >>> at.lowest, at.m2, at.total_m2
    (-1.0, 0.25, 0.5)
    """

    edge: float
    outliers: tuple[tuple[float, float, float], ...]
    N: int | None = None

    @property
    def lowest(self) -> float:
        return self.outliers[0][0] if self.outliers else self.edge

    @property
    def m2(self) -> float:
        return self.outliers[0][2] if self.outliers else 0.0

    @property
    def total_m2(self) -> float:
        return sum(multiplicity * m2 for _, multiplicity, m2 in self.outliers if m2 > 0)


@functools.lru_cache(maxsize=256)
def limit(model: TeacherStudent, alpha: float, N: int | None = None) -> Limit:
    """The left end at N → ∞, kept for the draws that follow; of inputs of dimension N."""
    way = route(model, N)
    left = way.edges(alpha)[0].value
    if way.atom(alpha) > 0:
        left = min(left, 0.0)
    outliers = sorted(
        (one.eigenvalue, one.multiplicity, one.teacher_m2)
        for one in way.outliers(alpha)
        if one.eigenvalue < left
    )
    return Limit(float(left), tuple(outliers), N)


@dataclass(frozen=True, eq=False)
class LeftEnd(ABC):
    """The k lowest pairs of a draw, k above p·p*, and all below ``limit.edge`` where that is.

    ``eigenvalues`` and ``m2``, the squared overlaps of the eigenvectors with the teacher's span,
    have shape (k,).
    """

    model: TeacherStudent
    eigenvalues: NDArray[np.float64]
    m2: NDArray[np.float64]
    limit: Limit | None

    @property
    def copies(self) -> int:
        """p p*, the number of directions in which the teacher can be seen."""
        return min(int(self.model.p) * self.model.p_star, len(self.m2))

    @abstractmethod
    def largest_overlap(self) -> LargestOverlap:
        """Whether the largest overlap of all is among the p·p* lowest."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasuredSpectrum(LeftEnd):
    """A draw with its Hessian, and the ``eigenvectors`` of the lowest pairs, shape (pN, k).

    Examples
    --------
    >>> import bbpscape as bb
    >>> gap = bb.Observable("gap", lambda one: one.eigenvalues[1] - one.eigenvalues[0])
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": 2.0, "N": 20}, [gap], 2, theory=False)
    >>> bool(study.run(workers=1).rows[0].mean > 0)
    True
    """

    instance: Instance
    hessian: Hessian
    eigenvectors: NDArray[np.float64]

    def largest_overlap(self) -> LargestOverlap:
        basis = self.instance.teacher_basis
        return largest_overlap(self.hessian, self.eigenvalues, self.m2, basis)


@dataclass(frozen=True, eq=False, kw_only=True)
class DicedSpectrum(LeftEnd):
    """A draw whose inputs were never held: it has neither Hessian nor eigenvectors."""

    draw: DicedDraw
    tolerance: float

    def largest_overlap(self) -> LargestOverlap:
        return self.draw.largest_overlap(self.tolerance)


@dataclass(frozen=True)
class LowestPairs(Subject):
    """The lowest eigenpairs of the Hessian at the random student."""

    def check(self, cell: Cell, numerics: Numerics) -> None:
        if numerics.eigensolver == DICE:
            check_diced(cell.model, cell.source.inputs is not None, numerics.device)

    def prepare(
        self, cell: Cell, seed: np.random.SeedSequence, numerics: Numerics, below_edge: bool
    ) -> LeftEnd:
        """The pairs, or NoConvergence if one did not converge or was missed."""
        model, N = cell.model, cell.N
        at = limit(model, sample_count(cell.alpha, N) / N, cell.dimension) if below_edge else None
        if numerics.eigensolver == DICE:
            return _diced(cell, seed, numerics, at)
        instance = cell.draw(seed)
        hessian = Hessian(instance.inputs, instance.curvature)
        size = hessian.shape[0]
        # With the edge, a few pairs more, and twice as many until one is above it.
        k = min(int(model.p) * model.p_star + (1 if at is None else 4), size)
        while True:
            pairs = lowest(
                hessian,
                k,
                numerics.tolerance,
                dtype=numerics.precision,
                device=numerics.device,
            )
            if not pairs.converged or pairs.certificate.passed is False:
                what = "an eigenvalue was missed" if pairs.converged else "residuals too large"
                raise NoConvergence(f"lowest eigenpairs: {what} ({pairs.method}, k = {k})")
            if at is None or k == size or pairs.eigenvalues[-1] >= at.edge:
                break
            k = min(2 * k, size)
        m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
        return MeasuredSpectrum(
            model,
            pairs.eigenvalues,
            m2,
            at,
            instance=instance,
            hessian=hessian,
            eigenvectors=pairs.eigenvectors,
        )

    def cost(self, cell: Cell, numerics: Numerics) -> tuple[float, int]:
        if numerics.eigensolver == DICE:
            return (
                diced_seconds(cell.model, cell.alpha, cell.N),
                diced_bytes(cell.model, cell.alpha, cell.N),
            )
        p, copies = int(cell.model.p), int(cell.model.p) * cell.model.p_star
        N, M = cell.N, sample_count(cell.alpha, cell.N)
        one = CostModel(p, N, M, min(copies + 1, p * N))
        dense = numerics.precision == "float64" and numerics.device == "cpu"
        if dense and one.choice == "dense":
            seconds, size = one.dense_seconds, one.dense_bytes
        else:
            seconds, size = one.iterative_seconds, one.iterative_bytes
        return seconds + M * N * SAMPLING + SMALL, size


def _diced(
    cell: Cell, seed: np.random.SeedSequence, numerics: Numerics, at: Limit | None
) -> DicedSpectrum:
    """Of a draw whose inputs are drawn as Lanczos asks for them."""
    model, N = cell.model, cell.N
    k = min(int(model.p) * model.p_star + 1, int(model.p) * N)
    draw = DicedDraw(model, cell.alpha, N, seed, numerics.precision)
    pairs = draw.lowest(k, numerics.tolerance, -math.inf if at is None else at.edge)
    if not pairs.converged:
        raise NoConvergence(f"lowest eigenpairs: residuals too large (dice, k = {k})")
    return DicedSpectrum(
        model, pairs.eigenvalues, pairs.m2, at, draw=draw, tolerance=numerics.tolerance
    )


SPECTRUM = LowestPairs()
