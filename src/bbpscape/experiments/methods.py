"""Spectral methods side by side: the student's Hessian, its average, classical preprocessings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.core.memory import require_memory
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, counted, named_m2, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.statistics import mean_and_error
from bbpscape.experiments.contenders import contenders
from bbpscape.experiments.own_inputs import notes_of
from bbpscape.experiments.sizes import check_sizes
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs
from bbpscape.simulation.data.source import Source, source_of
from bbpscape.simulation.memory import dense_bytes, instance_bytes
from bbpscape.theory.bayes.labels import is_known
from bbpscape.theory.bayes.state_evolution import state_evolution
from bbpscape.theory.spectral.families import Family
from bbpscape.theory.spectral.limit import limit_of
from bbpscape.theory.spectral.preprocessing import Preprocessing

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

    ``weak_recovery`` is where message passing begins, ``message_passing`` and ``information_limit``
    are the Bayes-optimal q at every α, which no method crosses (``bayes_optimal``); NaN if the
    inputs are not standard, or no formula is known for the teacher. ``inputs`` describes input rows
    of your own (None if inputs follow the model's law), and ``notes`` what to know of their theory.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.methods(bb.TeacherStudent(1, 1), alpha=[1.0], N=40, draws=2)
    >>> round(found.weak_recovery, 9), len(found.methods)
    (0.5, 5)
    """

    model: TeacherStudent
    alpha: NDArray[np.float64]
    N: int
    draws: int
    seed: int
    weak_recovery: float
    methods: tuple[Method, ...]
    message_passing: NDArray[np.float64]
    information_limit: NDArray[np.float64]
    inputs: str | None = None
    notes: tuple[str, ...] = ()

    def headline(self) -> str:
        sizes = self.model.label(N=self.N)
        m2 = named_m2(self.model.p_star)
        told = f"{m2} of spectral methods, {sizes}, {counted(self.draws, 'draw')}"
        return told if self.inputs is None else f"{told}\ninputs: {self.inputs}"

    def report(self) -> Report:
        """Each method's threshold, and its m² at every α beside the measured one."""
        names = [one.name for one in self.methods]
        begins = [f"{x.alpha:.5g}" if math.isfinite(x.alpha) else "never" for x in self.methods]
        known = bool(np.isfinite(self.message_passing).all())
        lines = (self.message_passing, self.information_limit) if known else ()
        if known:
            names += ["message passing", "information limit"]
            begins += [f"{self.weak_recovery:.5g}", ""]
        rows = [("begins at", *begins)]
        for i, value in enumerate(self.alpha):
            cells = (
                f"{x.theory[i]:.3f} | {with_error(x.measured[i], x.standard_error[i])}"
                for x in self.methods
            )
            rows.append((f"{value:.4g}", *cells, *(f"{one[i]:.3f}" for one in lines)))
        title = f"{self.headline()}\ntheory | measured ± s.e."
        note = f"weak recovery is possible from {self.weak_recovery:g}"
        notes = [*[note] * math.isfinite(self.weak_recovery), *self.notes]
        return Report([Table(title, ("alpha", *names), rows)], notes)

    def columns(self) -> Mapping[str, Any]:
        """One row a method and α, the Bayes-optimal q beside it."""
        arrays = ("theory", "measured", "standard_error")
        return {
            "method": [one.name for one in self.methods for _ in self.alpha],
            "alpha": np.tile(self.alpha, len(self.methods)),
            **{n: np.concatenate([getattr(x, n) for x in self.methods]) for n in arrays},
            "message_passing": np.tile(self.message_passing, len(self.methods)),
            "information_limit": np.tile(self.information_limit, len(self.methods)),
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

    The methods are the student's Hessian, and for a quadratic teacher all of
    ``bb.spectral.PREPROCESSINGS`` that need not know α: T(y) = −E_λ[Tr F | y]/p, the average of the
    Hessian over the student; the optimal one; trimming and subset at the t that is best on standard
    inputs. Of any other teacher it is the optimal T(y) ∈ R^{p* × p*} of ``weak_recovery``. Measured
    values are means over the p p* lowest eigenvectors of H, and over the highest of D, p* or as
    many as leave the bulk together. The Bayes-optimal q stands beside them where it is known.

    Parameters
    ----------
    model : TeacherStudent
        Without overlap; of inputs with structure only with a quadratic teacher.
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
        Called with the number of diagonalized instances, and of all; by default a line
        on standard error once it takes long, False for silence.

    Returns
    -------
    MethodComparison
        Each method's threshold, and its m² in theory and measured.

    Raises
    ------
    InvalidInput
        If an argument is not allowed or the Hessian would not fit in memory.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.methods(bb.TeacherStudent(1, 1), alpha=[1.0], N=40, draws=2)
    >>> [one.name for one in found.methods]
    ['Hessian', 'average Hessian', 'optimal', 'trimming', 'subset']
    """
    TeacherStudent.check(model)
    if model.overlap != 0.0:
        raise InvalidInput("methods needs a student without overlap")
    source = source_of(model, inputs)
    values, N = _check_alphas(source, alpha, source.dimension(N, DIMENSION))
    draws, seed = int(positive_integer("draws", draws)), check_seed(seed)
    dimension = source.model.inputs.dimension(N)
    compared = contenders(source.model, dimension, preprocessings)
    predicted = [one.theory(values) for one in compared]
    numbers = len(predicted) * values.size
    require_memory(lambda count: 8 * numbers * count, draws, "draws")
    measured = np.empty((len(predicted), values.size, draws))
    for i, one_alpha in enumerate(values):
        for j in range(draws):
            instance = source.draw(one_alpha, N, seed, j)
            measured[:, i, j] = [one.measure(instance) for one in compared]
            if progress:
                progress(i * draws + j + 1, values.size * draws)
    found = [
        Method(one.name, *theory, *mean_and_error(values))
        for one, theory, values in zip(compared, predicted, measured, strict=True)
    ]
    best = _best(source.model, values)
    told = source.description, notes_of(source, N)
    weak = _weak_recovery(source.model)
    return MethodComparison(model, values, N, draws, seed, weak, tuple(found), *best, *told)


def _weak_recovery(model: TeacherStudent) -> float:
    limit = limit_of(model)
    return math.nan if limit is None else limit.alpha


def _best(
    model: TeacherStudent, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(q of message passing, q of the information limit), NaN where they are not known."""
    unknown = np.full(values.size, math.nan)
    if not (model.inputs.standard and is_known(model)):
        return unknown, unknown
    found = state_evolution(model, values)
    return found.uninformed, found.information


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
