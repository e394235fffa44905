"""Files that are written whole or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bbpscape.core.checks import InvalidInput


def check_input_path(name: str, path: str | os.PathLike[str]) -> Path:
    """``path`` if a file is there to be read whole, which no device or pipe is."""
    target = Path(path)
    try:
        mode = target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInput(f"{name} must be a file, and there is no file {str(path)!r}") from None
    except (OSError, ValueError) as error:  # a name that is too long, or holds a null byte
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(f"{str(path)!r} could not be read: {reason}") from None
    if not stat.S_ISREG(mode):
        kind = "folder" if stat.S_ISDIR(mode) else "device or a pipe"
        raise InvalidInput(f"{name} must be a file, and {str(path)!r} is a {kind}")
    return target


def check_output_path(path: str | os.PathLike[str]) -> Path:
    """``path`` if a file can be made or replaced there, else InvalidInput; none is left."""
    target = Path(path)
    folder = target.parent
    try:
        is_folder = target.is_dir()
    except OSError as error:  # a name that is too long
        raise InvalidInput(f"{str(path)!r} cannot be written: {error.strerror}") from error
    if is_folder:
        raise InvalidInput(f"the output must be a file, and {str(path)!r} is a folder")
    if target.exists() and not target.is_file():
        raise InvalidInput(f"the output must be a file, and {str(path)!r} is a device or a pipe")
    if not folder.is_dir():
        raise InvalidInput(f"the output needs an existing folder, and there is no {str(folder)!r}")
    if not os.access(folder, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
        raise InvalidInput(f"the output cannot be written: no permission at {str(path)!r}")
    # Permissions do not say it all: /proc and full disks refuse a new file too.
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".bbpscape-"):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"{str(path)!r} cannot be written: {reason}") from error
    return target


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place if the block ends without an error.

    A file that was there gives its permissions to the new one; a link goes on pointing to it.
    """
    target = Path(os.path.realpath(check_output_path(path)))
    temporary = None
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".bbpscape-")
        os.close(descriptor)
        temporary = Path(name)
        yield temporary
        temporary.chmod(_permissions(target))
        temporary.replace(target)
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"{str(path)!r} could not be written: {reason}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _permissions(target: Path) -> int:
    """Those of the file that is there, or what any new file would have."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
