"""The command ``methods``."""

from typing import Annotated

import numpy as np
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
from bbpscape.cli.model_options import with_model


@app.command()
@with_model(finite=True)
def methods(
    model: bb.TeacherStudent,
    alpha: Annotated[
        str, typer.Option("--alpha", help="start:stop:count, or values with commas.")
    ] = "0.5:4:8",
    n: Annotated[int, typer.Option("--N", help="Input dimension.")] = 500,
    draws: Annotated[int, typer.Option(help="Number of independent draws.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Overlap with the teacher against α: the Hessian beside real spectral methods."""
    check_files(plot, save)
    alphas = parse_alphas(alpha)
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task("diagonalizing", total=draws * len(alphas))
        result = bb.methods(
            model,
            alphas,
            n,
            draws,
            seed,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        print_json(result.to_dict(compact=True))
        return write_results(plot, result, save, result.to_dict())
    typer.echo(result.summary())
    write_results(plot, result, save, result.to_dict())
    say_written(figure=plot, data=save)


def parse_alphas(text: str) -> list[float]:
    """'0.3:3:10' → ten values from 0.3 to 3; '1,2' → [1, 2]."""
    try:
        if ":" in text:
            low, high, count = text.split(":")
            if not 2 <= int(count) <= 1000:
                raise ValueError
            return np.linspace(float(low), float(high), int(count)).tolist()
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise bb.InvalidInput(
            f"alpha must be start:stop:count or values with commas, got {text!r}"
        ) from None
