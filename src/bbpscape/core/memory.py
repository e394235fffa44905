"""A refusal of what needs more memory than there is, before it is allocated."""

from collections.abc import Callable

from bbpscape.core.checks import InvalidInput
from bbpscape.core.limits import available_memory

GIB = 2**30


def require_memory(
    estimate: Callable[[int], int],
    value: int,
    name: str = "N",
    otherwise: str = "",
    *,
    of: str = "memory",
    available: int | None = None,
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
        What to do where no value of it would fit; to lower N, alpha, p or draws by default.
    of : str
        What to call the memory.
    available : int, optional
        Bytes of it; by default what this machine has left.

    Raises
    ------
    InvalidInput
    """
    if available is None:
        available = available_memory()
    needed = estimate(value)
    if needed <= available:
        return
    fits, too_large = 0, value
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        fits, too_large = (middle, too_large) if estimate(middle) <= available else (fits, middle)
    if not fits:
        others = [one for one in ("N", "alpha", "p", "draws") if one != name]
        otherwise = otherwise or f"lower {', '.join(others[:-1])} or {others[-1]}"
        raise InvalidInput(
            f"{needed / GIB:.3g} GiB of {of} are needed and {available / GIB:.3g} GiB are "
            f"available, whatever {name}: {otherwise}"
        )
    raise InvalidInput(
        f"{name} = {value} needs {needed / GIB:.3g} GiB of {of} and {available / GIB:.3g} GiB "
        f"is available: {name} must be at most {fits}"
    )
