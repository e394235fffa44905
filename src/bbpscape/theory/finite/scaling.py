"""The finite-N law along a list of N, beside the N → ∞ threshold and the truncated theory."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.report import Report, Table, counted, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.statistics import Estimate
from bbpscape.core.status import Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.draws import check_draws, check_finite, check_sizes
from bbpscape.theory.finite.half_point import HalfPoint, half_alpha
from bbpscape.theory.finite.law import OBSERVED, FiniteSizeLaw, finite_size_law
from bbpscape.theory.finite.truncated import TruncatedThreshold, truncated_threshold
from bbpscape.theory.threshold import Threshold, threshold

SIZES = (100, 1000, 10_000, 100_000)


@result
class FiniteSizeScaling(Result):
    """One entry for each N, in the order given: the ``laws`` at ``alpha``, where half of the draws
    have an outlier, and the threshold of the truncated theory; with the N → ∞ ``threshold``."""

    threshold: Threshold
    alpha: float
    N: tuple[int, ...]
    laws: tuple[FiniteSizeLaw, ...]
    half: tuple[HalfPoint, ...]
    truncated: tuple[TruncatedThreshold, ...]

    @property
    def model(self) -> TeacherStudent:
        return TeacherStudent.check(self.threshold.model)

    @property
    def status(self) -> Status:
        return self.threshold.status

    def columns(self) -> Mapping[str, Any]:
        """One row an N: means over draws and their errors, NaN where there are none."""
        columns: dict[str, Any] = {"N": list(self.N)}
        for name in ("M", "probability", "probability_standard_error"):
            columns[name] = [getattr(law, name) for law in self.laws]
        for name in OBSERVED:
            found: list[Estimate] = [getattr(law, name) for law in self.laws]
            columns[name] = [_or_nan(one.mean) for one in found]
            columns[f"{name}_standard_error"] = [_or_nan(one.standard_error) for one in found]
        columns["half_alpha"] = [point.alpha for point in self.half]
        columns["half_alpha_standard_error"] = [
            _or_nan(point.standard_error) for point in self.half
        ]
        columns["truncated_alpha"] = [point.alpha_bbp for point in self.truncated]
        return columns

    def headline(self) -> str:
        draws = counted(self.laws[0].draws, "draw")
        return f"Finite N, {self.model.label()}, alpha = {self.alpha:.6g}, {draws}"

    def report(self) -> Report:
        at = self.threshold
        limit = (
            f"N → ∞: alpha_bbp = {at.alpha_bbp:.6g} ({at.transition}), alpha_0 = {at.alpha_0:.6g}"
        )
        columns = ("N", "P(outlier)", "left edge", "outlier", "m2", "alpha_1/2", "truncated alpha")
        rows = [
            (
                f"{law.N:,}",
                f"{law.probability:.3g} ± {law.probability_standard_error:.1g}",
                str(law.left_edge),
                str(law.outlier),
                str(law.m2),
                with_error(half.alpha, half.standard_error, ".5g", ".1g"),
                f"{truncated.alpha_bbp:.6g}",
            )
            for law, half, truncated in zip(self.laws, self.half, self.truncated, strict=True)
        ]
        notes = [
            "outlier and m2 are means over the draws that have an outlier; half of the draws have "
            "one at alpha_1/2"
        ]
        if not self.status.ok:
            notes.append(str(self.status))
        return Report([Table(f"{self.headline()}\n{limit}", columns, rows)], notes)


def finite_size(
    model: TeacherStudent,
    alpha: float | None = None,
    N: Sequence[int] | int = SIZES,
    draws: int = 100,
    seed: Seed = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FiniteSizeScaling:
    """P(outlier), λ₋, λ*, m² and α_½ at every N, beside N → ∞: no matrix, O(αN) a draw.

    Parameters
    ----------
    model : TeacherStudent
        The source's model, at finite p.
    alpha : float, optional
        Samples per dimension, M/N; α_BBP by default.
    N : sequence of int, or int
        Input dimensions.
    draws : int
    seed : int or numpy Generator
        Draw i has the same labels at every N, as far as they go.
    workers : int, optional
        Threads; as many as there are processors by default. The result does not depend on it.
    progress : function, optional
        Called with the number of N that are done, and of all.

    Returns
    -------
    FiniteSizeScaling
        A ``finite_size_law``, a ``half_alpha`` and a ``truncated_threshold`` for each N.

    Raises
    ------
    InvalidInput
        If an argument is not allowed; before anything is sampled.

    Source: docs/theory.md §5.
    """
    check_finite(model)
    draws, seed = check_draws(draws), check_seed(seed)
    at = threshold(model)
    chosen = at.alpha_bbp if alpha is None else positive("alpha", alpha)
    sizes = [check_sizes(model, chosen, n)[0] for n in _listed(N)]
    truncated = [truncated_threshold(model, n) for n in sizes]
    for one in truncated:
        # Half of the draws have an outlier near it.
        check_sizes(model, one.alpha_bbp, one.N)
    laws, half = [], []
    for done, n in enumerate(sizes, start=1):
        laws.append(finite_size_law(model, chosen, n, draws, seed, workers))
        half.append(half_alpha(model, n, draws, seed, workers))
        if progress is not None:
            progress(done, len(sizes))
    return FiniteSizeScaling(at, chosen, tuple(sizes), tuple(laws), tuple(half), tuple(truncated))


def _listed(N: Sequence[int] | int) -> Sequence[int]:
    sizes = list(np.atleast_1d(np.asarray(N, dtype=object)))
    if not sizes:
        raise InvalidInput("N must list at least one dimension")
    return sizes


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
