"""The commands ``study init``, ``check``, ``run``, ``status``, ``export`` and ``plot``."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

import bbpscape as bb
from bbpscape.cli.common import (
    Json,
    app,
    messages,
    print_json,
    print_table,
    say_written,
    table_of,
)
from bbpscape.core.files import check_output_path, replacing
from bbpscape.core.report import duration
from bbpscape.study.database import store_path
from bbpscape.study.example import EXAMPLE
from bbpscape.study.executors import ExecutorLost
from bbpscape.study.runner import Progress as Step
from bbpscape.study.runner import run_points
from bbpscape.study.status import study_status
from bbpscape.study.study import Study, open_study

LINE = 30.0  # seconds between lines of progress where there is no terminal

commands = typer.Typer(
    help="Many points in one file that can be stopped, resumed and extended.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(commands, name="study")

File = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The definition of the study.")]
Any_ = Annotated[Path, typer.Argument(metavar="STUDY", help="Its .toml or its .sqlite file.")]
Workers = Annotated[
    int | None, typer.Option(help="Local processes of one thread; all cores by default.")
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="Only where a parameter has this value: N=400. Repeatable."),
]


@commands.command()
def init(
    path: File,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented example of a study."""
    if check_output_path(path).suffix != ".toml":
        raise bb.InvalidInput(f"a study file must end in .toml, got {str(path)!r}")
    if path.exists() and not force:
        raise bb.InvalidInput(f"{str(path)!r} is there already: use --force to replace it")
    with replacing(path) as temporary:
        temporary.write_text(EXAMPLE, encoding="utf-8")
    say_written(study=path)


@commands.command()
def check(path: File, workers: Workers = None, as_json: Json = False) -> None:
    """How many points a study has, what is done, and what the rest takes in time and memory."""
    plan = Study.load(path).plan(store_path(path), workers)
    if as_json:
        return print_json(plan.to_dict())
    print(plan.summary())


@commands.command()
def run(
    path: File,
    workers: Workers = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler: tcp://HOST:8786.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Compute anew what failed before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compute what the study lacks; stop it at any time and start it again."""
    told = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    ) as bar:
        task = bar.add_task("starting", total=None)

        def tell(step: Step) -> None:
            nonlocal told
            text = _line(step)
            total = step.done + step.failed + step.left
            bar.update(task, total=total, completed=total - step.left, description=text)
            if not messages.is_terminal and time.monotonic() - told > LINE:
                told = time.monotonic()
                messages.print(text, highlight=False)

        try:
            summary = run_points(
                Study.load(path),
                path,
                workers,
                scheduler=scheduler,
                retry_failed=retry_failed,
                progress=tell,
            )
        except ExecutorLost as error:
            messages.print(f"bbpscape: {error}", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from None
    status = study_status(summary.path)
    if as_json:
        print_json({**summary.to_dict(), "status": status.to_dict()})
    else:
        table = table_of(f"Study {path}, {summary.executor}", "points", "this run", "in all")
        table.add_row("done", str(summary.done), str(status.done))
        table.add_row("failed", str(summary.failed), str(status.failed))
        table.add_row("seconds", f"{summary.seconds:.4g}", "")
        print_table(table)
        say_written(study=summary.path)
    if status.failed:
        messages.print(
            f"bbpscape: {status.failed} points failed, first: {status.failures[0].reason}",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(1)


@commands.command()
def status(path: Any_, as_json: Json = False) -> None:
    """What is done, what is running, and what failed with its reason."""
    found = study_status(path)
    if as_json:
        return print_json(found.to_dict())
    print(found.summary())


@commands.command()
def export(
    path: Any_,
    out: Annotated[Path, typer.Option("--out", help="The .csv, .parquet or .nc file.")],
    to: Annotated[
        str | None, typer.Option("--to", help="csv, parquet or netcdf; by the suffix if not given.")
    ] = None,
    where: Where = None,
) -> None:
    """Theory and simulation as one tidy table."""
    check_output_path(out)
    study = open_study(path).select(**conditions(where))
    say_written(table=study.export(out, to))


@commands.command()
def plot(
    path: Any_,
    out: Annotated[Path, typer.Option("--out", help="The .png, .pdf or .svg file.")],
    observable: Annotated[
        str | None, typer.Option(help="What is drawn; the study's first by default.")
    ] = None,
    x: Annotated[str | None, typer.Option(help="The axis; alpha by default.")] = None,
    where: Where = None,
) -> None:
    """An observable against an axis: theory as lines, simulation with error bars."""
    bb.plots.check_figure_path(out)
    study = open_study(path).select(**conditions(where))
    say_written(figure=bb.plots.save(bb.plots.plot(study, observable=observable, x=x), out))


def conditions(given: list[str] | None) -> dict[str, object]:
    """The parameters and values of ``--where``."""
    chosen: dict[str, object] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise bb.InvalidInput(f"--where must be NAME=VALUE, got {text!r}")
        try:
            chosen[name] = float(value)
        except ValueError:
            chosen[name] = value
    return chosen


def _line(step: Step) -> str:
    text = f"{step.done} done, {step.left} left"
    if step.failed:
        text += f", {step.failed} failed"
    return f"{text}, about {duration(step.remaining)} to go"
