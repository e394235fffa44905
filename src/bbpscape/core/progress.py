"""How far a job is: a line on standard error, renewed on a terminal and gone at the end."""

import functools
import inspect
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, ParamSpec, TypeVar

from bbpscape.core.report import duration

P = ParamSpec("P")
R = TypeVar("R")
Tell = Callable[..., None]
# What an argument ``progress`` may be: a function, False for none, None for a line.
Telling = Tell | Literal[False] | None

EVERY = 0.1  # seconds between two renewals of the line
LOGGED = 30.0  # seconds between two lines where there is no terminal
LONG = 2.0  # seconds after which a call in Python says how far it is
WIDTH = 78  # of a line in a notebook, which does not know its own


class Line:
    """The line; without a terminal it is printed now and then if ``logged``, and else never."""

    def __init__(self, logged: bool = False, after: float = 0.0) -> None:
        self.stream = sys.stderr
        self.notebook = type(self.stream).__module__.startswith("ipykernel")
        self.terminal = self.stream is not None and (self.notebook or self.stream.isatty())
        self.pause = EVERY if self.terminal else LOGGED
        self.silent = not (self.terminal or logged)
        self.began = time.monotonic()
        self.shown = self.began + after - EVERY if self.terminal else self.began
        self.written = False

    def show(self, text: str) -> None:
        now = time.monotonic()
        if self.silent or now - self.shown < self.pause:
            return
        self.shown, self.written = now, True
        if self.terminal:
            self._renew(text)
        else:
            self.stream.write(text + "\n")
        self.stream.flush()

    def clear(self) -> None:
        if self.terminal and self.written:
            self._renew("")
            self.stream.flush()

    def _renew(self, text: str) -> None:
        if self.notebook:
            self.stream.write(f"\r{text[:WIDTH]:<{WIDTH}}\r")
        else:
            self.stream.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")


@contextmanager
def line(logged: bool = False, after: float = 0.0) -> Iterator[Line]:
    one = Line(logged, after)
    try:
        yield one
    finally:
        one.clear()


@contextmanager
def progress(what: str, after: float = 0.0) -> Iterator[Tell]:
    """``tell(done, total)``, for the argument ``progress`` of a function.

    Or ``tell(step)``, of an object whose text says how far it is.
    """
    with line(after=after) as one:
        one.show(f"{what} …")

        def tell(done: object, total: int | None = None) -> None:
            text = f"{what}: {done}" if total is None else f"{what}: {done} of {total}"
            if isinstance(done, int) and total is not None and 0 < done < total:
                spent = time.monotonic() - one.began
                text += f", about {duration(spent * (total - done) / done)} to go"
            one.show(text)

        yield tell


def shows_progress(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` whose argument ``progress`` is a line by default, once it takes long."""
    place = list(inspect.signature(function).parameters).index("progress")
    what = re.sub(r"[._]", " ", function.__qualname__.rpartition("<locals>.")[2]).lower()

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if len(args) > place or kwargs.get("progress") is not None:
            return function(*args, **kwargs)
        with progress(what, after=LONG) as tell:
            kwargs["progress"] = tell
            return function(*args, **kwargs)

    return run
