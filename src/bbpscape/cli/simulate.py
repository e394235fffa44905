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
    messages,
    print_json,
    say_written,
    write_results,
)
from bbpscape.cli.model_options import with_model


@app.command()
@with_model(finite=True)
def simulate(
    model: bb.TeacherStudent,
    alpha: Alpha = 3.0,
    n: Annotated[int, typer.Option("--N", help="Input dimension.")] = 1000,
    draws: Annotated[int, typer.Option(help="Number of independent draws.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    k: Annotated[int, typer.Option("--k", help="Pairs wanted; p p* + 1 at least come out.")] = 1,
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
        found = bb.eigen.cost(model, alpha, n, k)
        if as_json:
            return print_json(found.to_dict(compact=True))
        return print(found.summary())
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task("solving", total=draws)
        result = bb.simulate(
            model,
            alpha,
            n,
            draws,
            seed,
            k,
            method=method,
            tol=tol,
            dtype=dtype,
            device=device,
            stream=stream,
            phi=phi,
            workers=workers,
            progress=lambda done, _: progress.update(task, completed=done),
        )
    if as_json:
        print_json(result.to_dict(compact=True))
        return write_results(None, result, save, result.to_dict())
    print(result.summary())
    write_results(None, result, save, result.to_dict())
    say_written(data=save)
