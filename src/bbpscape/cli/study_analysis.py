"""The command ``study analyse``."""

from typing import Annotated

import typer

import bbpscape as bb
from bbpscape.cli.common import (
    Json,
    Plot,
    Save,
    check_files,
    print_json,
    say_written,
    write_results,
)
from bbpscape.cli.study import Any_, Where, commands, conditions
from bbpscape.core.grids import parse_grid


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
    if as_json:
        print_json(result.to_dict(compact=True))
        return write_results(plot, result, save, result.to_dict())
    typer.echo(result.summary())
    write_results(plot, result, save, result.to_dict())
    say_written(figure=plot, data=save)
