"""Ctrl-C, and a system that ends this process: one KeyboardInterrupt, and then patience."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE = 1.0  # seconds for which further signals are the same wish; later ones end all at once
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
INTERRUPTED = 128 + signal.SIGINT  # exit status

_received: signal.Signals | None = None
_patient_until = -1.0


def listen() -> None:
    """From now on the first signal to end raises KeyboardInterrupt, so that all is cleared away.

    What is ignored, as under nohup, stays ignored.
    """
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _receive)


def received() -> signal.Signals | None:
    """The signal to end that came, None before any."""
    return _received


def ending() -> tuple[str, int]:
    """What is to be said of it, and the exit status."""
    if _received in (None, signal.SIGINT):
        return "interrupted", INTERRUPTED
    return f"ended by {_received.name}", 128 + _received


def finish() -> None:
    """The work is done: a signal that comes now has nothing to wait for."""
    global _received, _patient_until
    _received, _patient_until = _received or signal.SIGINT, -1.0


@contextmanager
def held() -> Iterator[None]:
    """A block that Ctrl-C does not disturb; it comes after it. Only the main thread can be so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
        if came:
            signal.raise_signal(signal.SIGINT)


def _receive(number: int, frame: FrameType | None) -> None:
    global _received, _patient_until
    if _received is None:
        _received, _patient_until = signal.Signals(number), time.monotonic() + PATIENCE
        raise KeyboardInterrupt
    if time.monotonic() > _patient_until:
        os._exit(128 + number)
