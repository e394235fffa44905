"""One seed scheme: draw i of a model at α and N has a seed of its own, whoever asks for it.

A draw is named by what it is a draw *of* (its identity, a text) beside the user's seed and its
index, so that points of a study share no random numbers, and a point is the same in any study.
Numbers that are no data (probes, starting blocks, resampling) come from streams that no data share.
"""

import hashlib
import numbers

import numpy as np

from bbpscape.core.checks import InvalidInput

Seed = int | np.random.Generator
# The first number of the spawn key of every stream that is not a draw.
APART = 0x62627073


def check_seed(seed: object) -> int:
    """``seed`` as an int of at least 0; of a Generator, the next 63 bits of its stream.

    Raises
    ------
    InvalidInput
        If it is neither.
    """
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or seed < 0:
        raise InvalidInput(
            f"seed must be an integer of at least 0 or a numpy Generator, got {seed!r}"
        )
    return int(seed)


def draw_seed(identity: str, seed: int, draw: int) -> np.random.SeedSequence:
    """The seed of draw ``draw`` of what ``identity`` names, by a user's ``seed``."""
    return np.random.SeedSequence([seed, _number(identity)], spawn_key=(draw,))


def stream(purpose: str, seed: object = 0) -> np.random.Generator:
    """Random numbers for a ``purpose`` ("probes", "bootstrap", …), shared with no draw.

    >>> a, b = stream("probes", 0), np.random.default_rng(0)
    >>> bool(a.random() == b.random())
    False
    """
    key = (APART, *divmod(_number(purpose) % 2**64, 2**32))
    return np.random.default_rng(np.random.SeedSequence(check_seed(seed), spawn_key=key))


def _number(text: str) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return int.from_bytes(digest, "little")
