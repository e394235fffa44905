"""Many draws: the lowest eigenpairs of each, certified, and what they know of the teacher."""

from __future__ import annotations

import functools
import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, boolean, positive, positive_integer
from bbpscape.core.memory import require_memory
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import backend, check_dtype
from bbpscape.simulation.data.inputs import Inputs
from bbpscape.simulation.data.instance import sample_count
from bbpscape.simulation.data.source import Source, source_of
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.dice.draw import (
    DICE,
    DicedDraw,
    DicedPairs,
    check_diced,
    diced_bytes,
    diced_seconds,
)
from bbpscape.simulation.eigen.batch import batch_size, lowest_batch
from bbpscape.simulation.eigen.certificate import NOT_ASKED, Certificate
from bbpscape.simulation.eigen.cost_model import CostModel, check_pairs
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.eigensolver import chosen_method, lowest
from bbpscape.simulation.eigen.lowest_pairs import LowestPairs
from bbpscape.simulation.eigen.signal import LargestOverlap, largest_overlap
from bbpscape.simulation.memory import kept_bytes
from bbpscape.simulation.parallel import available_cpus, check_workers, gathered, ordered_map
from bbpscape.simulation.sharded.hessian import ShardedHessian
from bbpscape.simulation.sharded.workers import check_sharded, workers_of
from bbpscape.simulation.simulated import SimulatedDraw, Simulation
from bbpscape.simulation.threads import blas_limit

ALONE = 2**31  # bytes of a draw of the method dice that takes all threads
# Numbers in X above which a draw is large: it takes all threads, and draws come one by one.
LARGE = 2**23
DIMENSION = 1000
WORTH = 10.0  # seconds of work below which starting processes costs more than it saves


@dataclass(frozen=True)
class _Settings:
    source: Source
    alpha: float
    N: int
    k: int
    method: str
    tol: float
    dtype: str
    device: str
    stream: bool
    phi: bool
    client: Any = None  # of the scheduler whose workers hold X


@shows_progress
def simulate(
    model: TeacherStudent,
    alpha: float = 3.0,
    N: int | None = None,
    draws: int = 1,
    seed: Seed = 0,
    k: int = 1,
    *,
    inputs: Inputs | ArrayLike | None = None,
    method: str = "auto",
    tol: float = 1e-8,
    dtype: str = "float64",
    device: str = "cpu",
    stream: bool = False,
    phi: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Telling = None,
) -> Simulation:
    """The k lowest eigenpairs of the Hessian of each draw; the p·p* lowest and one more at least.

    Parameters
    ----------
    model : TeacherStudent
        p must be finite.
    alpha : float
        Samples per dimension; M = round(αN).
    N : int
        Dimension of the inputs; with ``inputs`` it is theirs, else 1000 by default.
    draws : int
        How many independent draws.
    seed : int or Generator
        Draw i is ``draw(model, alpha, N, seed, i)``, that of every other function too.
    k : int
        Pairs wanted; raised to p·p* + 1, so that the p·p* copies of an outlier come out whole, with
        the gap above them.
    inputs : Inputs, rows or file, optional
        Your own inputs, as in ``compare``.
    method, tol, dtype, device
        As in ``lowest``; or method "dice": Lanczos that draws the inputs as it goes, for an N up to
        a million. Its draws have the same law, and are others; a proof that no eigenvalue was
        missed there is not.
    stream : bool
        Make the inputs anew from the seed at every product, instead of holding them.
    phi : bool
        Decide for each draw whether the largest overlap is among the p·p* lowest.
    workers : int, optional
        Processes of one thread each for small draws; by default the number of cores if the work
        is worth starting them, else this one. Large draws come one by one and take all threads of
        the BLAS; on a torch device, small ones are diagonalized in batches by this process. Results
        do not depend on it.
    scheduler : str, optional
        Address of a Dask scheduler, such as "tcp://127.0.0.1:8786". Its workers share the rows of X
        of each draw, one run of rows a thread; a lost worker's rows are drawn anew.
    progress : function or False, optional
        Called with the number of draws that are done, and of all; by default a line
        on standard error once it takes long, False for silence.

    Returns
    -------
    Simulation
        Eigenpairs, overlaps and certificates of every draw.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or an instance would not fit in memory.
    ExecutorLost
        If the scheduler is gone.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.simulate(bb.TeacherStudent(2, 1), alpha=4.0, N=50, draws=2, seed=0)
    >>> found.draws[0].eigenvalues.shape, found.draws[0].certificate.verdict
    ((3,), 'none missed')
    """
    source = source_of(TeacherStudent.check(model), inputs)
    N, k = check_pairs(model, source.dimension(N, DIMENSION), k)
    source.check(alpha)
    M, p = sample_count(alpha, N), int(model.p)
    draws, seed = int(positive_integer("draws", draws)), check_seed(seed)
    if boolean("stream", stream) and source.inputs is not None:
        raise InvalidInput("rows of your own are held, and made anew by no seed: leave out stream")
    boolean("phi", phi)
    if scheduler is not None:
        check_sharded(source, method, device, stream, workers)
    check_dtype(dtype)
    where = backend(device)
    cost = CostModel(p, N, M, k)
    require_memory(lambda count: kept_bytes(count, 5 * k), draws, "draws")
    diced = method == DICE
    if diced:
        check_diced(source.model, source.inputs is not None or stream, device)
        require_memory(lambda n: diced_bytes(model, alpha, n), N)
    elif not stream and method != "dense":
        per_dimension, wanted = positive("alpha", alpha), "iterative_bytes"
        if scheduler is not None:
            wanted = "client_bytes"
        require_memory(
            lambda n: getattr(CostModel(p, n, max(1, round(per_dimension * n)), k), wanted), N
        )
    if workers is None:
        one = min(cost.dense_seconds, cost.iterative_seconds)
        predicted = draws * (diced_seconds(model, alpha, N) if diced else one)
        count = available_cpus() if predicted > WORTH else 1
    else:
        count = check_workers(workers)
    together = (
        not diced
        and where.batches
        and chosen_method(method, cost, dtype, not stream, where) == "dense"
    )
    size = batch_size(p, N, M) if together else 1
    settings = _Settings(source, alpha, N, k, method, tol, dtype, device, stream, phi)
    seeds = source.seeds(alpha, N, seed, draws)
    batches = [seeds[i : i + size] for i in range(0, draws, size)]
    with ExitStack() as stack:
        if scheduler is not None:
            client = stack.enter_context(workers_of(scheduler, cost))
            settings = replace(settings, client=client)
        run = functools.partial(_simulate, settings)
        large = M * N > LARGE or where.batches or scheduler is not None
        alone = diced_bytes(model, alpha, N) > ALONE if diced else large
        parts = (run(batch) for batch in batches) if alone else ordered_map(run, batches, count)
        done = gathered(parts, draws, progress)
    return Simulation(model, M / N, N, M, k, seed, cost, tuple(done), source.description)


def _simulate(
    settings: _Settings, children: Sequence[np.random.SeedSequence]
) -> list[SimulatedDraw]:
    """One draw, or a batch of them whose matrices are diagonalized together."""
    outer = tracemalloc.is_tracing()
    if not outer:
        tracemalloc.start()
    tracemalloc.reset_peak()
    try:
        if settings.method == DICE:
            results = [_diced(settings, child) for child in children]
        else:
            made = _made(settings, children)
            pairs = _solve(settings, [hessian for hessian, _ in made])
            results = [
                _observe(settings, *one, found) for one, found in zip(made, pairs, strict=True)
            ]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        if not outer:
            tracemalloc.stop()
    return [replace(one, peak_bytes=peak) for one in results]


def _made(s: _Settings, children: Sequence[np.random.SeedSequence]) -> list[tuple[Any, Any]]:
    """``_make`` of each, beside each other."""
    if len(children) == 1:  # it takes all threads of the BLAS
        return [_make(s, children[0])]
    with blas_limit(1), ThreadPoolExecutor(available_cpus()) as pool:
        return list(pool.map(functools.partial(_make, s), children))


def _make(s: _Settings, child: np.random.SeedSequence) -> tuple[Any, NDArray[np.float64]]:
    """(Hessian, an orthonormal basis of the teacher)."""
    if s.client is not None:
        sharded = ShardedHessian(s.source.model, s.alpha, s.N, child, client=s.client)
        return sharded, sharded.teacher_basis
    if s.stream:
        streamed = StreamedHessian(s.source.model, s.alpha, s.N, child)
        return streamed, streamed.teacher_basis
    instance = s.source.draw(s.alpha, s.N, child)
    return instance.hessian, instance.teacher_basis


def _diced(s: _Settings, child: np.random.SeedSequence) -> SimulatedDraw:
    one = DicedDraw(s.source.model, s.alpha, s.N, child, s.dtype)
    found = one.lowest(s.k, s.tol)
    largest = one.largest_overlap(s.tol) if s.phi else None
    return _draw(s, found, found.m2, largest, DICE, NOT_ASKED)


def _solve(s: _Settings, hessians: list[Any]) -> list[LowestPairs]:
    where = backend(s.device)
    if len(hessians) > 1 and where.batches:
        return lowest_batch(hessians, s.k, s.tol, where)
    return [
        lowest(one, s.k, s.tol, method=s.method, dtype=s.dtype, device=s.device) for one in hessians
    ]


def _observe(
    s: _Settings, hessian: Any, basis: NDArray[np.float64], pairs: LowestPairs
) -> SimulatedDraw:
    m2 = teacher_overlap(pairs.eigenvectors, basis)
    largest = largest_overlap(hessian, pairs.eigenvalues, m2, basis) if s.phi else None
    return _draw(s, pairs, m2, largest, pairs.method, pairs.certificate)


def _draw(
    s: _Settings,
    pairs: LowestPairs | DicedPairs,
    m2: NDArray[np.float64],
    largest: LargestOverlap | None,
    method: str,
    certificate: Certificate,
) -> SimulatedDraw:
    copies = int(s.source.model.p) * s.source.model.p_star
    gap = None
    if len(pairs.eigenvalues) > copies:
        gap = float(pairs.eigenvalues[copies] - pairs.eigenvalues[copies - 1])
    return SimulatedDraw(
        eigenvalues=pairs.eigenvalues,
        residuals=pairs.residuals,
        tolerance=pairs.tolerance,
        bounds=pairs.bounds,
        m2=m2,
        total_m2=float(m2[:copies].sum()),
        gap=gap,
        largest_overlap=largest,
        converged=pairs.converged,
        method=method,
        products=pairs.products,
        seconds=pairs.seconds,
        peak_bytes=0,
        certificate=certificate,
    )
