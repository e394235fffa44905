"""What can be known at all: the Bayes-optimal overlap, and message passing beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, number, positive_integer
from bbpscape.core.memory import require_memory
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, counted, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed, stream
from bbpscape.core.statistics import mean_and_error
from bbpscape.core.status import Status
from bbpscape.experiments.sizes import check_sizes
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.gamp import gamp
from bbpscape.simulation.memory import instance_bytes
from bbpscape.theory.bayes.labels import Channel, labels_of
from bbpscape.theory.bayes.state_evolution import StateEvolution, check_alphas, state_evolution

ALPHAS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
MOST_SIMULATED = 1000


@result
class BayesOptimal(Result):
    """The squared overlap q of the posterior mean with each direction of the teacher.

    ``theory`` is the state evolution. With ``N``, ``measured`` is the squared cosine that message
    passing reaches on ``draws`` of the data, with its ``standard_error``, and ``unsettled`` counts
    the draws that had not settled; all empty without. ``model`` is None if a channel was given in
    its place.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.bayes_optimal(bb.TeacherStudent(2, 1), [0.4, 1.2])
    >>> found.measured.size, found.theory.informed.round(3).tolist()
    (0, [0.0, 1.0])
    """

    model: TeacherStudent | None
    theory: StateEvolution
    N: int | None
    draws: int
    seed: int
    start: float
    measured: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    unsettled: NDArray[np.int64]

    derived = ("status",)

    @property
    def status(self) -> Status:
        return self.theory.status

    def headline(self) -> str:
        of = "a channel" if self.model is None else self.model.label()
        size = "" if self.N is None else f", N = {self.N}, {counted(self.draws, 'draw')}"
        return f"Bayes-optimal squared overlap, {of}{size}"

    def columns(self) -> Mapping[str, Any]:
        """One row an α."""
        more = {}
        if self.N is not None:
            names = ("measured", "standard_error", "unsettled")
            more = {name: getattr(self, name) for name in names}
        return {**self.theory.columns(), **more}

    def report(self) -> Report:
        """The thresholds, the jumps, and q at every α."""
        columns = ["alpha", "uninformed (AMP)", "informed", "information limit"]
        theory = self.theory
        lines = zip(
            theory.alpha, theory.uninformed, theory.informed, theory.information, strict=True
        )
        rows = [[f"{alpha:.6g}", *(f"{q:.5f}" for q in each)] for alpha, *each in lines]
        if self.N is not None:
            columns.append("AMP measured ± s.e.")
            for row, mean, error in zip(rows, self.measured, self.standard_error, strict=True):
                row.append(with_error(mean, error, ".4f"))
        told = theory.report()
        notes = [*told.notes]
        if self.N is not None and self.unsettled.any():
            notes.append(f"{self.unsettled.sum()} of {self.measured.size * self.draws} unsettled")
        table = Table(self.headline(), columns, rows)
        return Report([table, *told.tables], notes)


@shows_progress
def bayes_optimal(
    model: TeacherStudent | Channel,
    alpha: Sequence[float] = ALPHAS,
    N: int | None = None,
    draws: int = 8,
    seed: Seed = 0,
    start: float = 0.1,
    progress: Telling = None,
) -> BayesOptimal:
    """q of the best estimate: q = q̂/(1 + q̂), q̂ = α E[g_out(ω, y, 1 − q)²], ω ~ N(0, q).

    Uninformed it is what message passing reaches, informed the fixed point below q = 1, and the one
    of the largest free entropy what any method can. Any teacher and labels at p* = 1; at p* > 1
    those that depend on |u| alone, of which the overlap matrix is q times the identity.

    Parameters
    ----------
    model : TeacherStudent
        Its teacher and labels; the student does not matter. In Python also a ``GeneralChannel``.
    alpha : list of numbers
        Samples per dimension.
    N : int, optional
        Also run message passing at this dimension, at p* = 1.
    draws : int
        Number of draws at each α.
    seed : int or numpy Generator
    start : float
        Squared overlap from which message passing starts.
    progress : function or False, optional
        Called with the number of draws that are done, and of all; by default a line on standard
        error once it takes long, False for silence.

    Returns
    -------
    BayesOptimal

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the teacher is not one of these.

    References
    ----------
    bayes-optimal.md.

    Examples
    --------
    >>> found = bayes_optimal(TeacherStudent(2, 1), [0.4, 0.9, 1.2])
    >>> found.theory.uninformed.round(4).tolist()
    [0.0, 0.3308, 1.0]
    """
    values = check_alphas(alpha)
    draws, seed = int(positive_integer("draws", draws)), check_seed(seed)
    start = number("start", start, 0.0, 1.0)
    known = model if isinstance(model, TeacherStudent) else None
    if N is not None:
        N = _check_simulation(known, values, N)
    theory = state_evolution(model, values)
    q = np.zeros((0, draws))
    settled = np.zeros((0, draws), dtype=bool)
    if known is not None and N is not None:
        q, settled = _simulate(known, values, N, draws, seed, start, progress)
    mean, error = mean_and_error(q)
    return BayesOptimal(known, theory, N, draws, seed, start, mean, error, (~settled).sum(axis=1))


def _check_simulation(model: TeacherStudent | None, values: NDArray, N: int) -> int:
    """N, refused where message passing cannot run."""
    if model is None:
        raise InvalidInput("N needs a TeacherStudent: a channel has no data to draw")
    if model.p_star != 1:
        raise InvalidInput(f"N needs p_star = 1, got {model.p_star}: leave it out")
    if math.isinf(model.p):
        raise InvalidInput("N needs a finite p")
    if values.size > MOST_SIMULATED:
        raise InvalidInput(f"alpha must be at most {MOST_SIMULATED} numbers with N")
    N, largest = max(check_sizes(model, one, N) for one in values)
    # Beside the instance, X² and what the score holds.
    require_memory(lambda n: 2 * instance_bytes(int(model.p), n, -(-largest * n // N)), N)
    return N


def _simulate(
    model: TeacherStudent,
    values: NDArray,
    N: int,
    draws: int,
    seed: int,
    start: float,
    progress: Telling,
) -> tuple[NDArray, NDArray]:
    """(q, whether it settled), of shape (α, draws)."""
    labels = labels_of(model)
    found = np.empty((values.size, draws))
    settled = np.empty((values.size, draws), dtype=bool)
    for i, alpha in enumerate(values.tolist()):
        for j in range(draws):
            instance = draw(model, alpha, N, seed, j)
            generator = stream(f"message passing {alpha!r} {j}", seed)
            passed = gamp(instance, labels.scorer(instance.labels), start, generator)
            found[i, j], settled[i, j] = passed.q, passed.settled
            if progress:
                progress(i * draws + j + 1, found.size)
    return found, settled
