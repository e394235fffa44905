"""What the commands share: the application, its options, tables and files."""

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

import bbpscape as bb
from bbpscape.core.files import check_output_path, replacing

app = typer.Typer(
    help="When, and how, the Hessian of a two-layer network begins to know its teacher.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
messages = Console(stderr=True)

Width = Annotated[str, typer.Option("--p", help="Student width: a positive integer, or inf.")]
FiniteWidth = Annotated[str, typer.Option("--p", help="Student width: a positive integer.")]
TeacherWidth = Annotated[int, typer.Option("--p-star", help="Teacher width, a positive integer.")]
Normalization = Annotated[float, typer.Option("--a", help="Loss normalization a > 0.")]
Activation = Annotated[str, typer.Option(help="quadratic, tanh, relu, …, or an expression in x.")]
Loss = Annotated[
    str, typer.Option(help="normalized-square, huber, …, or an expression in y and yhat.")
]
Delta = Annotated[float, typer.Option(help="Where the Huber loss turns linear, > 0.")]
LabelNoise = Annotated[
    float, typer.Option("--label-noise", help="Variance of the Gaussian noise on the labels.")
]
Flip = Annotated[float, typer.Option(help="Probability that the sign of a label is flipped.")]
SecondLayer = Annotated[
    str, typer.Option("--second-layer", help="p weights with commas; 1/p each by default.")
]
Overlap = Annotated[
    str, typer.Option(help="Student–teacher overlap: a number, or rows as 0.2,0.1;0,0.3.")
]
Alpha = Annotated[float, typer.Option("--alpha", help="Samples per dimension, M/N > 0.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Save = Annotated[
    Path | None, typer.Option("--save", help="Write the JSON object to this .json file.")
]
Plot = Annotated[
    Path | None, typer.Option("--plot", help="Write a figure to this .png, .pdf or .svg file.")
]


def parse_model(
    p: str,
    p_star: int,
    a: float,
    activation: str = "quadratic",
    loss: str = "normalized-square",
    delta: float = 1.0,
    label_noise: float = 0.0,
    flip: float = 0.0,
    second_layer: str = "",
    overlap: str = "0",
) -> bb.TeacherStudent:
    try:
        width: float = math.inf if p.lower() == "inf" else int(p)
    except ValueError:
        raise bb.InvalidInput(f"p must be a positive integer or inf, got {p!r}") from None
    return bb.TeacherStudent(
        width,
        p_star,
        bb.loss(loss, a=a, delta=delta),
        bb.activation(activation),
        bb.Labels(label_noise, flip),
        tuple(_numbers("second-layer", second_layer)) if second_layer else None,
        _table(overlap),
    )


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise bb.InvalidInput(f"{name} must be numbers with commas, got {text!r}") from None


def _table(text: str) -> float | tuple[tuple[float, ...], ...]:
    rows = [_numbers("overlap", row) for row in text.split(";")]
    if len({len(row) for row in rows}) > 1:
        raise bb.InvalidInput(f"overlap must have rows of one length, got {text!r}")
    if len(rows) == 1 and len(rows[0]) == 1:
        return rows[0][0]
    return tuple(tuple(row) for row in rows)


def describe(model: bb.TeacherStudent) -> str:
    """The parameters on one line."""
    return model.label()


def check_files(plot: Path | None, save: Path | None) -> None:
    if plot is not None:
        bb.plots.check_figure_path(plot)
    if save is not None and check_output_path(save).suffix != ".json":
        raise bb.InvalidInput(f"--save must end in .json, got {str(save)!r}")


def write_results(
    plot: Path | None, figure: object, save: Path | None, values: dict[str, Any]
) -> None:
    """Write the files that were asked for, after the results are on the screen."""
    if save is not None:
        with replacing(save) as temporary:
            temporary.write_text(json.dumps(values, allow_nan=False) + "\n")
    if plot is not None:
        bb.plots.save(bb.plots.plot(figure), plot)


def counted(count: int, what: str) -> str:
    """'1 draw', '2 draws'."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def table_of(title: str, *columns: str) -> Table:
    """A plain table whose numbers are right-aligned and whose first column says what they are."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        table.add_column(name, no_wrap=True, justify="right" if index else "left")
    return table


def print_table(table: Table) -> None:
    # A table narrower than its numbers would drop digits, and a title wider than it be broken: let
    # the terminal wrap them instead.
    console = Console()
    title, table.title = table.title, None
    if title is not None:
        console.print(title, style="italic", highlight=False, soft_wrap=True)
    needed = console.measure(table, options=console.options.update(max_width=1000)).maximum
    Console(width=max(console.width, needed)).print(table)


def say_written(**paths: Path | None) -> None:
    for kind, path in paths.items():
        if path is not None:
            Console().print(f"{kind}: {path}", highlight=False, soft_wrap=True)


def print_json(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values, allow_nan=False) + "\n")
