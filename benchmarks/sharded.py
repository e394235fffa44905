"""One instance over four Dask workers beside the single process: CPU seconds, memory, eigenvalues.

Four local workers of one thread stand for four machines; one is killed half-way in a run of its
own. All that any process takes is counted. Dask's processes take a fifth of a core while they do
nothing, which grows with the seconds on the clock, unless told to look less often, and have their
memory from the system anew for every block: CALM mends both.
"""

import multiprocessing
import os
import resource
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import psutil

import bbpscape as bb
from bbpscape.simulation.scheduler import connected
from bbpscape.simulation.sharded.hessian import ShardedHessian
from benchmarks.frame import Row, Rows

WORKERS, IDLE = 4, 10.0
CALM = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 2**30,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 2**25,
}
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


def sharded(
    N: int, kill_after: float | None = None
) -> tuple[np.ndarray, float, float, list[float]]:
    """Eigenvalues, CPU seconds of all processes, those that idleness takes a second, the workers'
    GiB; a worker is killed so many seconds after its rows are drawn."""
    import dask
    from distributed import LocalCluster

    dask.config.set(CALM)
    given = {"n_workers": WORKERS, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(silence_logs=50, **given) as made, connected(made.scheduler_address) as one:
        one.run(ready)
        before, clock = spent(), time.perf_counter()
        time.sleep(IDLE)
        rate = (spent() - before) / (time.perf_counter() - clock)
        before = spent()
        hessian = ShardedHessian(MODEL, ALPHA, N, 0, client=one)
        if kill_after is not None:
            victim = next(iter(made.workers.values())).pid
            threading.Timer(kill_after, os.kill, (victim, signal.SIGKILL)).start()
        pairs = bb.lowest(hessian, K)
        return pairs.eigenvalues, spent() - before, rate, [v[1] for v in one.run(usage).values()]


def spent() -> float:
    """CPU seconds of this process and of all that it has started, the killed ones too."""
    me = psutil.Process()
    living = [me, *me.children(recursive=True)]
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = [one.cpu_times() for one in living]
    return sum(one.user + one.system for one in times) + ended.ru_utime + ended.ru_stime


def ready() -> None:
    """Import what the work needs, which is not counted."""
    import bbpscape.simulation.sharded.tasks  # noqa: F401


def alone(function, *arguments):
    """In a process of its own, whose peak memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def rows(N: int = 8000) -> Rows:
    one, (seconds, peak) = alone(single, N)
    values, total, rate, memory = alone(sharded, N)
    name, other = f"p = 1, α = 3, N = {N} over {WORKERS} workers", "the single process"
    note = f"eigenvalues apart {apart(values, one)}; idle Dask takes {rate:.2g} of a core"
    yield Row(f"{name}, CPU", total, other, seconds, seconds, 1 / 1.3, note)
    note = "floor: a fourth of it"
    yield Row(f"{name}, a worker", max(memory), other, peak, peak / WORKERS, 2.5, note, "GiB")
    values, total, _, _ = alone(sharded, N, seconds / 2)
    note = f"eigenvalues apart {apart(values, one)}"
    yield Row("the same, a worker killed half-way, CPU", total, other, seconds, note=note)


def apart(values: np.ndarray, others: np.ndarray) -> str:
    return f"{abs(values - others).max() / abs(others).max():.0e}"
