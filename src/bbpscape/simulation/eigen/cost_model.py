"""Seconds and bytes of the dense and of the iterative route, predicted, to choose between them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.memory import GIB
from bbpscape.core.report import Report, Table
from bbpscape.core.result import Result, result
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import check_size, sample_count
from bbpscape.simulation.eigen.davidson import sizes
from bbpscape.simulation.memory import dense_bytes, instance_bytes

# Fitted on one core (docs/simulate.md); only their ratios matter for the choice.
GEMM = 45e9  # operations a second of a matrix product in double precision; twice that in single
LAPACK = 16e9  # of the tridiagonal reduction, half of which is bound by memory
LAPACK_CACHED = 40e9  # the same for a matrix that stays in the cache
CACHE = 25e6  # bytes
COLUMNS_A_PAIR, COLUMNS_A_GUARD = 55, 14  # products, for k pairs and a block of guards
ROUTES = ("dense", "iterative")
ITERATION = 6e-4  # seconds of an iteration that do not shrink with N


@result
class CostModel(Result):
    """Dense: p(p+1)/2 · M N² + (4/3)(pN)³.  Iterative: M N² + N³/3 + products · 4 (M + N) N p.

    Operations over the rates measured for each; a dense matrix that is larger than the iterative
    route's memory is still chosen if it is faster and fits.

    >>> CostModel(p=1, N=100, M=300, k=4).choice
    'dense'
    >>> CostModel(p=4, N=2000, M=6000, k=8).choice
    'iterative'
    """

    p: int
    N: int
    M: int
    k: int

    derived: ClassVar[tuple[str, ...]] = (
        "choice",
        *("dense_seconds", "iterative_seconds", "dense_bytes", "iterative_bytes"),
    )

    @property
    def dense_seconds(self) -> float:
        p, N, M = self.p, self.N, self.M
        reduction = LAPACK_CACHED if 8 * (p * N) ** 2 <= CACHE else LAPACK
        return p * (p + 1) / 2 * M * N * N / GEMM + 4 / 3 * (p * N) ** 3 / reduction

    @property
    def iterative_seconds(self) -> float:
        p, N, M = self.p, self.N, self.M
        shape = sizes(self.k, p, p * N)
        columns = COLUMNS_A_PAIR * self.k + COLUMNS_A_GUARD * shape.block
        setup = (M * N * N + N**3 / 3) / (2 * GEMM)
        small = ITERATION * columns / shape.block
        vectors = 8 * shape.held * p * N
        products = 4 * M * N * p + 4 * N * N * p
        return setup + small + columns * (products + vectors) / (1.2 * GEMM)

    @property
    def dense_bytes(self) -> int:
        return instance_bytes(self.p, self.N, self.M) + dense_bytes(self.p, self.N, self.M)

    @property
    def iterative_bytes(self) -> int:
        """X in both precisions, an N × N matrix, three factors, two bases and what they project."""
        p, N, M = self.p, self.N, self.M
        shape = sizes(self.k, p, p * N)
        curvature, projected = 20 * M * p * p, 5 * 8 * shape.held**2
        bases = 2 * 8 * (shape.held + 4 * shape.kept) * p * N
        return 12 * M * N + curvature + 16 * N * N + bases + projected

    @property
    def choice(self) -> str:
        """ "dense" or "iterative", the faster."""
        return "dense" if self.dense_seconds <= self.iterative_seconds else "iterative"

    def headline(self) -> str:
        return f"p = {self.p}, N = {self.N}, M = {self.M}"

    def columns(self) -> Mapping[str, Any]:
        return {
            "method": ROUTES,
            "seconds": [self.dense_seconds, self.iterative_seconds],
            "bytes": [self.dense_bytes, self.iterative_bytes],
            "chosen": [self.choice == one for one in ROUTES],
        }

    def report(self) -> Report:
        columns = self.columns()
        rows = [
            (name + " (chosen)" * chosen, f"{seconds:.3g}", f"{size / GIB:.3g}")
            for name, seconds, size, chosen in zip(*columns.values(), strict=True)
        ]
        return Report([Table(self.headline(), ("method", "s", "GiB"), rows)])


def cost(model: TeacherStudent, alpha: float = 3.0, N: int = 1000, k: int = 1) -> CostModel:
    """The costs of one draw of ``simulate`` with these arguments.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.

    >>> cost(TeacherStudent(p=1, p_star=1), 3.0, 100, 4).M
    300
    """
    N, k = check_pairs(model, N, k)
    return CostModel(int(model.p), N, sample_count(alpha, N), k)


def check_pairs(model: object, N: object, k: object) -> tuple[int, int]:
    """N, and k raised to p·p* + 1 or to all pN, for a model of finite p."""
    checked, size = TeacherStudent.check(model), int(positive_integer("N", N))
    pairs, all_pairs = int(positive_integer("k", k)), check_size(checked, size) * size
    if pairs > all_pairs:
        raise InvalidInput(f"k must be at most pN = {all_pairs}, got {k!r}")
    return size, min(max(pairs, int(checked.p) * checked.p_star + 1), all_pairs)
