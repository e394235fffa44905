"""Seeds: the same draw whoever asks, and no number shared between data and probes."""

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.core.seeds import check_seed, draw_seed, stream


def first(sequence):
    return np.random.default_rng(sequence).random()


def test_a_draw_depends_on_what_it_is_of_the_seed_and_the_index():
    at = first(draw_seed("a", 1, 0))
    assert first(draw_seed("a", 1, 0)) == at
    others = [draw_seed("b", 1, 0), draw_seed("a", 2, 0), draw_seed("a", 1, 1)]
    assert len({at, *map(first, others)}) == 4


def test_streams_of_a_purpose_are_shared_with_no_draw_of_the_same_seed():
    data = {np.random.default_rng(seed).random() for seed in range(50)}
    data |= {first(np.random.SeedSequence(0, spawn_key=(i,))) for i in range(50)}
    probes = {stream(purpose, seed).random() for purpose in ("probes", "x") for seed in range(50)}
    assert len(probes) == 100
    assert not data & probes


def test_a_generator_is_a_seed():
    one, other = (check_seed(np.random.default_rng(3)) for _ in range(2))
    assert one == other
    generator = np.random.default_rng(3)
    assert check_seed(generator) != check_seed(generator)


@pytest.mark.parametrize("seed", [-1, 1.0, True, "1", None])
def test_a_wrong_seed_is_refused(seed):
    with pytest.raises(InvalidInput, match="seed must be"):
        check_seed(seed)
