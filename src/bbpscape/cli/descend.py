"""The command ``descend``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

import bbpscape as bb
from bbpscape.cli.common import (
    Activation,
    Delta,
    Flip,
    Json,
    LabelNoise,
    Loss,
    Normalization,
    Overlap,
    Plot,
    Save,
    SecondLayer,
    TeacherWidth,
    app,
    check_files,
    describe,
    messages,
    parse_model,
    print_json,
    print_table,
    say_written,
    table_of,
    write_results,
)
from bbpscape.cli.grids import parse_grid
from bbpscape.study.descent_photograph import photograph as make_photograph


@app.command()
def descend(
    p: Annotated[str, typer.Option("--p", help="Student width; a list as 1,2,4 of a curve.")] = "4",
    p_star: TeacherWidth = 1,
    a: Normalization = 0.01,
    alpha: Annotated[
        str, typer.Option("--alpha", help="Samples per dimension; from:to:count of a curve.")
    ] = "2",
    n: Annotated[int, typer.Option("--N", help="Input dimension.")] = 1000,
    draws: Annotated[int, typer.Option(help="Number of independent draws.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    start: Annotated[
        str, typer.Option(help="random, hessian, spectral or overlap; a list of a curve.")
    ] = "random",
    method: Annotated[str, typer.Option(help="gd, momentum or flow.")] = "gd",
    sphere: Annotated[
        bool, typer.Option("--sphere", help="Keep every neuron at radius √N.")
    ] = False,
    steps: Annotated[int, typer.Option(help="Budget of gradients a draw.")] = 2000,
    step: Annotated[
        float | None, typer.Option(help="Step size; by default from the Hessian.")
    ] = None,
    beta: Annotated[float, typer.Option(help="Of momentum.")] = 0.9,
    tolerance: Annotated[
        float, typer.Option(help="Gradient over the first one at convergence.")
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
    side: Annotated[int, typer.Option(help="Pixels of the photograph's side.")] = 64,
    activation: Activation = "quadratic",
    loss: Loss = "normalized-square",
    delta: Delta = 1.0,
    label_noise: LabelNoise = 0.0,
    flip: Flip = 0.0,
    second_layer: SecondLayer = "",
    overlap: Overlap = "0",
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
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
    rule = bb.DescentRule(method, sphere, steps, step, beta, tolerance, recovery, until_recovery)
    widths = _integers("p", p)
    options = (activation, loss, delta, label_noise, flip, second_layer, overlap)
    model = parse_model(str(widths[0]), p_star, a, *options)
    alphas = parse_grid("alpha", alpha)
    if curve:
        alphas = alphas if isinstance(alphas, list) else [alphas]
        _refuse_for_curve(rule)
        starts = [part.strip() for part in start.split(",")]
        with _progress("descending", None) as tell:
            result: Any = bb.recovery_curve(
                model,
                alphas,
                widths,
                starts,
                n,
                draws,
                seed,
                rule,
                dtype=dtype,
                path=study,
                workers=workers,
                progress=lambda s: tell(s.done + s.failed, s.done + s.failed + s.left),
            )
        return _report(result, _print_curve, plot, save, as_json)
    if isinstance(alphas, list) or len(widths) > 1:
        raise bb.InvalidInput("alpha and p take one value each without --curve")
    if photograph:
        with _progress("descending", 4) as tell:
            result = make_photograph(
                side, alphas, widths[0], a, seed=seed, rule=rule, progress=tell
            )
        return _report(result, _print_photograph, plot, save, as_json)
    if hessian:
        with _progress("descending", draws) as tell:
            result = bb.hessian_along(
                model,
                alphas,
                n,
                _integers("hessian", hessian),
                draws,
                seed,
                start,
                rule,
                workers=workers,
                progress=tell,
            )
        return _report(result, _print_hessian, plot, save, as_json)
    with _progress("descending", draws) as tell:
        result = bb.descent(
            model,
            alphas,
            n,
            draws,
            seed,
            start,
            rule,
            dtype=dtype,
            device=device,
            workers=workers,
            progress=tell,
        )
    _report(result, _print_descent, plot, save, as_json)


def _refuse_for_curve(rule: bb.DescentRule) -> None:
    kept = bb.DescentRule(rule.method, rule.sphere, rule.steps, until_recovery=rule.until_recovery)
    if rule != kept:
        raise bb.InvalidInput("a curve takes method, sphere and steps, and defaults for the rest")


def _integers(name: str, text: str) -> list[int]:
    try:
        values = [int(part) for part in text.split(",")]
    except ValueError:
        raise bb.InvalidInput(f"{name} must be integers with commas, got {text!r}") from None
    if name == "p" and min(values) < 1:
        raise bb.InvalidInput(f"p must be a positive integer, got {text!r}")
    return values


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Callable[..., None]]:
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def tell(done: int, of: int | None = total) -> None:
            bar.update(task, completed=done, total=of)

        yield tell


def _report(
    result: Any,
    show: Callable[[Any], None],
    plot: Path | None,
    save: Path | None,
    as_json: bool,
) -> None:
    if as_json:
        print_json(result.to_dict())
        return write_results(plot, result, save, result.to_dict())
    show(result)
    write_results(plot, result, save, result.to_dict())
    say_written(figure=plot, data=save)


def _print_descent(result: bb.Descent) -> None:
    title = f"{describe(result.model)}, alpha = {result.alpha:g}, N = {result.N}"
    title += f"\n{result.rule.method}, {result.start} start"
    table = table_of(
        title, "draw", "ended by", "step", "loss/M", "gen. error", "m2", "largest", "recovered at"
    )
    for index, one in enumerate(result.trajectories):
        table.add_row(
            str(index),
            one.status,
            str(one.step[-1]),
            f"{one.loss[-1]:.3g}",
            f"{one.generalization[-1]:.3g}",
            f"{one.m2[-1]:.4f}",
            f"{one.largest_m2:.4f}",
            "" if one.recovered_step is None else str(one.recovered_step),
        )
    print_table(table)
    low, high = result.recovered.interval
    Console().print(
        f"recovered: {result.recovered.count} of {result.recovered.of} "
        f"(fraction {low:.3f} to {high:.3f})",
        highlight=False,
    )


def _print_hessian(result: bb.DescentHessian) -> None:
    _print_descent(result.descent)
    names = ("step", "student m2", "lowest", "next", "m2", "edge", "lowest", "m2")
    table = table_of("Hessian: measured | theory of an independent student", *names)

    def known(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    for one in result.steps:
        table.add_row(
            str(one.step),
            f"{one.student_m2:.4f}",
            f"{one.lowest:.4g} ± {one.lowest_error:.2g}",
            f"{one.above:.4g} ± {one.above_error:.2g}",
            f"{one.m2:.3f} ± {one.m2_error:.2g}",
            *map(known, (one.theory_edge, one.theory_lowest, one.theory_m2)),
        )
    print_table(table)


def _print_curve(result: bb.RecoveryCurve) -> None:
    for line in result.lines:
        title = f"{line.start} start, p = {line.p}, N = {result.N}"
        if (at := result.thresholds.get(line.p)) is not None:
            title += f", alpha_BBP = {at.alpha_bbp:.4g} ({at.transition})"
            title += f", alpha_0 = {at.alpha_0:.4g}" * (at.transition == "discontinuous")
        table = table_of(title, "alpha", "recovered", "from", "to", "largest m2", "median step")
        rows = zip(
            line.alphas,
            line.recovered,
            line.mean_m2,
            line.m2_error,
            line.recovery_step,
            strict=True,
        )
        for x, share, m2, error, median in rows:
            table.add_row(
                f"{x:.4g}",
                f"{share.count}/{share.of}",
                f"{share.interval[0]:.3f}",
                f"{share.interval[1]:.3f}",
                f"{m2:.3f} ± {error:.3f}",
                "" if median is None else f"{median:.0f}",
            )
        print_table(table)
    if result.weak_recovery is not None:
        Console().print(f"weak recovery is possible from {result.weak_recovery:g}", highlight=False)
    if result.failed:
        messages.print(f"bbpscape: {result.failed} points failed", highlight=False)


def _print_photograph(result: Any) -> None:
    title = f"{result.which}, {result.side} × {result.side} pixels, alpha = {result.alpha:g}"
    table = table_of(title, "start", "m2 at first", "m2 at last", "ended by", "step")
    for one in result.recoveries:
        path = one.trajectory
        table.add_row(
            one.name, f"{one.begin_m2:.4f}", f"{one.m2:.4f}", path.status, str(path.step[-1])
        )
    print_table(table)
