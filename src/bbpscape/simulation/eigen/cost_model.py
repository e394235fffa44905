"""Seconds and bytes of the dense and of the iterative route, predicted, to choose between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from bbpscape.core.checks import InvalidInput, boolean, positive_integer
from bbpscape.core.limits import available_memory
from bbpscape.core.memory import GIB
from bbpscape.core.report import Report, Table
from bbpscape.core.result import Result, result
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import CHUNK
from bbpscape.simulation.data.instance import check_size, sample_count
from bbpscape.simulation.eigen.certificate import INERTIA_SIZE
from bbpscape.simulation.eigen.davidson import Sizes, sizes
from bbpscape.simulation.eigen.signal import FULL_SIZE, LANCZOS_STEPS
from bbpscape.simulation.eigen.sketch import sketch_rows
from bbpscape.simulation.memory import STRIPE, dense_bytes, instance_bytes

# Fitted on one core (simulate.md).
GEMM = 45e9  # operations a second of a matrix product in double precision; twice that in single
THIN = 28e9  # of a product with a block of vectors, partly in single precision
LAPACK = 20e9  # of the tridiagonal reduction, half of which is bound by memory
LAPACK_CACHED = 26e9  # the same for a matrix that stays in the cache
CACHE = 25e6  # bytes
ENTRY = 8e-9  # seconds of an entry of X, scaled before a block is formed
SMALL = 1e-3  # seconds of a solve, however small
COLUMNS_A_PAIR, COLUMNS_A_GUARD = 55, 14  # products, for k pairs and a block of guards
COLUMNS_TO_CERTIFY = 65  # products of the second block
SKETCHED = 2.2  # times as many with a sketch of N rows, and more with less of them
NUMBER = 9e-9  # seconds of a normal number
HOP = 0.05  # seconds of a sum over workers, beside its work
PARTS = 3  # columns of a Gram matrix, in stripes, that a worker holds: its own, another's, a sum
ROUTES = ("dense", "iterative")
ITERATION = 4e-4  # seconds of an iteration that do not shrink with N
LANCZOS_STEP, LANCZOS = 1e-4, 5e9  # seconds beside its product, and operations a second of that
FULL = 12.0  # operations of all eigenvectors, over the (pN)³ of the matrix


@result
class CostModel(Result):
    """Dense: p(p+1)/2 · M N² + (4/3)(pN)³.  Iterative: M N² + N³/3 + products · 4 (M + N) N p.

    Operations over the rates measured for each, with the small work beside them and, of the
    iterative route, the certificate. ``directions`` are those of the teacher, p·p*, in which the
    largest overlap is looked for, 0 where it is not: ``phi_seconds`` is the time where the pairs
    found do not decide it. A dense matrix that is larger than the iterative route's memory is still
    chosen if it is faster and fits. Beyond N = 30,000 a sketch of ``sketch_rows`` samples takes the
    place of the N × N matrix. Where ``shards`` threads of Dask workers share X, ``shard_seconds``
    is with a core for each, and ``client_bytes`` is what this process takes. ``memory`` is what was
    free when ``cost`` was asked, 0 where it was not.

    Examples
    --------
    >>> CostModel(p=1, N=100, M=300, k=4).choice
    'dense'
    >>> CostModel(p=4, N=2000, M=6000, k=8).choice
    'iterative'
    """

    p: int
    N: int
    M: int
    k: int
    directions: int = 0
    shards: int = 0
    memory: int = 0

    derived: ClassVar[tuple[str, ...]] = (
        "choice",
        *("dense_seconds", "iterative_seconds", "dense_bytes", "iterative_bytes", "phi_seconds"),
        *("sketch_rows", "shard_seconds", "shard_bytes", "client_bytes"),
    )

    @property
    def dense_seconds(self) -> float:
        reduction = 4 / 3 * (self.p * self.N) ** 3 / self._lapack
        return SMALL + self._forming + self.M * self.N * ENTRY + reduction

    @property
    def iterative_seconds(self) -> float:
        small = SMALL + ITERATION * self._columns / self._shape.block
        if self.p * self.N <= INERTIA_SIZE:
            certificate = self._forming + (self.p * self.N) ** 3 / 3 / self._lapack
        else:
            certificate = COLUMNS_TO_CERTIFY * self._slower * self._product
        return self._summing + self._factor + small + self._columns * self._product + certificate

    @property
    def shard_seconds(self) -> float:
        """One thread after the other draws its rows; then all sum and multiply at once."""
        if not self.shards:
            return math.inf
        columns = self._columns + COLUMNS_TO_CERTIFY * self._slower
        here = self._factor + columns * self._small_product
        there = self._summing + columns * (self._product - self._small_product)
        calls = columns / self._shape.block
        return self.M * self.N * NUMBER + here + there / self.shards + HOP * calls

    @property
    def sketch_rows(self) -> int:
        """Samples of the sketch, 0 where the N × N matrix is made."""
        return sketch_rows(self.N)

    @property
    def _shape(self) -> Sizes:
        return sizes(self.k, self.p, self.p * self.N)

    @property
    def _slower(self) -> float:
        """Products over those with the N × N matrix: a sketch needs more."""
        return SKETCHED * self.N / self.sketch_rows if self.sketch_rows else 1.0

    @property
    def _columns(self) -> float:
        columns = COLUMNS_A_PAIR * self.k + COLUMNS_A_GUARD * self._shape.block
        return columns * self._slower

    @property
    def _summing(self) -> float:
        """Of the N × N matrix, or of the sketch from the rows that are here."""
        N, r = self.N, self.sketch_rows
        return (r * r * N if r else self.M * N * N) / (2 * GEMM)

    @property
    def _factor(self) -> float:
        return (self.sketch_rows or self.N) ** 3 / 3 / (2 * GEMM)

    @property
    def _small_product(self) -> float:
        """Of a vector: the preconditioner and the basis, not H."""
        N, r = self.N, self.sketch_rows
        inverse = 4 * r * (N + r) if r else 4 * N * N
        return self.p * (inverse + 8 * self._shape.held * N) / THIN

    @property
    def _product(self) -> float:
        return 4 * self.M * self.N * self.p / THIN + self._small_product

    @property
    def phi_seconds(self) -> float:
        """Lanczos in every teacher direction, and all eigenvectors where they are few."""
        size, products = self.p * self.N, LANCZOS_STEPS * self.directions
        full = FULL * size**3 / LAPACK if size <= FULL_SIZE and self.directions else 0.0
        return products * (LANCZOS_STEP + 4.0 * self.M * size / LANCZOS) + full

    @property
    def _forming(self) -> float:
        """The p(p + 1)/2 blocks of the dense matrix."""
        blocks = self.p * (self.p + 1) / 2
        return blocks * self.M * self.N * (self.N / GEMM + ENTRY)

    @property
    def _lapack(self) -> float:
        return LAPACK_CACHED if 8 * (self.p * self.N) ** 2 <= CACHE else LAPACK

    @property
    def dense_bytes(self) -> int:
        return instance_bytes(self.p, self.N, self.M) + dense_bytes(self.p, self.N, self.M)

    @property
    def iterative_bytes(self) -> int:
        """X in both precisions, an N × N matrix, three factors, two bases and what they project."""
        return 12 * self.M * self.N + self.client_bytes

    @property
    def client_bytes(self) -> int:
        """The iterative route without X: F, the preconditioner, the bases and what they project."""
        p, N, M, r = self.p, self.N, self.M, self.sketch_rows
        shape = self._shape
        curvature, projected = 20 * M * p * p, 5 * 8 * shape.held**2
        inverse = 4 * r * (N + 3 * r) if r else 16 * N * N
        bases = 2 * 8 * (shape.held + 4 * shape.kept) * p * N
        return curvature + inverse + bases + projected

    def share_bytes(self, samples: int) -> int:
        """Bytes of a thread that holds a share of X, in both precisions, with F and partial sums.

        Parameters
        ----------
        samples : int
            Rows of X in the share.

        Returns
        -------
        int
            Bytes.

        Examples
        --------
        >>> import bbpscape as bb
        >>> one = bb.eigen.CostModel(p=1, N=100, M=300, k=4)
        >>> one.share_bytes(200) - one.share_bytes(100) == 100 * (12 * 100 + 16)
        True
        """
        p, N = self.p, self.N
        vectors = PARTS * 8 * max(16, self._shape.block) * p * N
        return 12 * samples * N + 16 * samples * p * p + PARTS * STRIPE + vectors

    @property
    def shard_bytes(self) -> int:
        return self.share_bytes(-(-self.M // self.shards)) if self.shards else 0

    @property
    def shards_needed(self) -> int:
        """Threads whose machines, each with ``memory``, hold X where this one does not; else 0."""
        if not 0 < self.memory < self.iterative_bytes:
            return 0
        room = self.memory - self.share_bytes(0)
        return math.ceil(self.M / max(1, room // (12 * self.N + 16 * self.p**2)))

    @property
    def device_bytes(self) -> int:
        """Of the iterative route on a torch device, where pieces of X and an inverse are more."""
        return self.iterative_bytes + 8 * self.N**2 + 4 * CHUNK

    @property
    def choice(self) -> str:
        """ "dense" or "iterative", the faster."""
        return "dense" if self.dense_seconds <= self.iterative_seconds else "iterative"

    def headline(self) -> str:
        return f"p = {self.p}, N = {self.N}, M = {self.M}"

    def columns(self) -> Mapping[str, Any]:
        """One row a route; ``seconds`` are without those of φ."""
        columns: dict[str, Any] = {
            "method": list(ROUTES),
            "seconds": [self.dense_seconds, self.iterative_seconds],
            "bytes": [self.dense_bytes, self.iterative_bytes],
            "chosen": [self.choice == one for one in ROUTES],
        }
        if self.shards:
            row = (f"{self.shards} shards, of each", self.shard_seconds, self.shard_bytes, False)
            for values, value in zip(columns.values(), row, strict=True):
                values.append(value)
        return columns

    def report(self) -> Report:
        columns = self.columns()
        rows = [
            (name + " (chosen)" * chosen, f"{seconds:.3g}", f"{size / GIB:.3g}")
            for name, seconds, size, chosen in zip(*columns.values(), strict=True)
        ]
        notes = []
        if self.directions:
            notes.append(f"phi takes {self.phi_seconds:.3g} s more where the pairs leave it open")
        if self.sketch_rows:
            notes.append(
                f"preconditioned by a sketch of {self.sketch_rows} samples, "
                f"{self._slower:.2g} times the products of an N x N matrix"
            )
        if self.shards_needed:
            notes.append(
                f"{self.iterative_bytes / GIB:.3g} GiB are more than the {self.memory / GIB:.3g} "
                f"GiB that are free here: share X over {self.shards_needed} machines like this one "
                "or more, with --scheduler ADDRESS of simulate"
            )
        return Report([Table(self.headline(), ("method", "s", "GiB"), rows)], notes)


def cost(
    model: TeacherStudent,
    alpha: float = 3.0,
    N: int = 1000,
    k: int = 1,
    *,
    phi: bool = False,
    shards: int | None = None,
) -> CostModel:
    """The costs of one draw of ``simulate`` with these arguments, but for drawing it.

    Parameters
    ----------
    model : TeacherStudent
    alpha : float
        Samples per dimension, M/N.
    N : int
        Input dimension.
    k : int
        Number of eigenpairs.
    phi : bool
        Whether the largest overlap is looked for too.
    shards : int, optional
        Threads of Dask workers that would share the rows of X, one core each.

    Returns
    -------
    CostModel
        Seconds and bytes of both routes and of shards, and the choice.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.

    Examples
    --------
    >>> cost(TeacherStudent(p=1, p_star=1), 3.0, 100, 4).M
    300
    """
    N, k = check_pairs(model, N, k)
    directions = int(model.p) * model.p_star if boolean("phi", phi) else 0
    parts = 0 if shards is None else int(positive_integer("shards", shards))
    M = sample_count(alpha, N)
    return CostModel(int(model.p), N, M, k, directions, parts, available_memory())


def check_pairs(model: object, N: object, k: object) -> tuple[int, int]:
    """N, and k raised to p·p* + 1 or to all pN, for a model of finite p."""
    checked, size = TeacherStudent.check(model), int(positive_integer("N", N))
    pairs, all_pairs = int(positive_integer("k", k)), check_size(checked, size) * size
    if pairs > all_pairs:
        raise InvalidInput(f"k must be at most pN = {all_pairs}, got {k!r}")
    return size, min(max(pairs, int(checked.p) * checked.p_star + 1), all_pairs)
