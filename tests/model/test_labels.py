"""Noise and flips of labels: how often, how wide, and between which values."""

import math

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.labels import Labels

COUNT = 200_000


def test_a_fraction_of_signs_is_flipped():
    outputs = np.full(COUNT, 2.0)
    y = Labels(flip=0.1).apply(outputs, np.random.default_rng(1))
    assert set(y.tolist()) == {-2.0, 2.0}
    assert (y < 0).mean() == pytest.approx(0.1, abs=5 * math.sqrt(0.09 / COUNT))


def test_noise_has_its_variance():
    y = Labels(noise=0.04).apply(np.ones(COUNT), np.random.default_rng(2))
    assert y.mean() == pytest.approx(1.0, abs=5 * 0.2 / math.sqrt(COUNT))
    assert y.var() == pytest.approx(0.04, rel=5 * math.sqrt(2 / COUNT))
    assert abs(((y - y.mean()) ** 4).mean() / y.var() ** 2 - 3) < 0.1


def test_noise_is_added_to_flipped_labels():
    y = Labels(noise=1e-4, flip=1.0).apply(np.full(1000, 3.0), np.random.default_rng(3))
    assert (y < -2.9).all()


def test_exact_labels_draw_nothing():
    generator = np.random.default_rng(4)
    y = Labels().apply(np.arange(3.0), generator)
    assert y.tolist() == [0.0, 1.0, 2.0]
    assert generator.random() == np.random.default_rng(4).random()
    assert Labels().clean
    assert not Labels(noise=1e-9).clean
    assert not Labels(flip=1e-9).clean


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (Labels(), (0.5, 2.0)),
        (Labels(flip=0.1), (-2.0, 2.0)),
        (Labels(flip=1.0), (-2.0, -0.5)),
        (Labels(noise=0.1), (-math.inf, math.inf)),
        (Labels(noise=0.1, flip=1.0), (-math.inf, math.inf)),
    ],
)
def test_ranges(labels, found):
    assert labels.range(0.5, 2.0) == found
    y = labels.apply(np.linspace(0.5, 2.0, 1000), np.random.default_rng(5))
    assert found[0] <= y.min()
    assert y.max() <= found[1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"noise": -0.1}, "noise must be from 0 to 1e.06, got -0.1"),
        ({"noise": math.nan}, "noise must be a finite number, got nan"),
        ({"flip": 1.01}, "flip must be from 0 to 1, got 1.01"),
        ({"flip": "1"}, "flip must be a number, got '1'"),
    ],
)
def test_refusals(values, message):
    with pytest.raises(InvalidInput, match=message):
        Labels(**values)
