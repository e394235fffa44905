"""Theory and simulation of one model at one α, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import positive_integer
from bbpscape.core.codec import BULKY
from bbpscape.core.memory import require_memory
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, counted, named_m2, number, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.status import Status
from bbpscape.experiments.comparison_labels import draws_predict
from bbpscape.experiments.comparison_notes import notes
from bbpscape.experiments.comparison_rows import (
    MeasuredDraw,
    Row,
    left_outliers,
    measure,
    rows,
)
from bbpscape.experiments.own_inputs import Beside, theory_of
from bbpscape.experiments.sizes import check_sizes
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs
from bbpscape.simulation.data.source import Source, source_of
from bbpscape.simulation.memory import dense_bytes, instance_bytes, kept_bytes
from bbpscape.theory.spectrum import Spectrum

DIMENSION = 1000
COLUMNS = ("isotropic", "theory", "finite_size", "measured", "standard_error", "z", "z_finite_size")


@result
class Comparison(Result):
    """``rows`` of theory against simulation, and all that was computed for them.

    ``eigenvalues`` has shape (draws, pN), sorted; ``m2`` has shape (draws, k): squared teacher
    overlaps of the k lowest eigenvectors.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.compare(model, alpha=4.0, N=40, draws=3)
    >>> bool(np.all(np.diff(found.eigenvalues, axis=1) >= 0)), found.m2.shape
    (True, (3, 2))
    """

    derived: ClassVar[tuple[str, ...]] = ("lowest_eigenvalues",)

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
    eigenvalues: NDArray[np.float64] = field(metadata=BULKY)
    m2: NDArray[np.float64]

    @property
    def lowest_eigenvalues(self) -> NDArray[np.float64]:
        """The k lowest of each draw, shape (draws, k)."""
        return self.eigenvalues[:, : self.m2.shape[1]]

    @property
    def status(self) -> Status:
        return self.theory.status

    def headline(self) -> str:
        sizes = self.model.label(alpha=self.alpha, N=self.N)
        return f"{sizes}, {counted(self.draws, 'draw')}"

    def report(self) -> Report:
        """Every quantity by theory, by the labels of each draw, and measured."""
        apart = any(row.isotropic is not None for row in self.rows)
        theory = ("isotropic", "these inputs") if apart else ("N → ∞",)
        names = ("quantity", *theory, "finite N", "measured ± s.e.", "z", "z (finite N)")
        lines = [
            (
                row.quantity.replace("m2", named_m2(self.model.p_star)),
                *((number(row.isotropic),) if apart else ()),
                number(row.theory),
                number(row.finite_size),
                with_error(row.measured, row.standard_error),
                number(row.z, "+.1f"),
                number(row.z_finite_size, "+.1f"),
            )
            for row in self.rows
        ]
        title = f"{self.headline()}\ninputs: {self.inputs}"
        said = self.notes if self.status.ok else (*self.notes, str(self.status))
        return Report([Table(title, names, lines)], said)

    def columns(self) -> Mapping[str, Any]:
        """One row a quantity."""
        return {name: [getattr(row, name) for row in self.rows] for name in ("quantity", *COLUMNS)}


@shows_progress
def compare(
    model: TeacherStudent,
    alpha: float = 3.0,
    N: int | None = None,
    draws: int = 20,
    seed: Seed = 0,
    inputs: Inputs | ArrayLike | None = None,
    progress: Telling = None,
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
    inputs : Inputs, rows or file, optional
        Your own inputs, as ``prepare_inputs`` made them or makes them by default; each draw takes
        M of them and a new teacher and student. The theory is that of their covariance and norms
        (``InputLaw.of_data``), beside that of isotropic ones. Inputs of the model's law by default.
    progress : function or False, optional
        Called with the number of draws that are done, and of all; by default a line
        on standard error once it takes long, False for silence.

    Returns
    -------
    Comparison
        A row for each quantity, the eigenvalues of all draws, and the theory.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, α is beyond the inputs, or the Hessian would not fit.

    References
    ----------
    theory.md §2–5.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.compare(model, alpha=4.0, N=40, draws=3, seed=0)
    >>> found.eigenvalues.shape
    (3, 40)
    >>> [row.quantity for row in found.rows]
    ['teacher outlier', 'its m2', 'lowest of the bulk', 'fraction below 4.349']
    """
    job = _Job.of(model, alpha, N, draws, seed, inputs)
    done = []
    for one in job.measured():
        done.append(one)
        if progress:
            progress(len(done), job.draws)
    return job.comparison(done)


def comparisons(
    model: TeacherStudent, alpha: float = 3.0, N: int | None = None, draws: int = 20, seed: Seed = 0
) -> Iterator[Comparison]:
    """What ``compare`` returns of the first draw, of the first two, …, each when it is there."""
    job = _Job.of(model, alpha, N, draws, seed, None)
    done = []
    for one in job.measured():
        done.append(one)
        yield job.comparison(done)


@dataclass(frozen=True)
class _Job:
    """What is compared: sizes that fit, a source of draws, the theory beside them."""

    model: TeacherStudent
    alpha: float
    N: int
    M: int
    draws: int
    seed: int
    source: Source
    beside: Beside

    @classmethod
    def of(
        cls,
        model: TeacherStudent,
        alpha: float,
        N: int | None,
        draws: int,
        seed: Seed,
        inputs: Inputs | ArrayLike | None,
    ) -> _Job:
        source = source_of(TeacherStudent.check(model), inputs)
        N, M = check_sizes(model, alpha, source.dimension(N, DIMENSION))
        draws, seed, p = int(positive_integer("draws", draws)), check_seed(seed), int(model.p)
        source.check(alpha)
        require_memory(lambda count: kept_bytes(count, p * N), draws, "draws")
        require_memory(lambda n: _bytes(p, n, max(1, round(alpha * n)), draws), N)
        return cls(model, alpha, N, M, draws, seed, source, theory_of(source, M / N, N))

    @property
    def outliers(self) -> int:
        """How many eigenvalues the theory has left of the bulk."""
        return sum(int(one.multiplicity) for one in left_outliers(self.beside.theory))

    def measured(self) -> Iterator[MeasuredDraw]:
        """One draw after the other."""
        k = max(self.outliers, int(self.model.p) * self.model.p_star) + 1
        sampled = self.source.inputs is None
        for one in self.source.seeds(self.alpha, self.N, self.seed, self.draws):
            yield measure(self.source.draw(self.alpha, self.N, one), k, sampled=sampled)

    def comparison(self, done: Sequence[MeasuredDraw]) -> Comparison:
        """What the draws that are done say."""
        source, beside = self.source, self.beside
        predict = draws_predict(source.model)
        missed = predict and any(one.predicted is None for one in done)
        return Comparison(
            model=self.model,
            alpha=self.M / self.N,
            N=self.N,
            M=self.M,
            draws=len(done),
            seed=self.seed,
            inputs=source.description or _described(self.model),
            rows=tuple(rows(beside.theory, done, beside.isotropic)),
            notes=(
                *beside.notes,
                *notes(beside.theory, self.outliers, source.inputs, self.M, predict, missed),
            ),
            theory=beside.theory,
            eigenvalues=np.stack([one.eigenvalues for one in done]),
            m2=np.stack([one.m2 for one in done]),
        )


def _described(model: TeacherStudent) -> str:
    return "Gaussian" if model.inputs.standard else ", ".join(model.inputs.label)


def _bytes(p: int, N: int, M: int, draws: int) -> int:
    return dense_bytes(p, N, M) + instance_bytes(p, N, M) + 8 * draws * p * N
