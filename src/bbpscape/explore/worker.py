"""A process that answers one question after the other, and drops one when it is told to."""

import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from bbpscape.core.checks import InvalidInput, NoConvergence, one_line
from bbpscape.explore.state import Mistake, State
from bbpscape.simulation.threads import one_thread

# Where there is no such signal a question is dropped by ending the process.
DROP = getattr(signal, "SIGUSR1", None)
END = {"end": True}


class Dropped(BaseException):
    """Nobody waits for the answer any more."""


class _Line:
    """The way back. A signal to drop the question never tears a message."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.asked = self.sending = self.dropped = False

    def drop(self, number: int, frame: FrameType | None) -> None:
        if not self.asked:
            return
        if self.sending:
            self.dropped = True
            return
        raise Dropped

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


def serve(connection: Connection) -> None:
    """Answer (view, query) after (view, query), each with messages up to ``END``, until EOF."""
    # Here: the process that serves the page need not know how its answers are found.
    from bbpscape.explore.views import VIEWS

    line = _Line(connection)
    if DROP is not None:
        signal.signal(DROP, line.drop)
    line.last(END)
    while True:
        try:
            view, query = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        _answer(line, VIEWS[view], query)
        line.last(END)


def _answer(line: _Line, view: Callable[[State, Any], None], query: str) -> None:
    line.asked, line.dropped = True, False
    try:
        with one_thread():
            failure = _failure(lambda: view(State.read(query), line.send))
        if failure is not None:
            line.send({"error": failure})
    except Dropped:
        pass
    finally:
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
