"""The memory that this process may still take: of the machine, its cgroups and its own limits."""

import contextlib
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")

Group = tuple[Path, int, str]


def available_memory() -> int:
    """The least that the machine, a cgroup (v1 or v2) around this process, and its own limits
    leave, in bytes."""
    import psutil  # here: it costs every command that asks for no memory 20 ms

    return max(0, min([psutil.virtual_memory().available, *_groups_left(), *_own_limits()]))


@functools.cache
def _limited_groups() -> list[Group]:
    """(folder, limit, file of what is used) of each cgroup that has a limit.

    Looked for once, from the group of this process to the root; a container may show its own group
    as the root, and not the folders above it.
    """
    try:
        lines = OWN_CGROUP.read_text().splitlines()
    except OSError:
        return []
    import psutil

    found, total = [], psutil.virtual_memory().total
    for line in lines:
        _, controllers, path = line.split(":", 2)
        version_1 = "memory" in controllers.split(",")
        if not version_1 and controllers:
            continue
        most, used = ("limit_in_bytes", "usage_in_bytes") if version_1 else ("max", "current")
        root = CGROUPS / "memory" if version_1 else CGROUPS
        here = root / path.strip("/")
        for folder in (here, *here.parents):
            # ValueError: the limit is "max"; version 1 has a huge one instead.
            with contextlib.suppress(OSError, ValueError):
                limit = int((folder / f"memory.{most}").read_text())
                if limit < total:
                    found.append((folder, limit, f"memory.{used}"))
            if folder == root:
                break
    return found


def _groups_left() -> Iterator[int]:
    """Of each group, the limit less what is used, but for files that are only cached."""
    for folder, limit, usage in _limited_groups():
        with contextlib.suppress(OSError):  # this process has been moved to another group
            used = int((folder / usage).read_text())
            lines = (folder / "memory.stat").read_text().splitlines()
            counts = dict(line.split(maxsplit=1) for line in lines)
            cached = counts.get("total_inactive_file", counts.get("inactive_file", "0"))
            yield limit - used + int(cached)


def _own_limits() -> Iterator[int]:
    """What RLIMIT_AS and RLIMIT_DATA leave: ulimit -v and -d."""
    if sys.platform != "linux":
        return
    import resource

    import psutil

    for kind, name in ((resource.RLIMIT_AS, "vms"), (resource.RLIMIT_DATA, "data")):
        limit = resource.getrlimit(kind)[0]
        if limit != resource.RLIM_INFINITY:
            yield limit - getattr(psutil.Process().memory_info(), name)
