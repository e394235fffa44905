"""The command line: parse, call, print. ``--json`` prints one JSON object and nothing else."""

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import bbpscape as bb
from bbpscape.output import check_output_path, replacing

app = typer.Typer(
    help="When, and how, the Hessian of a two-layer network begins to know its teacher.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
data = typer.Typer(help="Real inputs to compare with.", no_args_is_help=True)
app.add_typer(data, name="data")
messages = Console(stderr=True)

Width = Annotated[str, typer.Option("--p", help="Student width: a positive integer, or inf.")]
FiniteWidth = Annotated[str, typer.Option("--p", help="Student width: a positive integer.")]
TeacherWidth = Annotated[int, typer.Option("--p-star", help="Teacher width, a positive integer.")]
Normalization = Annotated[float, typer.Option("--a", help="Loss normalization a > 0.")]
Alpha = Annotated[float, typer.Option("--alpha", help="Samples per dimension, M/N > 0.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Save = Annotated[
    Path | None, typer.Option("--save", help="Write the JSON object to this .json file.")
]
Plot = Annotated[
    Path | None, typer.Option("--plot", help="Write a figure to this .png, .pdf or .svg file.")
]


@app.command()
def threshold(
    p: Width = "2",
    p_star: TeacherWidth = 1,
    a: Normalization = 0.01,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """The BBP threshold: the α at which an outlier along the teacher leaves the bulk."""
    _check_files(plot, save)
    model = _model(p, p_star, a)
    result = bb.threshold(model)
    figure = None if plot is None else bb.overlap_curve(model)
    _write(plot, figure, save, result.to_dict())
    if as_json:
        return _print_json(result.to_dict())
    unit = "" if result.eigenvalue_unit == "1" else f" (units of {result.eigenvalue_unit})"
    table = _table(f"BBP transition, {_describe(model)}", "quantity", "value")
    for name, value in (
        ("alpha_bbp", f"{result.alpha_bbp:.10g}"),
        ("transition", result.transition),
        ("m2_jump", f"{result.m2_jump:.6g}"),
        (f"eigenvalue{unit}", f"{result.eigenvalue:.10g}"),
        ("alpha_0", f"{result.alpha_0:.10g}"),
        ("alpha_weak_recovery", f"{result.alpha_weak_recovery:g}"),
        ("a_critical", f"{result.a_critical:.10g}"),
        ("status", result.diagnostics.status),
    ):
        table.add_row(name, value)
    _print(table)
    _say_written(figure=plot, data=save)


@app.command()
def spectrum(
    p: Width = "2",
    p_star: TeacherWidth = 1,
    a: Normalization = 0.01,
    alpha: Alpha = 3.0,
    points: Annotated[int, typer.Option(help="Points of the density.")] = 400,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Bulk density, edges and outliers of the Hessian at N → ∞."""
    _check_files(plot, save)
    model = _model(p, p_star, a)
    result = bb.spectrum(model, alpha, points=points)
    _write(plot, result, save, result.to_dict())
    if as_json:
        return _print_json(result.to_dict())
    unit = "" if result.eigenvalue_unit == "1" else f" (units of {result.eigenvalue_unit})"
    title = f"Spectrum, {_describe(model)}, alpha = {alpha:g}"
    table = _table(title, "feature", f"eigenvalue{unit}", "multiplicity", "m2")
    table.add_row(f"left edge, {result.left_edge.kind}", f"{result.left_edge.value:.8g}", "", "")
    table.add_row(f"right edge, {result.right_edge.kind}", f"{result.right_edge.value:.8g}", "", "")
    if result.atom:
        table.add_row(f"atom of mass {result.atom:.6g}", "0", "", "")
    for outlier in result.outliers:
        table.add_row(
            f"{outlier.direction} outlier",
            f"{outlier.eigenvalue:.8g}",
            f"{outlier.multiplicity:g}",
            f"{outlier.m2:.6g}",
        )
    _print(table)
    _say_written(figure=plot, data=save)


@app.command()
def compare(
    p: FiniteWidth = "2",
    p_star: TeacherWidth = 1,
    a: Normalization = 0.01,
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
    _check_files(plot, save)
    model = _model(p, p_star, a)
    rows = None
    if inputs is not None:
        rows = bb.prepare_inputs(bb.load_inputs(inputs), whiten=whiten, equal_norms=equal_norms)
    elif not whiten or equal_norms:
        raise bb.InvalidInput("--no-whiten and --equal-norms need --inputs FILE.npy")
    elif n is None:
        n = 1000
    with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task("diagonalizing", total=draws)
        result = bb.compare(
            model,
            alpha,
            N=n,
            draws=draws,
            seed=seed,
            inputs=rows,
            progress=lambda done: progress.update(task, completed=done),
        )
    _write(plot, result, save, result.to_dict())
    if as_json:
        return _print_json(result.to_dict())
    title = f"{_describe(model)}, alpha = {result.alpha:g}, N = {result.N}, {result.draws} draws"
    columns = ("quantity", "N → ∞", "finite N", "measured", "± s.e.", "z", "z (finite N)")
    table = _table(f"{title}\ninputs: {result.inputs}", *columns)
    for row in result.rows:
        numbers = (row.theory, row.finite_size, row.measured, row.standard_error)
        scores = (row.z, row.z_finite_size)
        cells = ["" if value is None else f"{value:.4g}" for value in numbers]
        cells += ["" if value is None else f"{value:+.1f}" for value in scores]
        table.add_row(row.quantity, *cells)
    _print(table)
    for note in result.notes:
        Console().print(f"note: {note}", highlight=False)
    _say_written(figure=plot, data=save)


@data.command()
def patches(
    out: Annotated[Path, typer.Option(help="The .npy file to write.")],
    size: Annotated[int, typer.Option(help="Side in pixels; N is its square.")] = 12,
    count: Annotated[int | None, typer.Option(help="Number of patches; 20 N by default.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the places.")] = 0,
    contrast: Annotated[
        bool, typer.Option("--contrast", help="Give every patch the same standard deviation.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Natural-image patches cut from photographs that ship with scikit-image."""
    if check_output_path(out).suffix != ".npy":
        raise bb.InvalidInput(f"--out must end in .npy, got {str(out)!r}")
    rows = bb.photograph_patches(size, count, seed, contrast=contrast)
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.save(file, rows)
    if as_json:
        return _print_json({"out": str(out), "rows": len(rows), "N": rows.shape[1]})
    Console().print(f"{len(rows)} patches of {size} × {size} pixels in {out}", highlight=False)


def _model(p: str, p_star: int, a: float) -> bb.TeacherStudent:
    try:
        width: float = math.inf if p.lower() == "inf" else int(p)
    except ValueError:
        raise bb.InvalidInput(f"p must be a positive integer or inf, got {p!r}") from None
    return bb.TeacherStudent(width, p_star, bb.NormalizedSquare(a))


def _describe(model: bb.TeacherStudent) -> str:
    return f"p = {model.p:g}, p* = {model.p_star}, a = {model.loss.a:g}"


def _check_files(plot: Path | None, save: Path | None) -> None:
    if plot is not None:
        bb.plots.check_figure_path(plot)
    if save is not None and check_output_path(save).suffix != ".json":
        raise bb.InvalidInput(f"--save must end in .json, got {str(save)!r}")


def _write(plot: Path | None, figure: object, save: Path | None, values: dict[str, Any]) -> None:
    if plot is not None:
        bb.plots.save(bb.plots.plot(figure), plot)
    if save is not None:
        with replacing(save) as temporary:
            temporary.write_text(json.dumps(values, allow_nan=False) + "\n")


def _table(title: str, *columns: str) -> Table:
    """A plain table whose numbers are right-aligned and whose first column says what they are."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        table.add_column(name, no_wrap=True, justify="right" if index else "left")
    return table


def _print(table: Table) -> None:
    # A table narrower than its numbers would drop digits: let the terminal wrap it instead.
    console = Console()
    needed = console.measure(table, options=console.options.update(max_width=1000)).maximum
    Console(width=max(console.width, needed)).print(table)


def _say_written(**paths: Path | None) -> None:
    for kind, path in paths.items():
        if path is not None:
            Console().print(f"{kind}: {path}", highlight=False, soft_wrap=True)


def _print_json(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values, allow_nan=False) + "\n")


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and exit status 2."""
    try:
        status = app(standalone_mode=False)
    except bb.InvalidInput as error:
        sys.exit(_fail(str(error), 2))
    except bb.NoConvergence as error:
        sys.exit(_fail(str(error), 1))
    except typer.TyperException as error:
        sys.exit(_fail(error.format_message(), 2))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    # typer turns Ctrl-C into this status.
    sys.exit(_fail("interrupted, nothing was written", 130) if status == 130 else status or 0)


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    sys.stderr.write(f"bbpscape: {line}\n")
    return status
