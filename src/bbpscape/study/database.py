"""The SQLite file of a study: opening it, its tables, transactions and errors.

Every change is one transaction under the write-ahead log: a process that is killed, or a disk that
is full, leaves the points that were finished.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from bbpscape.core.checks import InvalidInput

FORMAT = 1
APPLICATION = 0x42425053  # "BBPS", in the header of the file
WAIT = 60.0  # seconds that a transaction waits for another

SCHEMA = """
CREATE TABLE study (format INTEGER NOT NULL, created REAL NOT NULL, definition TEXT NOT NULL);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started REAL NOT NULL, beat REAL NOT NULL, ended REAL,
    host TEXT NOT NULL, pid INTEGER NOT NULL, process REAL NOT NULL, executor TEXT NOT NULL,
    versions TEXT NOT NULL
);
CREATE TABLE points (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, cell TEXT NOT NULL,
    first INTEGER NOT NULL, count INTEGER NOT NULL, cost REAL NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending', run INTEGER REFERENCES runs (id),
    seed TEXT, finished REAL, seconds REAL, attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT, result TEXT,
    UNIQUE (cell, source, first)
);
CREATE INDEX queue ON points (status, cost DESC, id);
"""


class StoreError(OSError):
    """The file could not be read or written: a full disk, or no study."""


class Database:
    """A connection to the file of a study; ``with`` closes it."""

    def __init__(self, path: str | os.PathLike[str], create: bool = False) -> None:
        self.path = Path(path)
        if not create and not self.path.is_file():
            raise InvalidInput(f"there is no study at {str(path)!r}")
        if not self.path.parent.is_dir():
            raise InvalidInput(f"there is no folder {str(self.path.parent)!r}")
        with self._explained():
            self._db = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            try:
                self._open(create)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def _open(self, create: bool) -> None:
        # A file from elsewhere is data: its views and triggers must not call functions.
        self._db.execute("PRAGMA trusted_schema = OFF")
        if create:
            with self._transaction():
                if not self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    for statement in SCHEMA.strip().split(";\n"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA application_id = {APPLICATION}")
        if self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            raise InvalidInput(f"{str(self.path)!r} is not the file of a study")
        # A killed process loses nothing; a power cut may lose the last points, to be done again.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        row = self._db.execute("SELECT format FROM study").fetchone()
        if row is not None and row[0] != FORMAT:
            raise InvalidInput(
                f"{str(self.path)!r} has format {row[0]}, and this version reads {FORMAT}"
            )

    def check(self) -> str:
        """SQLite's own check of the file: "ok", or what is wrong."""
        with self._explained():
            return str(self._db.execute("PRAGMA integrity_check(1)").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
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
        except sqlite3.DatabaseError as error:
            if "not a database" in str(error) or "no such table" in str(error):
                raise InvalidInput(f"{str(self.path)!r} is not the file of a study") from None
            raise StoreError(f"{self.path}: {error}") from error
