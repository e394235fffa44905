"""Success of gradient descent against α, for several widths and starts: points of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, integer, positive_integer
from bbpscape.core.codec import BULKY
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, counted, number, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.statistics import Fraction, mean_and_error
from bbpscape.core.status import CONVERGED, Status
from bbpscape.experiments.theory_beside import known_threshold
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import backend
from bbpscape.simulation.descent.rule import DescentRule
from bbpscape.simulation.descent.start import Start, start_label
from bbpscape.simulation.parallel import check_workers
from bbpscape.study.results import StudyResults
from bbpscape.study.schema import MOST_BLOCK
from bbpscape.study.store import SIMULATION
from bbpscape.study.study import Study
from bbpscape.theory.spectral.limit import limit_of
from bbpscape.theory.threshold import Threshold

OBSERVABLES = ("descent_m2", "descent_m2_frobenius", "recovered", "recovery_step")


@dataclass(frozen=True, eq=False)
class RecoveryLine:
    """One width and one start against ``alpha``.

    ``recovered`` counts draws, ``largest_m2`` has the largest m² that each draw reached, by the
    nuclear norm, ``largest_m2_frobenius`` by the Frobenius norm, and ``recovery_step`` the median
    step of recovery, or None if no draw recovered.
    """

    derived: ClassVar[tuple[str, ...]] = (
        "m2", "m2_error", "m2_frobenius", "m2_frobenius_error",
    )  # fmt: skip

    p: int
    start: str
    alpha: NDArray[np.float64]
    recovered: tuple[Fraction, ...]
    recovery_step: tuple[float | None, ...]
    largest_m2: tuple[NDArray[np.float64], ...] = field(repr=False, metadata=BULKY)
    largest_m2_frobenius: tuple[NDArray[np.float64], ...] = field(repr=False, metadata=BULKY)

    @property
    def m2(self) -> NDArray[np.float64]:
        """Mean over draws of the largest m²."""
        return np.array([mean_and_error(values)[0] for values in self.largest_m2])

    @property
    def m2_error(self) -> NDArray[np.float64]:
        """The standard error of ``m2``, NaN for one draw."""
        return np.array([mean_and_error(values)[1] for values in self.largest_m2])

    @property
    def m2_frobenius(self) -> NDArray[np.float64]:
        """Mean over draws of the largest m² by the Frobenius norm."""
        return np.array([mean_and_error(values)[0] for values in self.largest_m2_frobenius])

    @property
    def m2_frobenius_error(self) -> NDArray[np.float64]:
        return np.array([mean_and_error(values)[1] for values in self.largest_m2_frobenius])


@result
class RecoveryCurve(Result):
    """Success and largest m² against α, for each width and start.

    ``thresholds`` has an entry for each width whose theory takes only seconds; ``notes`` says why
    others are missing, and ``failed`` counts points without a result.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.recovery(bb.TeacherStudent(1, 1), [6.0], 20, draws=2, workers=1)
    >>> found.lines[0].alpha.tolist(), found.failed
    ([6.0], 0)
    """

    model: TeacherStudent
    N: int
    draws: int
    seed: int
    rule: DescentRule
    lines: tuple[RecoveryLine, ...]
    thresholds: dict[int, Threshold]
    weak_recovery: float | None
    failed: int
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        if not self.failed:
            return CONVERGED
        return Status(f"{counted(self.failed, 'point')} failed", "run it again to try them anew")

    def headline(self) -> str:
        widths = ", ".join(str(p) for p in dict.fromkeys(line.p for line in self.lines))
        others = self.model.label(N=self.N).split(", ", 1)[1]
        return f"recovery by {self.rule.method}, p = {widths}, {others}"

    def report(self) -> Report:
        """A table for each start and width, and the information limit."""
        notes = [*self.notes]
        if self.weak_recovery is not None:
            notes.insert(0, f"weak recovery is possible from {self.weak_recovery:g}")
        if not self.status.ok:
            notes.append(str(self.status))
        return Report([self._table(line) for line in self.lines], notes)

    def _table(self, line: RecoveryLine) -> Table:
        model = self.model.replace(p=line.p)
        draws = counted(self.draws, "draw")
        title = f"{self.rule.method}, {start_label(line.start)}, {model.label(N=self.N)}, {draws}"
        if (at := self.thresholds.get(line.p)) is not None:
            title += f"\nalpha_BBP = {at.alpha_bbp:.4g} ({at.transition})"
            title += f", alpha_0 = {at.alpha_0:.4g}" * (at.transition == "discontinuous")
        ends = ("interval low", "interval high")
        both = self.model.p_star > 1
        kinds = ("largest m2 (nuclear)", "(Frobenius)") if both else ("largest m2",)
        m2s = (line.m2, line.m2_error), (line.m2_frobenius, line.m2_frobenius_error)
        rows = [
            (
                f"{x:.4g}",
                str(share),
                f"{share.interval[0]:.3f}",
                f"{share.interval[1]:.3f}",
                *(with_error(m2[i], error[i]) for m2, error in m2s[: len(kinds)]),
                number(line.recovery_step[i], ".0f"),
            )
            for i, (x, share) in enumerate(zip(line.alpha, line.recovered, strict=True))
        ]
        return Table(title, ("alpha", "recovered", *ends, *kinds, "median step"), rows)

    def columns(self) -> Mapping[str, Any]:
        """One row a start, width and α."""
        numbers = ("m2", "m2_error", "m2_frobenius", "m2_frobenius_error", "recovery_step")
        rows = [
            (line.start, line.p, x, share.count, share.of, *share.interval,
             *(getattr(line, name)[i] for name in numbers))
            for line in self.lines
            for i, (x, share) in enumerate(zip(line.alpha, line.recovered, strict=True))
        ]  # fmt: skip
        names = ("start", "p", "alpha", "recovered", "draws", "low", "high", *numbers)
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        return dict(zip(names, columns, strict=True))


@shows_progress
def recovery(
    model: TeacherStudent,
    alpha: Sequence[float] = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0),
    N: int = 1000,
    draws: int = 20,
    seed: Seed = 0,
    p: Sequence[int] | None = None,
    start: Sequence[str | Start] = ("random",),
    rule: DescentRule | None = None,
    *,
    dtype: str = "float64",
    device: str = "cpu",
    path: str | Path | None = None,
    workers: int | None = None,
    progress: Telling = None,
) -> RecoveryCurve:
    """Descend at every α, width and start, until the teacher is recovered.

    Parameters
    ----------
    model : TeacherStudent
        A uniform second layer and no overlap.
    alpha : sequence of float
    N, draws : int
        Draws at each point.
    seed : int or numpy Generator
        The draws of a point depend on the seed and the point alone.
    p, start : sequences
        Widths in place of the model's own, and starts as in ``descend``.
    rule : DescentRule, optional
        Its method, sphere and steps; what else it may say is the default, and refused else.
    dtype, device : str
        As in ``descend``.
    path : path, optional
        The file of the study (.sqlite), which is begun or extended: what it has is not computed
        again.
    workers : int, optional
        Processes of one thread each; all cores by default.
    progress : function or False, optional
        Called with the number of points that are done, and of all; by default a line
        on standard error once it takes long, False for silence.

    Returns
    -------
    RecoveryCurve
        The fraction of draws that recover the teacher, for each width, start and α.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the study at ``path`` is another one.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.recovery(bb.TeacherStudent(1, 1), [6.0], 20, draws=2, workers=1)
    >>> found.lines[0].p
    1
    """
    rule, seed, starts = _check_rule(rule), check_seed(seed), list(start)
    draws = integer("draws", draws, 1, MOST_BLOCK)
    widths = [int(positive_integer("p", model.p))] if p is None else list(p)
    backend(device)
    if workers is not None:
        check_workers(workers)
    if model.second_layer is not None or model.overlap != 0.0 or model.student_gram is not None:
        raise InvalidInput(
            "a recovery curve needs a uniform second layer, no overlap and no student_gram"
        )
    domain = "sphere" if rule.sphere else "free"
    fixed = {"N": N, "method": rule.method, "steps": rule.steps, "domain": domain}
    study = Study(
        model,
        {**fixed, "start": starts, "p": widths, "alpha": list(alpha)},
        OBSERVABLES,
        draws,
        seed,
        block=draws,
        theory=False,
        precision=dtype,
        device=device,
    )
    results = study.run(path, workers, progress=_teller(progress))
    failed = len({row.cell.key for row in results.rows if row.failed})
    lines = _lines(results, study.axes["alpha"], widths, study.axes["start"])
    thresholds, weak, notes = _theory(model, widths, N)
    return RecoveryCurve(model, N, draws, seed, rule, lines, thresholds, weak, failed, notes)


def _check_rule(rule: DescentRule | None) -> DescentRule:
    """A rule of which a study knows everything."""
    rule = DescentRule() if rule is None else rule
    if rule != DescentRule(
        rule.method, rule.sphere, rule.steps, until_recovery=rule.until_recovery
    ):
        raise InvalidInput("a recovery curve takes method, sphere and steps of a rule alone")
    return rule


def _teller(progress: Telling) -> Telling:
    """A study's progress as (done, of all)."""
    if not progress:
        return False
    return lambda step: progress(step.done + step.failed, step.done + step.failed + step.left)


def _theory(
    model: TeacherStudent, widths: Sequence[int], N: int
) -> tuple[dict[int, Threshold], float | None, tuple[str, ...]]:
    """(threshold of each width, information limit, why some are missing)."""
    found = {p: known_threshold(model.replace(p=p), N) for p in widths}
    weak = limit_of(model)
    return (
        {p: one for p, (one, _) in found.items() if one is not None},
        None if weak is None else weak.alpha,
        tuple(note for _, note in found.values() if note),
    )


def _lines(
    results: StudyResults, alphas: Sequence[float], widths: Sequence[int], starts: Sequence[str]
) -> tuple[RecoveryLine, ...]:
    found: dict[tuple[str, int, float], dict[str, NDArray[np.float64]]] = {}
    for row in results.rows:
        if row.source == SIMULATION and row.draws:
            at = row.cell.parameters
            key = (str(at["start"]), int(at["p"]), float(at["alpha"]))
            found.setdefault(key, {})[row.observable] = row.values
    lines = []
    for start in starts:
        for p in widths:
            here = [x for x in alphas if (start, p, x) in found]
            if not here:
                continue
            points = [found[start, p, x] for x in here]
            successes = [one["recovered"] for one in points]
            lines.append(
                RecoveryLine(
                    p,
                    start,
                    np.array(here),
                    tuple(Fraction(int(v.sum()), v.size) for v in successes),
                    tuple(
                        float(np.median(one["recovery_step"])) if "recovery_step" in one else None
                        for one in points
                    ),
                    tuple(one["descent_m2"] for one in points),
                    tuple(one["descent_m2_frobenius"] for one in points),
                )
            )
    return tuple(lines)
