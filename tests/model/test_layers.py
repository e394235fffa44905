"""Second layers and overlaps: which are allowed, and in which form they are kept."""

import math

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.layers import check_overlap, check_second_layer, common_overlap


def test_overlaps_of_a_student_with_the_teacher_are_bounded():
    """A student neuron has a unit of overlap to share; the teacher's neurons do not."""
    assert check_overlap(0.6, 4, 1) == ((0.6,) * 4,)
    with pytest.raises(InvalidInput, match="sum to less than 1, got 0.6"):
        check_overlap(0.6, 1, 4)
    assert check_overlap([[0.9, 0.0], [0.0, 0.9]], 2, 2) == ((0.9, 0.0), (0.0, 0.9))
    with pytest.raises(InvalidInput, match="less than 1"):
        check_overlap([[0.8, 0.0], [0.6, 0.0]], 2, 2)


@pytest.mark.parametrize(
    ("value", "p", "p_star", "kept"),
    [
        (0, 2, 1, 0.0),
        (-0.0, math.inf, 1, 0.0),
        (np.zeros((2, 3)), 3, 2, 0.0),
        (np.float64(-0.25), 2, 1, ((-0.25, -0.25),)),
    ],
)
def test_overlaps_as_they_are_kept(value, p, p_star, kept):
    assert check_overlap(value, p, p_star) == kept


@pytest.mark.parametrize(
    ("value", "p", "message"),
    [
        (0.01, 10_001, "p p_star of at most 10000"),
        (True, 2, "overlap"),
        ([0.1, 0.2], 2, r"shape \(1, 2\)"),
        ([[0.1]], 2, r"shape \(1, 2\)"),
        ("much", 2, "overlap"),
        (math.nan, 2, "overlap|less than 1"),
    ],
)
def test_what_is_no_overlap(value, p, message):
    with pytest.raises(InvalidInput, match=message):
        check_overlap(value, p, 1)


def test_one_number_for_every_pair():
    assert common_overlap(((0.1, 0.1), (0.1, 0.1))) == 0.1
    assert common_overlap([[0.1, 0.1]]) == 0.1
    assert common_overlap(((0.1, 0.2),)) == ((0.1, 0.2),)
    assert common_overlap(0.0) == 0.0


def test_second_layers():
    assert check_second_layer(None, 3) is None
    assert check_second_layer([1 / 3] * 3, 3) is None
    assert check_second_layer((0.5, 0.5 + 1e-10), 2) == (0.5, 0.5 + 1e-10)
    assert check_second_layer([1e-6, -1e6], 2) == (1e-6, -1e6)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((0.5,), "p = 2 numbers"),
        ((0.5, 0.0), "other than 0"),
        ((0.5, 9e-7), "sizes from 1e-06"),
        ((0.5, -1.1e6), "sizes from 1e-06"),
        ((0.5, math.inf), "second_layer"),
        ("ab", "second_layer"),
    ],
)
def test_what_is_no_second_layer(value, message):
    with pytest.raises(InvalidInput, match=message):
        check_second_layer(value, 2)
