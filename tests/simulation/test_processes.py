"""Processes start from whatever calls them: no script is run a second time, nothing is lost."""

import subprocess
import sys
import textwrap
import threading

import pytest

import bbpscape as bb
from bbpscape.simulation.parallel import ordered_map
from bbpscape.simulation.processes import pack, unpack

SCRIPT = textwrap.dedent(
    """
    import os
    from bbpscape.simulation.parallel import ordered_map

    print("started")
    offset = 10

    class Task:
        def __init__(self, number):
            self.number = number

    def square(number):
        return Task(number).number ** 2 + offset, os.getpid()

    found = list(ordered_map(square, range(5), 2))
    print([value for value, _ in found], os.getpid() not in {pid for _, pid in found})
    print(list(ordered_map(lambda x: x + offset, range(3), 2)))
    """
)
EXPECTED = "started\n[10, 11, 14, 19, 26] True\n[10, 11, 12]\n"


def python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, **options
    )


@pytest.mark.parametrize("way", ["file", "standard input", "-c"])
def test_a_script_without_a_guard(tmp_path, way):
    if way == "file":
        path = tmp_path / "script.py"
        path.write_text(SCRIPT)
        done = python(path)
    elif way == "standard input":
        done = python("-", input=SCRIPT, cwd=tmp_path)
    else:
        done = python("-c", SCRIPT)
    assert (done.stdout, done.stderr, done.returncode) == (EXPECTED, "", 0)


def test_what_cannot_be_sent_is_one_line():
    with pytest.raises(bb.InvalidInput) as stop:
        pack(threading.Lock(), "the observable")
    assert "the observable cannot be sent" in str(stop.value)
    assert "workers=1" in str(stop.value)
    assert "\n" not in str(stop.value)


def test_what_is_sent_comes_back():
    shift = 3
    assert unpack(pack(lambda x: x + shift, "a function"))(4) == 7


def _end(number):
    import os

    os._exit(number)


def test_a_worker_that_ends_is_one_line():
    with pytest.raises(bb.InvalidInput, match="worker process has ended"):
        list(ordered_map(_end, [3, 3], 2))


def test_an_error_of_a_task_is_its_own():
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda x: 1 / x, [1, 0], 2))
