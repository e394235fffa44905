"""The command ``compare``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

import bbpscape as bb
from bbpscape.cli.common import (
    Alpha,
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
from bbpscape.cli.model_options import with_model


@app.command()
@with_model(finite=True)
def compare(
    model: bb.TeacherStudent,
    alpha: Alpha = 3.0,
    n: Annotated[int | None, typer.Option("--N", help="Input dimension.")] = None,
    draws: Annotated[int, typer.Option(help="Number of independent draws.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    inputs: Annotated[
        Path | None, typer.Option(help="Rows of your own data, a .npy file; N is their length.")
    ] = None,
    whiten: Annotated[
        bool, typer.Option(help="Whiten --inputs; without it the isotropic theory need not hold.")
    ] = True,
    equal_norms: Annotated[
        bool, typer.Option("--equal-norms", help="Scale every row of --inputs to norm 1.")
    ] = False,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Theory and simulation side by side, with standard errors and z-scores."""
    check_files(plot, save)
    rows = None
    if inputs is not None:
        rows = bb.data.prepare(bb.data.load_inputs(inputs), whiten=whiten, equal_norms=equal_norms)
    elif not whiten or equal_norms:
        raise bb.InvalidInput("--no-whiten and --equal-norms need --inputs FILE.npy")
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task("diagonalizing", total=draws)
        result = bb.compare(
            model,
            alpha,
            N=n,
            draws=draws,
            seed=seed,
            inputs=rows,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        print_json(result.to_dict(compact=True))
        return write_results(plot, result, save, result.to_dict())
    typer.echo(result.summary())
    write_results(plot, result, save, result.to_dict())
    say_written(figure=plot, data=save)
