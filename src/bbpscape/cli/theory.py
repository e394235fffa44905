"""The commands ``threshold`` and ``spectrum``."""

from typing import Annotated

import typer
from rich.console import Console

import bbpscape as bb
from bbpscape.cli.common import (
    Alpha,
    Json,
    Plot,
    Save,
    app,
    check_files,
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
@with_model()
def threshold(
    model: bb.TeacherStudent,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """The BBP threshold: the α at which an outlier along the teacher leaves the bulk."""
    check_files(plot, save)
    with messages.status("solving"):
        result = bb.threshold(model)
        figure = None if plot is None else bb.overlap_curve(model)
    if as_json:
        print_json(result.to_dict())
        return write_results(plot, figure, save, result.to_dict())
    unit = "" if result.eigenvalue_unit == "1" else f" (units of {result.eigenvalue_unit})"
    table = table_of(f"BBP transition, {describe(model)}", "quantity", "value")
    limits = []
    if result.alpha_weak_recovery is not None:
        limits.append(("alpha_weak_recovery", f"{result.alpha_weak_recovery:g}"))
    if result.a_critical is not None:
        limits.append(("a_critical", f"{result.a_critical:.10g}"))
    for name, value in (
        ("alpha_bbp", f"{result.alpha_bbp:.10g}"),
        ("transition", result.transition),
        ("m2_jump", f"{result.m2_jump:.6g}"),
        (f"eigenvalue{unit}", f"{result.eigenvalue:.10g}"),
        ("alpha_0", f"{result.alpha_0:.10g}"),
        *limits,
        ("relative error", f"{result.diagnostics.quadrature_error:.1g}"),
        ("status", str(result.status)),
    ):
        table.add_row(name, value)
    print_table(table)
    write_results(plot, figure, save, result.to_dict())
    say_written(figure=plot, data=save)


@app.command()
@with_model()
def spectrum(
    model: bb.TeacherStudent,
    alpha: Alpha = 3.0,
    points: Annotated[int, typer.Option(help="Points of the density.")] = 400,
    plot: Plot = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Bulk density, edges and outliers of the Hessian at N → ∞."""
    check_files(plot, save)
    with messages.status("solving"):
        result = bb.spectrum(model, alpha, points=points)
    if as_json:
        print_json(result.to_dict())
        return write_results(plot, result, save, result.to_dict())
    unit = "" if result.eigenvalue_unit == "1" else f" (units of {result.eigenvalue_unit})"
    title = f"Spectrum, {describe(model)}, alpha = {alpha:g}"
    table = table_of(title, "feature", f"eigenvalue{unit}", "multiplicity", "m2")
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
    print_table(table)
    error = result.quadrature_error
    if error is not None:
        note = f"relative error of edges, outliers and m2: {max(error, 1e-9):.1g}"
        Console().print(note, highlight=False)
    if result.no_left_edge:
        Console().print(f"note: no left edge: {result.no_left_edge}", highlight=False)
    write_results(plot, result, save, result.to_dict())
    say_written(figure=plot, data=save)
