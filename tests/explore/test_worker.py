"""Where a question is cut off that nobody waits for any more."""

import contextlib
import importlib
import sys
from types import SimpleNamespace

import pytest

from bbpscape.explore import worker
from bbpscape.explore.worker import Dropped, Line


@pytest.fixture
def line(monkeypatch):
    """The way back of a worker that has a question, and how often it was to be cut off later."""
    later = []
    monkeypatch.setattr(worker.signal, "setitimer", lambda *of: later.append(of))
    line = Line(None, None)
    line.asked, line.later = True, later
    return line


def within(module):
    """A function that calls another one from a frame of a module."""
    found = {"__name__": module}
    exec("def call(function):\n    return function()", found)
    return found["call"]


@pytest.mark.parametrize(
    "library", ["scipy.stats._sobol", "llvmlite.binding", "zipfile", "bbpscapex"]
)
def test_a_question_is_cut_off_within_our_own_code_alone(line, library, monkeypatch):
    """Within a library an exception may be swallowed, and its tables be left half filled."""

    def signalled():
        line.drop(0, sys._getframe(1))

    within(library)(signalled)
    assert line.dropped
    assert len(line.later) == 1
    with pytest.raises(Dropped):
        within("bbpscape.theory.bulk")(signalled)
    # Halted in the midst of a library it is still there.
    line.resting = SimpleNamespace(value=1)
    line.dropped = False
    napping = SimpleNamespace(sleep=lambda of: line.drop(0, sys._getframe(1)))
    monkeypatch.setattr(worker, "time", napping)
    within(library)(line.rest)
    assert line.dropped
    line.dropped = False
    with pytest.raises(Dropped):
        within("bbpscape.theory.bulk")(line.rest)


def test_an_import_is_never_torn(line):
    """The signal to drop a question, within an import of our own and outside."""
    ours, seen = within("bbpscape.theory.bulk"), []

    def signalled():
        with contextlib.suppress(Dropped):
            line.drop(0, sys._getframe(1))
            seen.append("later")

    ours(signalled)
    assert not seen
    finder = type("Finder", (), {"find_spec": staticmethod(lambda *of: ours(signalled))})
    sys.meta_path.insert(0, finder)
    try:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("no_such_module")
    finally:
        sys.meta_path.remove(finder)
    assert seen


def test_a_later_signal_does_not_cut_off_the_next_question(line):
    line.drop(0, None)
    line.dropped = False  # as it is for the next
    within("bbpscape.theory.bulk")(lambda: line.again(0, sys._getframe(1)))
