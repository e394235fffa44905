"""Where results go: a summary or one JSON object on standard output, and files."""

import csv
import inspect
import json
import signal
import sys
import threading
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

import bbpscape as bb
from bbpscape.core.files import check_output_path, replacing
from bbpscape.core.interruption import received

KEYWORD = inspect.Parameter.KEYWORD_ONLY
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class Ended(Exception):
    """A command that ends early: one line, and its exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Output:
    """What ``--plot``, ``--save``, ``--csv`` and ``--json`` ask for."""

    plot: str | None = None
    save: str | None = None
    csv: str | None = None
    json: bool = False

    files: ClassVar[dict[str, str]] = {
        "plot": "Write a figure to this .png, .pdf or .svg file.",
        "save": "Write all of the result to this .json file.",
        "csv": "Write the numbers as a table to this .csv file.",
    }

    @classmethod
    def options(cls) -> list[inspect.Parameter]:
        """The arguments of a command that ask for it."""
        made = []
        for name, help in cls.files.items():
            hint = Annotated[str | None, typer.Option(f"--{name}", metavar="FILE", help=help)]
            made.append(inspect.Parameter(name, KEYWORD, default=None, annotation=hint))
        return [*made, inspect.Parameter("json", KEYWORD, default=False, annotation=AsJson)]

    def check(self) -> None:
        """Refuse files that could not be written, before the work."""
        if self.plot is not None:
            bb.plots.check_figure_path(self.plot)
        for name in ("save", "csv"):
            path, suffix = getattr(self, name), ".json" if name == "save" else f".{name}"
            if path is not None and check_output_path(path).suffix != suffix:
                raise bb.InvalidInput(f"--{name} must end in {suffix}, got {path!r}")

    def write(self, result: Any) -> None:
        """Print the result and write its files; a closed pipe costs no file."""
        try:
            if self.json:
                print_json(result.to_dict(compact=True))
            else:
                say(result.summary())
            sys.stdout.flush()
        finally:
            self.write_files(result)
        if not self.json:
            say_written(figure=self.plot, data=self.save, table=self.csv)

    def write_files(self, result: bb.Result) -> None:
        if self.save is not None:
            with replacing(self.save) as temporary:
                temporary.write_text(json.dumps(result.to_dict(), allow_nan=False) + "\n")
        if self.csv is not None:
            columns = result.columns()
            with replacing(self.csv) as temporary, temporary.open("w", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(columns)
                writer.writerows(zip(*map(_cells, columns.values()), strict=True))
        if self.plot is not None:
            bb.plots.save(result.plot(), self.plot)


@dataclass(frozen=True)
class Served(Output):
    """Of a page: its address is printed, and it is served until the command is ended."""

    no_browser: bool = False
    files: ClassVar[dict[str, str]] = {}

    @classmethod
    def options(cls) -> list[inspect.Parameter]:
        hint = Annotated[bool, typer.Option("--no-browser", help="Open no browser.")]
        return [
            *super().options(),
            inspect.Parameter("no_browser", KEYWORD, default=False, annotation=hint),
        ]

    def write(self, result: Any) -> None:
        with result:
            try:
                self._serve(result)
            except KeyboardInterrupt:
                # As was said: this is how it ends.
                if received() not in (None, signal.SIGINT):
                    raise
        sys.stderr.write("bbpscape: the page is no longer served\n")

    def _serve(self, result: Any) -> None:
        if self.json:
            print_json({"address": result.address})
        else:
            say(f"{result.summary()} (Ctrl-C ends it)")
        sys.stdout.flush()
        if not self.no_browser:
            # A browser in this terminal would not return.
            threading.Thread(target=webbrowser.open, args=[result.address], daemon=True).start()
        result.wait()


def _cells(column: Any) -> list[str]:
    """Numbers to the last bit, nothing where there is none."""
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    return ["" if one is None or one != one else str(one) for one in values]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def say_written(**paths: str | Path | None) -> None:
    for kind, path in paths.items():
        if path is not None:
            say(f"{kind}: {path}")


def told(as_json: bool, **paths: str | Path) -> None:
    """Say what was written where, as lines or as one JSON object."""
    if as_json:
        print_json({kind: str(path) for kind, path in paths.items()})
    else:
        say_written(**paths)


def print_json(values: dict[str, Any]) -> None:
    say(json.dumps(values, allow_nan=False))


def tell(text: str) -> None:
    """A message on standard error."""
    sys.stderr.write(text + "\n")
