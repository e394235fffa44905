"""Real inputs: read, centre, whiten, and sample."""

import math
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.instance import sample_count

RANK_TOLERANCE = 1e-10  # of the largest variance; single-precision rounding leaves about 1e-14


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
    """

    rows: NDArray[np.float64]
    whitened: bool
    equal_norms: bool = False

    def __post_init__(self) -> None:
        view = _check_rows(self.rows).view()
        view.flags.writeable = False
        object.__setattr__(self, "rows", view)

    @property
    def n(self) -> int:
        """Number of inputs."""
        return self.rows.shape[0]

    @property
    def N(self) -> int:
        """Dimension."""
        return self.rows.shape[1]

    @property
    def norm_spread(self) -> float:
        """std(|x|²)/mean(|x|²) over the inputs."""
        squares = np.einsum("ij,ij->i", self.rows, self.rows)
        return float(squares.std() / squares.mean())

    @property
    def description(self) -> str:
        """One line for tables and figures."""
        kind = "whitened" if self.whitened else "not whitened"
        norms = ", equal norms" if self.equal_norms else ""
        return f"{self.n} inputs of dimension {self.N}, {kind}{norms}"

    @property
    def gaussian_norm_spread(self) -> float:
        """√(2/N), what ``norm_spread`` is for isotropic Gaussian inputs."""
        return math.sqrt(2 / self.N)


def load_inputs(path: str | PathLike) -> NDArray[np.float64]:
    """Rows of shape (n, N) from a .npy file, as float64.

    Raises
    ------
    InvalidInput
        If the file is not there, is not a .npy file of a two-dimensional array of real numbers, or
        holds fewer than two rows or a value that is not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidInput(f"inputs must be a .npy file, and there is no file {str(path)!r}")
    if path.suffix != ".npy":
        raise InvalidInput(f"inputs must be a .npy file (numpy.save), got {str(path)!r}")
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        reason = str(error).split("\n")[0]
        raise InvalidInput(
            f"inputs must be a .npy file of numbers, {str(path)!r} cannot be read: {reason}"
        ) from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise InvalidInput(f"inputs must be one array (numpy.save), got an archive {str(path)!r}")
    return _check_rows(array)


def prepare_inputs(rows: NDArray, whiten: bool = True, equal_norms: bool = False) -> Inputs:
    """x = C^{−1/2} (row − mean)/√N, with C the covariance of the rows.

    The inverse square root is the symmetric one (ZCA). All n rows enter C, so that a sample of a
    large part of them has a covariance closer to I/N than independent inputs would: keep
    n well above M. Without ``whiten``, C^{−1/2} is one number, for a mean variance of 1/N.

    Parameters
    ----------
    rows : array, shape (n, N)
        Real numbers, finite; n > N where ``whiten``.
    whiten : bool
        Whether to whiten.
    equal_norms : bool
        Whether to scale every x to |x| = 1 at the end, the norm of Gaussian inputs at large N.

    Raises
    ------
    InvalidInput
        If the rows are not allowed, do not vary, or their covariance has no inverse.
    """
    values = _check_rows(rows)
    if not isinstance(whiten, bool | np.bool_):
        raise InvalidInput(f"whiten must be True or False, got {whiten!r}")
    constant = np.flatnonzero((values == values[0]).all(axis=0))
    n, N = values.shape
    if len(constant) == N:
        raise InvalidInput("inputs must vary, got identical rows")
    if whiten and len(constant):
        raise InvalidInput(
            f"inputs cannot be whitened with constant columns: drop {len(constant)} of {N} columns "
            f"(the first is column {constant[0]}) or use whiten=False"
        )
    if whiten and n <= N:
        raise InvalidInput(
            f"inputs cannot be whitened with n <= N: need more than {N} rows, got {n}; "
            "add rows, drop columns or use whiten=False"
        )
    centred = values - values.mean(axis=0)
    if not whiten:
        centred *= 1 / math.sqrt((centred**2).sum() / n)
        return _scaled(centred, False, equal_norms)
    variances, axes = eigh(centred.T @ centred / n, overwrite_a=True)
    flat = int((variances <= RANK_TOLERANCE * variances[-1]).sum())
    if flat:
        raise InvalidInput(
            f"inputs cannot be whitened with covariance of rank {N - flat} of {N}: drop {flat} "
            "columns that are combinations of others or use whiten=False"
        )
    return _scaled(centred @ (axes / np.sqrt(N * variances) @ axes.T), True, equal_norms)


def _scaled(rows: NDArray[np.float64], whitened: bool, equal_norms: bool) -> Inputs:
    if equal_norms:
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        if not norms.all():
            index = int(np.flatnonzero(norms == 0)[0])
            raise InvalidInput(
                f"equal norms need rows off the mean: row {index} is the mean itself"
            )
        rows = rows / norms
    return Inputs(rows, whitened, equal_norms)


def sample(inputs: Inputs, alpha: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """M = round(αN) different inputs, drawn uniformly: shape (M, N).

    Raises
    ------
    InvalidInput
        If M is below 1 or above the number of inputs.
    """
    M = sample_count(alpha, inputs.N)
    if inputs.n < M:
        raise InvalidInput(
            f"alpha must be at most n/N = {inputs.n}/{inputs.N} = {inputs.n / inputs.N:.6g}, "
            f"got {alpha!r}"
        )
    if not isinstance(generator, np.random.Generator):
        raise InvalidInput(f"generator must be a numpy Generator, got {generator!r}")
    return inputs.rows[generator.choice(inputs.n, size=M, replace=False)]


def _check_rows(rows: object) -> NDArray[np.float64]:
    """Return the rows as float64 if they are at least two rows of finite real numbers."""
    values = real_array("inputs", rows)
    if values.ndim != 2 or values.shape[1] == 0:
        raise InvalidInput(f"inputs must have shape (n, N), got {values.shape}")
    if len(values) < 2:
        raise InvalidInput(f"inputs must have at least 2 rows, got {len(values)}")
    return values
