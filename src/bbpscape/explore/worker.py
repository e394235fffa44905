"""A process that answers one question after the other, and drops one when it is told to."""

import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from bbpscape.core.checks import InvalidInput, NoConvergence, one_line
from bbpscape.explore.state import Mistake, State
from bbpscape.explore.views import answer_to
from bbpscape.simulation.threads import one_thread

# Where there is no such signal a question is dropped by ending the process.
DROP = getattr(signal, "SIGUSR1", None)
# And nothing rests.
REST = getattr(signal, "SIGUSR2", None)
NAP = 0.005  # seconds between two looks whether it may go on
SOON = 0.001  # seconds until it is seen again whether a question can be cut off
END = {"end": True}


class Dropped(BaseException):
    """Nobody waits for the answer any more."""


class Line:
    """The way back. A signal to drop the question tears no message, no import and no other library.

    An exception in the midst of these may be swallowed, and what they were at be left half done:
    points of a quadrature, say, that later questions would take for whole.
    """

    def __init__(self, connection: Connection, resting: Any) -> None:
        self.connection, self.resting = connection, resting
        self.asked = self.sending = self.dropped = False

    def drop(self, number: int, frame: FrameType | None) -> None:
        """Cut the question off: here, after its message, or once it is within our own code."""
        if not self.asked:
            return
        self.dropped = True
        if self.sending:
            return
        if _ours(frame):
            raise Dropped
        signal.setitimer(signal.ITIMER_REAL, SOON)

    def again(self, number: int, frame: FrameType | None) -> None:
        if self.dropped:
            self.drop(number, frame)

    def rest(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Until it may go on, or the question is dropped."""
        while self.asked and not self.dropped and self.resting.value:
            time.sleep(NAP)

    def send(self, message: dict[str, Any]) -> None:
        self.sending = True
        self.connection.send(message)
        self.sending = False
        if self.dropped:
            raise Dropped

    def last(self, message: dict[str, Any]) -> None:
        """The last message of a question."""
        self.asked = self.dropped = False
        self.connection.send(message)


def _ours(frame: FrameType | None) -> bool:
    """Whether this is code of this package, not called by an import."""
    while frame is not None and frame.f_code is Line.rest.__code__:
        frame = frame.f_back  # where it was halted
    if frame is None or not frame.f_globals.get("__name__", "").startswith("bbpscape."):
        return False
    while frame is not None and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    return frame is None


def serve(connection: Connection, resting: Any) -> None:
    """Answer (view, query) after (view, query), each with messages up to ``END``, until EOF.

    While the shared ``resting`` is true, the signal ``REST`` halts it, at the next line of Python.
    """
    line = Line(connection, resting)
    # The first picture; a process that is ready has imported what it needs.
    answer_to("density")
    if DROP is not None:
        signal.signal(DROP, line.drop)
        signal.signal(signal.SIGALRM, line.again)
    if REST is not None:
        signal.signal(REST, line.rest)
    line.last(END)
    while True:
        try:
            view, query = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        _answer(line, view, query)
        line.last(END)


def _answer(line: Line, view: str, query: str) -> None:
    try:
        line.asked, line.dropped = True, False
        try:
            # Where the signal came before the question.
            line.rest()
            with one_thread():
                failure = _failure(lambda: answer_to(view)(State.read(query), line.send))
            if failure is not None:
                line.send({"error": failure})
        finally:
            line.asked = False
    except Dropped:  # a second one perhaps, while the first was on its way
        line.asked = False


def _failure(work: Callable[[], None]) -> dict[str, str] | None:
    """Do the work; what went wrong, in one line, and in which field."""
    try:
        work()
    except Mistake as error:
        return {"message": str(error), "field": error.field}
    except (InvalidInput, NoConvergence) as error:
        return {"message": one_line(str(error)), "field": ""}
    except MemoryError:
        return {"message": "there is not enough memory: lower N, alpha or p", "field": "N"}
    except Exception as error:  # a fault of ours: the page says so and lives on
        said = one_line(f"this failed unexpectedly ({type(error).__name__}: {error})")
        return {"message": said, "field": ""}
    return None
