"""The command ``descend``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from bbpscape.cli.model_options import integers, with_model
from bbpscape.core.grids import parse_grid


@app.command()
@with_model(widths="4")
def descend(
    model: bb.TeacherStudent,
    widths: list[int],
    alpha: Annotated[
        str, typer.Option("--alpha", help="Samples per dimension; start:stop:count with --curve.")
    ] = "2",
    n: Annotated[int | None, typer.Option("--N", help="Input dimension; by default 1000.")] = None,
    draws: Annotated[
        int | None, typer.Option(help="Number of independent draws; by default 20.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    start: Annotated[
        str, typer.Option(help="random, hessian, spectral or overlap; with --curve a comma list.")
    ] = "random",
    method: Annotated[str, typer.Option(help="gd, momentum or flow.")] = "gd",
    sphere: Annotated[
        bool, typer.Option("--sphere", help="Keep every neuron at radius √N.")
    ] = False,
    steps: Annotated[int, typer.Option(help="Budget of steps a draw.")] = 2000,
    step: Annotated[
        float | None,
        typer.Option(help="Step size η; by default 1/λ_max of the Hessian, renewed on the way."),
    ] = None,
    beta: Annotated[float, typer.Option(help="Momentum β, from 0 to below 1.")] = 0.9,
    tolerance: Annotated[
        float, typer.Option(help="Stop when |∇L| has fallen to this times its first value.")
    ] = 1e-5,
    recovery: Annotated[float, typer.Option(help="m2 that counts as recovered.")] = 0.9,
    until_recovery: Annotated[
        bool, typer.Option("--until-recovery", help="Stop a draw when it has recovered.")
    ] = False,
    hessian: Annotated[
        str, typer.Option("--hessian", help="Steps at which the Hessian is solved: 0,10,100.")
    ] = "",
    curve: Annotated[
        bool, typer.Option("--curve", help="Success against alpha, for lists of p and start.")
    ] = False,
    study: Annotated[
        Path | None, typer.Option("--study", help="Keep a curve in this .toml study; resumable.")
    ] = None,
    photograph: Annotated[
        bool, typer.Option("--photograph", help="Recover a photograph, from four starts.")
    ] = False,
    side: Annotated[
        int | None, typer.Option(help="Pixels of the photograph's side; by default 64.")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="float64, or float32 as by default for a photograph.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or torch-cpu.")] = "cpu",
    workers: Annotated[
        int | None, typer.Option(help="Processes; by default as many as pay.")
    ] = None,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Gradient descent on the empirical loss: does it find the teacher?"""
    check_files(plot, save)
    if curve + photograph + bool(hessian) > 1:
        raise bb.InvalidInput("--curve, --photograph and --hessian do not go together")
    if study is not None and not curve:
        raise bb.InvalidInput("--study goes with --curve")
    if side is not None and not photograph:
        raise bb.InvalidInput("--side goes with --photograph")
    rule = bb.DescentRule(method, sphere, steps, step, beta, tolerance, recovery, until_recovery)
    grid = parse_grid("alpha", alpha)
    alphas = grid if isinstance(grid, list) else [grid]
    if not curve and (len(alphas) > 1 or len(widths) > 1):
        raise bb.InvalidInput("alpha and p take one value each without --curve")
    if photograph:
        if (n, draws, workers, start) != (None, None, None, "random"):
            raise bb.InvalidInput("--photograph goes without --N, --draws, --workers and --start")
        if not model.is_reference or model.p_star > 1:
            raise bb.InvalidInput("--photograph takes --p and --a alone of the model")
        with _progress("descending", 4) as tell:
            result: Any = bb.photograph(
                alphas[0],
                64 if side is None else side,
                widths[0],
                model.normalization,
                seed=seed,
                rule=rule,
                dtype="float32" if dtype is None else dtype,
                device=device,
                progress=tell,
            )
        return _report(result, plot, save, as_json)
    n, draws = 1000 if n is None else n, 20 if draws is None else draws
    options: dict[str, Any] = {
        "N": n,
        "draws": draws,
        "seed": seed,
        "rule": rule,
        "dtype": "float64" if dtype is None else dtype,
        "device": device,
        "workers": workers,
    }
    if curve:
        _refuse_for_curve(rule)
        starts = [part.strip() for part in start.split(",")]
        with _progress("descending", None) as tell:
            result = bb.recovery(
                model,
                alphas,
                p=widths,
                start=starts,
                path=study,
                progress=tell,
                **options,
            )
        return _report(result, plot, save, as_json)
    with _progress("descending", draws) as tell:
        if hessian:
            chosen = _steps(hessian)
            result = bb.hessian_along(
                model, alphas[0], at=chosen, start=start, progress=tell, **options
            )
        else:
            result = bb.descend(model, alphas[0], start=start, progress=tell, **options)
    _report(result, plot, save, as_json)


def _steps(text: str) -> list[int]:
    try:
        chosen = integers("hessian", text)
    except bb.InvalidInput:
        chosen = [-1]
    if chosen[0] < 0:
        raise bb.InvalidInput(
            f"--hessian must be steps, integers of at least 0 in increasing order, got {text!r}"
        )
    return chosen


def _refuse_for_curve(rule: bb.DescentRule) -> None:
    kept = bb.DescentRule(rule.method, rule.sphere, rule.steps, until_recovery=rule.until_recovery)
    if rule != kept:
        raise bb.InvalidInput("a curve takes method, sphere and steps, and defaults for the rest")


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Callable[..., None]]:
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def tell(done: int, of: int | None = total) -> None:
            bar.update(task, completed=done, total=of)

        yield tell


def _report(result: bb.Result, plot: Path | None, save: Path | None, as_json: bool) -> None:
    if as_json:
        print_json(result.to_dict(compact=True))
        return write_results(plot, result, save, result.to_dict())
    typer.echo(result.summary())
    write_results(plot, result, save, result.to_dict())
    say_written(figure=plot, data=save)
