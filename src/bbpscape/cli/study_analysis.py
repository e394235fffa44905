"""The command ``study analyse``."""

from collections.abc import Sequence
from typing import Annotated

import typer

import bbpscape as bb
from bbpscape.analysis.analyse import Analysis
from bbpscape.analysis.crossings import Crossing
from bbpscape.analysis.extrapolation import Extrapolation
from bbpscape.analysis.onset import SizeOnset
from bbpscape.cli.common import (
    Json,
    Plot,
    Save,
    check_files,
    describe,
    messages,
    print_json,
    print_table,
    say_written,
    table_of,
    write_results,
)
from bbpscape.cli.grids import parse_grid
from bbpscape.cli.study import Any_, Where, commands, conditions


@commands.command()
def analyse(
    path: Any_,
    observable: Annotated[
        str | None, typer.Option(help="What is analysed; the study's first by default.")
    ] = None,
    level: Annotated[
        float | None, typer.Option(help="Where each curve reaches it; 1/2 for phi by default.")
    ] = None,
    start: Annotated[
        float | None, typer.Option(help="Where the windows of an onset begin; α_BBP by default.")
    ] = None,
    windows: Annotated[
        str, typer.Option(help="Their widths over the start, with commas.")
    ] = "0.1,0.2,0.4,0.8",
    resamples: Annotated[int, typer.Option(help="How often draws are resampled.")] = 400,
    seed: Annotated[int, typer.Option(help="Of the resampling and of the labels.")] = 0,
    label_draws: Annotated[
        int, typer.Option("--label-draws", help="Draws of labels for α_½ at each N; 0: none.")
    ] = 100,
    where: Where = None,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Crossings of curves at different N, onsets and N → ∞, beside the predictions."""
    check_files(plot, save)
    widths = parse_grid("windows", windows)
    result = bb.analyse(
        bb.open_study(path).select(**conditions(where)),
        observable,
        level=level,
        start=start,
        windows=widths if isinstance(widths, list) else [widths],
        resamples=resamples,
        seed=seed,
        label_draws=label_draws,
    )
    values = result.to_dict()
    if as_json:
        print_json(values)
    else:
        _print(result)
        for what, reason in result.predictions.missing.items():
            messages.print(f"no {what}: {reason}", highlight=False, soft_wrap=True)
    write_results(plot, result, save, values)
    if not as_json:
        say_written(figure=plot, json=save)


def _print(result: Analysis) -> None:
    at = result.predictions
    table = table_of(f"{result.observable}: {describe(result.model)}", "prediction", "alpha")
    if at.alpha_bbp is not None:
        table.add_row(f"alpha_bbp ({at.transition})", f"{at.alpha_bbp:.4f}")
    if at.alpha_0 is not None:
        table.add_row("alpha_0 (tangent)", f"{at.alpha_0:.4f}")
    for width, value in at.linear_onset.items():
        table.add_row(f"onset at N → ∞, window {width:g}", f"{value:.4f}")
    for one in at.half:
        table.add_row(f"alpha_1/2 at N = {one.N:g}", _measured(one.alpha, one.standard_error))
    print_table(table)
    _print_crossings([*result.crossings, *result.level_points])
    if result.onsets:
        _print_onsets(result.onsets)
    if result.extrapolations:
        _print_extrapolations(result.extrapolations)


def _print_crossings(found: Sequence[Crossing]) -> None:
    columns = ("alpha", "95 % interval", "found", "degree", "p-value", "status")
    table = table_of("Where the curves meet", "curves", *columns)
    for one in found:
        curves = " and ".join(map(str, one.sizes))
        interval = "" if one.interval is None else "{:.3f} – {:.3f}".format(*one.interval)
        table.add_row(
            f"N = {curves}" + ("" if one.level is None else f" at {one.level:g}"),
            _measured(one.alpha, one.standard_error),
            interval,
            f"{one.found:.2f}",
            "" if one.degree is None else str(one.degree),
            _number(one.p_value, ".2g"),
            one.status,
        )
    if found:
        print_table(table)


def _print_onsets(found: Sequence[SizeOnset]) -> None:
    table = table_of("Onset by a line", "N", "window", "points", "alpha", "p-value", "spread")
    for size in found:
        for i, line in enumerate(size.windows):
            table.add_row(
                str(size.N),
                f"{line.window:g}",
                str(line.points),
                _measured(line.alpha, line.standard_error),
                _number(line.p_value, ".2g"),
                _number(size.spread, ".3f") if i == 0 else "",
            )
    print_table(table)


def _print_extrapolations(found: Sequence[Extrapolation]) -> None:
    columns = ("N^(-2/3)", "p-value", "1/log N", "p-value", "preferred", "theory")
    table = table_of("N → ∞", "quantity", *columns)
    for one in found:
        cells = []
        for fit in (one.power, one.logarithm):
            cells += [_measured(fit.limit, fit.standard_error), _number(fit.p_value, ".2g")]
        table.add_row(one.what, *cells, one.preferred, _number(one.expected, ".3f"))
    print_table(table)


def _measured(value: float | None, error: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.3f}" if error is None else f"{value:.3f} ± {error:.3f}"


def _number(value: float | None, digits: str) -> str:
    return "" if value is None else format(value, digits)
