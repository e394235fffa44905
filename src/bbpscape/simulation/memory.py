"""How much memory a draw and its Hessian take, and a refusal before it is not there."""

from collections.abc import Callable

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.limits import available_memory

CHUNK_BYTES = 2**26  # of scaled rows, copied at a time while a dense matrix is built
WORK_VECTORS = 256  # vectors of pN numbers that LAPACK and the eigenvectors take, generously
GIB = 2**30
KEPT = 4096  # bytes of a draw that is kept: its seed, its task, its result


def instance_bytes(p: int, N: int, M: int) -> int:
    """8 M (N + p² + 4p): bytes of the inputs, the curvatures and the scalars of M samples."""
    return 8 * M * (N + p * p + 4 * p)


def dense_bytes(p: int, N: int, M: int) -> int:
    """8 [(pN)² + N²]: peak bytes of building and diagonalizing a dense Hessian.

    N² is one block, not needed at p = 1. Work space of a fixed size and a few vectors are
    counted; what the instance itself holds, ``instance_bytes``, is not.
    """
    block = N * N if p > 1 else 0
    chunk = min(CHUNK_BYTES, 8 * M * N)
    return 8 * ((p * N) ** 2 + block + WORK_VECTORS * p * N) + chunk


def kept_bytes(draws: int, numbers: int) -> int:
    """Bytes of what is kept of many draws, ``numbers`` floats of each."""
    return draws * (KEPT + 8 * numbers)


def require_memory(
    estimate: Callable[[int], int],
    value: int,
    name: str = "N",
    otherwise: str = "lower alpha, p or draws",
) -> None:
    """Refuse ``value`` if ``estimate(value)`` bytes are more than the memory available now.

    Parameters
    ----------
    estimate : function
        Bytes needed, growing with its argument.
    value : int
        What was asked for.
    name : str
        What to call it in the message, which gives the largest value that fits.
    otherwise : str
        What to do where no value of it would fit.

    Raises
    ------
    InvalidInput
    """
    available, needed = available_memory(), estimate(value)
    if needed <= available:
        return
    fits, too_large = 0, value
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        fits, too_large = (middle, too_large) if estimate(middle) <= available else (fits, middle)
    if not fits:
        raise InvalidInput(
            f"{needed / GIB:.3g} GiB of memory are needed and {available / GIB:.3g} GiB are "
            f"available, whatever {name}: {otherwise}"
        )
    raise InvalidInput(
        f"{name} = {value} needs {needed / GIB:.3g} GiB of memory and {available / GIB:.3g} GiB "
        f"is available: {name} must be at most {fits}"
    )
