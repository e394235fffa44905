"""The command ``diagram``."""

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import Progress
from rich.table import Table

import bbpscape as bb
from bbpscape.cli.common import (
    Json,
    Plot,
    Save,
    app,
    check_files,
    messages,
    print_json,
    print_table,
    say_written,
    table_of,
    write_results,
)
from bbpscape.cli.grids import parse_grid
from bbpscape.core.files import check_output_path, replacing
from bbpscape.theory.diagram import Diagram

GRID = "A number or a grid: start:stop:count, start:stop:count:log or 1,2,4."


@app.command()
def diagram(
    a: Annotated[str, typer.Option("--a", help=f"Loss normalization. {GRID}")] = "1e-3:10:60:log",
    p: Annotated[
        str | None,
        typer.Option("--p", help=f"Student width. {GRID} 1:20 by default, 2 with --alpha."),
    ] = None,
    p_star: Annotated[str, typer.Option("--p-star", help=f"Teacher width. {GRID}")] = "1",
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
    grids = {"a": parse_grid("a", a)}
    width = ("1:20" if alpha is None else "2") if p is None else p
    grids |= {k: parse_grid(k, v, integer=True) for k, v in (("p", width), ("p_star", p_star))}
    alphas = None if alpha is None else parse_grid("alpha", alpha)
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task("solving")
        result = bb.diagram(
            **grids,
            alpha=alphas,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    values = result.to_dict()
    if as_json:
        print_json(values)
    else:
        print_table(_summary(result))
    if csv_path is not None:
        names, rows = result.rows()
        with replacing(csv_path) as temporary, temporary.open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(names)
            writer.writerows([["" if np.isnan(v) else repr(v) for v in row] for row in rows])
    write_results(plot, result, save, values)
    if not as_json:
        say_written(figure=plot, data=save, table=csv_path)


def _summary(result: Diagram) -> Table:
    fixed = ", ".join(f"{name} = {value:g}" for name, value in result.fixed.items())
    title = f"Diagram over {result.x_name} and {result.y_name}, {fixed}"
    table = table_of(title, "quantity", "lowest", "highest")
    for name, axis in ((result.x_name, result.x), (result.y_name, result.y)):
        table.add_row(f"{name}, {axis.size} values", f"{axis[0]:.6g}", f"{axis[-1]:.6g}")
    for name, field in result.fields.items():
        if np.isfinite(field).any():
            table.add_row(name, f"{np.nanmin(field):.6g}", f"{np.nanmax(field):.6g}")
    for name, column in result.lines.get("critical", {}).items():
        table.add_row(f"{name} where the kind changes", f"{min(column):.6g}", f"{max(column):.6g}")
    table.add_row("status", result.status, "")
    return table
