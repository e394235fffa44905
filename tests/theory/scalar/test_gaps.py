"""Several bulks of a discrete law against their samples."""

import math

import numpy as np
import pytest

from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.scalar.density import trace_bulk
from bbpscape.theory.scalar.edges import (
    left_edge,
    right_edge,
)
from bbpscape.theory.scalar.gaps import bulks
from bbpscape.theory.spectrum import spectrum


@pytest.mark.parametrize(
    ("atoms", "alpha"),
    [([1.0, 100.0], 0.6), ([-1.0, 1.0], 0.6), ([-5.0, 1.0, 100.0], 0.5), ([-1.0, 2.0, 30.0], 3.0)],
)
def test_bulks_hold_their_samples_and_no_eigenvalue_lies_between(atoms, alpha):
    law = DiscreteLaw(atoms)
    found = bulks(law, alpha)
    assert len(found) == (1 if alpha == 3.0 else len(atoms))
    assert found[0][0].value == pytest.approx(left_edge(law, alpha).value)
    assert found[-1][1].value == pytest.approx(right_edge(law, alpha).value)
    masses = []
    for left, right in found:
        curve = trace_bulk(law, alpha, left, right, np.inf)
        eigenvalue = (left.value + right.value) / 2
        eigenvalue += (right.value - left.value) / 2 * np.cos(np.pi * np.arange(1, 400) / 400)
        step = np.pi / 400 * np.sqrt((eigenvalue - left.value) * (right.value - eigenvalue))
        masses.append(curve.density(eigenvalue) @ step)
    expected = alpha / len(atoms) if len(found) > 1 else 1.0
    assert masses == pytest.approx([expected] * len(found), rel=1e-6)

    generator, N = np.random.default_rng(0), 600
    f = np.repeat(atoms, round(alpha * N / len(atoms)))
    x = generator.standard_normal((f.size, N)) / math.sqrt(N)
    eigenvalues = np.linalg.eigvalsh(x.T @ (f[:, None] * x))
    eigenvalues = eigenvalues[abs(eigenvalues) > 1e-8]
    slack = 0.03
    counts = [
        (
            (eigenvalues > a.value * (1 - slack * np.sign(a.value)))
            & (eigenvalues < b.value * (1 + slack * np.sign(b.value)))
        ).sum()
        for a, b in found
    ]
    assert counts == [round(mass * N) for mass in masses]


def test_several_bulks_are_not_traced_as_one():
    law = DiscreteLaw([1.0, 100.0])
    with pytest.raises(NoConvergence, match="0.08.* to 239.* is not one bulk; the bulks are"):
        trace_bulk(law, 0.6, left_edge(law, 0.6), right_edge(law, 0.6), 0.9)
    with pytest.raises(NoConvergence, match="ends at 0"):
        bulks(law, 1.0)
    with pytest.raises(NoConvergence, match="curvature is 0"):
        bulks(DiscreteLaw([0.0]), 1.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("alpha", [1.0, 6.0])
def test_samples_without_curvature_count_for_nothing(sign, alpha):
    """Half of the samples at f = 0: the Wishart matrix of the others, with (1 ± √(α/2))²."""
    law = DiscreteLaw([0.0, sign], [0.5, 0.5])
    ends = (1 - math.sqrt(alpha / 2)) ** 2, (1 + math.sqrt(alpha / 2)) ** 2
    low, high = ends if sign > 0 else (-ends[1], -ends[0])
    left, right = left_edge(law, alpha), right_edge(law, alpha)
    assert (left.kind, right.kind) == ("sharp", "sharp")
    assert (left.value, right.value) == pytest.approx((low, high), rel=1e-9)
    result = spectrum(law, alpha, points=30)
    assert result.atom == pytest.approx(max(0.0, 1 - alpha / 2))
    x = np.linspace(low, high, 9)[1:-1]
    expected = np.sqrt((high - x) * (x - low)) / (2 * np.pi * abs(x))
    np.testing.assert_allclose(result.density(x), expected, rtol=1e-9)
    assert DiscreteLaw([0.0]).support() == (0.0, 0.0)
