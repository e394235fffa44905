"""The memory that this process may still take: of the machine, its cgroups and its own limits."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def available_memory() -> int:
    """The least that the machine, a cgroup (v1 or v2) around this process, and its own limits
    leave, in bytes."""
    found = [psutil.virtual_memory().available, *_cgroups(), *_own_limits()]
    return max(0, min(found))


def _cgroups() -> Iterator[int]:
    """What each cgroup leaves, from that of this process to the root.

    A container may show its own cgroup as the root, and not the folders above it.
    """
    try:
        lines = OWN_CGROUP.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        version_1 = "memory" in controllers.split(",")
        if not version_1 and controllers:
            continue
        names = ("limit_in_bytes", "usage_in_bytes") if version_1 else ("max", "current")
        root = CGROUPS / "memory" if version_1 else CGROUPS
        here = root / path.strip("/")
        for folder in (here, *here.parents):
            yield from _left(folder, *names)
            if folder == root:
                break


def _left(folder: Path, limit: str, usage: str) -> Iterator[int]:
    """The limit less what is used, but for files that are only cached; none where it has none."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: the limit is "max"
        most = int((folder / f"memory.{limit}").read_text())
        used = int((folder / f"memory.{usage}").read_text())
        lines = (folder / "memory.stat").read_text().splitlines()
        counts = dict(line.split(maxsplit=1) for line in lines)
        cached = counts.get("total_inactive_file", counts.get("inactive_file", "0"))
        yield most - used + int(cached)


def _own_limits() -> Iterator[int]:
    """What RLIMIT_AS and RLIMIT_DATA leave: ulimit -v and -d."""
    if sys.platform != "linux":
        return
    import resource

    used = psutil.Process().memory_info()
    for kind, taken in ((resource.RLIMIT_AS, used.vms), (resource.RLIMIT_DATA, used.data)):
        limit = resource.getrlimit(kind)[0]
        if limit != resource.RLIM_INFINITY:
            yield limit - taken
