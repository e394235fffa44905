"""The SQLite file of a study: opening it, transactions and errors.

Every change is one transaction under the write-ahead log: a process that is killed, or a disk that
is full, leaves the points that were finished. The log is folded into the file as a run goes on, and
at its end: a copy of the file alone is a few seconds old, and whole once the run has ended.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from bbpscape.core.checks import InvalidInput
from bbpscape.study import layout
from bbpscape.study.paths import BESIDE, check_name, identity, stamp

WAIT = 60.0  # seconds that a transaction waits for another
PAUSE = 0.01  # seconds between attempts where SQLite itself does not wait
FOLD = 5.0  # seconds after which what is in the log is brought into the file

# Errors of the disk, of permissions or of another process; all others are of what the file holds.
UNWRITABLE = {
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOLFS),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
}
OF_STORAGE = UNWRITABLE | {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM),
    sqlite3.SQLITE_INTERRUPT,
}


class StoreError(OSError):
    """The file could not be written: a full disk, no permission, or it is gone."""


class Database:
    """A connection to the file of a study; ``with`` closes it.

    Parameters
    ----------
    path : path
        The ``.sqlite`` file.
    write : bool
        For a run: otherwise nothing is changed and no file is left beside it, and it may lie in a
        folder or on a disk that cannot be written.
    create : bool
        Make a file that is missing, and hold one that is there against SQLite's own check.

    Raises
    ------
    InvalidInput
        If there is no file, or it is not that of a study, or damaged.
    StoreError
        If it cannot be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, write: bool = False, create: bool = False
    ) -> None:
        self.path = Path(path)
        check_name(self.path)
        self._writes = write or create
        # In this order: another run may make the file between the two questions.
        there = os.path.lexists(self.path) or not create
        if there and not os.path.isfile(self.path):
            raise InvalidInput(f"there is no study at {str(path)!r}")
        if not self.path.parent.is_dir():
            raise InvalidInput(f"there is no folder {str(self.path.parent)!r}")
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._untouched: tuple[int, ...] | None = None
        self._folded = time.monotonic()
        self._real = self.path.resolve()
        with self._explained():
            if self._writes:
                mode = "rwc" if create else "rw"
                self._connect(f"{self._real.as_uri()}?mode={mode}", create)
            else:
                self._connect_to_read()
            self._place = self._where()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close()
        before = self._untouched
        if kind is None and before is not None and before != stamp(self.path):
            raise InvalidInput(f"{str(self.path)!r} was changed while it was read: try again")

    def close(self) -> None:
        self._db.close()
        if self._copy is not None:
            self._copy.cleanup()

    # Opening

    def _connect_to_read(self) -> None:
        """Connect so that nothing is left beside the file, whatever may be written there."""
        here = self._real
        if os.access(here, os.W_OK) and os.access(here.parent, os.W_OK):
            # The last connection that closes folds the log in, and removes it.
            try:
                return self._connect(f"{here.as_uri()}?mode=rw")
            except sqlite3.OperationalError as error:
                if _code(error) not in UNWRITABLE:
                    raise
        log, shared = (f"{here}{end}" for end in ("-wal", "-shm"))
        if not os.path.exists(log) or os.path.getsize(log) == 0:
            self._untouched = stamp(here)
            return self._connect(f"{here.as_uri()}?immutable=1")
        if os.path.exists(shared):
            return self._connect(f"{here.as_uri()}?mode=ro")
        self._copy = tempfile.TemporaryDirectory(prefix="bbpscape-")
        try:
            for one in (str(here), log):
                shutil.copyfile(one, Path(self._copy.name, Path(one).name))
        except OSError as error:
            self._copy.cleanup()
            reason = error.strerror or error
            raise InvalidInput(f"{str(self.path)!r} could not be read: {reason}") from None
        self._connect(f"{Path(self._copy.name, here.name).as_uri()}?mode=rw")

    def _connect(self, uri: str, create: bool = False) -> None:
        self._db = sqlite3.connect(uri, timeout=WAIT, isolation_level=None, uri=True)
        try:
            _patiently(lambda: self._open(create))
        except BaseException:
            self.close()
            raise

    def _open(self, create: bool) -> None:
        # A file from elsewhere is data: nothing in it must call functions.
        self._db.execute("PRAGMA trusted_schema = OFF")
        self._db.execute("PRAGMA cell_size_check = ON")
        layout.add_functions(self._db)
        if create:
            with self._transaction():
                if not self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    layout.create(self._db)
        if self._db.execute("PRAGMA application_id").fetchone()[0] != layout.APPLICATION:
            raise InvalidInput(f"{str(self.path)!r} is not the file of a study")
        if self._writes:
            # A killed process loses nothing; a power cut may lose the last points, to be done
            # again.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
        else:
            self._db.execute("PRAGMA query_only = ON")
        with self._transaction("IMMEDIATE" if create else "DEFERRED"):
            self.format = layout.check_format(self._db)
            if create and self.format < layout.FORMAT:
                layout.migrate(self._db)
                self.format = layout.FORMAT
            elif create:
                self._verify("integrity_check", results=False)
        if self.format > layout.FORMAT:
            raise InvalidInput(
                f"{str(self.path)!r} has format {self.format}, and this version reads up to "
                f"{layout.FORMAT}"
            )

    # What is there

    @property
    def has_digests(self) -> bool:
        """Whether damage to a row is noticed; a run gives digests to a file of format 1."""
        return self.format > 1

    def check(self) -> str:
        """SQLite's own check of the file: "ok", or what is wrong."""
        with self._explained():
            return self._problem("integrity_check") or "ok"

    def verify(self) -> None:
        """InvalidInput unless the file and every row are what was written."""
        with self._explained(), self._transaction("DEFERRED"):
            self._verify("quick_check")

    def _verify(self, structure: str, results: bool = True) -> None:
        if problem := self._problem(structure):
            raise sqlite3.DatabaseError(problem)
        if self.has_digests:
            layout.check_digests(self._db, results)

    def _problem(self, check: str) -> str:
        text = str(self._db.execute(f"PRAGMA {check}(1)").fetchone()[0])
        return "" if text == "ok" else " ".join(text.split())

    def copy_to(self, path: Path) -> None:
        """Copy all of it, as it is at one moment, into one file; OSError if that has no room."""
        with self._explained(), contextlib.closing(sqlite3.connect(path)) as copy:
            try:
                copy.execute("PRAGMA journal_mode = OFF")
                self._db.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            except sqlite3.OperationalError as error:
                if _code(error) not in UNWRITABLE:
                    raise
                raise OSError(str(error)) from None

    # Changing it

    def fold(self) -> None:
        """Bring what is in the log into the file, as far as those who read allow."""
        self._folded = time.monotonic()
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk: it stays in the log
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One change, folded in if the last time is long ago; StoreError if the file is gone."""
        if (now := self._where()) != self._place:
            if now[0] != self._place[0] and now[1] == self._place[1]:
                # The log must not be taken for that of a file which is there now.
                for end in BESIDE[1:]:
                    Path(f"{self._real}{end}").unlink(missing_ok=True)
            raise StoreError(
                f"{self.path} or its -wal file was removed or replaced: what this run has "
                "finished since is lost, run again to compute it"
            )
        with self._explained():
            yield
            if time.monotonic() - self._folded > FOLD:
                self.fold()

    def _where(self) -> list[tuple[int, int] | None]:
        """Which files the path and its log are, on the disk."""
        return [identity(path) for path in (self.path, f"{self._real}-wal")]

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        self._db.execute(f"BEGIN {kind}")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError:  # an error that quotes the file
            raise InvalidInput(_damaged(self.path, "it holds text that is not UTF-8")) from None
        except sqlite3.DatabaseError as error:
            name = str(self.path)
            if _code(error) == sqlite3.SQLITE_NOTADB:
                raise InvalidInput(f"{name!r} is not the file of a study") from None
            if _code(error) not in OF_STORAGE:
                raise InvalidInput(_damaged(self.path, str(error))) from None
            if self._writes:
                raise StoreError(f"{name}: {error}") from error
            raise InvalidInput(f"{name!r} could not be read: {error}") from None


def _patiently(attempt: Callable[[], None]) -> None:
    """Call it until no other is in the way: SQLite does not wait when it changes the journal."""
    until = time.monotonic() + WAIT
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(PAUSE)


def _damaged(path: Path, reason: str) -> str:
    """One line, though the reason may quote the file itself."""
    if "UTF-8" in reason or "user-defined function" in reason:
        reason = "it holds text that is not UTF-8"
    line = " ".join(reason.split())[:150]
    line = "".join(char if char.isprintable() else "?" for char in line)
    return f"{str(path)!r} is damaged ({line}): restore a backup, or remove it and run again"


def _code(error: sqlite3.Error) -> int:
    """SQLite's kind of error; that of a wrong statement where Python itself found it."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
