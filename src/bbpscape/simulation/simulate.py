"""Many draws: the lowest eigenpairs of each, certified, and what they know of the teacher."""

import functools
import math
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import TorchBackend, backend, check_dtype
from bbpscape.simulation.data.instance import check_seed, draw, sample_count
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.eigen.batch import batch_size, lowest_batch
from bbpscape.simulation.eigen.certificate import Certificate
from bbpscape.simulation.eigen.cost import CostModel
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.eigensolver import chosen_method, lowest
from bbpscape.simulation.eigen.lowest_pairs import LowestPairs
from bbpscape.simulation.eigen.signal import LargestOverlap, largest_overlap
from bbpscape.simulation.memory import require_memory
from bbpscape.simulation.parallel import available_cpus, check_workers, ordered_map

# Numbers in X above which a draw is large: it takes all threads, and draws come one by one.
LARGE = 2**23
WORTH = 10.0  # seconds of work below which starting processes costs more than it saves


@dataclass(frozen=True, eq=False)
class SimulatedDraw:
    """The lowest pairs of one draw; arrays have shape (k,), and see ``LowestPairs``.

    ``m2`` are squared teacher overlaps, ``total_m2`` is their sum over the p·p* lowest, ``gap`` is
    λ_{p p* + 1} − λ_{p p*}, ``tolerance`` the residual that was asked for, and ``peak_bytes`` what
    Python's allocator saw at most, the inputs included, without the memory of a torch device; it is
    that of the whole batch where draws go through a device together.
    """

    eigenvalues: NDArray[np.float64]
    residuals: NDArray[np.float64]
    tolerance: float
    bounds: NDArray[np.float64]
    m2: NDArray[np.float64]
    total_m2: float
    gap: float | None
    largest: LargestOverlap | None
    converged: bool
    method: str
    products: int
    seconds: float
    peak_bytes: int
    certificate: Certificate

    def to_dict(self) -> dict[str, Any]:
        return {
            "eigenvalues": self.eigenvalues.tolist(),
            "residuals": self.residuals.tolist(),
            "tolerance": self.tolerance,
            "bounds": self.bounds.tolist(),
            "m2": self.m2.tolist(),
            "total_m2": self.total_m2,
            "gap": self.gap,
            "largest_overlap": None if self.largest is None else self.largest.to_dict(),
            "converged": self.converged,
            "method": self.method,
            "products": self.products,
            "seconds": self.seconds,
            "peak_bytes": self.peak_bytes,
            "certificate": self.certificate.to_dict(),
        }


@dataclass(frozen=True, eq=False)
class Simulation:
    """``draws`` of one model at one α and N, each by the seed and its index alone."""

    model: TeacherStudent
    alpha: float
    N: int
    M: int
    k: int
    seed: int
    cost: CostModel
    draws: tuple[SimulatedDraw, ...] = field(repr=False)

    @property
    def phi(self) -> tuple[float, float] | None:
        """φ and its standard error, from the draws that are decided; None if there are none."""
        decided = [
            one.largest.lowest
            for one in self.draws
            if one.largest is not None and one.largest.lowest is not None
        ]
        if not decided:
            return None
        value = sum(decided) / len(decided)
        return value, math.sqrt(value * (1 - value) / len(decided))

    def to_dict(self) -> dict[str, Any]:
        phi = self.phi
        return {
            "model": self.model.to_dict(),
            "alpha": self.alpha,
            "N": self.N,
            "M": self.M,
            "k": self.k,
            "seed": self.seed,
            "cost_model": self.cost.to_dict(),
            "phi": None if phi is None else {"value": phi[0], "standard_error": phi[1]},
            "draws": [one.to_dict() for one in self.draws],
        }


@dataclass(frozen=True)
class _Settings:
    model: TeacherStudent
    alpha: float
    N: int
    k: int
    method: str
    tol: float
    dtype: str
    device: str
    stream: bool
    phi: bool


def simulation(
    model: TeacherStudent,
    alpha: float,
    N: int,
    k: int = 1,
    draws: int = 1,
    seed: int = 0,
    *,
    method: str = "auto",
    tol: float = 1e-8,
    dtype: str = "float64",
    device: str = "cpu",
    stream: bool = False,
    phi: bool = False,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulation:
    """The k lowest eigenpairs of the Hessian of each draw; the p·p* lowest and one more at least.

    Parameters
    ----------
    model : TeacherStudent
        p must be finite.
    alpha : float
        M = round(αN).
    N, k, draws, seed : int
        k is raised to p·p* + 1, so that the p·p* copies of an outlier come out whole, with the gap
        above them. Draw i depends on (seed, i) alone, and is that of ``compare``.
    method, tol, dtype, device
        As in ``lowest``.
    stream : bool
        Make the inputs anew from the seed at every product, instead of holding them.
    phi : bool
        Decide for each draw whether the largest overlap is among the p·p* lowest.
    workers : int, optional
        Processes of one thread each for small draws; by default the number of cores if the work
        is worth starting them, else this one. Large draws come one by one and take all threads of
        the BLAS; on a torch device, small ones are diagonalized in batches by this process. Results
        do not depend on it.
    progress : function, optional
        Called with the number of draws that are done.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or an instance would not fit in memory.
    """
    TeacherStudent.check(model)
    if not math.isfinite(model.p):
        raise InvalidInput("p must be finite at finite N, got inf")
    N, p = int(positive_integer("N", N)), int(model.p)
    M = sample_count(alpha, N)
    k = int(positive_integer("k", k))
    if k > p * N:
        raise InvalidInput(f"k must be at most pN = {p * N}, got {k!r}")
    k = min(max(k, p * model.p_star + 1), p * N)
    draws = int(positive_integer("draws", draws))
    for name, value in (("stream", stream), ("phi", phi)):
        if not isinstance(value, bool):
            raise InvalidInput(f"{name} must be True or False, got {value!r}")
    check_dtype(dtype)
    backend(device)
    cost = CostModel(p, N, M, k)
    if not stream and method != "dense":
        per_dimension = positive("alpha", alpha)
        require_memory(
            lambda n: CostModel(p, n, max(1, round(per_dimension * n)), k).iterative_bytes, N
        )
    settings = _Settings(model, alpha, N, k, method, tol, dtype, device, stream, phi)
    children = np.random.SeedSequence(check_seed(seed)).spawn(draws)
    large = M * N > LARGE
    if workers is None:
        predicted = draws * min(cost.dense_seconds, cost.iterative_seconds)
        count = available_cpus() if predicted > WORTH else 1
    else:
        count = check_workers(workers)
    size = 1
    if device != "cpu" and chosen_method(method, cost, dtype, not stream) == "dense":
        size = batch_size(p, N, M)
    batches = [children[i : i + size] for i in range(0, draws, size)]
    run = functools.partial(_simulate, settings)
    alone = large or device != "cpu"
    done: list[SimulatedDraw] = []
    for results in map(run, batches) if alone else ordered_map(run, batches, count):
        done.extend(results)
        if progress is not None:
            progress(len(done))
    return Simulation(model, M / N, N, M, k, seed, cost, tuple(done))


def _simulate(
    settings: _Settings, children: Sequence[np.random.SeedSequence]
) -> list[SimulatedDraw]:
    """One draw, or a batch of them whose matrices are diagonalized together."""
    outer = tracemalloc.is_tracing()
    if not outer:
        tracemalloc.start()
    tracemalloc.reset_peak()
    try:
        made = [_make(settings, child) for child in children]
        pairs = _solve(settings, [hessian for hessian, _ in made])
        results = [_observe(settings, *one, found) for one, found in zip(made, pairs, strict=True)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        if not outer:
            tracemalloc.stop()
    return [replace(one, peak_bytes=peak) for one in results]


def _make(s: _Settings, child: np.random.SeedSequence) -> tuple[Any, NDArray[np.float64]]:
    """(Hessian, an orthonormal basis of the teacher)."""
    if s.stream:
        streamed = StreamedHessian(s.model, s.alpha, s.N, np.random.default_rng(child))
        return streamed, streamed.teacher_basis
    instance = draw(s.model, s.alpha, s.N, np.random.default_rng(child))
    return instance.hessian, instance.teacher_basis


def _solve(s: _Settings, hessians: list[Any]) -> list[LowestPairs]:
    where = backend(s.device)
    if len(hessians) > 1 and isinstance(where, TorchBackend):
        return lowest_batch(hessians, s.k, s.tol, where)
    return [
        lowest(one, s.k, s.tol, method=s.method, dtype=s.dtype, device=s.device) for one in hessians
    ]


def _observe(
    s: _Settings, hessian: Any, basis: NDArray[np.float64], pairs: LowestPairs
) -> SimulatedDraw:
    m2 = teacher_overlap(pairs.eigenvectors, basis)
    largest = largest_overlap(hessian, pairs.eigenvalues, m2, basis) if s.phi else None
    copies = int(s.model.p) * s.model.p_star
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
        largest=largest,
        converged=pairs.converged,
        method=pairs.method,
        products=pairs.products,
        seconds=pairs.seconds,
        peak_bytes=0,
        certificate=pairs.certificate,
    )
