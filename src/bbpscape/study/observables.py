"""What is measured on a draw, and what theory says of it at N → ∞: a table of names."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.signal import largest_overlap
from bbpscape.simulation.eigen.teacher_mass import teacher_mass_below
from bbpscape.simulation.hessian import Hessian
from bbpscape.study import descent_observables
from bbpscape.study.cells import Cell
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.spectrum import spectrum
from bbpscape.theory.threshold import threshold


@dataclass(frozen=True)
class Limit:
    """The left end of the spectrum at N → ∞: its edge, and its outliers from the lowest on as
    (eigenvalue, multiplicity, m2), the overlap of one of their eigenvectors with the teacher."""

    edge: float
    outliers: tuple[tuple[float, float, float], ...]

    @property
    def lowest(self) -> float:
        return self.outliers[0][0] if self.outliers else self.edge

    @property
    def m2(self) -> float:
        return self.outliers[0][2] if self.outliers else 0.0

    @property
    def total_m2(self) -> float:
        return sum(multiplicity * m2 for _, multiplicity, m2 in self.outliers if m2 > 0)


@dataclass(frozen=True, eq=False)
class Measured:
    """A draw with its k lowest pairs, k above p·p*, and all below ``limit.edge`` if it is known."""

    model: TeacherStudent
    hessian: Hessian
    teacher_basis: NDArray[np.float64]
    eigenvalues: NDArray[np.float64]
    m2: NDArray[np.float64]
    limit: Limit | None

    @property
    def copies(self) -> int:
        return min(int(self.model.p) * self.model.p_star, len(self.m2))


@dataclass(frozen=True)
class Observable:
    """``measure`` gives the value on a draw, None where undecided; ``theory`` its limit N → ∞.

    What ``descends`` is measured on a descent, all else on the spectrum.
    """

    measure: Callable[[Any], float | None]
    theory: Callable[[TeacherStudent, Limit], float] | None
    meaning: str
    needs_edge: bool = False
    descends: bool = False


def _phi(one: Measured) -> float | None:
    found = largest_overlap(one.hessian, one.eigenvalues, one.m2, one.teacher_basis).lowest
    return None if found is None else float(found)


def _gap(one: Measured) -> float | None:
    if len(one.eigenvalues) <= one.copies:
        return None
    return float(one.eigenvalues[one.copies] - one.eigenvalues[one.copies - 1])


def _mass(one: Measured) -> float:
    assert one.limit is not None
    return teacher_mass_below(one.eigenvalues, one.m2, one.limit.edge, one.copies)


OBSERVABLES: dict[str, Observable] = {
    "lowest": Observable(
        lambda one: float(one.eigenvalues[0]),
        lambda model, limit: limit.lowest,
        "lowest eigenvalue",
    ),
    "m2": Observable(
        lambda one: float(one.m2[0]),
        lambda model, limit: limit.m2,
        "squared teacher overlap of the lowest eigenvector",
    ),
    "total_m2": Observable(
        lambda one: float(one.m2[: one.copies].sum()),
        lambda model, limit: limit.total_m2,
        "sum of m2 over the p p* lowest eigenvectors",
    ),
    "phi": Observable(
        _phi, None, "1 if the eigenvector with the largest m2 is among the p p* lowest, else 0"
    ),
    "gap": Observable(_gap, None, "distance from the p p*-th lowest eigenvalue to the next"),
    "teacher_mass": Observable(
        _mass,
        lambda model, limit: limit.total_m2 / (model.p * model.p_star),
        "m2 of all eigenvectors below the N → ∞ edge, over p p*",
        needs_edge=True,
    ),
    "descent_m2": Observable(
        descent_observables.largest_m2,
        None,
        "largest squared magnetization that the descent reaches",
        descends=True,
    ),
    "recovered": Observable(
        descent_observables.recovered, None, "1 if the descent recovers the teacher", descends=True
    ),
    "recovery_step": Observable(
        descent_observables.recovery_step, None, "step of the recovery", descends=True
    ),
    "descent_loss": Observable(
        descent_observables.last_loss, None, "loss a sample at the end", descends=True
    ),
    "descent_error": Observable(
        descent_observables.last_error, None, "generalization error at the end", descends=True
    ),
}
# Rows of theory that no draw has.
EDGE, THRESHOLD = "edge", "alpha_bbp"


def theory_values(cell: Cell, observables: Sequence[str]) -> dict[str, float]:
    """The limits N → ∞ of ``observables`` that have one, the left edge, and α_BBP.

    Raises
    ------
    NoConvergence
        If an edge, an outlier or the threshold could not be found.
    """
    at = limit(cell)
    values = {
        name: float(solve(cell.model, at))
        for name in observables
        if (solve := OBSERVABLES[name].theory) is not None
    }
    values |= {EDGE: at.edge, THRESHOLD: _alpha_bbp(cell)}
    # At p = ∞ the sum over p p* eigenvectors is infinite, and no number to keep.
    return {name: value for name, value in values.items() if math.isfinite(value)}


def draw_values(
    cell: Cell, seed: np.random.SeedSequence, observables: Sequence[str], **options: object
) -> dict[str, float | None]:
    """``observables`` on one draw; ``options`` are those of ``lowest``: tol, dtype, device.

    Raises
    ------
    NoConvergence
        If an eigenpair did not converge, one was missed, or a value is not finite.
    InvalidInput
        If the draw does not fit in memory.
    """
    values: dict[str, float | None] = {}
    descending = [name for name in observables if OBSERVABLES[name].descends]
    if descending:
        dtype, device = str(options.get("dtype", "float64")), str(options.get("device", "cpu"))
        path = descent_observables.trajectory(cell, seed, dtype, device)
        values |= {name: OBSERVABLES[name].measure(path) for name in descending}
    if others := [name for name in observables if name not in descending]:
        one = _lowest_pairs(cell, seed, any(OBSERVABLES[n].needs_edge for n in others), **options)
        values |= {name: OBSERVABLES[name].measure(one) for name in others}
    for name, value in values.items():
        if value is not None and not math.isfinite(value):
            raise NoConvergence(f"{name} is {value}")
    return {name: values[name] for name in observables}


def _lowest_pairs(
    cell: Cell, seed: np.random.SeedSequence, needs_edge: bool, **options: object
) -> Measured:
    model = cell.model
    instance = draw(model, cell.alpha, cell.N, seed)
    hessian = Hessian(instance.inputs, instance.curvature)
    size = hessian.shape[0]
    at = limit(cell.theory()) if needs_edge else None
    # With the edge, a few pairs more, and twice as many until one is above it.
    k = min(int(model.p) * model.p_star + (1 if at is None else 4), size)
    while True:
        pairs = lowest(hessian, k, **options)  # type: ignore[arg-type]
        if not pairs.converged or pairs.certificate.passed is False:
            what = "an eigenvalue was missed" if pairs.converged else "residuals above tolerance"
            raise NoConvergence(f"lowest eigenpairs: {what} ({pairs.method}, k = {k})")
        if at is None or k == size or pairs.eigenvalues[-1] >= at.edge:
            break
        k = min(2 * k, size)
    m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
    return Measured(model, hessian, instance.teacher_basis, pairs.eigenvalues, m2, at)


def limit(cell: Cell) -> Limit:
    """The left end of the spectrum at N → ∞ and α = M/N, kept for the draws that follow."""
    return _limit(cell.key)


@functools.lru_cache(maxsize=256)
def _limit(key: str) -> Limit:
    cell = Cell(key)
    found = spectrum(cell.model, cell.alpha, points=2)
    left = found.left_edge.value
    outliers = sorted(
        (one.eigenvalue, one.multiplicity, one.teacher_m2)
        for one in found.outliers
        if one.eigenvalue < left
    )
    return Limit(float(left), tuple(outliers))


@functools.lru_cache(maxsize=256)
def _threshold(model: TeacherStudent) -> float:
    return threshold(model).alpha_bbp


def _alpha_bbp(cell: Cell) -> float:
    return _threshold(cell.model)
