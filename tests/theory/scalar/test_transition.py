"""The last crossing of T and K, however near the end of the branch."""

import numpy as np
import pytest
from scipy.optimize import brentq

from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.scalar.transition import SPARSE, find_transition, t_and_k, transition

RARE, STRONG = 1e-6, 1e4


def rare_law():
    """A curvature −1 that is rare, and tells much of the teacher."""
    weights = np.array([RARE, 0.5, 0.5 - RARE])
    rest = (1 - RARE * STRONG) / (1 - RARE)
    along = {TEACHER: np.array([STRONG, rest, rest])}
    return DiscreteLaw([-1.0, -0.5, 0.5], weights, along, {TEACHER: 1})


def test_a_window_next_to_the_end():
    """T > K between two gaps to g = −1, and the nearer one is the transition."""
    law = rare_law()

    def excess(gap):
        g = -(1 - gap)
        ratios = g * law.atoms / (1 - g * law.atoms)
        return law.weights @ ((law.along[TEACHER] - 1) * ratios - ratios**2)

    assert excess(1e-5) < 0 < excess(1e-3) > excess(0.3) < 0
    gap = brentq(excess, 1e-5, 1e-3, xtol=1e-18, rtol=1e-14)
    found = transition(law)
    assert find_transition(law) == found
    assert 1 + found.g == pytest.approx(gap, rel=1e-9)
    t, k = t_and_k(law, found.g)
    assert found.alpha == pytest.approx(1 / t) == pytest.approx(1 / k)
    # Strides of a quarter step over the window, to a crossing at a larger α.
    assert find_transition(law, SPARSE).alpha > 10 * found.alpha


def test_no_transition():
    assert find_transition(DiscreteLaw([0.0], along={TEACHER: np.ones(1)})) is None
    assert find_transition(DiscreteLaw([-1.0], along={TEACHER: np.ones(1)})) is None
