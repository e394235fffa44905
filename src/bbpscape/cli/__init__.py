"""The command line: parse, call, print. ``--json`` prints one JSON object and nothing else."""

import io
import os
import sys
from typing import Annotated

import typer

import bbpscape as bb
from bbpscape.cli.tree import Tree

__all__ = ["app", "main"]

LONGEST = 300  # characters of a refusal; a number of thousands of digits would bury the reason
CLOSED = "the output could not be written: standard output is closed"

app = typer.Typer(
    cls=Tree,
    help="When, and how, the Hessian of a two-layer network begins to know its teacher.",
    no_args_is_help=True,
    add_completion=False,
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
        status = app(prog_name="bbpscape", standalone_mode=False)
        sys.stdout.flush()
    except bb.InvalidInput as error:
        sys.exit(_fail(str(error), 2))
    except bb.NoConvergence as error:
        sys.exit(_fail(str(error), 1))
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stdout.write(error.format_message() + "\n")
            sys.exit(0)
        sys.exit(_fail(error.format_message(), 2))
    except BrokenPipeError:
        # Python would complain once more when it closes the pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sys.exit(_fail(f"the output could not be written: {error.strerror or error}", 1))
    # typer turns Ctrl-C into this status.
    sys.exit(_fail("interrupted", 130) if status == 130 else status or 0)


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    if len(line) > LONGEST:
        line = f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"
    if sys.stderr is not None:
        sys.stderr.write(f"bbpscape: {line}\n")
    return status
