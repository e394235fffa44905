"""The tables of a finite-size analysis: predictions, crossings, onsets, extrapolations."""

from collections.abc import Sequence

from bbpscape.analysis.crossings import Crossing
from bbpscape.analysis.extrapolation import COLUMNS, Extrapolation
from bbpscape.analysis.onset import SizeOnset
from bbpscape.analysis.predictions import Predictions
from bbpscape.core.report import Table, number, with_error


def prediction_table(title: str, at: Predictions) -> Table:
    """α_BBP and α₀, the onsets of the N → ∞ curve, and α_½ at each N."""
    rows = []
    if at.alpha_bbp is not None:
        rows.append((f"alpha_bbp ({at.transition})", f"{at.alpha_bbp:.4f}"))
    if at.alpha_0 is not None:
        rows.append(("alpha_0 (tangent)", f"{at.alpha_0:.4f}"))
    rows += [
        (f"onset at N → ∞, window {width:g}", f"{value:.4f}")
        for width, value in at.linear_onset.items()
    ]
    rows += [
        (f"alpha_1/2 at N = {one.N:g}", _measured(one.alpha, one.standard_error)) for one in at.half
    ]
    return Table(title, ("prediction", "alpha"), rows)


def crossing_table(found: Sequence[Crossing]) -> Table:
    columns = ("curves", "alpha", "95 % interval", "found", "degree", "p-value", "status")
    rows = [
        (
            str(one),
            _measured(one.alpha, one.standard_error),
            "" if one.interval is None else "{:.3f} – {:.3f}".format(*one.interval),
            f"{one.found:.2f}",
            number(one.degree, "d"),
            number(one.p_value, ".2g"),
            one.status,
        )
        for one in found
    ]
    return Table("Where the curves meet", columns, rows)


def onset_table(found: Sequence[SizeOnset]) -> Table:
    columns = ("N", "window", "points", "alpha", "p-value", "spread")
    rows = [
        (
            str(size.N),
            f"{line.window:g}",
            str(line.points),
            _measured(line.alpha, line.standard_error),
            number(line.p_value, ".2g"),
            number(size.spread, ".3f") if i == 0 else "",
        )
        for size in found
        for i, line in enumerate(size.windows)
    ]
    return Table("Onset by a line", columns, rows)


def extrapolation_table(found: Sequence[Extrapolation]) -> Table:
    return Table("N → ∞", COLUMNS, [one.cells() for one in found])


def _measured(value: float | None, error: float | None) -> str:
    return with_error(value, error) or "none"
