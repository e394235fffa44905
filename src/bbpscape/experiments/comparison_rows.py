"""The rows of a comparison: what is measured on every draw, and the theory beside it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.statistics import Estimate
from bbpscape.experiments.comparison_labels import Predicted, predicted
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.eigen.diagonalize import all_eigenvalues_and_lowest, teacher_overlap
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.solution import Outlier
from bbpscape.theory.spectrum import Spectrum

# The left edge region is compared at this fraction of the eigenvalues, or at that many of them.
EDGE_FRACTION = 0.05
EDGE_COUNT = 20
ROUNDING = 1e-10


@dataclass(frozen=True)
class Row:
    """One quantity: N → ∞ theory, finite-N theory (of each draw), and the mean over draws.

    ``isotropic`` is the theory of isotropic inputs where ``theory`` is that of inputs of one's own.
    ``z`` is (measured − theory)/standard error; ``z_finite_size`` compares each draw with what its
    own samples predict, by the standard error and what that theory is expected to be off by. It is
    None if a value does not exist (one draw has no standard error), or means nothing: the lowest
    eigenvalue of the bulk is predicted to leading order only, the edge and a Tracy–Widom shift,
    whose error soon exceeds the standard one.
    """

    quantity: str
    isotropic: float | None
    theory: float | None
    finite_size: float | None
    measured: float
    standard_error: float | None
    z: float | None
    z_finite_size: float | None


@dataclass(frozen=True)
class MeasuredDraw:
    """All eigenvalues of one draw, m² of the k lowest, and what is predicted of it."""

    eigenvalues: NDArray[np.float64]
    m2: NDArray[np.float64]
    predicted: Predicted | None


def measure(instance: Instance, k: int, sampled: bool) -> MeasuredDraw:
    """Diagonalize one draw; ``sampled`` inputs are those of the model's law, others are given."""
    pairs = all_eigenvalues_and_lowest(Hessian(instance.inputs, instance.curvature), k)
    m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
    return MeasuredDraw(pairs.eigenvalues, m2, predicted(instance, k, sampled))


def left_outliers(theory: Spectrum) -> list[Outlier]:
    """The outliers left of the bulk."""
    return [one for one in theory.outliers if one.eigenvalue < theory.left_edge.value]


def rows(
    theory: Spectrum, done: Sequence[MeasuredDraw], isotropic: Spectrum | None = None
) -> list[Row]:
    """Each outlier and its m², the lowest bulk eigenvalue, and the fraction below a quantile."""
    found = _rows(theory, done)
    if isotropic is None:
        return found
    plain = _values(isotropic, done[0].eigenvalues.size)
    return [replace(row, isotropic=plain.get(row.quantity)) for row in found]


def _values(theory: Spectrum, size: int) -> dict[str, float]:
    """What the theory of isotropic inputs says of the rows that it has in common with others."""
    values: dict[str, float] = {"lowest of the bulk": _lowest_of_bulk(theory, size)}
    for one in left_outliers(theory):
        values[f"{one.direction} outlier"] = one.eigenvalue
        if one.teacher_m2 > 0:
            values["its m2"] = one.m2
    return values


def _rows(theory: Spectrum, done: Sequence[MeasuredDraw]) -> list[Row]:
    found, position = [], 0
    for outlier in left_outliers(theory):
        chosen = slice(position, position + int(outlier.multiplicity))
        position = chosen.stop
        found += _outlier_rows(outlier, chosen, done)
    if position == 0:
        copies = done[0].m2.size - 1
        # Without a left edge the lowest eigenvectors have no theory.
        expected = 0.0 if math.isfinite(theory.left_edge.value) else None
        overlaps = [one.m2[:copies].mean() for one in done]
        own, error = _predicted(done, slice(0, copies)), _errors(done)[1]
        found.append(_row("m2, lowest eigenvectors", expected, own and own[1], overlaps, error))
    return [*found, _lowest_row(theory, position, done), _quantile_row(theory, done)]


def _outlier_rows(outlier: Outlier, chosen: slice, done: Sequence[MeasuredDraw]) -> list[Row]:
    # Student and teacher mix in an outlier of a network that is not even.
    teacher = outlier.teacher_m2 > 0
    measured = [one.eigenvalues[chosen].mean() for one in done]
    own = _predicted(done, chosen) if teacher else None
    name = f"{outlier.direction} outlier"
    errors = _errors(done)
    found = [_row(name, outlier.eigenvalue, own and own[0], measured, errors[0])]
    if teacher:
        overlaps = [one.m2[chosen].mean() for one in done]
        found.append(_row("its m2", outlier.m2, own and own[1], overlaps, errors[1]))
    return found


def _lowest_row(theory: Spectrum, position: int, done: Sequence[MeasuredDraw]) -> Row:
    """The lowest eigenvalue that belongs to the bulk."""
    edge, measured = theory.left_edge, [one.eigenvalues[position] for one in done]
    own = _predicted(done, slice(0, 1))
    if not math.isfinite(edge.value):
        return _row("lowest eigenvalue", None, own and own[0], measured, _errors(done)[0])
    expected = _lowest_of_bulk(theory, done[0].eigenvalues.size)
    if own is not None and position:
        own = [one.predicted.bulk(position) for one in done if one.predicted], own[1]
    lowest = _row("lowest of the bulk", expected, own and own[0], measured)
    return replace(lowest, z=None, z_finite_size=None)


def _lowest_of_bulk(theory: Spectrum, size: int) -> float:
    """The left edge, with its Tracy–Widom shift among ``size`` eigenvalues if it is sharp."""
    edge = theory.left_edge
    return edge.value + (edge.tracy_widom_shift(size) if edge.kind == "sharp" else 0.0)


def _quantile_row(theory: Spectrum, done: Sequence[MeasuredDraw]) -> Row:
    """The fraction of eigenvalues below a low quantile of the theory."""
    size = done[0].eigenvalues.size
    target = min(0.5, max(EDGE_FRACTION, EDGE_COUNT / size))
    level = float(np.interp(target, theory.cumulative, theory.eigenvalue))
    expected = float(theory.fraction_below(level)) + theory.spectral_shift(level) / size
    fractions = [np.searchsorted(one.eigenvalues, level) / size for one in done]
    own = [one.predicted.fraction_below(level) for one in done if one.predicted is not None]
    known = [one for one in own if one is not None]
    finite = known if len(known) == len(done) else None
    return _row(f"fraction below {level:.4g}", expected, finite, fractions)


def _predicted(
    done: Sequence[MeasuredDraw], chosen: slice
) -> tuple[list[float], list[float]] | None:
    """(eigenvalue, m²) of every draw at these places; None where a draw has none."""
    values = [one.predicted.at(chosen) for one in done if one.predicted is not None]
    if len(values) < len(done):
        return None
    return [value for value, _ in values], [m2 for _, m2 in values]


def _errors(done: Sequence[MeasuredDraw]) -> tuple[float, float]:
    """What the theory of draws is expected to be off by, of eigenvalue and m²."""
    known = [one.predicted.errors for one in done if one.predicted is not None]
    values, m2 = np.mean(known or [(0.0, 0.0)], axis=0).tolist()
    return values, m2


def _row(
    quantity: str,
    theory: float | None,
    finite: Sequence[float] | None,
    measured: Sequence[float],
    error: float = 0.0,
) -> Row:
    """``error`` is what the finite-N theory is expected to be off by."""
    found = _estimate(measured)
    own = None if finite is None else _estimate(np.subtract(measured, finite))
    if own is not None and own.standard_error is not None:
        own = replace(own, standard_error=math.hypot(own.standard_error, error))
    return Row(
        quantity=quantity,
        isotropic=None,
        theory=theory,
        finite_size=None if finite is None else float(np.mean(finite)),
        measured=float(np.mean(measured)),
        standard_error=found.standard_error,
        z=found.z(theory),
        z_finite_size=None if own is None else own.z(0.0),
    )


def _estimate(values: Sequence[float] | NDArray[np.float64]) -> Estimate:
    """The mean and its standard error, None where the spread is rounding alone."""
    found, array = Estimate.of(values), np.asarray(values)
    if array.std() <= ROUNDING * abs(array).max():
        return replace(found, standard_error=None)
    return found
