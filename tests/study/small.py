"""A study small enough to run in a second, and ways to run it in another process."""

import multiprocessing
import os
import signal
import sqlite3
import sys
import time

from bbpscape.study.runner import run_study
from bbpscape.study.table import open_study

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


def text(draws=4, block=1, theory="true", stop=3.0, count=6):
    return TEXT.format(draws=draws, block=block, theory=theory, stop=stop, count=count)


def write(folder, name="study", **changes):
    path = folder / f"{name}.toml"
    path.write_text(text(**changes))
    return path


def table(path):
    return open_study(path).to_dataframe()


def context():
    """Processes that fork from one that has imported the package, and nothing else."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["bbpscape.study.runner"])
    return made


def start(path, **options):
    process = context().Process(target=_run, args=(path, options))
    process.start()
    return process


def _run(path, options):
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    run_study(path, **options)


def finished(path):
    """How many points are done; 0 while there is no file."""
    store = path.with_suffix(".sqlite")
    if not store.exists():
        return 0
    try:
        with sqlite3.connect(store, timeout=10) as db:
            return db.execute("SELECT count(*) FROM points WHERE status = 'done'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        if "db" in locals():
            db.close()


def wait_for(path, count, process=None, seconds=60.0):
    """Until ``count`` points are done, or the process has ended."""
    until = time.monotonic() + seconds
    while finished(path) < count and (process is None or process.is_alive()):
        assert time.monotonic() < until, "nothing is done"
        time.sleep(0.002)


def kill(process):
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
