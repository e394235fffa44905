"""A study small enough to run in a second, and ways to run it in another process."""

import contextlib
import itertools
import multiprocessing
import os
import signal
import sqlite3
import sys
import time

import pandas as pd

from bbpscape.study import runner
from bbpscape.study.runner import run_points
from bbpscape.study.store import Store
from bbpscape.study.study import Study, open_study

TEXT = """
draws = {draws}
block = {block}
seed = 1
observables = ["lowest", "m2", "total_m2"]
theory = {theory}

[model]
p = 2
p_star = 1
a = 1.0

[axes]
alpha = {{ start = 0.5, stop = {stop}, count = {count} }}
N = [20, 30]
"""


# 12 cells of 4 draws, and 6 of theory.
POINTS = 12 * 4 + 6


def text(draws=4, block=1, theory="true", stop=3.0, count=6):
    return TEXT.format(draws=draws, block=block, theory=theory, stop=stop, count=count)


def write(folder, name="study", **changes):
    path = folder / f"{name}.toml"
    path.write_text(text(**changes))
    return path


def run(path, workers=None, **options):
    """Run the study of a TOML file, with its results beside it; what the run did."""
    return run_points(Study.load(path), path, workers, **options)


def table(path):
    return open_study(path).to_dataframe()


def same(path, expected):
    """The same table to the last bit, every point done once and none twice."""
    pd.testing.assert_frame_equal(table(path), expected, check_exact=True)
    with Store(path.with_suffix(".sqlite")) as store:
        assert store.check() == "ok"
        assert {row[0] for row in store.rows(["status"])} == {"done"}
        covered = sorted(store.rows(["source", "cell", "first", "count"]))
    for (*one, first, count), (*other, following, _) in itertools.pairwise(covered):
        assert one != other or following == first + count


def context():
    """Processes that fork from one that has imported the package, and nothing else."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["bbpscape.study.runner"])
    return made


_started = []


def start(path, claim=runner.CLAIM, **options):
    """Run a study in a process that claims ``claim`` seconds of work ahead."""
    process = context().Process(target=_run, args=(path, claim, options))
    process.start()
    _started.append(process)
    return process


def end_all():
    """Kill what a test left behind, so that no process waits for it."""
    while _started:
        kill(_started.pop())


def pause(process, path):
    """Stop a process that holds points, but no lock on its study; how many points."""
    while process.is_alive():
        os.kill(process.pid, signal.SIGSTOP)
        if _unlocked(path) and (held := counted(path, "running")):
            return held
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.001)
    raise AssertionError("it ended before it could be paused")


def _unlocked(path):
    store = path.with_suffix(".sqlite")
    with contextlib.closing(sqlite3.connect(store, timeout=0, isolation_level=None)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        db.execute("ROLLBACK")
        return True


def go_on(process):
    os.kill(process.pid, signal.SIGCONT)


def _run(path, claim, options):
    runner.CLAIM = claim
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    run(path, **options)


def counted(path, status):
    """How many points have a status; None while there is no file."""
    store = path.with_suffix(".sqlite")
    if not store.exists():
        return None
    with contextlib.closing(sqlite3.connect(store, timeout=10)) as db:
        try:
            query = "SELECT count(*) FROM points WHERE status = ?"
            return db.execute(query, (status,)).fetchone()[0]
        except sqlite3.OperationalError:
            return None


def finished(path):
    """How many points are done; 0 while there is no file."""
    return counted(path, "done") or 0


def wait_for(path, count, process, seconds=60.0):
    """Until ``count`` points are done, or the process has ended."""
    until = time.monotonic() + seconds
    while finished(path) < count and process.is_alive():
        assert time.monotonic() < until, "nothing is done"
        time.sleep(0.002)


def kill(process):
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
