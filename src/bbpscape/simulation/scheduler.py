"""The way to a Dask scheduler: its address, a client of it, and what its workers lack."""

import logging
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bbpscape.core.checks import InvalidInput, text

CONNECT = 10.0  # seconds that a scheduler has to answer
WAIT = 0.2  # seconds between looks for the first worker
PORT = 8786  # of a scheduler, unless it is told another
GREETING = b"pickle-protocol"  # in the first words of a scheduler
# What Dask tells of a scheduler that is gone: dozens of lines, where one is enough.
LOGGERS = ("distributed", "distributed.client", "distributed.core", "tornado.application")


class ExecutorLost(RuntimeError):
    """No worker is left, nor can any be made; the message says what to do.

    Examples
    --------
    >>> import bbpscape as bb
    >>> issubclass(bb.study.ExecutorLost, RuntimeError)
    True
    """


def check_address(address: str) -> None:
    """InvalidInput unless a scheduler is there, of which Dask itself would never be sure."""
    found = re.fullmatch(r"(?:(tcp|tls)://)?(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})/?", address)
    if found is None or not 0 < int(found[3]) < 2**16:
        raise InvalidInput(f"a scheduler is an address such as tcp://HOST:{PORT}, got {address!r}")
    try:
        with socket.create_connection((found[2].strip("[]"), int(found[3])), CONNECT) as link:
            # A scheduler speaks first, unless it waits for a client's TLS.
            if found[1] != "tls" and GREETING not in link.recv(4096):
                raise OSError("what listens there is no Dask scheduler")
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"no Dask scheduler answers at {address!r}: {reason}") from None


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the scheduler at ``address``, "tcp://HOST:8786" or "HOST:8786".

    Raises
    ------
    InvalidInput
        If it is no such address, nothing answers there, or Dask is not installed.
    """
    check_address(text("scheduler", address))
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise InvalidInput(
            "a scheduler needs Dask: install bbpscape with the extra cluster"
        ) from None
    # Blocks of vectors go with the tasks, so that a worker's death does not lose them.
    large = {"distributed.admin.large-graph-warning-threshold": "1GiB"}
    with _quiet(), dask.config.set(large):
        try:
            client = Client(address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise InvalidInput(f"no Dask scheduler answers at {address!r}: {error}") from None
        with client:
            yield client


def await_workers(
    client: Any, needed: str, waits: Callable[[str], None], require_life: Callable[[], None]
) -> None:
    """Wait for the first worker; InvalidInput unless all that are there have this package.

    Parameters
    ----------
    client : distributed.Client
    needed : str
        The module that their tasks are in.
    waits : function
        Told what is waited for.
    require_life : function
        Raises where the scheduler is gone.
    """
    while not client.nthreads():
        require_life()
        waits("no Dask worker has come yet")
        time.sleep(WAIT)
    for address, reason in client.run(_what_is_lacking(), needed).items():
        if reason:
            raise InvalidInput(
                f"the Dask worker {address} cannot do this work ({reason}): install bbpscape "
                "on each node"
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """What is wrong with a cluster is said by this process, in one line."""
    levels = {one: one.level for one in map(logging.getLogger, LOGGERS)}
    for one in levels:
        one.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for one, level in levels.items():
            one.setLevel(level)


def _what_is_lacking() -> Callable[[str], str]:
    """A function that a node can run without the package, for it is sent as a whole."""

    def lacking(module: str) -> str:
        import importlib

        try:
            importlib.import_module(module)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    return lacking
