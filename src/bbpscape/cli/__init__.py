"""The command line: parse, call, print. ``--json`` prints one JSON object and nothing else."""

import io
import sys
from typing import Annotated

import typer

import bbpscape as bb
from bbpscape.cli import (
    compare,
    data,
    descend,
    diagram,
    finite_size,
    methods,
    simulate,
    study,
    study_analysis,
    theory,
    weak_recovery,
)
from bbpscape.cli.common import app

__all__ = [
    "app",
    "compare",
    "data",
    "descend",
    "diagram",
    "finite_size",
    "main",
    "methods",
    "simulate",
    "study",
    "study_analysis",
    "theory",
    "weak_recovery",
]


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
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show α must not cost a result.
        sys.stdout.reconfigure(errors="replace")
    try:
        status = app(standalone_mode=False)
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
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        sys.exit(_fail(f"the output could not be written: {error.strerror or error}", 1))
    # typer turns Ctrl-C into this status.
    sys.exit(_fail("interrupted", 130) if status == 130 else status or 0)


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    sys.stderr.write(f"bbpscape: {line}\n")
    return status
