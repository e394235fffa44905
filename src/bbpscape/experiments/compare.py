"""Theory and simulation of one model at one α, side by side."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs, sample
from bbpscape.simulation.data.instance import (
    Instance,
    draw,
    plant,
    sample_count,
    spawn_generators,
)
from bbpscape.simulation.eigen.diagonalize import all_eigenvalues_and_lowest, teacher_overlap
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.memory import dense_bytes, instance_bytes, require_memory
from bbpscape.theory.finite.label_sampled import LabelSampled, solve_labels
from bbpscape.theory.spectrum import Spectrum, spectrum

# The left edge region is compared at this fraction of the eigenvalues, or at that many of them.
EDGE_FRACTION = 0.05
EDGE_COUNT = 20
DIMENSION = 1000
ROUNDING = 1e-10


@dataclass(frozen=True)
class Row:
    """One quantity: N → ∞ theory, finite-N (label-sampled) theory, and the mean over draws.

    ``z`` is (measured − theory)/standard error; ``z_finite_size`` compares each draw with what its
    own labels predict. None where a value does not exist (one draw has no standard error), or means
    nothing: the lowest eigenvalue of the bulk is predicted to leading order only, the edge and a
    Tracy–Widom shift, whose error soon exceeds the standard one.
    """

    quantity: str
    theory: float
    finite_size: float | None
    measured: float
    standard_error: float | None
    z: float | None
    z_finite_size: float | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """``rows`` of theory against simulation, and all that was computed for them.

    ``eigenvalues`` has shape (draws, pN), sorted; ``m2`` has shape (draws, k): squared teacher
    overlaps of the k lowest eigenvectors.
    """

    model: TeacherStudent
    alpha: float
    N: int
    M: int
    draws: int
    seed: int
    inputs: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    theory: Spectrum
    eigenvalues: NDArray[np.float64] = field(repr=False)
    m2: NDArray[np.float64] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values, the eigenvalues as those of the k lowest of each draw."""
        return {
            "model": self.model.to_dict(),
            "alpha": self.alpha,
            "N": self.N,
            "M": self.M,
            "draws": self.draws,
            "seed": self.seed,
            "inputs": self.inputs,
            "rows": [vars(row) for row in self.rows],
            "notes": list(self.notes),
            "theory": self.theory.to_dict(),
            "lowest_eigenvalues": self.eigenvalues[:, : self.m2.shape[1]].tolist(),
            "m2": self.m2.tolist(),
        }


@dataclass(frozen=True)
class _Draw:
    eigenvalues: NDArray[np.float64]
    m2: NDArray[np.float64]
    predicted: LabelSampled | None


def compare(
    model: TeacherStudent,
    alpha: float = 3.0,
    N: int | None = None,
    draws: int = 20,
    seed: Seed = 0,
    inputs: Inputs | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Mean over draws of the Hessian's lowest eigenvalues and m², beside their theory.

    Parameters
    ----------
    model : TeacherStudent
        p must be finite.
    alpha : float
        Samples per dimension; M = round(αN), and the theory is evaluated at M/N.
    N : int
        Input dimension; with ``inputs`` it is theirs, else 1000 by default.
    draws : int
        Number of independent draws.
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone.
    inputs : Inputs, optional
        Your own inputs (``prepare_inputs``); each draw takes M of them and a new teacher and
        student. Gaussian inputs by default.
    progress : function, optional
        Called with the number of draws that are done, and of all.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, α is beyond the inputs, or the Hessian would not fit.

    Source: docs/theory.md §2–5.
    """
    TeacherStudent.check(model)
    if inputs is not None and not isinstance(inputs, Inputs):
        raise InvalidInput(
            f"inputs must be made by prepare_inputs(rows), got {type(inputs).__name__}"
        )
    if inputs is not None:
        if N is not None and N != inputs.N:
            raise InvalidInput(f"N must be that of the inputs, {inputs.N}, got {N}")
        N = inputs.N
    N = DIMENSION if N is None else N
    if not math.isfinite(model.p):
        raise InvalidInput("p must be finite at finite N, got inf")
    N, p = int(positive_integer("N", N)), int(model.p)
    if model.p_star >= N:
        raise InvalidInput(f"N must be above p_star = {model.p_star}, got {N}")
    M = sample_count(alpha, N)
    seed = check_seed(seed)
    draws = int(positive_integer("draws", draws))
    if inputs is not None and inputs.n < M:
        sample(inputs, alpha, np.random.default_rng(0))
    per_dimension = positive("alpha", alpha)

    def memory(n: int) -> int:
        m = max(1, round(per_dimension * n))
        return dense_bytes(p, n, m) + instance_bytes(p, n, m) + 8 * draws * p * n

    require_memory(lambda count: 8 * count * p * N, draws, "draws")
    require_memory(memory, N)
    theory = spectrum(model, M / N)
    expected = [
        outlier for outlier in theory.outliers if outlier.eigenvalue < theory.left_edge.value
    ]
    count = sum(int(outlier.multiplicity) for outlier in expected)
    k = max(count, p * model.p_star) + 1

    done = []
    for generator in spawn_generators(seed, draws):
        if inputs is None:
            instance = draw(model, alpha, N, generator)
        else:
            instance = plant(model, sample(inputs, alpha, generator), generator)
        done.append(_measure(instance, k, sampled=inputs is None))
        if progress is not None:
            progress(len(done), draws)
    return Comparison(
        model=model,
        alpha=M / N,
        N=N,
        M=M,
        draws=len(done),
        seed=seed,
        inputs="Gaussian" if inputs is None else inputs.description,
        rows=tuple(_rows(theory, done, N)),
        notes=tuple(_notes(theory, inputs, M, count)),
        theory=theory,
        eigenvalues=np.stack([one.eigenvalues for one in done]),
        m2=np.stack([one.m2 for one in done]),
    )


def _measure(instance: Instance, k: int, sampled: bool) -> _Draw:
    pairs = all_eigenvalues_and_lowest(Hessian(instance.inputs, instance.curvature), k)
    y, r = instance.label_scalars
    norms = None if sampled else np.einsum("mi,mi->m", instance.inputs, instance.inputs)
    return _Draw(
        pairs.eigenvalues,
        teacher_overlap(pairs.eigenvectors, instance.teacher_basis),
        solve_labels(instance.model, instance.N, r, y, norms)
        if instance.model.is_reference
        else None,
    )


def _rows(theory: Spectrum, done: list[_Draw], N: int) -> list[Row]:
    """Each outlier and its m², the lowest bulk eigenvalue, and the fraction below a quantile."""
    rows, position = [], 0
    edge, size = theory.left_edge, done[0].eigenvalues.size
    for outlier in theory.outliers:
        if outlier.eigenvalue >= edge.value:
            continue
        chosen = slice(position, position + int(outlier.multiplicity))
        position = chosen.stop
        # Student and teacher mix in an outlier of a network that is not even.
        teacher = outlier.teacher_m2 > 0
        measured = [one.eigenvalues[chosen].mean() for one in done]
        predicted = _predicted(done, "lowest") if teacher else None
        rows.append(_row(f"{outlier.direction} outlier", outlier.eigenvalue, predicted, measured))
        if teacher:
            overlaps = [one.m2[chosen].mean() for one in done]
            predicted = _predicted(done, "m2_lowest")
            rows.append(_row("its m2", outlier.m2, predicted, overlaps))
    if position == 0:
        copies = done[0].m2.size - 1
        overlaps = [one.m2[:copies].mean() for one in done]
        predicted = _predicted(done, "m2_lowest")
        rows.append(_row("m2, lowest eigenvectors", 0.0, predicted, overlaps))
    if not math.isfinite(edge.value):
        return []
    shift = edge.tracy_widom_shift(size) if edge.kind == "sharp" else 0.0
    measured = [one.eigenvalues[position] for one in done]
    predicted = _predicted(done, "left_edge" if position else "lowest")
    lowest = _row("lowest of the bulk", edge.value + shift, predicted, measured)
    rows.append(replace(lowest, z=None, z_finite_size=None))

    target = min(0.5, max(EDGE_FRACTION, EDGE_COUNT / size))
    level = float(np.interp(target, theory.cumulative, theory.eigenvalue))
    expected = float(theory.fraction_below(level)) + theory.spectral_shift(level) / size
    fractions = [np.searchsorted(one.eigenvalues, level) / size for one in done]
    name = f"fraction below {level:.4g}, its {100 * target:.3g} % quantile"
    rows.append(_row(name, expected, None, fractions))
    return rows


def _predicted(done: list[_Draw], name: str) -> list[float] | None:
    """A field of the finite-N theory of every draw; None for a model that has none."""
    values = [one.predicted for one in done if one.predicted is not None]
    return [getattr(one, name) for one in values] or None


def _row(
    quantity: str, theory: float, finite: Sequence[float] | None, measured: Sequence[float]
) -> Row:
    values = np.array(measured, dtype=float)
    predicted = None if finite is None else np.array(finite, dtype=float)
    error = _standard_error(values)
    paired = None if predicted is None else _standard_error(values - predicted)
    return Row(
        quantity=quantity,
        theory=theory,
        finite_size=None if predicted is None else float(predicted.mean()),
        measured=float(values.mean()),
        standard_error=error,
        z=float(values.mean() - theory) / error if error else None,
        z_finite_size=float((values - predicted).mean()) / paired if paired else None,
    )


def _standard_error(values: NDArray[np.float64]) -> float | None:
    """The standard error of the mean; None for one value, or where the spread is rounding alone."""
    if values.size < 2 or values.std() <= ROUNDING * abs(values).max():
        return None
    return float(values.std(ddof=1) / math.sqrt(values.size))


def _notes(theory: Spectrum, inputs: Inputs | None, M: int, count: int) -> list[str]:
    notes = []
    if not math.isfinite(theory.left_edge.value):
        notes.append(f"the spectrum has no left edge: {theory.no_left_edge}")
    elif count == 0:
        notes.append("no outlier at N → ∞ at this alpha: the lowest eigenvectors are uninformative")
    if theory.left_edge.kind == "smooth":
        notes.append("smooth left edge: finite-N values approach N → ∞ as 1/log N; see finite N")
    if inputs is not None:
        if not inputs.whitened:
            notes.append("inputs are not whitened: the isotropic theory need not hold")
        elif inputs.n < 5 * M:
            notes.append(
                f"each draw takes {M} of the {inputs.n} inputs that were whitened together: "
                "their covariance is closer to I/N than that of independent inputs"
            )
        notes.append("the theory is for Gaussian inputs: z says how far these are from them")
        if inputs.norm_spread > 2 * inputs.gaussian_norm_spread:
            notes.append(
                f"|x|² spreads by {inputs.norm_spread:.2g} of its mean, "
                f"{inputs.gaussian_norm_spread:.2g} for Gaussian inputs; finite N takes the norms "
                "as they are, N → ∞ does not"
            )
    return notes
