"""Many points in one file that can be stopped, resumed and extended."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import bbpscape as bb
from bbpscape.analysis.analyse import analyse
from bbpscape.cli.blocks import results_of
from bbpscape.cli.derive import command
from bbpscape.cli.output import AsJson, Ended, Output, print_json, say, say_written, tell
from bbpscape.cli.output import told as written
from bbpscape.cli.tree import LISTS, Once, group
from bbpscape.core.files import check_output_path, replacing
from bbpscape.core.interruption import ending
from bbpscape.core.progress import line
from bbpscape.study.crew import ExecutorLost
from bbpscape.study.example import EXAMPLE
from bbpscape.study.paths import store_path
from bbpscape.study.plan import Plan
from bbpscape.study.runner import RunSummary, run_points
from bbpscape.study.status import StudyStatus, study_status

commands = group(__doc__ or "")

Study = Annotated[Path, typer.Argument(metavar="STUDY", help="Its .toml or its .sqlite file.")]
Where = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Only where a parameter has this value. Repeatable."),
]


@commands.command(cls=Once)
def init(
    study: Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: AsJson = False,
) -> None:
    """Write a commented example of a study."""
    if check_output_path(study).suffix != ".toml":
        raise bb.InvalidInput(f"a study file must end in .toml, got {str(study)!r}")
    if study.exists() and not force:
        raise bb.InvalidInput(f"{str(study)!r} is there already: use --force to replace it")
    with replacing(study) as temporary:
        temporary.write_text(EXAMPLE, encoding="utf-8")
    written(json, study=study)


def check(study: Path, workers: int | None = None) -> Plan:
    """How many points a study has, what is done, and what the rest takes in time and memory.

    Parameters
    ----------
    study : path
        Its definition, a .toml file.
    workers : int
        Local processes of one thread; all cores by default.
    """
    return bb.Study.load(study).plan(store_path(study), workers)


def run(
    study: Path,
    workers: int | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
) -> RunSummary:
    """Compute what a study lacks; stop it at any time and start it again.

    Parameters
    ----------
    study : path
        Its definition, a .toml file.
    workers : int
        Local processes of one thread; all cores by default.
    scheduler : str
        Address of a Dask scheduler: tcp://HOST:8786.
    retry_failed : bool
        Compute anew what failed before.
    """
    with line(logged=True) as shown:
        try:
            return run_points(
                bb.Study.load(study),
                study,
                workers,
                scheduler=scheduler,
                retry_failed=retry_failed,
                progress=lambda step: shown.show(str(step)),
            )
        except ExecutorLost as error:
            raise Ended(str(error), 1) from None
        except KeyboardInterrupt:
            said, status = ending()
            again = f"bbpscape study run {shlex.quote(str(study))} goes on"
            raise Ended(f"{said}; what was finished is kept: {again}", status) from None


class Run(Output):
    """A run, and where the study stands; points that failed make the exit status 1."""

    def write(self, result: Any) -> None:
        status = study_status(result.path)
        if self.json:
            print_json({**result.to_dict(), "status": status.to_dict()})
        else:
            say(f"{result.summary()}\n\n{status.summary()}")
        sys.stdout.flush()
        self.write_files(result)
        if not self.json:
            say_written(figure=self.plot, data=self.save, table=self.csv)
        if not status.status.ok:
            tell(f"bbpscape: {status.status}")
            raise typer.Exit(1)


def status(study: Path) -> StudyStatus:
    """What a study has done so far, and what failed.

    Parameters
    ----------
    study : path
        Its .toml or its .sqlite file.
    """
    return study_status(study)


for function, output in ((check, Output), (run, Run), (status, Output)):
    commands.command(cls=Once)(command(function, output))


@commands.command(cls=Once)
def backup(
    study: Study,
    to: Annotated[Path, typer.Argument(metavar="COPY.sqlite", help="The file to write.")],
    json: AsJson = False,
) -> None:
    """Copy a study into one file, whole also while it runs; an earlier backup is replaced."""
    written(json, backup=bb.study.backup(study, to))


@commands.command(cls=Once)
def export(
    study: Study,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The .csv, .parquet or .nc file.")],
    to: Annotated[
        str | None, typer.Option(help="csv, parquet or netcdf; by the suffix if not given.")
    ] = None,
    where: Where = None,
    json: AsJson = False,
) -> None:
    """Theory and simulation as one tidy table."""
    check_output_path(out)
    written(json, table=results_of(study, where).export(out, to))


@commands.command(cls=Once)
def plot(
    study: Study,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The .png, .pdf or .svg file.")],
    observable: Annotated[
        str | None, typer.Option(help="What is drawn; the study's first by default.")
    ] = None,
    x: Annotated[str | None, typer.Option(help="The axis; alpha by default.")] = None,
    where: Where = None,
    save: Annotated[str | None, typer.Option(metavar="FILE", help=Output.files["save"])] = None,
    csv: Annotated[str | None, typer.Option(metavar="FILE", help=Output.files["csv"])] = None,
    json: AsJson = False,
) -> None:
    """An observable against an axis: theory as lines, simulation with error bars."""
    bb.plots.check_figure_path(out)
    files = Output(save=save, csv=csv)
    files.check()
    results = results_of(study, where)
    figure = bb.plots.save(results.plot(observable=observable, x=x), out)
    files.write_files(results)
    others = {name: path for name, path in (("data", save), ("table", csv)) if path is not None}
    written(json, figure=figure, **others)


commands.command(cls=Once, epilog=LISTS)(command(analyse, Output))
