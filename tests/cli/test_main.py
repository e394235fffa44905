"""The command line as a program: mistakes, closed outputs, what it imports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bbpscape as bb
from bbpscape import cli
from bbpscape.cli.tree import Commands

# What --help may not import; scipy and numpy.linalg come with the functions, not with their names.
ABSENT_FROM_HELP = (
    "scipy", "sympy", "pandas", "xarray", "pyarrow", "matplotlib", "pydantic", "psutil", "rich",
    "torch", "threadpoolctl", "dask", "bbpscape.theory.threshold", "bbpscape.study.definition",
    "bbpscape.simulation.simulate", "bbpscape.experiments.compare", "bbpscape.plots",
)  # fmt: skip
COMMAND = (sys.executable, "-m", "bbpscape", "diagram", "--a", "0.5,1", "--p", "1,2")


def test_help_lists_every_command_and_imports_none():
    code = (
        "import sys; sys.argv = ['bbpscape', '--help']; from bbpscape.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert modules.isdisjoint(ABSENT_FROM_HELP)
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    for name in Commands():
        assert name in listed


@pytest.mark.parametrize("name", Commands())
def test_every_command_has_help(run, name):
    status, out, err = run(name, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: bbpscape {name} ")


def test_no_command_is_help(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    assert out == run("--help")[1]


def test_the_version(run):
    assert run("--version") == (0, f"bbpscape {bb.__version__}\n", "")


def test_the_installed_command_runs():
    command = Path(sys.executable).with_name("bbpscape")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert "threshold" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["treshold"], "Did you mean 'threshold'?"),
        (["threshold", "--nonsense"], "--nonsense"),
        (["threshold", "--a"], "--a"),
        (["threshold", "1"], "unexpected extra argument"),
        (["study"], "Usage"),
    ],
)
def test_what_is_no_command(run, arguments, message):
    status, out, err = run(*arguments)
    if arguments == ["study"]:
        assert (status, err) == (0, "")
        assert message in out
        return
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_refusal_of_a_huge_value_is_shortened(run):
    status, out, err = run("threshold", "--activation", "x" * 100_000)
    assert (status, out) == (2, "")
    assert len(err) < 400
    assert err.startswith("bbpscape: activation must be one of")
    assert " … " in err


@pytest.mark.parametrize(
    ("error", "status"), [(bb.InvalidInput, 2), (bb.NoConvergence, 1), (OSError, 1)]
)
def test_what_goes_wrong_is_one_line(run, monkeypatch, error, status):
    def wrong(*_, **__):
        raise error("it went\n   wrong")

    monkeypatch.setattr("bbpscape.cli.derive.call", wrong)
    found, out, err = run("threshold")
    assert (found, out) == (status, "")
    assert err.endswith("it went wrong\n")
    assert err.startswith("bbpscape: ")
    assert err.count("\n") == 1


def test_too_little_memory_is_one_line(run, monkeypatch):
    def wrong(*_, **__):
        raise MemoryError

    monkeypatch.setattr("bbpscape.cli.derive.call", wrong)
    line = "bbpscape: there is not enough memory: lower N, alpha, p or workers\n"
    assert run("threshold") == (1, "", line)


def test_closed_outputs():
    script = 'exec "$@" >&-'
    done = subprocess.run(["sh", "-c", script, "-", *COMMAND], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"bbpscape: {cli.CLOSED}\n"
    script = 'exec "$@" 2>&-'
    done = subprocess.run(["sh", "-c", script, "-", *COMMAND], capture_output=True, text=True)
    assert done.returncode == 0
    assert "alpha_bbp" in done.stdout


def test_a_pipe_that_is_closed_costs_no_file(tmp_path):
    read, write = os.pipe()
    os.close(read)
    data = tmp_path / "data.json"
    done = subprocess.run(
        [*COMMAND, "--save", data], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
    assert data.stat().st_size > 100


def test_a_pipe_that_is_closed_at_the_last_word(tmp_path):
    """What is still in the buffer when the command is done."""
    read, write = os.pipe()
    os.close(read)
    command = (sys.executable, "-m", "bbpscape", "study", "init", tmp_path / "new.toml")
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, env=buffered)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
    assert (tmp_path / "new.toml").exists()


def test_a_full_disk_is_one_line():
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(COMMAND, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "bbpscape: the output could not be written: No space left on device\n"


def test_a_terminal_without_greek_shows_the_numbers():
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run(COMMAND, capture_output=True, env=environment, check=True)
    assert b"alpha_bbp" in done.stdout


@pytest.mark.parametrize("option", ["--save", "--plot"])
def test_a_name_that_is_too_long(run, option):
    status, out, err = run("threshold", option, "x" * 1000 + ".png")
    assert (status, out) == (2, "")
    assert "File name too long" in err
    assert err.count("\n") == 1
    assert len(err) < 400
