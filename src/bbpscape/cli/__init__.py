"""The command line: parse, call, print. ``--json`` prints one JSON object and nothing else."""

import difflib
import io
import os
import sys
from typing import Annotated, Any

import typer

import bbpscape as bb
from bbpscape.cli.output import Ended
from bbpscape.cli.tree import Tree
from bbpscape.core.checks import one_line
from bbpscape.core.interruption import INTERRUPTED, ending, received

__all__ = ["app", "main"]

CLOSED = "the output could not be written: standard output is closed"
NEAR = 0.75

app = typer.Typer(
    cls=Tree,
    help="When, and how, the Hessian of a two-layer network begins to know its teacher.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"bbpscape {bb.__version__}\n")
        raise typer.Exit


@app.callback()
def bbpscape(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say it and stop."),
    ] = False,
) -> None:
    """Options that belong to no command."""


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and exit status 2."""
    if sys.stdout is None:
        sys.exit(_fail(CLOSED, 1))
    if sys.stderr is None:
        # Messages that nobody can read must not cost a result either.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show α must not cost a result.
        sys.stdout.reconfigure(errors="replace")
    try:
        status = app(prog_name="bbpscape", standalone_mode=False) or 0
        sys.stdout.flush()
        if status == INTERRUPTED:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
    except Ended as error:
        status = _fail(str(error), error.status)
    except BaseException as error:
        # What an interruption leaves may be any error.
        stopped = isinstance(error, KeyboardInterrupt) or received() is not None
        status = _fail(*ending()) if stopped else _failed(error)
    sys.exit(status)


def _failed(error: BaseException) -> int:
    """Say in one line what went wrong; the exit status. What nobody foresaw is raised again."""
    match error:
        case bb.InvalidInput():
            return _fail(str(error), 2)
        case bb.NoConvergence() | bb.study.ExecutorLost():
            return _fail(str(error), 1)
        case MemoryError():
            return _fail("there is not enough memory: lower N, alpha, p or workers", 1)
        case BrokenPipeError():
            # Python would complain once more when it closes the pipe at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        case OSError():
            return _fail(f"the output could not be written: {error.strerror or error}", 1)
        case typer.TyperException():
            if type(error).__name__ == "NoArgsIsHelpError":
                sys.stdout.write(error.format_message() + "\n")
                return 0
            _keep_near(error)
            return _fail(error.format_message(), 2)
    raise error


def _keep_near(error: Any) -> None:
    """Of the options that an unknown one might be, those that are spelled nearly like it."""
    possible = getattr(error, "possibilities", None)
    if possible:
        given = str(getattr(error, "option_name", ""))
        error.possibilities = difflib.get_close_matches(given, possible, 2, NEAR)


def _fail(message: str, status: int) -> int:
    if sys.stderr is not None:
        sys.stderr.write(f"bbpscape: {one_line(message)}\n")
    return status
