"""Which files belong to a study: its definition, its results, and what SQLite keeps beside them."""

import errno
import os
from pathlib import Path

from bbpscape.core.checks import InvalidInput

# Ends of the names of what SQLite keeps: the file, its log, the index of it, the older journal.
BESIDE = ("", "-wal", "-shm", "-journal")


def store_path(path: str | os.PathLike[str]) -> Path:
    """The file of a study's results: ``path``, or the one beside its TOML file.

    >>> store_path("first.toml").name
    'first.sqlite'
    """
    given = Path(path)
    if given.suffix not in (".sqlite", ".toml"):
        raise InvalidInput(f"a study is its .toml or its .sqlite file, got {str(path)!r}")
    return given.with_suffix(".sqlite")


def check_name(store: Path) -> None:
    """InvalidInput if the name, with what SQLite adds to it, is longer than a disk takes."""
    try:
        os.lstat(f"{store}{BESIDE[-1]}")
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidInput(f"{str(store)!r} is too long for the name of a study") from None


def files_of(store: Path) -> tuple[Path, ...]:
    """The definition, the results and what SQLite keeps beside them."""
    return (store.with_suffix(".toml"), *(store.with_name(store.name + end) for end in BESIDE))


def check_no_study(target: Path, store: Path | None) -> None:
    """InvalidInput if an output would replace the study in ``store``, or any other."""
    named = target.name.endswith((".toml", *(f".sqlite{end}" for end in BESIDE)))
    there = identity(target)
    mine = () if store is None or there is None else files_of(store)
    if named or there in [identity(one) for one in mine]:
        raise InvalidInput(
            f"a table cannot take the place of a study, or of what belongs to one: {str(target)!r}"
        )


def identity(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Which file a path is, whatever its name; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def stamp(path: str | os.PathLike[str]) -> tuple[int, ...]:
    """What changes when a file is written, replaced or removed."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
