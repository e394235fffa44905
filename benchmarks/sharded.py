"""One instance over four Dask workers beside the single process: CPU seconds, memory, eigenvalues.

Four local workers of one thread stand for four machines; one of them is killed half-way in a run of
its own. What Dask takes while it does nothing, which grows with the seconds on the clock, is
measured before and left out; the note has it.
"""

import multiprocessing
import os
import resource
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import bbpscape as bb
from bbpscape.simulation.scheduler import connected
from bbpscape.simulation.sharded.hessian import ShardedHessian
from benchmarks.frame import Row, Rows

WORKERS, IDLE = 4, 10.0
ALPHA, K = 3.0, 2
MODEL = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.01))
Usage = tuple[float, float]


def usage() -> Usage:
    """CPU seconds, and the most GiB, of this process."""
    return time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def single(N: int) -> tuple[np.ndarray, Usage]:
    began = time.process_time()
    pairs = bb.lowest(bb.draw(MODEL, ALPHA, N, 0).hessian, K, method="iterative")
    seconds, peak = usage()
    return pairs.eigenvalues, (seconds - began, peak)


def sharded(N: int, kill: bool = False) -> tuple[np.ndarray, float, float, list[float]]:
    """Eigenvalues, CPU seconds of all processes, those of idleness, the workers' GiB."""
    from distributed import LocalCluster

    given = {"n_workers": WORKERS, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(silence_logs=50, **given) as made, connected(made.scheduler_address) as one:

        def spent() -> float:
            return time.process_time() + sum(value[0] for value in one.run(usage).values())

        one.run(ready)
        before, clock = spent(), time.perf_counter()
        time.sleep(IDLE)
        rate = (spent() - before) / (time.perf_counter() - clock)
        before, clock = spent(), time.perf_counter()
        hessian = ShardedHessian(MODEL, ALPHA, N, 0, client=one)
        if kill:
            victim = next(iter(made.workers.values())).pid
            threading.Timer(1.0, os.kill, (victim, signal.SIGKILL)).start()
        pairs = bb.lowest(hessian, K)
        idle = rate * (time.perf_counter() - clock)
        return pairs.eigenvalues, spent() - before, idle, [v[1] for v in one.run(usage).values()]


def ready() -> None:
    """Import what the work needs, which is not counted."""
    import bbpscape.simulation.sharded.tasks  # noqa: F401


def alone(function, *arguments):
    """In a process of its own, whose peak memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def rows(N: int = 8000) -> Rows:
    one, (seconds, peak) = alone(single, N)
    values, total, idle, memory = alone(sharded, N)
    name, other = f"p = 1, α = 3, N = {N} over {WORKERS} workers", "the single process"
    note = f"eigenvalues apart {apart(values, one)}; {idle:.3g} s of idle Dask are left out"
    yield Row(f"{name}, CPU", total - idle, other, seconds, seconds, 1 / 1.3, note)
    note = "floor: a fourth of it"
    yield Row(f"{name}, a worker", max(memory), other, peak, peak / WORKERS, 2.5, note, "GiB")
    small = N // 8
    one, (seconds, _) = alone(single, small)
    values, total, idle, _ = alone(sharded, small, True)
    note = f"eigenvalues apart {apart(values, one)}; about {idle:.2g} s of idle Dask are in it"
    name = f"N = {small}, a worker killed half-way, CPU"
    yield Row(name, total, other, seconds, note=note)


def apart(values: np.ndarray, others: np.ndarray) -> str:
    return f"{abs(values - others).max() / abs(others).max():.0e}"
