"""The command ``simulate``."""

from typing import Annotated

import typer
from rich.progress import Progress

import bbpscape as bb
from bbpscape.cli.common import (
    Alpha,
    Json,
    Save,
    app,
    check_files,
    counted,
    describe,
    messages,
    print_json,
    print_table,
    say_written,
    table_of,
    write_results,
)
from bbpscape.cli.model_options import with_model


@app.command()
@with_model(finite=True)
def simulate(
    model: bb.TeacherStudent,
    alpha: Alpha = 3.0,
    n: Annotated[int, typer.Option("--N", help="Input dimension.")] = 1000,
    k: Annotated[int, typer.Option("--k", help="Pairs wanted; p p* + 1 at least come out.")] = 1,
    draws: Annotated[int, typer.Option(help="Number of independent draws.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    method: Annotated[str, typer.Option(help="auto, dense or iterative.")] = "auto",
    tol: Annotated[float, typer.Option(help="Residual over the largest |eigenvalue|.")] = 1e-8,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    device: Annotated[str, typer.Option(help="cpu, cuda or torch-cpu.")] = "cpu",
    stream: Annotated[
        bool, typer.Option("--stream", help="Make the inputs anew instead of holding them.")
    ] = False,
    phi: Annotated[
        bool, typer.Option("--phi", help="Decide where the largest teacher overlap is.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes for small draws; by default as many as pay.")
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Print what each method would cost, and stop.")
    ] = False,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """The lowest eigenpairs of finite-N Hessians, each with a certificate."""
    check_files(None, save)
    if cost:
        return _print_cost(bb.eigen.simulation_cost(model, alpha, n, k), as_json)
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task("solving", total=draws)
        result = bb.simulation(
            model,
            alpha,
            n,
            k,
            draws,
            seed,
            method=method,
            tol=tol,
            dtype=dtype,
            device=device,
            stream=stream,
            phi=phi,
            workers=workers,
            progress=lambda done: progress.update(task, completed=done),
        )
    if as_json:
        print_json(result.to_dict())
        return write_results(None, result, save, result.to_dict())
    title = f"{describe(model)}, alpha = {result.alpha:g}, N = {result.N}, {counted(draws, 'draw')}"
    table = table_of(title, "draw", "lowest", "gap", "m2", "residual", "products", "s", "status")
    for index, one in enumerate(result.draws):
        gap = "" if one.gap is None else f"{one.gap:.4g}"
        status = one.method if one.converged else f"{one.method}, NOT CONVERGED"
        verdict = {True: "none missed", False: "MISSED ONE", None: "not certified"}
        table.add_row(
            str(index),
            f"{one.eigenvalues[0]:.8g}",
            gap,
            f"{one.total_m2:.4g}",
            f"{one.residuals.max():.1e}",
            str(one.products),
            f"{one.seconds:.3g}",
            f"{status}, {verdict[one.certificate.passed]}",
        )
    print_table(table)
    write_results(None, result, save, result.to_dict())
    say_written(data=save)


def _print_cost(model: bb.eigen.CostModel, as_json: bool) -> None:
    values = model.to_dict()
    if as_json:
        return print_json(values)
    table = table_of(f"p = {model.p}, N = {model.N}, M = {model.M}", "method", "s", "GiB")
    for name in ("dense", "iterative"):
        chosen = " (chosen)" if values["choice"] == name else ""
        memory = values[f"{name}_bytes"] / 2**30
        table.add_row(name + chosen, f"{values[f'{name}_seconds']:.3g}", f"{memory:.3g}")
    print_table(table)
