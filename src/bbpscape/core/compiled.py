"""Loops in machine code (numba): compiled when they are first called, kept on disk for later."""

import functools
import threading
import types
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")
# LLVM's flags that leave NaN and infinity as they are.
FREELY = frozenset({"reassoc", "contract", "nsz"})
_LOCK = threading.RLock()


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` in machine code, for arrays and numbers; what it calls of its own file may be
    compiled too.

    Nothing is imported before the first call, which compiles for the types of its arguments. The
    code is kept beside the file, or else in the user's cache (numba's rules; NUMBA_CACHE_DIR moves
    it), and compiled anew in each process where neither can be written. It follows changes of the
    function's own file alone: constants of other files are arguments. Division by 0 gives what
    numpy gives, sums keep their order, and other threads run meanwhile.

    >>> @compiled
    ... def total(x):
    ...     result = 0.0
    ...     for one in x:
    ...         result += one
    ...     return result
    >>> import numpy as np
    >>> total(np.arange(4.0))
    6.0
    """
    return cast(Callable[P, R], functools.wraps(function)(_Kernel(function)))


def compiled_freely(function: Callable[P, R]) -> Callable[P, R]:
    """As ``compiled``, but sums are taken in whatever order fills the vector registers: other
    processors differ in their last digits."""
    return cast(Callable[P, R], functools.wraps(function)(_Kernel(function, FREELY)))


class _Kernel:
    """A function that turns into numba's when it is first called."""

    def __init__(self, function: Callable, rules: frozenset[str] = frozenset()) -> None:
        self._function, self._rules = function, rules
        self._machine: Callable | None = None

    def __call__(self, *arguments: Any) -> Any:
        return (self._machine or self.machine())(*arguments)

    def machine(self) -> Callable:
        """numba's dispatcher of the function."""
        with _LOCK:
            if self._machine is None:
                self._machine = _dispatcher(_with_machines(cast(Any, self._function)), self._rules)
        return self._machine


def _with_machines(function: types.FunctionType) -> types.FunctionType:
    """The function with the kernels of its file as numba sees them."""
    names = function.__code__.co_names
    called = {
        name: one.machine()
        for name in names
        if isinstance(one := function.__globals__.get(name), _Kernel)
    }
    result = types.FunctionType(
        function.__code__,
        function.__globals__ | called,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    result.__qualname__, result.__module__ = function.__qualname__, function.__module__
    return result


def _dispatcher(function: Callable, rules: frozenset[str]) -> Callable:
    import numba  # here: it takes as long as all the rest of a short command

    options: Any = {"nogil": True, "error_model": "numpy", "fastmath": set(rules)}
    try:
        return cast(Callable, numba.njit(cache=True, **options)(function))
    except RuntimeError:
        # No folder for the code, or no file of the function.
        return cast(Callable, numba.njit(**options)(function))
