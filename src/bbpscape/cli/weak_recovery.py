"""The command ``weak-recovery``."""

import math
from typing import Annotated, Any

import typer

from bbpscape.cli.common import (
    Json,
    Save,
    TeacherWidth,
    app,
    check_files,
    print_json,
    print_table,
    say_written,
    table_of,
    write_results,
)
from bbpscape.core.checks import positive
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.method import (
    SpectralThreshold,
    best_threshold,
    spectral_overlap,
    spectral_threshold,
)
from bbpscape.theory.spectral.preprocessing import (
    mondelli_montanari,
    optimal,
    subset,
    trimming,
)
from bbpscape.theory.spectral.weak_recovery import weak_recovery as weak_recovery_of

LabelNoise = Annotated[
    float, typer.Option("--label-noise", help="Variance of the Gaussian noise on the labels.")
]
OptionalAlpha = Annotated[
    float | None, typer.Option("--alpha", help="Also give m² at this M/N > 0.")
]
Cut = Annotated[
    float | None, typer.Option(help="Its t; by default the t with the lowest threshold.")
]


@app.command()
def weak_recovery(
    p_star: TeacherWidth = 1,
    label_noise: LabelNoise = 0.0,
    alpha: OptionalAlpha = None,
    trimming_t: Cut = None,
    subset_t: Cut = None,
    save: Save = None,
    as_json: Json = False,
) -> None:
    """Weak recovery of a quadratic teacher, and the thresholds of spectral initializations."""
    check_files(None, save)
    channel = QuadraticTeacher(p_star, label_noise)
    if alpha is not None:
        alpha = positive("alpha", alpha)
    limit = weak_recovery_of(channel)
    rows: list[dict[str, Any]] = []

    def add(preprocessing: Any, result: SpectralThreshold, t: float | None = None) -> None:
        row = result.to_dict() | {"t": t}
        if alpha is not None:
            row["at_alpha"] = spectral_overlap(channel, preprocessing, alpha).to_dict()
        rows.append(row)

    best = optimal(channel)
    add(best, spectral_threshold(channel, best))
    width = math.sqrt(2 / p_star + label_noise)
    for family, given, low, high in (
        (trimming, trimming_t, 0.2, 1 + 20 * width),
        (subset, subset_t, 0.1, 1 + 10 * width),
    ):
        if given is None:
            t, result = best_threshold(channel, family, low, high)
        else:
            t, result = given, spectral_threshold(channel, family(given))
        add(family(t), result, t)
    if alpha is not None and alpha > limit.alpha:
        tuned = mondelli_montanari(channel, alpha)
        add(tuned, spectral_threshold(channel, tuned))
    values = {
        "channel": channel.to_dict(),
        "weak_recovery": limit.to_dict(),
        "alpha": alpha,
        "preprocessings": rows,
    }
    if as_json:
        print_json(values)
        return write_results(None, None, save, values)
    title = f"Weak recovery, p* = {p_star}, label noise = {label_noise:g}"
    columns = ["T", "t", "alpha", "transition", "m2_jump"]
    if alpha is not None:
        columns += [f"m2 at alpha = {alpha:g}", "eigenvalue", "right edge"]
    table = table_of(title, *columns)
    table.add_row("information limit", "", f"{limit.alpha:.8g}", *[""] * (len(columns) - 3))
    for row in rows:
        cells = [row["preprocessing"], _number(row["t"]), _number(row["alpha"])]
        cells += [row["transition"], _number(row["m2_jump"])]
        if alpha is not None:
            found = row["at_alpha"]
            cells += [
                _number(x) for x in (found["m2"], found["eigenvalue"], found["edge"]["value"])
            ]
        table.add_row(*cells)
    print_table(table)
    write_results(None, None, save, values)
    say_written(data=save)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
