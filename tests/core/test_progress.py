"""The line of progress: on a terminal, in a log, and nowhere else."""

import inspect
import io
import itertools
import math

import pytest

import bbpscape as bb
from bbpscape.core import progress as module
from bbpscape.core.progress import line, progress, shows_progress
from bbpscape.study.runner import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until a test sets it."""
    times = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: times[0])
    return times


def test_on_a_terminal_the_line_is_renewed_and_gone_at_the_end(monkeypatch, clock):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with progress("descend") as tell:
        assert stream.getvalue().endswith("descend …")
        clock[0] = 10.0
        tell(1, 4)
        assert stream.getvalue().endswith("\r\x1b[Kdescend: 1 of 4, about 30 s to go")
        tell(2, 4)
        assert "2 of 4" not in stream.getvalue()
        clock[0] = 20.0
        tell(4, 4)
        assert stream.getvalue().endswith("descend: 4 of 4")
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_long_line_does_not_wrap(monkeypatch, clock):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "20")
    with progress("x" * 100):
        assert stream.getvalue() == "\r\x1b[K" + "x" * 19


def test_without_a_terminal_nothing_is_said(monkeypatch, clock):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with progress("descend") as tell:
        clock[0] = 1000.0
        tell(1, 2)
    assert stream.getvalue() == ""


def test_a_log_gets_a_line_now_and_then(monkeypatch, clock):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with line(logged=True) as one:
        for second in range(0, 100, 10):
            clock[0] = float(second)
            one.show(f"at {second}")
    assert stream.getvalue() == "at 30\nat 60\nat 90\n"


def test_without_standard_error_nothing_happens(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    with progress("descend") as tell:
        tell(1, 2)


def test_a_run_says_how_many_points_wait_and_what_for():
    waiting = Progress(0, 0, 800, 3.0, math.nan, "no Dask worker has come yet")
    assert str(waiting) == "800 left, no Dask worker has come yet"
    assert str(Progress(7, 1, 792, 3.0, 300.0)) == "7 done, 792 left, 1 failed, about 5 min to go"
    assert str(Progress(0, 1, 7, 3.0, math.nan)) == "0 done, 7 left, 1 failed"


def test_a_call_in_python_says_how_far_it_is_once_it_takes_long(monkeypatch, clock):
    """By default and on a terminal; a function of one's own is called instead, False silences."""

    @shows_progress
    def work(n, progress=None):
        for i in range(n):
            clock[0] += 1.0
            if progress:
                progress(i + 1, n)
        return n

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    assert work(1) == 1
    assert stream.getvalue() == ""
    assert work(4) == 4
    assert "work: 3 of 4, about under 1 s" not in stream.getvalue()
    assert "work: 3 of 4, about 1 s to go" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")
    stream.truncate(0)
    told = []
    work(3, progress=lambda *done: told.append(done))
    work(9, progress=False)
    work(9, False)
    assert (told, stream.getvalue()) == ([(1, 3), (2, 3), (3, 3)], "")


def test_in_a_notebook_the_line_is_overwritten_by_spaces(monkeypatch, clock):
    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr("sys.stderr", stream)
    with progress("descend") as tell:
        clock[0] = 1.0
        tell(2, 2)
        assert stream.getvalue().rstrip().endswith("descend: 2 of 2")
        assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().endswith("\r" + " " * 78 + "\r")


def test_a_study_says_how_far_it_is_by_default(monkeypatch):
    """As any long call does: on a terminal, once it takes long, and gone at the end."""

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    theory = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, ["m2"], draws=0)
    now = itertools.count(0, 1.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    theory.run(workers=1)
    assert "study run: 1 done, 1 left, about" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")
    stream.truncate(0)
    theory.run(workers=1, progress=False)
    assert stream.getvalue() == ""


def test_every_long_call_has_progress_by_default():
    """None is the default, and a line is made of it."""
    calls = [
        bb.bayes_optimal, bb.compare, bb.descend, bb.diagram, bb.finite_size, bb.hessian_along,
        bb.linear_onset, bb.methods, bb.online, bb.photograph, bb.recovery,
        bb.simulate, bb.Study.run,
    ]  # fmt: skip
    for one in calls:
        assert inspect.signature(one).parameters["progress"].default is None, one.__name__
        assert inspect.unwrap(one) is not one, one.__name__
