"""The driver of iterations and roots: where it ends, what it counts and what it says."""

import math

import pytest

from bbpscape.core.checks import NoConvergence
from bbpscape.theory.roots import find_root, find_root_below, iterations


def test_iterations_count_and_say_what_did_not_settle():
    assert [step for step, _ in zip(iterations(5, "x"), "abc", strict=False)] == [1, 2, 3]
    steps = iterations(4, "left edge", "try less")
    assert [next(steps) for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(NoConvergence, match="left edge: not settled after 4 steps; try less"):
        next(steps)
    with pytest.raises(NoConvergence, match="too extreme"):
        list(iterations(1, "x"))


def test_a_root_to_the_last_bits():
    root = find_root(math.cos, 1.0, 2.0, "cosine")
    assert root.value == pytest.approx(math.pi / 2, rel=4e-16)
    assert root.residual == abs(math.cos(root.value))
    assert 3 < root.iterations < 20
    for function, low in ((math.cos, 1.6), (lambda x: math.nan, 1.0)):
        with pytest.raises(NoConvergence, match="cosine: no sign change between"):
            find_root(function, low, 2.0, "cosine")


def test_the_first_root_below():
    tried = []

    def function(x):
        tried.append(x)
        return math.sin(x)

    # From 3, where the sine is positive, past the root at 0, before the one at −2π.
    root = find_root_below(function, 3.0, "sine", first=1.0, stride=1.5)
    assert root.value == pytest.approx(0.0, abs=1e-300)
    assert tried[:3] == [2.0, 0.5, -1.0]
    with pytest.raises(NoConvergence, match="constant: not settled"):
        find_root_below(lambda x: 1.0, 0.0, "constant")
