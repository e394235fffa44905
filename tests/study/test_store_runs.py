"""Runs beside others: files opened at once, removed or replaced, and runs that are gone."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from tests.study import small

from bbpscape.study import database, runs
from bbpscape.study.database import StoreError
from bbpscape.study.store import Store


def _remove(store):
    store.unlink()


def _replace(store):
    other = store.with_name("other")
    other.write_bytes(store.read_bytes())
    other.replace(store)


def _remove_log(store):
    store.with_name(store.name + "-wal").unlink()


@pytest.mark.parametrize("change", [_remove, _replace, _remove_log])
def test_a_file_that_is_gone_is_noticed_at_the_next_write(tmp_path, change):
    path = small.write(tmp_path)
    seen, copied = [], []

    def look(progress):
        seen.append(progress.done)
        if progress.done == 7:
            change(path.with_suffix(".sqlite"))
            if change is _replace:
                copied.append(small.finished(path))

    with pytest.raises(StoreError, match="removed or replaced") as caught:
        small.run(path, 1, progress=look)
    assert "\n" not in str(caught.value)
    assert seen[-1] == 7
    # A file that was put there meanwhile is left as it is, with what had been folded into the one
    # it is a copy of: the log is not of it. The file that lost its log has all.
    left = {_remove: 0, _replace: sum(copied), _remove_log: 7}[change]
    assert small.finished(path) == left
    small.run(path, 1)
    assert small.finished(path) == small.POINTS


def test_a_beat_does_not_make_a_file_anew(tmp_path):
    path = tmp_path / "s.sqlite"
    with Store(path, create=True) as store:
        run = store.start_run("test")
        with Store(path, write=True) as other:
            path.unlink()
            with pytest.raises(StoreError):
                other.beat(run)
    assert not path.exists()


def test_opening_at_once(tmp_path):
    """As many as there are threads, opening and closing a file, wait for each other."""
    path = tmp_path / "s.sqlite"
    errors = []

    def opened():
        try:
            for _ in range(40):
                with Store(path, create=True) as store:
                    store.end_run(store.start_run("test"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=opened) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with Store(path) as store:
        assert store.check() == "ok"


def test_a_journal_that_cannot_be_changed_yet_is_waited_for(tmp_path, monkeypatch):
    """SQLite answers at once that the file is locked: opening tries until it is not."""
    path = tmp_path / "s.sqlite"
    with Store(path, create=True) as store:
        store.end_run(store.start_run("test"))
    with _locked(path) as plain:
        threading.Timer(0.5, lambda: plain.execute("COMMIT")).start()
        began = time.monotonic()
        with Store(path, write=True):
            assert time.monotonic() - began > 0.3
    monkeypatch.setattr(database, "WAIT", 0.3)
    with _locked(path), pytest.raises(StoreError, match="locked"):
        Store(path, write=True)


@contextlib.contextmanager
def _locked(path):
    """A connection that holds the file, with the journal that SQLite had before."""
    plain = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with contextlib.closing(plain):
        assert plain.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
        plain.execute("BEGIN EXCLUSIVE")
        yield plain


def test_a_killed_run_that_its_parent_has_not_asked_for_is_over(tmp_path, undisturbed):
    path = small.write(tmp_path)
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import pathlib, small
def stop(progress):
    if progress.done == 7:
        print("seven", flush=True)
        sys.stdin.read()
small.run(pathlib.Path({str(path)!r}), 1, progress=stop)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout.readline() == b"seven\n"
    os.kill(child.pid, 9)
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    began = time.monotonic()
    assert small.run(path, 1).done == small.POINTS - 7
    assert time.monotonic() - began < runs.STALE / 10
    child.communicate()
    small.same(path, undisturbed)
