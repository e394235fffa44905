"""The command ``finite-size``."""

from typing import Annotated

import typer
from rich.console import Console
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
    counted,
    describe,
    messages,
    parse_model,
    print_json,
    print_table,
    say_written,
    table_of,
    write_results,
)
from bbpscape.theory.finite.scaling import finite_size_scaling


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
        result = finite_size_scaling(
            model,
            sizes,
            alpha,
            draws,
            seed,
            progress=lambda done: progress.update(task, completed=done),
        )
    if as_json:
        print_json(result.to_dict())
        return write_results(plot, result, save, result.to_dict())
    at = result.threshold
    title = (
        f"Finite N, {describe(model)}, alpha = {result.alpha:.6g}, {counted(draws, 'draw')}\n"
        f"N → ∞: alpha_bbp = {at.alpha_bbp:.6g} ({at.transition}), alpha_0 = {at.alpha_0:.6g}"
    )
    columns = ("N", "P(outlier)", "left edge", "outlier", "m2", "alpha_1/2", "truncated alpha")
    table = table_of(title, *columns)
    for law, half, truncated in zip(result.laws, result.half, result.truncated, strict=True):
        table.add_row(
            f"{law.N:,}",
            f"{law.probability:.3g} ± {law.probability_standard_error:.1g}",
            str(law.left_edge),
            str(law.outlier),
            str(law.m2),
            f"{half.alpha:.5g} ± {half.standard_error:.1g}",
            f"{truncated.alpha_bbp:.6g}",
        )
    print_table(table)
    Console().print(
        "note: outlier and m2 are means over the draws that have an outlier; "
        "half of the draws have one at alpha_1/2",
        highlight=False,
    )
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
