"""The compiled sums of the signal against numpy, and what they are compiled from."""

import numpy as np
import pytest

from bbpscape.theory.laws.network.kernels import LANES
from bbpscape.theory.laws.network.sums import add_signal


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("f", "s"), [(0, 0), (1, 0), (2, 3)])
def test_sums_of_the_signal(f, s, shared):
    blocks, m, p, size = 2, 3, 2, 3
    generator = np.random.default_rng(f + s)
    lanes = 1 if shared else LANES
    T = generator.standard_normal((blocks * m, size * LANES))
    weights = generator.standard_normal((blocks, m, LANES))
    given = 1 if shared else blocks
    first, second = (generator.standard_normal((given, m, k, lanes)) for k in (f, s))
    points = generator.standard_normal((blocks, p, LANES))
    rows = 1 + f + s + p * (p + 1) // 2 + p * (1 + f)
    shape = (blocks, m, LANES)
    e, e2 = (
        np.moveaxis(np.broadcast_to(one, (blocks, m, one.shape[2], LANES)), 2, 0)
        for one in (first, second)
    )
    lam = np.moveaxis(np.broadcast_to(points[:, None], (blocks, m, p, LANES)), 2, 0)
    pairs = [lam[a] * lam[b] for a in range(p) for b in range(a, p)]
    one = np.ones(shape)
    factors = [one, *e, *e2, *pairs, *(x * y for y in lam for x in (one, *e))]
    expected = np.einsum(
        "rbml,bmkl->rkl", weights * np.stack(factors), T.reshape(blocks, m, size, LANES)
    )
    for way in (add_signal, add_signal.__wrapped__):
        sums = np.zeros((rows, size, LANES))
        way(T, weights, first, second, points, sums)
        np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-12)
