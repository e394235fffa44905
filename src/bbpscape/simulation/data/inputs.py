"""Real inputs: centred, whitened or scaled, and sampled."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, boolean, integer
from bbpscape.core.memory import require_memory
from bbpscape.core.tables import Rows, rows_of
from bbpscape.core.tables import to_rows as to_rows
from bbpscape.model.inputs.estimate import InputEstimate, estimate_inputs
from bbpscape.simulation.data import columns as _columns
from bbpscape.simulation.data.files import read_rows
from bbpscape.simulation.data.instance import sample_count

WORK_MATRICES = 4  # of the smaller of N × N and n × n: a covariance, and what eigh takes
DIGEST = 6  # bytes
BLOCK = 2**20  # numbers that are digested at a time


@dataclass(frozen=True, eq=False)
class Inputs:
    """n centred inputs x of dimension N, scaled to the variance 1/N of the model's Gaussian ones.

    Parameters
    ----------
    rows : array, shape (n, N)
        The inputs, read-only.
    whitened : bool
        Whether their covariance is I/N; otherwise only its trace is 1.
    equal_norms : bool
        Whether each was then scaled to |x| = 1.
    dropped : tuple
        The constant columns that were dropped, by name or number.
    standardized : bool
        Whether columns were brought to one variance.
    share : float, optional
        Of the variance, in the components that were kept.
    digest : str, optional
        By which they are known again; of ``rows`` by default, and of what these were made of, with
        how, where ``prepare_inputs`` made them: the last digits of ``rows`` depend on the machine.

    Examples
    --------
    >>> import bbpscape as bb
    >>> rows = np.random.default_rng(0).uniform(size=(200, 6))
    >>> x = bb.data.prepare_inputs(rows)
    >>> x.N, np.allclose(x.rows.T @ x.rows / x.n, np.eye(6) / 6)
    (6, True)
    """

    rows: NDArray[np.float64]
    whitened: bool
    equal_norms: bool = False
    dropped: tuple[Hashable, ...] = ()
    standardized: bool = False
    share: float | None = None
    digest: str = ""

    def __post_init__(self) -> None:
        view = rows_of(self.rows).values.view()
        view.flags.writeable = False
        object.__setattr__(self, "rows", view)
        object.__setattr__(self, "digest", self.digest or _digest(view, ()))

    @property
    def n(self) -> int:
        """Number of inputs."""
        return self.rows.shape[0]

    @property
    def N(self) -> int:
        """Dimension."""
        return self.rows.shape[1]

    @property
    def name(self) -> str:
        """Short, with the digest: other inputs have another name."""
        done = "whitened" if self.whitened else "not whitened"
        return f"{self.n} x {self.N}, {done}, {self.digest}"

    @cached_property
    def law(self) -> InputEstimate:
        """Their covariance and norms, as if they were elliptical."""
        return estimate_inputs(self.rows)

    @cached_property
    def turned(self) -> Inputs:
        """The same in the eigenbasis of their covariance, by decreasing variance."""
        if self.law.covariance.isotropic:
            return self
        return replace(self, rows=self.rows @ self.law.components)

    def check(self, alpha: float) -> int:
        """M = round(αN), the number of inputs that a draw takes.

        Parameters
        ----------
        alpha : float
            Samples per dimension.

        Returns
        -------
        int
            M.

        Raises
        ------
        InvalidInput
            If M is below 1 or above the number of inputs.

        Examples
        --------
        >>> import bbpscape as bb
        >>> x = bb.data.prepare_inputs(np.random.default_rng(0).uniform(size=(200, 6)))
        >>> x.check(2.5)
        15
        """
        M = sample_count(alpha, self.N)
        if self.n < M:
            raise InvalidInput(
                f"alpha must be at most n/N = {self.n}/{self.N} = {self.n / self.N:.6g}, "
                f"got {alpha!r}"
            )
        return M

    @property
    def norm_spread(self) -> float:
        """std(|x|²)/mean(|x|²) over the inputs."""
        squares = np.einsum("ij,ij->i", self.rows, self.rows)
        return float(squares.std() / squares.mean())

    @property
    def gaussian_norm_spread(self) -> float:
        """√(2/N), what ``norm_spread`` is for isotropic Gaussian inputs."""
        return math.sqrt(2 / self.N)

    @property
    def description(self) -> str:
        """One line for tables and figures: what they are and what was done to them."""
        said = [f"{self.n} inputs of dimension {self.N}"]
        if self.dropped:
            count, given = len(self.dropped), Rows(self.rows, self.dropped)
            said.append(f"without constant {given.named(range(count))}")
        if self.standardized:
            said.append("columns of one variance")
        if self.share is not None:
            said.append(f"{self.N} components with {100 * self.share:.4g} % of the variance")
        said.append("whitened" if self.whitened else "not whitened")
        return ", ".join([*said, "equal norms"] if self.equal_norms else said)


def inputs_of(source: object, key: str | None = None, **preparation: Any) -> Inputs:
    """The inputs of a file or of rows, prepared; ``Inputs`` stay what they are.

    Parameters
    ----------
    source : file, rows or Inputs
        A path as of ``load_inputs``, or data as of ``to_rows``.
    key : str, optional
        Which array of an .npz file.
    **preparation
        As of ``prepare_inputs``.

    Returns
    -------
    Inputs
        Rows prepared for draws, with what was done to them.

    Raises
    ------
    InvalidInput
        If they cannot be read or prepared so.

    See Also
    --------
    prepare_inputs : Of rows in memory.
    load_inputs : The rows of a file.

    Examples
    --------
    >>> import bbpscape as bb
    >>> np.save("rows.npy", np.random.default_rng(0).uniform(size=(200, 6)))
    >>> bb.data.inputs_of("rows.npy", pca=3).N
    3
    """
    if isinstance(source, str | PathLike):
        return prepare_inputs(read_rows(source, key), **preparation)
    if key is not None:
        raise InvalidInput(f"key is for a file, got key={key!r} with {type(source).__name__}")
    if not isinstance(source, Inputs):
        return prepare_inputs(source, **preparation)
    if preparation:
        raise InvalidInput(f"inputs are prepared already: leave out {', '.join(preparation)}")
    return source


def prepare_inputs(
    rows: object,
    whiten: bool = True,
    equal_norms: bool = False,
    drop_constant: bool = False,
    standardize: bool = False,
    pca: int | None = None,
) -> Inputs:
    """x = R^{−1/2} D^{−1} (row − mean)/√N: D standard deviations, R correlations of the columns.

    The units of columns do not matter then. All n rows enter R, so that a sample of a large part
    of them has a covariance closer to I/N than independent inputs would: keep n well above M.
    Without ``whiten`` they are divided by one number, for a mean variance of 1/N.

    Parameters
    ----------
    rows : array, DataFrame, table, tensor, Dataset or sparse matrix
        As of ``to_rows``; n > N where ``whiten``, unless ``pca`` < n.
    whiten : bool
        Whether to whiten.
    equal_norms : bool
        Whether to scale every x to |x| = 1 at the end, the norm of Gaussian inputs at large N.
    drop_constant : bool
        Whether to drop the columns that are constant; ``Inputs.dropped`` names them.
    standardize : bool
        Whether to bring every column to one variance first. It decides what the components are,
        and the covariance of what is not whitened.
    pca : int, optional
        How many leading principal components to keep; N is their number then.

    Returns
    -------
    Inputs
        Rows prepared for draws, with what was done to them.

    Raises
    ------
    InvalidInput
        If the rows are not allowed, do not vary, or their covariance has no inverse: the message
        names the columns that are constant or depend on others.

    See Also
    --------
    inputs_of : Of a file, too.

    Examples
    --------
    >>> import bbpscape as bb
    >>> rows = np.random.default_rng(0).uniform(size=(200, 6)) * [1, 2, 3, 4, 5, 6]
    >>> x = bb.data.prepare_inputs(rows, equal_norms=True)
    >>> np.allclose((x.rows**2).sum(axis=1), 1)
    True
    """
    given = rows_of(rows)
    flags = {"whiten": whiten, "equal_norms": equal_norms, "standardize": standardize}
    for name, value in flags.items():
        boolean(name, value)
    unit_free = standardize or (whiten and pca is None)
    divided = "" if not unit_free else "standardized" if standardize else "whitened"
    kept, dropped = _varying(given, boolean("drop_constant", drop_constant), divided)
    n, N = len(given.values), len(kept)
    count = _count(n, N, whiten, pca)
    work = WORK_MATRICES * min(n, N) ** 2
    require_memory(lambda rows: 8 * (rows * (N + count) + work), n, "rows", "fewer columns")
    found = np.take(given.values, kept, axis=1)
    _columns.centre(found)
    (_columns.unit_variance if unit_free else _columns.unit_size)(found)
    share = None
    if count:
        found, share = _columns.leading_components(found, count)
    if whiten:
        if count:
            _columns.unit_variance(found)
        _columns.whiten(found, lambda some: given.named(kept[some]))
        found *= 1 / math.sqrt(found.shape[1])
    else:
        found *= math.sqrt(n / float(np.vdot(found, found)))
    if equal_norms:
        _equalize(found)
    done = bool(whiten), bool(equal_norms), dropped, bool(standardize), share
    asked = bool(whiten), bool(equal_norms), bool(drop_constant), bool(standardize), count
    return Inputs(found, *done, digest=_digest(given.values, asked))


def sample(inputs: Inputs, alpha: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """M = round(αN) different inputs, drawn uniformly: shape (M, N).

    Raises
    ------
    InvalidInput
        If M is below 1 or above the number of inputs.
    """
    M = inputs.check(alpha)
    if not isinstance(generator, np.random.Generator):
        raise InvalidInput(f"generator must be a numpy Generator, got {generator!r}")
    return inputs.rows[generator.choice(inputs.n, size=M, replace=False)]


def _varying(
    given: Rows, drop: bool, divided: str
) -> tuple[NDArray[np.intp], tuple[Hashable, ...]]:
    """The columns to keep, and the labels of those to drop.

    ``divided`` says what is done with each by its standard deviation, if anything.
    """
    N = given.values.shape[1]
    constant = _columns.constant_columns(given.values)
    if len(constant) == N:
        raise InvalidInput("inputs must vary, got identical rows")
    if drop:
        kept = np.setdiff1d(np.arange(N), constant)
        return kept, tuple(given.label(one) for one in constant)
    if divided and len(constant):
        raise InvalidInput(
            f"inputs cannot be {divided} with constant columns, and {len(constant)} of {N} are: "
            f"{given.named(constant)}; drop_constant=True (--drop-constant) drops them"
        )
    return np.arange(N), ()


def _count(n: int, N: int, whiten: bool, pca: object) -> int:
    """How many components to keep of n rows, 0 for the columns as they are."""
    if pca is not None:
        most, count = min(n - 1, N), integer("pca", pca)
        if count > most:
            why = f"{n} rows" if most == n - 1 else f"{N} columns"
            raise InvalidInput(f"pca must be at most {most}, with {why}, got {count}")
        return count
    if whiten and n <= N:
        raise InvalidInput(
            f"inputs cannot be whitened with n <= N: need more than {N} rows, got {n}; "
            "add rows, drop columns or use pca=K (--pca K) or whiten=False (--no-whiten)"
        )
    return 0


def _equalize(rows: NDArray[np.float64]) -> None:
    """Scale every row to norm 1, in place; first by its largest number, whose square may be 0."""
    sizes = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    if not sizes.all():
        index = int(np.flatnonzero(sizes == 0)[0])
        raise InvalidInput(f"equal norms need rows off the mean: row {index} is the mean itself")
    rows /= sizes[:, None]
    rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]


def _digest(rows: NDArray[np.float64], asked: tuple[object, ...]) -> str:
    """Of the numbers, their shape and what is asked of them, hexadecimal."""
    found = hashlib.blake2b(repr((rows.shape, asked)).encode(), digest_size=DIGEST)
    for at in range(0, len(rows), step := math.ceil(BLOCK / rows.shape[1])):
        found.update(np.ascontiguousarray(rows[at : at + step]).data)
    return found.hexdigest()
