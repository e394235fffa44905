"""Large arrays to a GPU, through page-locked buffers that threads fill."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUFFER = 2**22  # numbers in one of two buffers: one is filled while the other is read
PART = 2**18  # numbers that a thread copies at a time
MOST_THREADS = 8


class Upload:
    """Host arrays one after the other into a tensor, in its precision.

    Parameters
    ----------
    torch : module
    """

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def fill(self, target: Any, sources: Iterable[NDArray]) -> None:
        """The numbers of ``sources``, in order, into all of a contiguous tensor."""
        flat, torch = target.view(-1), self._torch
        if target.device.type == "cpu":
            there, start = flat.numpy(), 0
            for source in sources:
                there[start : start + source.size] = source.reshape(-1)
                start += source.size
            return
        size = min(BUFFER, flat.numel())
        buffers = [torch.empty(size, dtype=target.dtype, pin_memory=True) for _ in range(2)]
        read = [torch.cuda.Event() for _ in buffers]
        threads = min(MOST_THREADS, os.cpu_count() or 1)
        with ThreadPoolExecutor(threads) as pool:
            start = 0
            for turn, parts in enumerate(_filled(sources, size)):
                buffer, event = buffers[turn % 2], read[turn % 2]
                event.synchronize()
                there, count = buffer.numpy(), sum(part.size for part in parts)
                ends = np.cumsum([part.size for part in parts])
                slots = [there[e - part.size : e] for e, part in zip(ends, parts, strict=True)]
                list(pool.map(_copy, slots, parts))
                flat[start : start + count].copy_(buffer[:count], non_blocking=True)
                event.record()
                start += count
        torch.cuda.synchronize()


def _copy(slot: NDArray, part: NDArray) -> None:
    np.copyto(slot, part, casting="same_kind")


def _filled(sources: Iterable[NDArray], size: int) -> Iterable[list[NDArray]]:
    """Parts of the sources, in lists that fill a buffer of ``size`` numbers, but the last one."""
    parts: list[NDArray] = []
    room = size
    for source in sources:
        rest = source.reshape(-1)
        while rest.size:
            part, rest = np.split(rest, [min(PART, room)])
            parts.append(part)
            room -= part.size
            if not room:
                yield parts
                parts, room = [], size
    if parts:
        yield parts
