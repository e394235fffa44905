"""The command ``finite-size``."""

from typing import Annotated

import typer
from rich.progress import Progress

import bbpscape as bb
from bbpscape.cli.common import (
    FiniteWidth,
    Json,
    Normalization,
    Plot,
    Save,
    TeacherWidth,
    app,
    check_files,
    messages,
    parse_model,
    print_json,
    say_written,
    write_results,
)


@app.command("finite-size")
def finite_size(
    p: FiniteWidth = "1",
    p_star: TeacherWidth = 1,
    a: Normalization = 2.0,
    alpha: Annotated[
        float | None, typer.Option("--alpha", help="Samples per dimension; alpha_bbp by default.")
    ] = None,
    n: Annotated[
        str, typer.Option("--N", help="Input dimensions, with commas: 1e2,1e3,1e4.")
    ] = "1e2,1e3,1e4,1e5",
    draws: Annotated[int, typer.Option(help="Number of independent draws of the labels.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """The left edge, the outlier and its overlap at finite N, over draws of the labels."""
    check_files(plot, save)
    model, sizes = parse_model(p, p_star, a), parse_sizes(n)
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task("solving", total=len(sizes))
        result = bb.finite_size(
            model,
            alpha,
            sizes,
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


def parse_sizes(text: str) -> list[int]:
    """'1e2,300' → [100, 300]: positive integers, increasing."""
    sizes = []
    for part in text.split(","):
        try:
            value = float(part)
        except ValueError:
            value = 0.5
        if not (value.is_integer() and value >= 1):
            raise bb.InvalidInput(
                f"N must be positive integers separated by commas, as in 1e2,1e3, got {part!r}"
            )
        sizes.append(int(value))
    if sorted(set(sizes)) != sizes:
        raise bb.InvalidInput(f"N must increase along the list, got {text!r}")
    return sizes
