"""Arrays from .npy files, whose headers may lie."""

import io
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bbpscape.core.arrays import check_kind
from bbpscape.core.checks import InvalidInput
from bbpscape.core.files import check_input_path
from bbpscape.core.tables import require_room

READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
HEADER = 2**16  # bytes; numpy takes headers of up to 10,000


def read_npy(name: str, path: str | os.PathLike[str]) -> NDArray:
    """The array of numbers in an .npy file, in its own precision.

    Parameters
    ----------
    name : str
        What to call it in a message.
    path : path

    Raises
    ------
    InvalidInput
        If the file is not there, is none, holds no numbers, or others than its header promises, or
        if these would not fit in memory twice in double precision.
    """
    target = check_input_path(name, path)
    with readable(target, "an .npy file"):
        with target.open("rb") as file:
            check_header(name, file, target.stat().st_size)
        array: NDArray = np.load(target, allow_pickle=False)
    return array


def check_header(name: str, file: IO[bytes], size: int, *, numbers: bool = True) -> None:
    """Refuse an .npy stream of ``size`` bytes if its header promises other numbers than follow.

    Unless ``numbers`` is False, they must be numbers that fit in memory as rows.
    """
    head = io.BytesIO(file.read(HEADER))  # its length may lie too
    start = head.read(len(npy.MAGIC_PREFIX))
    if start != npy.MAGIC_PREFIX:
        raise InvalidInput(
            f"{name} must be an .npy file of numpy.save, got one that begins with {start!r}: "
            "name a text file .csv"
        )
    version = tuple(head.read(2))
    if version not in READERS:
        raise InvalidInput(f"{name} must be an .npy file of version 1 or 2, got {version}")
    shape, _, dtype = READERS[version](head)
    if numbers or dtype.hasobject:
        check_kind(name, dtype, booleans=True)
    promised, there = math.prod(shape) * dtype.itemsize, size - head.tell()
    if min(shape, default=0) < 0 or promised != there:
        raise InvalidInput(
            f"{name} must be a whole .npy file: its header promises {promised} bytes of numbers, "
            f"of shape {shape} and dtype {dtype}, and {there} follow"
        )
    if numbers and shape:
        require_room(shape[0], math.prod(shape[1:]))


@contextmanager
def readable(path: Path, what: str) -> Iterator[None]:
    """One line for whatever goes wrong in reading ``path``, which should be ``what``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InvalidInput:
        raise
    except Exception as error:  # of parsers of others, who raise what they like
        reason = (str(error) or type(error).__name__).strip().split("\n")[0][:150]
        raise InvalidInput(f"{str(path)!r} cannot be read as {what}: {reason}") from None
