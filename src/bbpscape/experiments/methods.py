"""Spectral methods side by side: the student's Hessian, its average, classical preprocessings."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance, draw, sample_count, spawn_generators
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.memory import dense_bytes, instance_bytes, require_memory
from bbpscape.theory.overlap_curve import overlap_curve
from bbpscape.theory.spectral.average import averaged_curvature
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.information import information_limit
from bbpscape.theory.spectral.overlap import spectral_overlap
from bbpscape.theory.spectral.preprocessing import Preprocessing, optimal, subset, trimming
from bbpscape.theory.spectral.threshold import best_threshold, spectral_threshold

HESSIAN = "Hessian"
MOST_ALPHAS = 1000
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Method:
    """One spectral method: where it begins, and its m² at every α of the ``MethodComparison``.

    ``alpha`` is its threshold, ``inf`` if it has none. ``theory``, ``measured`` and
    ``standard_error`` have one entry an α; the standard error of one draw is NaN.
    """

    name: str
    alpha: float
    transition: str
    theory: NDArray[np.float64] = field(repr=False)
    measured: NDArray[np.float64] = field(repr=False)
    standard_error: NDArray[np.float64] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """JSON values; what is infinite or NaN becomes None."""
        return {
            "name": self.name,
            "alpha": _json(self.alpha),
            "transition": self.transition,
            "theory": self.theory.tolist(),
            "measured": self.measured.tolist(),
            "standard_error": [_json(value) for value in self.standard_error.tolist()],
        }


@dataclass(frozen=True, eq=False)
class MethodComparison:
    """m²(α) of spectral methods on the same data, in theory and by simulation."""

    model: TeacherStudent
    alphas: NDArray[np.float64]
    N: int
    draws: int
    seed: int
    weak_recovery: float
    methods: tuple[Method, ...]

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "model": self.model.to_dict(),
            "alpha": self.alphas.tolist(),
            "N": self.N,
            "draws": self.draws,
            "seed": self.seed,
            "weak_recovery": self.weak_recovery,
            "methods": [one.to_dict() for one in self.methods],
        }


def methods(
    model: TeacherStudent,
    alpha: Sequence[float] = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0),
    N: int = 500,
    draws: int = 4,
    seed: Seed = 0,
    progress: Callable[[int, int], None] | None = None,
) -> MethodComparison:
    """m² with the teacher of the lowest eigenvectors of H, and of D = Σ_μ T(y_μ) x_μ x_μᵀ.

    The methods are the student's Hessian; T(y) = E_λ[Tr F | y]/p, its average over the student; and
    the optimal preprocessing, trimming and subset of ``weak-recovery``, the last two at their best
    t. Measured values are means over the p p* lowest eigenvectors of H, and over the p* highest of
    D (lowest for the average).

    Parameters
    ----------
    model : TeacherStudent
        With a quadratic teacher whose labels are not flipped, and no overlap.
    alpha : list of numbers
        Samples per dimension.
    N, draws : int
        Dimension and number of draws at each α.
    seed : int or numpy Generator
        Each α uses the same seeds.
    progress : function, optional
        Called with the number of diagonalized instances, and of all.

    Raises
    ------
    InvalidInput
        If an argument is not allowed or the Hessian would not fit in memory.
    """
    TeacherStudent.check(model)
    if not model.activation.quadratic or model.labels.flip or model.overlap != 0.0:
        raise InvalidInput(
            "methods needs the quadratic activation, labels without flips and no overlap"
        )
    if not math.isfinite(model.p):
        raise InvalidInput("p must be finite at finite N, got inf")
    N, draws = int(positive_integer("N", N)), int(positive_integer("draws", draws))
    values = np.array([positive("alpha", float(one)) for one in alpha])
    if not 0 < values.size <= MOST_ALPHAS:
        raise InvalidInput(f"alpha must be 1 to {MOST_ALPHAS} numbers, got {values.size}")
    if model.p_star >= N:
        raise InvalidInput(f"N must be above p_star = {model.p_star}, got {N}")
    samples, seed = [sample_count(one, N) for one in values], check_seed(seed)
    p, largest = int(model.p), max(samples)
    require_memory(
        lambda n: (
            dense_bytes(p, n, -(-largest * n // N)) + instance_bytes(p, n, -(-largest * n // N))
        ),
        N,
    )
    channel = QuadraticTeacher(model.p_star, model.labels.noise)
    preprocessings = _preprocessings(model, channel)
    curve = overlap_curve(model, values)
    theory = [curve.m2]
    starts = [(HESSIAN, curve.threshold.alpha_bbp, curve.threshold.transition)]
    for one in preprocessings:
        found = spectral_threshold(channel, one)
        starts.append((one.name, found.alpha, found.transition))
        theory.append(np.array([spectral_overlap(channel, one, x).m2 for x in values]))
    measured = np.empty((len(starts), values.size, draws))
    done = 0
    for i, one_alpha in enumerate(values):
        for j, generator in enumerate(spawn_generators(seed, draws)):
            instance = draw(model, one_alpha, N, generator)
            measured[:, i, j] = _measure(instance, preprocessings)
            done += 1
            if progress is not None:
                progress(done, values.size * draws)
    means = measured.mean(axis=2)
    if draws > 1:
        errors = measured.std(axis=2, ddof=1) / math.sqrt(draws)
    else:
        errors = np.full(means.shape, math.nan)
    return MethodComparison(
        model,
        values,
        N,
        draws,
        seed,
        information_limit(channel).alpha,
        tuple(
            Method(*start, predicted, mean, error)
            for start, predicted, mean, error in zip(starts, theory, means, errors, strict=True)
        ),
    )


def _preprocessings(model: TeacherStudent, channel: QuadraticTeacher) -> list[Preprocessing]:
    width = math.sqrt(2 / model.p_star + model.labels.noise)
    cut, _ = best_threshold(channel, trimming, 0.2, 1 + 20 * width)
    level, _ = best_threshold(channel, subset, 0.1, 1 + 10 * width)
    return [averaged_curvature(model), optimal(channel), trimming(cut), subset(level)]


def _measure(instance: Instance, preprocessings: list[Preprocessing]) -> list[float]:
    basis, p_star = instance.teacher_basis, instance.model.p_star
    copies = int(instance.model.p) * p_star
    hessian = Hessian(instance.inputs, instance.curvature)
    vectors = lowest(hessian, copies, TOLERANCE, certificate=False).eigenvectors
    result = [float(teacher_overlap(vectors, basis).mean())]
    for one in preprocessings:
        matrix = Hessian(instance.inputs, -one(instance.labels)[:, None, None])
        vectors = lowest_dense(matrix, p_star).eigenvectors
        result.append(float(teacher_overlap(vectors, basis).mean()))
    return result


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None
