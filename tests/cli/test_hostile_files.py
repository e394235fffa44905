"""Paths that are no files, or no names, and a matplotlib that cannot start: one line at once."""

import os
import subprocess
import sys

import pytest
from tests.study import small

LONG = "x" * 300
# Each with what it says.
READ = {
    "study check {fifo}.toml": "is a device or a pipe",
    "study run {fifo}.toml": "is a device or a pipe",
    "study check {zero}.toml": "is a device or a pipe",
    "study status {fifo}.sqlite": "there is no study at",
    "study status {zero}.sqlite": "there is no study at",
    "study backup {fifo}.sqlite copy.sqlite": "there is no study at",
    "compare --inputs {fifo}.npy": "is a device or a pipe",
    "compare --inputs {zero}.npy": "is a device or a pipe",
    "compare --inputs {fifo}.csv": "is a device or a pipe",
    f"compare --inputs {LONG}.npy": "File name too long",
    f"compare --inputs {LONG}.csv": "File name too long",
    f"study check {LONG}.toml": "File name too long",
    f"study status {LONG}.sqlite": "is too long for the name of a study",
    f"study run {'y' * 245}.toml": "is too long for the name of a study",
    f"recovery --N 10 --path {LONG}.sqlite": "is too long for the name of a study",
    f"study init {LONG}.toml": "File name too long",
    f"threshold --save {LONG}.json": "File name too long",
    f"threshold --csv {LONG}.csv": "File name too long",
    "study status ''": "study must be a path, got ''",
    "study run ''": "study must be a path, got ''",
    "study plot '' --out x.png": "a study is its .toml or its .sqlite file",
}


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for suffix in ("toml", "sqlite", "npy", "csv"):
        os.mkfifo(tmp_path / f"fifo.{suffix}")
        (tmp_path / f"zero.{suffix}").symlink_to("/dev/zero")
    (tmp_path / f"{'y' * 245}.toml").write_text(small.text())
    return {"fifo": "fifo", "zero": "zero"}


@pytest.mark.parametrize("command", READ)
def test_what_is_no_file_is_refused_at_once(run, places, command):
    arguments = [one.strip("'") for one in command.format(**places).split()]
    status, out, err = run(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert READ[command] in err
    assert len(err) < 250


def test_a_backend_that_is_none_is_one_line(tmp_path):
    command = [sys.executable, "-m", "bbpscape", "spectrum", "--plot", "figure.pdf"]
    environment = os.environ | {"MPLBACKEND": "nonsense"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bbpscape: matplotlib cannot be loaded (Key backend: 'nonsense'")
    assert done.stderr.endswith("mend MPLBACKEND or matplotlibrc\n")
    assert done.stderr.count("\n") == 1
