"""One file is one file: what a copy of it holds, where it can be read, and what reading leaves."""

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import time

import pytest
from tests.study import small

from bbpscape.core.checks import InvalidInput
from bbpscape.study import database
from bbpscape.study.backup import backup
from bbpscape.study.database import StoreError
from bbpscape.study.status import study_status
from bbpscape.study.store import Store
from bbpscape.study.study import open_study


@pytest.fixture
def read_only(tmp_path):
    """A folder in which nothing can be written, not even by root; a function that fills it."""
    folder = tmp_path / "read-only"
    folder.mkdir()

    def fill(*files):
        for file in files:
            shutil.copy(file, folder)
        if os.getuid() != 0:
            folder.chmod(0o555)
            for file in folder.iterdir():
                file.chmod(0o444)
            return folder
        for options in (["--bind", folder], ["-o", "remount,ro,bind"]):
            command = ["mount", *options, folder]
            if subprocess.run(command, capture_output=True).returncode:
                pytest.skip("a read-only mount cannot be made here")
        return folder

    yield fill
    if os.getuid() != 0:
        folder.chmod(0o755)
    else:
        subprocess.run(["umount", folder], capture_output=True)


def _beside(path):
    """The ends of the names of all files of a study."""
    return {one.name.removeprefix("study.") for one in path.parent.glob("study.*")}


def _done(path):
    with Store(path) as store:
        return dict(store.rows(["status", "count(*)"]))


def _killed(tmp_path, done=20):
    """A study whose run was killed; its last points are in the log alone."""
    path = small.write(tmp_path)
    process = small.start(path, workers=1)
    small.wait_for(path, done, process)
    small.kill(process)
    assert _beside(path) == {"toml", "sqlite", "sqlite-wal", "sqlite-shm"}
    return path


def test_what_is_read_after_a_kill(tmp_path, read_only, undisturbed):
    path = _killed(tmp_path)
    parts = [path.with_name(f"study.sqlite{end}") for end in ("", "-wal", "-shm")]
    folder = read_only(*parts)
    there = study_status(folder / "study.sqlite")
    assert there.done >= 20
    frame = small.table(folder / "study.sqlite")
    assert {one.name for one in folder.iterdir()} == {one.name for one in parts}
    # Where something can be written, the log is folded in and removed: one file again.
    assert study_status(path).done == there.done
    assert _beside(path) == {"toml", "sqlite"}
    assert small.table(path).equals(frame)
    small.run(path, 1)
    small.same(path, undisturbed)


@pytest.mark.parametrize("ends", [("", "-wal"), ("", "-shm"), ("",)])
def test_a_folder_that_cannot_be_written(tmp_path, read_only, ends):
    """Whatever was copied of a study whose run was killed; its log is what it has."""
    path = _killed(tmp_path)
    folder = read_only(*(path.with_name(f"study.sqlite{end}") for end in ends))
    store = folder / "study.sqlite"
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    found = study_status(store)
    assert found.done >= 20 if "-wal" in ends else found.done + found.left == small.POINTS
    small.table(store)
    if found.done:
        open_study(store).export(tmp_path / "t.csv")
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before


def test_a_finished_study_that_cannot_be_written(tmp_path, read_only, undisturbed):
    path = small.write(tmp_path)
    small.run(path, 1)
    folder = read_only(path.with_suffix(".sqlite"), path)
    small.same(folder / "study.toml", undisturbed)
    open_study(folder / "study.toml").export(tmp_path / "t.csv")
    assert _beside(folder / "study.toml") == {"toml", "sqlite"}
    with pytest.raises(StoreError, match="readonly|read-only|unable to open"):
        small.run(folder / "study.toml", 1)


def test_a_file_that_cannot_be_written(tmp_path, undisturbed, monkeypatch):
    path = small.write(tmp_path)
    small.run(path, 1)
    store = path.with_suffix(".sqlite")
    store.chmod(0o444)
    if os.getuid() == 0:
        real = os.access
        monkeypatch.setattr(os, "access", lambda at, mode: mode != os.W_OK and real(at, mode))
    before = store.stat()
    small.same(path, undisturbed)
    assert store.stat() == before or store.stat().st_mtime_ns == before.st_mtime_ns
    assert _beside(path) == {"toml", "sqlite"}


def test_reading_does_not_touch_a_file(tmp_path):
    path = small.write(tmp_path)
    small.run(path, 1)
    store = path.with_suffix(".sqlite")
    before = store.read_bytes(), store.stat().st_mtime_ns
    small.table(path)
    study_status(path)
    with Store(store) as opened, pytest.raises(InvalidInput, match="readonly"):
        opened.retry_failed()
    assert (store.read_bytes(), store.stat().st_mtime_ns) == before
    assert _beside(path) == {"toml", "sqlite"}


def test_a_file_that_is_changed_while_it_is_read_without_locks(tmp_path, monkeypatch):
    path = small.write(tmp_path)
    small.run(path, 1)
    monkeypatch.setattr(os, "access", lambda at, mode: mode != os.W_OK)
    store = path.with_suffix(".sqlite")
    with pytest.raises(InvalidInput, match="changed while it was read"), Store(store):
        _change(store)


def _change(store):
    with contextlib.closing(sqlite3.connect(store)) as other:
        other.execute("UPDATE runs SET executor = 'other'")
        other.commit()


def test_a_copy_of_the_file_alone_is_a_study(tmp_path, monkeypatch):
    """At any time of a run: it has begun, and after a moment has what was finished."""
    path = small.write(tmp_path)
    monkeypatch.setattr(database, "FOLD", 0.0)
    seen = []

    def look(progress):
        other = tmp_path / "copies" / f"{progress.done}.sqlite"
        shutil.copy(path.with_suffix(".sqlite"), other)
        seen.append((progress.done, study_status(other).done))

    (tmp_path / "copies").mkdir()
    small.run(path, 1, progress=look)
    assert [done for done, _ in seen] == list(range(small.POINTS + 1))
    assert all(done - found <= 1 for done, found in seen)


def test_the_log_is_folded_in_after_some_seconds(tmp_path):
    path = small.write(tmp_path)

    def look(progress):
        if progress.done == 1:
            time.sleep(database.FOLD)
        if progress.done == 3:
            shutil.copy(path.with_suffix(".sqlite"), tmp_path / "copy.sqlite")

    small.run(path, 1, progress=look)
    assert study_status(tmp_path / "copy.sqlite").done >= 1


def test_a_run_leaves_one_file_though_another_reads(tmp_path):
    path = small.write(tmp_path, draws=1)
    small.run(path, 1)
    with Store(path.with_suffix(".sqlite")):
        small.write(tmp_path)
        small.run(path, 1)
        shutil.copy(path.with_suffix(".sqlite"), tmp_path / "copy.sqlite")
        assert study_status(tmp_path / "copy.sqlite").done == small.POINTS
    assert _beside(path) == {"toml", "sqlite"}


# Backups


def test_a_backup_while_a_study_runs(tmp_path, undisturbed):
    path, copy = small.write(tmp_path), tmp_path / "copy.sqlite"
    seen = []

    def save(progress):
        if progress.done % 10 == 0:
            backup(path, copy)
            assert not list(tmp_path.glob("copy.sqlite-*"))
            seen.append(study_status(copy).done)

    small.run(path, 1, progress=save)
    assert seen == [0, 10, 20, 30, 40, 50]
    assert backup(path.with_suffix(".sqlite"), copy) == copy
    small.same(copy, undisturbed)
    small.write(tmp_path, "copy")
    assert small.run(copy.with_suffix(".toml"), 1).done == 0


def test_a_backup_that_cannot_be(tmp_path):
    path, copy = small.write(tmp_path), tmp_path / "copy.sqlite"
    with pytest.raises(InvalidInput, match="there is no study"):
        backup(path, copy)
    small.run(path, 1)
    other = small.write(tmp_path, "other", draws=1)
    small.run(other, 1)
    (tmp_path / "text.sqlite").write_text("mine")
    (tmp_path / "link.sqlite").symlink_to(path.with_suffix(".sqlite"))
    kept = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    for to, message in {
        "study.sqlite": "another file",
        "link.sqlite": "another file",
        "other.sqlite": "no earlier backup",
        "text.sqlite": "no earlier backup",
        "copy.csv": "must end in .sqlite",
        "none/copy.sqlite": "existing folder",
    }.items():
        with pytest.raises(InvalidInput, match=message):
            backup(path, tmp_path / to)
    store = path.with_suffix(".sqlite")
    text = kept["study.sqlite"]
    store.write_bytes(text.replace(b'{"lowest":[', b'{"lowest":[1', 1))
    with pytest.raises(InvalidInput, match="damaged"):
        backup(path, copy)
    store.write_bytes(text)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == kept


def test_a_backup_keeps_the_permissions_of_the_one_before(tmp_path):
    path, copy = small.write(tmp_path), tmp_path / "copy.sqlite"
    small.run(path, 1)
    backup(path, copy)
    copy.chmod(0o600)
    backup(path, copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
