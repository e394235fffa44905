"""Finite-size analysis of a study: crossings, extrapolations and onsets beside the predictions."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.analysis.crossings import CROSSING, UNCLEAR, Crossing, crossings, level_points
from bbpscape.analysis.curves import Curve, curves_of, theory_of
from bbpscape.analysis.extrapolation import Extrapolation, extrapolate
from bbpscape.analysis.onset import WINDOWS, SizeOnset, onsets
from bbpscape.analysis.predictions import Predictions, predictions
from bbpscape.analysis.tables import (
    crossing_table,
    extrapolation_table,
    onset_table,
    prediction_table,
)
from bbpscape.core.checks import InvalidInput, integer, number, positive
from bbpscape.core.codec import BULKY
from bbpscape.core.report import Report, counted
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed, stream
from bbpscape.core.status import CONVERGED, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.study.results import StudyResults
from bbpscape.study.study import open_study

# What becomes 0 below the transition as N → ∞, and has an onset.
OVERLAPS = ("m2", "total_m2", "teacher_mass", "descent_m2", "descent_m2_frobenius")
# The level of an observable between 0 and 1.
LEVELS = {"phi": 0.5, "recovered": 0.5}
MOST_RESAMPLES = 100_000
# The fraction of resampled draws that must have an onset, for it to be extrapolated.
SURE = 0.95


@result
class Analysis(Result):
    """The finite-size analysis of one observable of one model.

    Attributes
    ----------
    crossings : of each curve with that of the next larger N, and of the smallest with the largest
    level_points : where each curve reaches ``level``; none without a level
    onsets : of each N, by a line over each window above ``predictions.alpha_bbp``
    extrapolations : of the clear crossings of neighbours (at √(N₁N₂)), the clear level points, the
        onsets of each window, and the observable at each α
    limits : the N → ∞ theory of the observable, by α
    predictions : α_BBP, α₀, and the label-sampled α_½ at each N

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0))
    >>> study = bb.Study(model, {"alpha": [1.0, 4.0], "N": [20, 40]}, ["m2"], draws=3)
    >>> found = bb.analyse(study.run(workers=1), level=0.5, label_draws=0, resamples=20)
    >>> found.level, len(found.level_points)
    (0.5, 2)
    """

    derived: ClassVar[tuple[str, ...]] = ("sizes",)

    model: TeacherStudent
    observable: str
    level: float | None
    curves: tuple[Curve, ...] = field(metadata=BULKY)
    crossings: tuple[Crossing, ...]
    level_points: tuple[Crossing, ...]
    onsets: tuple[SizeOnset, ...]
    extrapolations: tuple[Extrapolation, ...]
    limits: dict[float, float]
    predictions: Predictions
    resamples: int
    seed: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """The N of the study, rising."""
        return tuple(curve.N for curve in self.curves)

    @property
    def status(self) -> Status:
        met = (*self.crossings, *self.level_points)
        unclear = sum(one.status == UNCLEAR for one in met)
        if not unclear:
            return CONVERGED
        return Status(
            f"{unclear} of {counted(len(met), 'crossing')} unclear, less than two standard errors "
            "from 0 on one side",
            "add draws, or α further from it",
        )

    def headline(self) -> str:
        return f"{self.observable}: {self.model.label()}"

    def report(self) -> Report:
        """What theory predicts, where the curves meet and begin, and where that goes."""
        met = (*self.crossings, *self.level_points)
        tables = [prediction_table(self.headline(), self.predictions)]
        tables += [crossing_table(met)] if met else []
        tables += [onset_table(self.onsets)] if self.onsets else []
        tables += [extrapolation_table(self.extrapolations)] if self.extrapolations else []
        notes = [f"no {what}: {why}" for what, why in self.predictions.missing.items()]
        return Report(tables, notes if self.status.ok else [*notes, str(self.status)])

    def columns(self) -> Mapping[str, Any]:
        """An α a row: of crossings (of N and ``other_N``), of ``level``, of onsets, and α_½."""
        rows: list[dict[str, Any]] = [
            {"kind": "crossing", "N": one.sizes[0], "other_N": one.sizes[1], **_found(one)}
            for one in self.crossings
        ]
        rows += [
            {"kind": "level", "N": one.sizes[0], "level": one.level, **_found(one)}
            for one in self.level_points
        ]
        rows += [
            {"kind": "onset", "N": size.N, "window": one.window, **_found(one)}
            for size in self.onsets
            for one in size.windows
        ]
        rows += [
            {"kind": "half", "N": one.N, "alpha": one.alpha, "standard_error": one.standard_error}
            for one in self.predictions.half
        ]
        names = ("kind", "N", "other_N", "level", "window", "alpha", "standard_error", "p_value")
        return {name: [row.get(name) for row in rows] for name in names}


def _found(one: Any) -> dict[str, float | None]:
    return {name: getattr(one, name) for name in ("alpha", "standard_error", "p_value")}


def analyse(
    study: StudyResults | str | os.PathLike[str],
    observable: str | None = None,
    *,
    level: float | None = None,
    start: float | None = None,
    windows: Sequence[float] = WINDOWS,
    resamples: int = 400,
    seed: Seed = 0,
    label_draws: int = 100,
) -> Analysis:
    """Where curves of a study at different N cross, and where that goes as N → ∞.

    Parameters
    ----------
    study : StudyResults or path
        Of one model: ``select`` the others away.
    observable : str, optional
        The study's first by default.
    level : float, optional
        Where each curve reaches it is sought; 1/2 by default for phi and recovered, else nothing.
    start : float, optional
        Where the windows of an onset begin; α_BBP by default.
    windows : sequence of float
        Their widths over ``start``.
    resamples : int
        How often the draws are resampled with replacement, for the errors.
    seed : int or numpy Generator
        Of the resampling, and of the labels.
    label_draws : int
        Draws of labels for α_½ at each N; 0 leaves it out.

    Returns
    -------
    Analysis
        Crossings, level points, onsets and N → ∞ limits, with predictions.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the study has no draws of the observable, less than two at
        some point, or several models.

    See Also
    --------
    finite_size : The same questions in theory.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0))
    >>> study = bb.Study(model, {"alpha": [1.0, 2.0, 4.0], "N": [20, 40]}, ["m2"], draws=4)
    >>> found = bb.analyse(study.run(workers=1), label_draws=0, resamples=20)
    >>> found.sizes, found.predictions.alpha_bbp == bb.threshold(model).alpha_bbp
    ((20, 40), True)
    """
    resamples = integer("resamples", resamples, 10, MOST_RESAMPLES)
    label_draws = integer("label_draws", label_draws, 0, MOST_RESAMPLES)
    seed, widths = check_seed(seed), _widths(windows)
    start = None if start is None else positive("start", start)
    opened = study if isinstance(study, StudyResults) else open_study(Path(study))
    if observable is None:
        observable = opened.definition.observables[0].name
    level = LEVELS.get(observable) if level is None else number("level", level)
    curves = curves_of(opened, observable)
    model = next(row.cell.model for row in opened.rows)
    resampled = _resampled(curves, seed, resamples)
    has_onset = observable in OVERLAPS
    expected = predictions(
        model, [curve.N for curve in curves], widths if has_onset else (), label_draws, seed
    )
    first = expected.alpha_bbp if start is None else start
    found = Analysis(
        model=model,
        observable=observable,
        level=level,
        curves=tuple(curves),
        crossings=crossings(curves, resampled),
        level_points=() if level is None else level_points(curves, resampled, level),
        onsets=onsets(curves, resampled, first, widths) if has_onset and first else (),
        extrapolations=(),
        limits=theory_of(opened, observable),
        predictions=expected,
        resamples=resamples,
        seed=seed,
    )
    lines = expected.linear_onset if start is None else {}
    return dataclasses.replace(found, extrapolations=tuple(_extrapolations(found, lines)))


def _widths(windows: object) -> tuple[float, ...]:
    if isinstance(windows, str) or not isinstance(windows, Sequence | np.ndarray):
        raise InvalidInput(f"windows must be a list of numbers, got {windows!r}")
    return tuple(positive("windows", one, limit=1000.0) for one in windows)


def _resampled(curves: Sequence[Curve], seed: int, count: int) -> list[NDArray[np.float64]]:
    """Means of resampled draws of each curve, by a stream of its own."""
    return [curve.resampled(stream(f"bootstrap, N = {curve.N}", seed), count) for curve in curves]


def _extrapolations(found: Analysis, lines: Mapping[float, float]) -> list[Extrapolation]:
    """Of all that is found; ``lines`` are the onsets of the N → ∞ curve by window."""
    # As N → ∞, phi is a step at α_BBP.
    step = found.predictions.alpha_bbp if found.observable == "phi" else None
    neighbours = [one for one in found.crossings if _neighbours(one, found.sizes)]
    level = "" if found.level is None else f"{found.observable} = {found.level:g}"
    return [
        *_of_crossings("crossing", neighbours, step),
        *_of_crossings(level, found.level_points, step),
        *_of_onsets(found.onsets, lines),
        *_of_values(found.observable, found.curves, found.limits),
    ]


def _neighbours(one: Crossing, sizes: Sequence[int]) -> bool:
    return sizes.index(one.sizes[1]) - sizes.index(one.sizes[0]) == 1


def _of_crossings(
    what: str, found: Sequence[Crossing], expected: float | None
) -> list[Extrapolation]:
    """Of the clear ones, with the covariance of resampled draws: neighbours share a curve."""
    clear = [one for one in found if one.status == CROSSING]
    if len(clear) < 2:
        return []
    table = np.array([one.samples for one in clear], dtype=float)
    covariance = np.cov(table[:, ~np.isnan(table).any(axis=0)])
    values = [one.alpha for one in clear if one.alpha is not None]
    sizes = [math.prod(one.sizes) ** (1 / len(one.sizes)) for one in clear]
    return [extrapolate(what, sizes, values, covariance, expected)]


def _of_onsets(found: Sequence[SizeOnset], expected: Mapping[float, float]) -> list[Extrapolation]:
    """Of each window, where nearly all resampled draws have an onset."""
    results = []
    for lines in zip(*([(size.N, one) for one in size.windows] for size in found), strict=True):
        width = lines[0][1].window
        sure = [
            (n, one.alpha, one.standard_error**2)
            for n, one in lines
            if one.alpha is not None and one.standard_error and one.found >= SURE
        ]
        if len(sure) > 1:
            sizes, values, variances = zip(*sure, strict=True)
            what = f"onset, window {width:g}"
            results.append(extrapolate(what, sizes, values, variances, expected.get(width)))
    return results


def _of_values(
    observable: str, curves: Sequence[Curve], limits: Mapping[float, float]
) -> list[Extrapolation]:
    """The observable at each α with two N or more, whose draws are independent."""
    found: dict[float, list[tuple[int, float, float]]] = {}
    for curve in curves:
        columns = (one.tolist() for one in (curve.alphas, curve.mean, curve.variance))
        for alpha, mean, variance in zip(*columns, strict=True):
            found.setdefault(alpha, []).append((curve.N, mean, variance))
    results = []
    for alpha in sorted(found):
        if len(found[alpha]) > 1:
            sizes, values, variances = zip(*found[alpha], strict=True)
            what = f"{observable} at alpha = {alpha:g}"
            results.append(extrapolate(what, sizes, values, variances, limits.get(alpha)))
    return results
