"""Spectral methods side by side: the student's Hessian, its average, classical preprocessings."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.core.memory import require_memory
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, counted, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.statistics import mean_and_error
from bbpscape.experiments.own_inputs import notes_of
from bbpscape.experiments.sizes import check_sizes
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.data.source import Source, source_of
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.memory import dense_bytes, instance_bytes
from bbpscape.theory.overlap_curve import overlap_curve
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.families import PREPROCESSINGS, Choice, Family, Setting
from bbpscape.theory.spectral.information import information_limit
from bbpscape.theory.spectral.overlap import spectral_overlap
from bbpscape.theory.spectral.preprocessing import Preprocessing
from bbpscape.theory.spectral.threshold import spectral_threshold

HESSIAN = "Hessian"
ALPHAS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
DIMENSION = 500
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
    theory: NDArray[np.float64]
    measured: NDArray[np.float64]
    standard_error: NDArray[np.float64]


@result
class MethodComparison(Result):
    """m²(α) of spectral methods on the same data, in theory and by simulation.

    ``weak_recovery`` is the information limit, NaN where the inputs are not standard. ``inputs``
    says what rows of one's own are, None of inputs of the model's law, and ``notes`` what to know
    of their theory.
    """

    model: TeacherStudent
    alpha: NDArray[np.float64]
    N: int
    draws: int
    seed: int
    weak_recovery: float
    methods: tuple[Method, ...]
    inputs: str | None = None
    notes: tuple[str, ...] = ()

    def headline(self) -> str:
        sizes = self.model.label(N=self.N)
        told = f"m2 of spectral methods, {sizes}, {counted(self.draws, 'draw')}"
        return told if self.inputs is None else f"{told}\ninputs: {self.inputs}"

    def report(self) -> Report:
        """Each method's threshold, and its m² at every α beside the measured one."""
        names = [one.name for one in self.methods]
        begins = [f"{x.alpha:.5g}" if math.isfinite(x.alpha) else "never" for x in self.methods]
        rows = [("begins at", *begins)]
        for i, value in enumerate(self.alpha):
            cells = (
                f"{x.theory[i]:.3f} | {with_error(x.measured[i], x.standard_error[i])}"
                for x in self.methods
            )
            rows.append((f"{value:.4g}", *cells))
        title = f"{self.headline()}\ntheory | measured ± s.e."
        note = f"weak recovery is possible from {self.weak_recovery:g}"
        notes = [*[note] * math.isfinite(self.weak_recovery), *self.notes]
        return Report([Table(title, ("alpha", *names), rows)], notes)

    def columns(self) -> Mapping[str, Any]:
        """One row a method and α."""
        arrays = ("theory", "measured", "standard_error")
        return {
            "method": [one.name for one in self.methods for _ in self.alpha],
            "alpha": np.tile(self.alpha, len(self.methods)),
            **{n: np.concatenate([getattr(x, n) for x in self.methods]) for n in arrays},
        }


@shows_progress
def methods(
    model: TeacherStudent,
    alpha: Sequence[float] = ALPHAS,
    N: int | None = None,
    draws: int = 4,
    seed: Seed = 0,
    preprocessings: Sequence[Preprocessing | Family] = (),
    inputs: Inputs | ArrayLike | None = None,
    progress: Telling = None,
) -> MethodComparison:
    """m² with the teacher of the lowest eigenvectors of H, and of D = Σ_μ T(y_μ) x_μ x_μᵀ.

    The methods are the student's Hessian, and all of ``bb.spectral.PREPROCESSINGS`` that need not
    know α: T(y) = −E_λ[Tr F | y]/p, the average of the Hessian over the student; the optimal one;
    trimming and subset at the t that is best on standard inputs. Measured values are means over the
    p p* lowest eigenvectors of H, and over the p* highest of D.

    Parameters
    ----------
    model : TeacherStudent
        With a quadratic teacher whose labels are not flipped, and no overlap.
    alpha : list of numbers
        Samples per dimension.
    N : int
        Dimension; with ``inputs`` it is theirs, else 500 by default.
    draws : int
        At each α.
    seed : int or numpy Generator
    preprocessings : list of Preprocessing or Family
        T of your own, beside those above.
    inputs : Inputs, rows or file, optional
        Your own inputs, as in ``compare``; theory is that of their covariance and norms.
    progress : function or False, optional
        Called with the number of diagonalized instances, and of all; a line of its own by
        default where it takes long, False for none.

    Raises
    ------
    InvalidInput
        If an argument is not allowed or the Hessian would not fit in memory.
    """
    TeacherStudent.check(model)
    channel = QuadraticTeacher.of(model)
    if channel is None or not model.activation.quadratic:
        raise InvalidInput(
            "methods needs the quadratic activation and teacher, labels without flips and no "
            "overlap"
        )
    source = source_of(model, inputs)
    values, N = _check_alphas(source, alpha, source.dimension(N, DIMENSION))
    draws, seed = int(positive_integer("draws", draws)), check_seed(seed)
    choices = _choices(Setting(channel, student=model), preprocessings)
    chosen = [one.preprocessing for one in choices]
    law, dimension = source.model.inputs, source.model.inputs.dimension(N)
    predicted = [_hessian_theory(source.model, values, dimension)]
    predicted += [_theory(channel, one, values, law, dimension) for one in choices]
    numbers = len(predicted) * values.size
    require_memory(lambda count: 8 * numbers * count, draws, "draws")
    measured = np.empty((len(predicted), values.size, draws))
    for i, one_alpha in enumerate(values):
        for j in range(draws):
            instance = source.draw(one_alpha, N, seed, j)
            measured[:, i, j] = _measure(instance, chosen)
            if progress:
                progress(i * draws + j + 1, values.size * draws)
    found = [
        Method(*theory, *mean_and_error(one))
        for theory, one in zip(predicted, measured, strict=True)
    ]
    limit = information_limit(channel).alpha if law.standard else math.nan
    told = source.description, notes_of(source, N)
    return MethodComparison(model, values, N, draws, seed, limit, tuple(found), *told)


def _check_alphas(
    source: Source, alpha: Sequence[float], N: int
) -> tuple[NDArray[np.float64], int]:
    """(every α, N), refused where a Hessian would not fit in memory, or there are too few rows."""
    model = source.model
    values = np.array([positive("alpha", float(one)) for one in alpha])
    if not 0 < values.size <= MOST_ALPHAS:
        raise InvalidInput(f"alpha must be 1 to {MOST_ALPHAS} numbers, got {values.size}")
    sizes = [check_sizes(model, one, N) for one in values]
    source.check(float(values.max()))
    N, largest = max(sizes)
    p = int(model.p)

    def memory(n: int) -> int:
        M = -(-largest * n // N)
        return dense_bytes(p, n, M) + instance_bytes(p, n, M)

    require_memory(memory, N)
    return values, N


def _choices(setting: Setting, own: Sequence[Preprocessing | Family]) -> list[Choice]:
    """The registered families that apply, then the user's own."""
    families = [
        one if isinstance(one, Family) else Family(one.name, functools.partial(_always, one))
        for one in own
    ]
    names = [HESSIAN, *PREPROCESSINGS]
    for family in families:
        if family.name in names:
            raise InvalidInput(f"there is a method {family.name!r} already: choose another name")
        names.append(family.name)
    choices = [family.choose(setting) for family in (*PREPROCESSINGS.values(), *families)]
    return [one for one in choices if one is not None]


def _always(one: Preprocessing, setting: Setting) -> Preprocessing:
    return one


def _hessian_theory(
    model: TeacherStudent, values: NDArray[np.float64], N: int | None
) -> tuple[str, float, str, NDArray[np.float64]]:
    """(name, threshold, transition, m² at every α)."""
    curve = overlap_curve(model, values, N)
    return HESSIAN, curve.threshold.alpha_bbp, curve.threshold.transition, curve.m2


def _theory(
    channel: QuadraticTeacher,
    one: Choice,
    values: NDArray[np.float64],
    law: InputLaw,
    N: int | None,
) -> tuple[str, float, str, NDArray[np.float64]]:
    chosen, at = one.preprocessing, one.threshold
    if not law.standard:
        at = spectral_threshold(channel, chosen, law, N)
    m2 = np.array([spectral_overlap(channel, chosen, alpha, law, N).m2 for alpha in values])
    return chosen.name, at.alpha, at.transition, m2


def _measure(instance: Instance, preprocessings: Sequence[Preprocessing]) -> list[float]:
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
