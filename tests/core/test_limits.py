"""The memory that is available: the least of what the machine, cgroups and own limits leave."""

import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

import bbpscape as bb
from bbpscape.core import limits

GIB = 2**30
V1, V2 = ("limit_in_bytes", "usage_in_bytes"), ("max", "current")


def group(folder, names, limit, used, cached):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(names, (limit, used), strict=True):
        (folder / f"memory.{name}").write_text(f"{value}\n")
    # The first counts this group alone, the second what lies below it too, as version 1 has them.
    stat = (
        f"inactive_file {cached}\n"
        if names == V2
        else f"inactive_file 1\ntotal_inactive_file {cached}\n"
    )
    (folder / "memory.stat").write_text(f"anon 5\n{stat}")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 64 GiB, whose cgroups a test writes."""
    own = tmp_path / "own"
    monkeypatch.setattr(limits, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(limits, "OWN_CGROUP", own)
    monkeypatch.setattr(
        psutil, "virtual_memory", lambda: SimpleNamespace(available=64 * GIB, total=80 * GIB)
    )
    # Looked for anew each time: a test writes one after the other.
    monkeypatch.setattr(limits, "_limited_groups", limits._limited_groups.__wrapped__)
    monkeypatch.setattr(limits, "_own_limits", lambda: [])
    return SimpleNamespace(own=own, cgroups=tmp_path / "cgroup")


def test_without_cgroups_it_is_that_of_the_machine(machine):
    assert limits.available_memory() == 64 * GIB


def test_version_2_the_tightest_group_above_this_process_holds(machine):
    machine.own.write_text("0::/slice/job/step\n")
    group(machine.cgroups / "slice" / "job" / "step", V2, "max", 5 * GIB, GIB)
    assert limits.available_memory() == 64 * GIB
    group(machine.cgroups / "slice" / "job", V2, 8 * GIB, 5 * GIB, GIB)
    assert limits.available_memory() == 4 * GIB
    group(machine.cgroups / "slice", V2, 16 * GIB, 13 * GIB, 0)
    assert limits.available_memory() == 3 * GIB
    group(machine.cgroups / "another", V2, GIB, GIB, 0)
    assert limits.available_memory() == 3 * GIB


def test_version_1_is_the_line_of_the_memory_controller(machine):
    machine.own.write_text("9:cpu,cpuacct:/cpus\n4:memory:/docker/abc\n0::/\n")
    root = machine.cgroups / "memory"
    group(root / "docker" / "abc", V1, 8 * GIB, 7 * GIB, 2 * GIB)
    group(root, V1, 2**63 - 4096, 9 * GIB, 0)
    group(machine.cgroups / "cpus", V1, GIB, GIB, 0)
    assert limits.available_memory() == 3 * GIB


def test_a_container_may_see_its_own_group_as_the_root(machine):
    machine.own.write_text("4:memory:/docker/abc\n")
    group(machine.cgroups / "memory", V1, 2 * GIB, GIB, 0)
    assert limits.available_memory() == GIB


def test_a_group_that_is_over_its_limit_leaves_nothing(machine):
    machine.own.write_text("0::/job\n")
    group(machine.cgroups / "job", V2, GIB, 3 * GIB, GIB)
    assert limits.available_memory() == 0
    with pytest.raises(bb.InvalidInput, match=r"GiB of memory are needed and 0 GiB are available"):
        bb.draw(bb.TeacherStudent(1, 1), 1.0, 10)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
@pytest.mark.parametrize("kind", ["AS", "DATA"])
def test_the_limits_of_the_process_itself(kind):
    """ulimit -v and -d, in a process of its own: 0.5 GB above what it has."""
    code = f"""
import resource, psutil
import bbpscape as bb
model = bb.TeacherStudent(1, 1)
bb.draw(model, 2.0, 10)
used = psutil.Process().memory_info()
limit = (used.vms if "{kind}" == "AS" else used.data) + 5 * 10**8
resource.setrlimit(resource.RLIMIT_{kind}, (limit, limit))
from bbpscape.core.limits import available_memory
assert 4 * 10**8 < available_memory() <= 5 * 10**8, available_memory()
try:
    bb.draw(model, 2.0, 10_000)
except bb.InvalidInput as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    assert "N = 10000 needs 1.49 GiB of memory and 0.4" in done.stdout
