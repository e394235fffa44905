"""Patches of photographs: reproducible, not flat, and far from Gaussian."""

import sys

import numpy as np
import pytest

from bbpscape.core import memory
from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.inputs import prepare_inputs
from bbpscape.simulation.data.patches import load_photographs, patches

pytest.importorskip("skimage")


def test_shape_and_range():
    cut = patches(6, 500)
    assert cut.shape == (500, 36)
    assert cut.dtype == np.float64
    assert cut.min() >= 0
    assert cut.max() <= 1
    assert patches(4).shape == (20 * 16, 16)


def test_patches_are_cut_from_the_photographs():
    photographs = load_photographs()
    windows = {
        window.tobytes()
        for photograph in photographs
        for window in np.lib.stride_tricks.sliding_window_view(photograph, (2, 2)).reshape(-1, 4)
    }
    assert all(patch.tobytes() in windows for patch in patches(2, 50))


def test_seeds():
    first, again, other = (patches(5, 40, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not (first == other).all(axis=1).any()
    np.testing.assert_array_equal(first[:10], patches(5, 10))


def test_flat_patches_are_passed_over():
    cut = patches(2, 5000)
    assert (cut.std(axis=1) > 0).all()
    # Control: a patch at any place is flat now and then.
    windows = np.lib.stride_tricks.sliding_window_view(load_photographs()[-1], (2, 2))
    assert (windows.max(axis=(2, 3)) == windows.min(axis=(2, 3))).mean() > 0.01


@pytest.mark.parametrize("contrast", [False, True])
def test_whitened_patches_are_not_gaussian(contrast):
    inputs = prepare_inputs(patches(8, contrast=contrast))
    assert inputs.norm_spread > 2 * inputs.gaussian_norm_spread


def test_contrast():
    raw, equal = (patches(8, contrast=contrast) for contrast in (False, True))
    np.testing.assert_allclose(equal.mean(axis=1), raw.mean(axis=1))
    np.testing.assert_allclose(equal.std(axis=1), np.sqrt(raw.var(axis=1).mean()))
    assert prepare_inputs(equal).norm_spread < prepare_inputs(raw).norm_spread


def test_the_largest_size():
    assert patches(300, 2).shape == (2, 90000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 1}, "size must be from 2 to 300, got 1"),
        ({"size": 301, "count": 2}, "size must be from 2 to 300, got 301"),
        ({"size": 2.5}, "size must be a positive integer"),
        ({"size": 8, "count": 0}, "count must be a positive integer"),
        ({"size": 8, "count": 10**8}, r"count must be at most \d+, the number of places"),
        ({"size": 8, "seed": -1}, "seed must be an integer of at least 0"),
        ({"size": 8, "contrast": 1}, "contrast must be True or False"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        patches(**arguments)


def test_memory_is_refused_with_the_largest_count(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    with pytest.raises(InvalidInput, match=r"count = 1000 needs .*: count must be at most \d+$"):
        patches(300, 1000)


def test_too_many_that_are_not_flat(monkeypatch):
    photograph = np.zeros((4, 4))
    photograph[0, 0] = 1.0  # one of the nine places of a 2 × 2 patch is not flat
    monkeypatch.setitem(patches.__globals__, "load_photographs", lambda: (photograph,))
    assert patches(2, 1).tolist() == [[1.0, 0.0, 0.0, 0.0]]
    with pytest.raises(InvalidInput, match="count must be at most 1, the number of patches"):
        patches(2, 2)


def test_without_scikit_image(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    load_photographs.cache_clear()
    with pytest.raises(InvalidInput, match=r"pip install 'bbpscape\[data\]'"):
        patches(4)
