"""A copy of a study's file, whole also while a run goes on."""

from __future__ import annotations

import os
from pathlib import Path

from bbpscape.core.checks import InvalidInput
from bbpscape.core.files import check_output_path, replacing
from bbpscape.study.paths import BESIDE, store_path
from bbpscape.study.store import Store


def backup(path: str | os.PathLike[str], to: str | os.PathLike[str]) -> Path:
    """Copy a study as it is at this moment to ``to``, whole or not at all, and return that path.

    It is held against its digests, and may be taken while a run goes on. An earlier backup of the
    same study is replaced; the copy is a study like any other, and needs no other file to be read.

    Parameters
    ----------
    path : path
        The study: its .toml or its .sqlite file.
    to : path
        The .sqlite file to write.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    InvalidInput
        If there is no study, it is damaged, ``to`` cannot be written, or another file is there.

    Examples
    --------
    >>> import bbpscape as bb
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, ["lowest"], draws=0)
    >>> kept = study.run("first.sqlite", workers=1)
    >>> copy = bb.study.backup("first.sqlite", "copy.sqlite")
    >>> bb.study_status(copy).left
    0
    """
    target = check_output_path(to)
    if target.suffix != ".sqlite":
        raise InvalidInput(f"a backup must end in .sqlite, got {str(to)!r}")
    with Store(store_path(path)) as store:
        if target.exists():
            _check_earlier(store, target)
        store.verify()
        with replacing(target) as temporary:
            store.copy_to(temporary)
            with Store(temporary) as copy:
                copy.verify()
    return target


def _check_earlier(store: Store, target: Path) -> None:
    """InvalidInput unless ``target`` is another file, of the same study, that nobody writes."""
    if target.samefile(store.path):
        raise InvalidInput(f"a backup must be another file than the study, got {str(target)!r}")
    try:
        with Store(target) as there:
            same = there.created() == store.created()
    except InvalidInput:
        same = False
    log = target.with_name(target.name + BESIDE[1])
    if not same or log.exists():
        raise InvalidInput(f"{str(target)!r} is there already, and no earlier backup of this study")
