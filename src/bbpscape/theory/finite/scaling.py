"""The finite-N law along a list of N, beside the N → ∞ threshold and the truncated theory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, counted, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.statistics import Estimate
from bbpscape.core.status import CONVERGED, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.draws import (
    COORDINATES,
    LABELS,
    check_dimension,
    check_draws,
    check_finite,
    check_sizes,
    with_labels,
)
from bbpscape.theory.finite.half_point import HalfPoint, half_alpha
from bbpscape.theory.finite.law import OBSERVED, FiniteSizeLaw, finite_size_law
from bbpscape.theory.finite.one_draw import UNBOUNDED, has_limit, near_half
from bbpscape.theory.finite.truncated import TruncatedThreshold, truncated_threshold
from bbpscape.theory.threshold import Threshold, threshold

SIZES = (100, 1000, 10_000, 100_000)


@result
class FiniteSizeScaling(Result):
    """Theory at finite N: one entry for each N, in the order given.

    ``laws`` are those at ``alpha``, ``half`` where half of the draws have an outlier, ``truncated``
    the thresholds of the truncated theory, or None but for the source's model on standard inputs.
    ``thresholds`` of the N → ∞ theory are one for each N where the covariance is that of a
    dimension, and else one; none where the Hessian has no left edge then.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.finite_size(model, N=[100, 200], draws=4)
    >>> found.alpha == bb.threshold(model).alpha_bbp, len(found.half)
    (True, 2)
    """

    thresholds: tuple[Threshold, ...]
    alpha: float
    N: tuple[int, ...]
    laws: tuple[FiniteSizeLaw, ...]
    half: tuple[HalfPoint, ...]
    truncated: tuple[TruncatedThreshold, ...] | None

    @property
    def model(self) -> TeacherStudent:
        return self.laws[0].model

    @property
    def status(self) -> Status:
        return next((one.status for one in self.thresholds if not one.status.ok), CONVERGED)

    @property
    def has_limit(self) -> bool:
        """Whether N → ∞ is one theory for all N."""
        return len(self.thresholds) == 1 and self.thresholds[0].N is None

    @property
    def alpha_bbp(self) -> list[float]:
        """Of the N → ∞ theory at each N, NaN where it has none."""
        found = [one.alpha_bbp for one in self.thresholds]
        return found * len(self.N) if self.has_limit else found or [math.nan] * len(self.N)

    def columns(self) -> Mapping[str, Any]:
        """One row an N: means over draws and their errors, NaN if no draw has an outlier."""
        columns: dict[str, Any] = {"N": list(self.N)}
        for name in ("M", "by", "probability", "probability_standard_error"):
            columns[name] = [getattr(law, name) for law in self.laws]
        for name in OBSERVED:
            found: list[Estimate] = [getattr(law, name) for law in self.laws]
            columns[name] = [_or_nan(one.mean) for one in found]
            columns[f"{name}_standard_error"] = [_or_nan(one.standard_error) for one in found]
        columns["half_alpha"] = [point.alpha for point in self.half]
        columns["half_alpha_standard_error"] = [
            _or_nan(point.standard_error) for point in self.half
        ]
        if self.truncated is not None:
            columns["truncated_alpha"] = [point.alpha_bbp for point in self.truncated]
        if self.thresholds and not self.has_limit:
            columns["alpha_bbp"] = self.alpha_bbp
        return columns

    def headline(self) -> str:
        draws = counted(self.laws[0].draws, "draw")
        return f"Finite N, {self.model.label()}, alpha = {self.alpha:.6g}, {draws}"

    def report(self) -> Report:
        title = self.headline()
        if self.has_limit:
            at = self.thresholds[0]
            onset = f"alpha_0 = {at.alpha_0:.6g}"
            title += f"\nN → ∞: alpha_bbp = {at.alpha_bbp:.6g} ({at.transition}), {onset}"
        columns = ["N", "P(outlier)", "left edge", "outlier", "m2", "alpha_1/2"]
        rows = [
            [
                f"{law.N:,}",
                with_error(law.probability, law.probability_standard_error),
                str(law.left_edge),
                str(law.outlier),
                str(law.m2),
                with_error(half.alpha, half.standard_error),
            ]
            for law, half in zip(self.laws, self.half, strict=True)
        ]
        more = {}
        if self.truncated is not None:
            more["truncated alpha"] = [one.alpha_bbp for one in self.truncated]
        if self.thresholds and not self.has_limit:
            more["alpha_bbp"] = self.alpha_bbp
        for name, values in more.items():
            columns.append(name)
            for row, value in zip(rows, values, strict=True):
                row.append(f"{value:.6g}")
        notes = [
            "outlier and m2 are means over the draws that have an outlier; half of the draws have "
            "one at alpha_1/2"
        ]
        by = {way: [law.N for law in self.laws if law.by == way] for way in (LABELS, COORDINATES)}
        if by[COORDINATES] and by[LABELS]:
            notes.append(f"by labels from N = {min(by[LABELS])} on, by coordinates below")
        elif by[COORDINATES]:
            notes.append("by coordinates of the samples along student and teacher")
        if not self.thresholds:
            notes.append(UNBOUNDED)
        if not self.status.ok:
            notes.append(str(self.status))
        return Report([Table(title, columns, rows)], notes)


@shows_progress
def finite_size(
    model: TeacherStudent,
    alpha: float | None = None,
    N: Sequence[int] | int = SIZES,
    draws: int = 100,
    seed: Seed = 0,
    workers: int | None = None,
    progress: Telling = None,
) -> FiniteSizeScaling:
    """Theory at finite N, draw by draw: the chance of an outlier, its place and α_½.

    P(outlier), λ₋, λ*, m² and α_½ at every N, beside N → ∞: no large matrix, O(αN) a draw. Draws
    are given by their labels, those of networks and of committees with p p* > 1 at N up to 2000 by
    coordinates, as ``finite_size_law`` has it.

    Parameters
    ----------
    model : TeacherStudent
        The source's model, at finite p, on inputs of any law; or any network of up to four neurons
        on isotropic inputs, with or without a left edge as N → ∞.
    alpha : float, optional
        Samples per dimension, M/N; α_BBP by default, that of the largest N where the covariance is
        that of a dimension, and α_½ of the largest N where there is no threshold as N → ∞.
    N : sequence of int, or int
        Input dimensions.
    draws : int
    seed : int or numpy Generator
        Draw i has the same labels at every N, as far as they go.
    workers : int, optional
        Threads; as many as there are processors by default. The result does not depend on it.
    progress : function or False, optional
        Called with the number of N that are done, and of all; by default a line
        on standard error once it takes long, False for silence.

    Returns
    -------
    FiniteSizeScaling
        A ``finite_size_law``, a ``half_alpha`` and, of standard inputs, a ``truncated_threshold``
        for each N.

    Raises
    ------
    InvalidInput
        If an argument is not allowed; before anything is sampled.

    See Also
    --------
    threshold : N → ∞.
    finite.half_alpha, finite.finite_size_law, finite.truncated_threshold : Its parts.

    References
    ----------
    theory.md §5–6.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.finite_size(model, alpha=3.0, N=[100, 200], draws=10)
    >>> [law.probability for law in found.laws]
    [1.0, 1.0]
    """
    check_finite(model)
    draws, seed = check_draws(draws), check_seed(seed)
    if alpha is not None:
        alpha = positive("alpha", alpha)
    sizes = [check_dimension(model, n) for n in _listed(N)]
    at = _thresholds(model, sizes)
    largest, truncated = int(np.argmax(sizes)), None
    if model.inputs.standard and with_labels(model):
        truncated = tuple(truncated_threshold(model, n) for n in sizes)
    for n in sizes:
        # Half of the draws have an outlier near it.
        check_sizes(model, near_half(model, n), n)
    if alpha is None and at:
        alpha = at[largest].alpha_bbp
    if alpha is not None:
        for n in sizes:
            check_sizes(model, alpha, n)
    half = []
    for done, n in enumerate(sizes, start=1):
        half.append(half_alpha(model, n, draws, seed, workers))
        if progress:
            progress(done, len(sizes))
    at_alpha = half[largest].alpha if alpha is None else alpha
    laws = tuple(finite_size_law(model, at_alpha, n, draws, seed, workers) for n in sizes)
    kept = tuple(at[:1] if at and at[0].N is None else at)
    return FiniteSizeScaling(kept, at_alpha, tuple(sizes), laws, tuple(half), truncated)


def _thresholds(model: TeacherStudent, sizes: Sequence[int]) -> list[Threshold]:
    """Of N → ∞ beside each N, none without a left edge there."""
    if not has_limit(model):
        return []
    limits = dict.fromkeys(model.inputs.dimension(n) for n in sizes)
    found = {n: threshold(model, n) for n in limits}
    return [found[model.inputs.dimension(n)] for n in sizes]


def _listed(N: Sequence[int] | int) -> Sequence[int]:
    sizes = list(np.atleast_1d(np.asarray(N, dtype=object)))
    if not sizes:
        raise InvalidInput("N must list at least one dimension")
    return sizes


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
