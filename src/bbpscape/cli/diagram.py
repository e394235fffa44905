"""The command ``diagram``."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

import bbpscape as bb
from bbpscape.cli.common import (
    Json,
    Plot,
    Save,
    app,
    check_files,
    messages,
    print_json,
    say_written,
    write_results,
)
from bbpscape.cli.grids import parse_grid
from bbpscape.core.files import check_output_path, replacing

GRID = "A number or a grid: start:stop:count, start:stop:count:log or 1,2,4."


@app.command()
def diagram(
    p: Annotated[
        str | None,
        typer.Option("--p", help=f"Student width. {GRID} 1:20 if a list is missing, else 2."),
    ] = None,
    p_star: Annotated[str, typer.Option("--p-star", help=f"Teacher width. {GRID}")] = "1",
    a: Annotated[
        str | None,
        typer.Option(
            "--a",
            help=f"Loss normalization. {GRID} 1e-3:10:60:log if a list is missing, or 0.01.",
        ),
    ] = None,
    alpha: Annotated[
        str | None, typer.Option("--alpha", help="A grid of samples per dimension.")
    ] = None,
    csv_path: Annotated[
        Path | None, typer.Option("--csv", help="Write one row a cell to this .csv file.")
    ] = None,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Phase diagram over two of a, p, p_star and alpha: a grid for two, a number for the rest."""
    check_files(plot, save)
    if csv_path is not None and check_output_path(csv_path).suffix != ".csv":
        raise bb.InvalidInput(f"--csv must end in .csv, got {str(csv_path)!r}")
    grids: dict[str, Any] = {
        name: None if text is None else parse_grid(name, text, integer=name != "a")
        for name, text in (("p", p), ("p_star", p_star), ("a", a))
    }
    alphas = None if alpha is None else parse_grid("alpha", alpha)
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task("solving")
        result = bb.diagram(
            **grids,
            alpha=alphas,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        print_json(result.to_dict(compact=True))
    else:
        typer.echo(result.summary())
    if csv_path is not None:
        with replacing(csv_path) as temporary:
            result.to_dataframe().to_csv(temporary, index=False)
    write_results(plot, result, save, result.to_dict())
    if not as_json:
        say_written(figure=plot, data=save, table=csv_path)
