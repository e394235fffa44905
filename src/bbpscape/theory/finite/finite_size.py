"""The law of the edge, the outlier and its overlap at finite N, over draws of the labels.

Each draw samples M = round(αN) label pairs, y ~ χ²_{p*}/p* and r ~ χ²_p/p, and solves the
label-sampled equations: no matrix, O(M) a draw. Source: docs/theory.md §5.
"""

import math
import numbers
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.label_solve import LabelSums, finite_size_fast, solve_edge
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.edges import left_edge

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# A worker holds the two label arrays of one draw, 3.2 GB at most.
MOST_SAMPLES = 2 * 10**8
T = TypeVar("T")


@dataclass(frozen=True)
class Summary:
    """Mean over ``count`` draws, its standard error, and quantiles by level.

    ``mean`` and ``quantiles`` are None without draws, ``standard_error`` with fewer than two.
    """

    mean: float | None
    standard_error: float | None
    quantiles: dict[float, float] | None
    count: int

    def __str__(self) -> str:
        if self.mean is None:
            return ""
        error = "" if self.standard_error is None else f" ± {self.standard_error:.1g}"
        return f"{self.mean:.5g}{error}"

    def to_dict(self) -> dict[str, Any]:
        """JSON values; the levels become text."""
        levels = None
        if self.quantiles is not None:
            levels = {f"{level:g}": value for level, value in self.quantiles.items()}
        return {**vars(self), "quantiles": levels}


@dataclass(frozen=True)
class FiniteSizeLaw:
    """The law over ``draws`` draws of M = round(αN) labels, at dimension N.

    A draw *has an outlier* iff α g (m_1^y − m_1) > 1 at the left edge of its own label-sampled
    bulk: iff the equations with its own labels have a root left of that edge. ``probability`` is
    the fraction of draws that do; ``probability_standard_error`` is binomial, √(q (1 − q)/n) at
    q = (k + 1)/(n + 2), which is not 0 when all or none do.

    ``left_edge`` is the lowest eigenvalue of the bulk (edge and Tracy–Widom shift) of every draw;
    ``outlier`` and ``m2`` count the draws that have one; ``lowest`` is the outlier or else the left
    edge, and ``m2_lowest`` the overlap of that eigenvector, of every draw. The arrays ``samples``
    hold them draw by draw, NaN for no outlier.
    """

    model: TeacherStudent
    alpha: float
    N: int
    M: int
    draws: int
    seed: int
    probability: float
    probability_standard_error: float
    left_edge: Summary
    outlier: Summary
    m2: Summary
    lowest: Summary
    m2_lowest: Summary
    samples: dict[str, NDArray[np.float64]] = field(repr=False, compare=False)

    def __repr__(self) -> str:
        numbers = "".join(
            f", {name} {getattr(self, name)}"
            for name in ("left_edge", "outlier", "m2")
            if getattr(self, name).count
        )
        probability = f"{self.probability:.3g} ± {self.probability_standard_error:.1g}"
        return (
            f"<FiniteSizeLaw p={self.model.p:g}, p*={self.model.p_star}, "
            f"a={self.model.loss.a:g}, alpha={self.alpha:g}, N={self.N}, {self.draws} draws: "
            f"P(outlier) {probability}{numbers}>"
        )

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values, but the samples."""
        names = ("left_edge", "outlier", "m2", "lowest", "m2_lowest")
        values = {name: value for name, value in vars(self).items() if name != "samples"}
        values["model"] = self.model.to_dict()
        return values | {name: getattr(self, name).to_dict() for name in names}


def sample_labels(
    model: TeacherStudent, M: int, seed: int, draw: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(r, y) of one draw, each of shape (M,): r ~ χ²_p/p, y ~ χ²_{p*}/p*.

    The labels for a larger M begin with those for a smaller one, at every N.
    """
    children = np.random.SeedSequence(seed, spawn_key=(draw,)).spawn(2)
    generators = [np.random.Generator(np.random.SFC64(child)) for child in children]
    widths = (model.p_star, int(model.p))
    y, r = (_chi_square(g, width, M) for g, width in zip(generators, widths, strict=True))
    return r, y


def finite_size_law(
    model: TeacherStudent,
    alpha: float,
    N: int,
    draws: int = 100,
    seed: int = 0,
    workers: int | None = None,
) -> FiniteSizeLaw:
    """λ₋, λ*, m² and the probability of an outlier at N, over draws of the M = round(αN) labels.

    Parameters
    ----------
    model : TeacherStudent
        p must be finite.
    alpha : float
        Samples per dimension; the result is for M/N.
    N : int
        Dimension. Time and memory go with M: at M = 1.7e6 a draw takes about 0.13 s.
    draws, seed : int
        Draw i depends on (seed, i) alone, and its labels at a larger M begin with those at a
        smaller one: results at several α and N share their labels and are correlated.
    workers : int, optional
        Threads; as many as there are processors by default. The result does not depend on it.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.

    Source: docs/theory.md §5.

    >>> from bbpscape.model.losses import NormalizedSquare
    >>> model = TeacherStudent(p=1, p_star=1, loss=NormalizedSquare(a=2.0))
    >>> finite_size_law(model, 3.0, 500, draws=20).probability
    1.0
    """
    N, M = sizes(model, alpha, N)
    draws, seed = int(positive_integer("draws", draws)), check_seed(seed)
    start = _start(model, M / N)

    def one(draw: int) -> tuple[float, ...]:
        found = finite_size_fast(model, N, *sample_labels(model, M, seed, draw), start=start)
        outlier = math.nan if found.outlier is None else found.outlier
        m2 = math.nan if found.m2 is None else found.m2
        return found.left_edge, outlier, m2, found.lowest, found.m2_lowest

    columns = np.array(_map(one, draws, workers)).T
    samples = dict(zip(("left_edge", "outlier", "m2", "lowest", "m2_lowest"), columns, strict=True))
    count = int(np.isfinite(samples["outlier"]).sum())
    shrunk = (count + 1) / (draws + 2)
    return FiniteSizeLaw(
        model=model,
        alpha=M / N,
        N=N,
        M=M,
        draws=draws,
        seed=seed,
        probability=count / draws,
        probability_standard_error=math.sqrt(shrunk * (1 - shrunk) / draws),
        samples=samples,
        **{name: _summary(values) for name, values in samples.items()},
    )


def strengths(
    model: TeacherStudent,
    alpha: float,
    N: int,
    draws: int = 100,
    seed: int = 0,
    workers: int | None = None,
) -> NDArray[np.float64]:
    """α g (m_1^y − m_1) at the left edge of each draw, shape (draws,): above 1 with an outlier."""
    N, M = sizes(model, alpha, N)
    draws, seed = int(positive_integer("draws", draws)), check_seed(seed)
    start = _start(model, M / N)

    def one(draw: int) -> float:
        r, y = sample_labels(model, M, seed, draw)
        found = solve_edge(LabelSums(model, N, r, y), start)
        return 0.0 if found is None else found.strength

    return np.array(_map(one, draws, workers))


def _map(one: Callable[[int], T], draws: int, workers: int | None) -> list[T]:
    """one(0), …, one(draws − 1); numpy leaves the interpreter free, so that threads do."""
    count = None if workers is None else int(positive_integer("workers", workers))
    if count == 1:
        return [one(draw) for draw in range(draws)]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(draws)))


def _chi_square(generator: np.random.Generator, width: int, size: int) -> NDArray[np.float64]:
    """χ²_width/width; at width 1 the square of a normal, three times as fast as a Gamma."""
    if width == 1:
        values = generator.standard_normal(size)
        values *= values
        return values
    values = generator.standard_gamma(width / 2, size)
    values *= 2 / width
    return values


def _summary(values: NDArray[np.float64]) -> Summary:
    kept = values[np.isfinite(values)]
    if kept.size == 0:
        return Summary(None, None, None, 0)
    levels = dict(zip(QUANTILES, np.quantile(kept, QUANTILES).tolist(), strict=True))
    error = float(kept.std(ddof=1) / math.sqrt(kept.size)) if kept.size > 1 else None
    return Summary(float(kept.mean()), error, levels, int(kept.size))


def _start(model: TeacherStudent, alpha: float) -> float:
    """x = −p/(2g) at the N → ∞ edge."""
    g = left_edge(CommitteeLaw(model), alpha).g
    return -model.p / (2 * g) if g < 0 else 1.0


def sizes(model: TeacherStudent, alpha: float, N: int) -> tuple[int, int]:
    """(N, M), refused where p is infinite or M is below 1 or above MOST_SAMPLES."""
    check_finite(model)
    N = int(positive_integer("N", N))
    M = round(positive("alpha", alpha) * N)
    if not 1 <= M <= MOST_SAMPLES:
        raise InvalidInput(f"alpha N must be from 1 to {MOST_SAMPLES:.0e} samples, got {M}")
    return N, M


def check_finite(model: TeacherStudent) -> None:
    if math.isinf(model.p):
        raise InvalidInput("p must be finite at finite N, got inf")


def check_seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or seed < 0:
        raise InvalidInput(f"seed must be an integer of at least 0, got {seed!r}")
    return int(seed)
