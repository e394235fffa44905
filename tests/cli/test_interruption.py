"""Commands that are ended from outside: one line, at once, no process and no file left."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

SIMULATE = ("simulate", "--N", "200", "--draws", "20000", "--workers", "2")
DESCEND = ("descend", "--N", "200", "--draws", "1000", "--steps", "100000", "--workers", "2")
# A group gets Ctrl-C as a terminal sends it.
ENDINGS = {
    "interrupted": (os.killpg, signal.SIGINT, 130),
    "ended by SIGTERM": (os.kill, signal.SIGTERM, 143),
    "ended by SIGHUP": (os.kill, signal.SIGHUP, 129),
}


@pytest.fixture
def start(tmp_path):
    """Start a command in a folder of its own; a test that fails leaves none of it behind."""
    begun = []

    def begin(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "bbpscape", *arguments],
            cwd=tmp_path,
            env=os.environ | {"TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def working(process, workers=2):
    """The children of a process, once its workers have computed for a moment."""
    parent = psutil.Process(process.pid)
    while True:
        assert process.poll() is None
        children = parent.children()
        if sum(one.cpu_times().user > 0.8 for one in children) >= workers:
            return children
        time.sleep(0.02)


def ended(process, children, folder, said, status):
    out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("", said, status)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("said", ENDINGS)
def test_workers_end_with_the_command(start, tmp_path, said):
    send, number, status = ENDINGS[said]
    process = start(*(DESCEND if number == signal.SIGINT else SIMULATE))
    children = working(process)
    began = time.monotonic()
    send(process.pid, number)
    ended(process, children, tmp_path, f"bbpscape: {said}\n", status)
    assert time.monotonic() - began < 5


def test_workers_end_with_a_command_that_is_killed(start):
    process = start(*DESCEND)
    children = working(process)
    process.kill()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    process.communicate()


def test_a_recovery_curve_leaves_no_folder(start, tmp_path):
    process = start("recovery", "--N", "200", "--draws", "1000", "--workers", "2")
    children = working(process)
    while not list(tmp_path.iterdir()):
        assert process.poll() is None
        time.sleep(0.02)
    process.terminate()
    ended(process, children, tmp_path, "bbpscape: ended by SIGTERM\n", 143)


def test_ctrl_c_twice_is_ctrl_c(start, tmp_path):
    process = start(*SIMULATE)
    children = working(process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.004)
    process.send_signal(signal.SIGINT)
    ended(process, children, tmp_path, "bbpscape: interrupted\n", 130)


SLOW = """
import signal, sys
from bbpscape.core import interruption
interruption.listen()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    signal.raise_signal(signal.SIGINT)
    interruption.PATIENCE = interruption._patient_until = 0.0
    signal.raise_signal(signal.SIGINT)
print("never")
"""


def test_a_later_signal_ends_what_does_not_end():
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


# Ctrl-C in the middle of an import, and in one that makes another error of it.
IMPORTS = """
import signal, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                {then}
sys.meta_path.insert(0, Interrupt())
sys.argv = ["bbpscape", "threshold"]
from bbpscape.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["typer", "bbpscape.theory.threshold", "numpy"])
@pytest.mark.parametrize("then", ["raise", "raise ImportError('numpy failed to import')"])
def test_ctrl_c_during_imports_is_one_line(module, then):
    code = IMPORTS.format(module=module, then=then)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "bbpscape: interrupted\n")
    # Python ends itself by the signal where it met it in code that was being compiled.
    assert done.returncode in (130, -signal.SIGINT)


def test_what_is_ignored_stays_ignored():
    code = (
        "import signal; from bbpscape.core import interruption\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "interruption.listen()\n"
        "signal.raise_signal(signal.SIGHUP)\n"
        "print(interruption.received(), interruption.ending())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "None ('interrupted', 130)\n"
