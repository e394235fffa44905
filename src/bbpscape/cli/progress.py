"""How far a command is: a line on standard error, renewed on a terminal and gone at the end."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bbpscape.core.report import duration

EVERY = 0.1  # seconds between two renewals of the line
LOGGED = 30.0  # seconds between two lines where there is no terminal


class Line:
    """The line; without a terminal it is printed now and then if ``logged``, and else never."""

    def __init__(self, logged: bool = False) -> None:
        self.stream = sys.stderr
        self.terminal = self.stream is not None and self.stream.isatty()
        self.pause = EVERY if self.terminal else LOGGED
        self.silent = not (self.terminal or logged)
        self.began = time.monotonic()
        self.shown = self.began if not self.terminal else self.began - EVERY

    def show(self, text: str) -> None:
        now = time.monotonic()
        if self.silent or now - self.shown < self.pause:
            return
        self.shown = now
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            self.stream.write(f"\r\x1b[K{text[:width]}")
        else:
            self.stream.write(text + "\n")
        self.stream.flush()

    def clear(self) -> None:
        if self.terminal:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


@contextmanager
def line(logged: bool = False) -> Iterator[Line]:
    one = Line(logged)
    try:
        yield one
    finally:
        one.clear()


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """``tell(done, total)``, for the argument ``progress`` of a function."""
    with line() as one:
        one.show(f"{what} …")

        def tell(done: int, total: int) -> None:
            text = f"{what}: {done} of {total}"
            if 0 < done < total:
                spent = time.monotonic() - one.began
                text += f", about {duration(spent * (total - done) / done)} to go"
            one.show(text)

        yield tell
