"""Finite-size analysis of a study: crossings, extrapolations and onsets beside the predictions."""

import math
import numbers
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bbpscape.analysis.crossings import CROSSING, Crossing, crossings, level_points
from bbpscape.analysis.curves import Curve, curves_of, theory_of
from bbpscape.analysis.extrapolation import Extrapolation, extrapolate
from bbpscape.analysis.onset import WINDOWS, SizeOnset, onsets
from bbpscape.analysis.predictions import Predictions, predictions
from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.study.table import Study, open_study

# What becomes 0 below the transition as N → ∞, and has an onset.
OVERLAPS = ("m2", "total_m2", "teacher_mass", "descent_m2")
# The level of an observable between 0 and 1.
LEVELS = {"phi": 0.5, "recovered": 0.5}
MOST_RESAMPLES = 100_000
# The fraction of resampled draws that must have an onset, for it to be extrapolated.
SURE = 0.95


@dataclass(frozen=True, eq=False)
class Analysis:
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
    """

    model: TeacherStudent
    observable: str
    level: float | None
    curves: tuple[Curve, ...]
    crossings: tuple[Crossing, ...]
    level_points: tuple[Crossing, ...]
    onsets: tuple[SizeOnset, ...]
    extrapolations: tuple[Extrapolation, ...]
    limits: dict[float, float]
    predictions: Predictions
    resamples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Everything but the draws, as JSON values."""
        return {
            "model": self.model.to_dict(),
            "observable": self.observable,
            "level": self.level,
            "sizes": [curve.N for curve in self.curves],
            "crossings": [one.to_dict() for one in self.crossings],
            "level_points": [one.to_dict() for one in self.level_points],
            "onsets": [one.to_dict() for one in self.onsets],
            "extrapolations": [one.to_dict() for one in self.extrapolations],
            "limits": [{"alpha": alpha, "value": value} for alpha, value in self.limits.items()],
            "predictions": self.predictions.to_dict(),
            "resamples": self.resamples,
            "seed": self.seed,
        }


def analyse(
    study: Study | str | os.PathLike[str],
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
    study : Study or path
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

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the study has no draws of the observable, less than two at
        some point, or several models.
    """
    resamples = _between("resamples", resamples, 10, MOST_RESAMPLES)
    seed = check_seed(seed)
    label_draws = _between("label_draws", label_draws, 0, MOST_RESAMPLES)
    try:
        widths = tuple(positive("windows", one, limit=1000.0) for one in windows)
    except TypeError:
        raise InvalidInput(f"windows must be a list of numbers, got {windows!r}") from None
    if start is not None:
        start = positive("start", start)
    if level is not None and (
        isinstance(level, bool) or not isinstance(level, numbers.Real) or not math.isfinite(level)
    ):
        raise InvalidInput(f"level must be a finite number, got {level!r}")
    opened = study if isinstance(study, Study) else open_study(Path(study))
    if observable is None:
        observable = opened.definition.observables[0]
    curves = curves_of(opened, observable)
    seeds = np.random.SeedSequence(seed).spawn(len(curves))
    resampled = [
        curve.resampled(np.random.default_rng(one), resamples)
        for curve, one in zip(curves, seeds, strict=True)
    ]
    model = next(row.cell.model for row in opened.rows)
    has_onset = observable in OVERLAPS
    level = LEVELS.get(observable) if level is None else float(level)
    expected = predictions(
        model, [curve.N for curve in curves], widths if has_onset else (), label_draws, seed
    )
    first = expected.alpha_bbp if start is None else start
    crossed = crossings(curves, resampled)
    reached = () if level is None else level_points(curves, resampled, level)
    begun = onsets(curves, resampled, first, widths) if has_onset and first else ()
    limits = theory_of(opened, observable)
    # As N → ∞, phi is a step at α_BBP.
    step = expected.alpha_bbp if observable == "phi" else None
    return Analysis(
        model,
        observable,
        level,
        tuple(curves),
        crossed,
        reached,
        begun,
        (
            *_of_crossings("crossing", [one for one in crossed if _neighbours(one, curves)], step),
            *_of_crossings(f"{observable} = {level:g}" if reached else "", reached, step),
            *_of_onsets(begun, expected.linear_onset if start is None else {}),
            *_of_values(observable, curves, limits),
        ),
        limits,
        expected,
        resamples,
        seed,
    )


def _neighbours(one: Crossing, curves: Sequence[Curve]) -> bool:
    sizes = [curve.N for curve in curves]
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


def _between(name: str, value: object, low: int, high: int) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, numbers.Integral)
        or not low <= int(value) <= high
    ):
        raise InvalidInput(f"{name} must be an integer from {low} to {high}, got {value!r}")
    return int(value)
