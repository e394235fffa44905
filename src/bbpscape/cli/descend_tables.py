"""The tables of the command ``descend``."""

from rich.console import Console

from bbpscape.cli.common import describe, messages, print_table, table_of
from bbpscape.experiments.descend import Descent, start_name
from bbpscape.experiments.hessian_along import DescentHessian
from bbpscape.experiments.photograph import Photograph
from bbpscape.experiments.recovery import RecoveryCurve


def print_descent(result: Descent) -> None:
    title = f"{describe(result.model)}, alpha = {result.alpha:g}, N = {result.N}"
    title += f"\n{result.rule.method}, {start_name(result.start)}"
    table = table_of(
        title, "draw", "status", "step", "loss/M", "gen. error", "m2", "largest", "recovered at"
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


def print_hessian(result: DescentHessian) -> None:
    print_descent(result.descent)
    names = ("step", "student m2", "outlier", "next", "m2", "edge", "outlier", "m2")
    table = table_of("Hessian: measured | theory of an independent student", *names)

    def known(value: float | None) -> str:
        return "" if value is None else f"{value:.4g}"

    for one in result.steps:
        table.add_row(
            str(one.step),
            f"{one.student_m2:.4f}",
            f"{one.outlier:.4g} ± {one.outlier_error:.2g}",
            f"{one.above:.4g} ± {one.above_error:.2g}",
            f"{one.m2:.3f} ± {one.m2_error:.2g}",
            *map(known, (one.theory_edge, one.theory_lowest, one.theory_m2)),
        )
    print_table(table)
    for note in dict.fromkeys(one.note for one in result.steps if one.note):
        Console().print(f"note: {note}", highlight=False)


def print_curve(result: RecoveryCurve) -> None:
    for line in result.lines:
        title = f"{start_name(line.start)}, p = {line.p}, N = {result.N}"
        if (at := result.thresholds.get(line.p)) is not None:
            title += f", alpha_BBP = {at.alpha_bbp:.4g} ({at.transition})"
            title += f", alpha_0 = {at.alpha_0:.4g}" * (at.transition == "discontinuous")
        ends = ("interval low", "interval high")
        table = table_of(title, "alpha", "recovered", *ends, "largest m2", "median step")
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
    for note in result.notes:
        Console().print(f"note: {note}", highlight=False)
    if result.failed:
        messages.print(f"bbpscape: {result.failed} points failed", highlight=False)


def print_photograph(result: Photograph) -> None:
    title = f"{result.which}, {result.side} × {result.side} pixels, alpha = {result.alpha:g}"
    table = table_of(title, "start", "m2 at first", "m2 at last", "status", "step")
    for one in result.recoveries:
        path = one.trajectory
        table.add_row(
            one.name, f"{one.begin_m2:.4f}", f"{one.m2:.4f}", path.status, str(path.step[-1])
        )
    print_table(table)
