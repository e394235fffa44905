"""α_BBP of tanh, a = 50, at p = 3 and 4, by averages over Sobol points and nothing of ours.

The theory of a p × p Stieltjes transform G = −A at the end of its branch, where I + A^½ F A^½ is
singular at the lowest curvature F: bulk A⁻¹ = −z + α E[T], T = F (I + A F)⁻¹, and outlier
det[z − α E[v vᵀ ⊗ T]] = 0 over v = (λ, u). By symmetry A = a₁ J + a₂ (I − J), J = 1 1ᵀ/p.

The lowest curvature lies where some neurons are saturated, λ → ∞: none at p = 2, one at p = 3, two
at p = 4, and the more of them, the deeper the end: why α_BBP rises so much from p = 3 to 4.
"""

import functools
import math

import numpy as np
import pytest
from figures.kit import HERE, Data, rows
from scipy.optimize import minimize_scalar
from scipy.special import ndtri
from scipy.stats import qmc

LOSS = 50.0  # a


def curvature(preactivations, y, absolute):
    """F of ½ (y − ŷ)²/(a + y), ŷ = Σ_k tanh(λ_k)/p."""
    p = preactivations.shape[1]
    value = np.tanh(preactivations)
    first = 1 - value**2
    F = first[:, :, None] * first[:, None, :] / p**2
    F[:, range(p), range(p)] -= (value.mean(axis=1) - y)[:, None] * 2 * value * first / p
    return F / (LOSS + (abs(y) if absolute else y))[:, None, None]


def lowest(A, absolute):
    """−λ_min of A^½ F A^½ over λ and |y| ≤ 1, and how many neurons are saturated there."""
    p, root = len(A), np.linalg.cholesky(A)

    def value(x, saturated, y):
        at = np.full((1, p), x)
        at[0, :saturated] = 40.0
        F = curvature(at, np.array([y]), absolute)[0]
        return float(np.linalg.eigvalsh(root.T @ F @ root)[0])

    found = []
    for saturated in range(p):
        for y in (-1.0, 1.0):
            for sign in (-1.0, 1.0):
                bounds = sorted((0.0, sign * 3.0))
                least = minimize_scalar(value, bounds=bounds, args=(saturated, y), method="bounded")
                found.append((-least.fun, saturated))
    return max(found)


@functools.cache
def end_of(ratio, p, absolute):
    """(A, neurons saturated) at the end of the branch, with a₁ = ratio a₂."""
    J = np.full((p, p), 1 / p)
    A = ratio * J + np.eye(p) - J
    depth, saturated = lowest(A, absolute)
    return A / depth, saturated


def threshold(p, points, absolute):
    """α of the outlier at the end of the branch, by the secant method in a₁/a₂."""
    v, y = points, np.tanh(points[:, p])
    F = curvature(points[:, :p], y, absolute)

    def at(ratio):
        A, _ = end_of(round(ratio, 9), p, absolute)
        T = np.linalg.solve(np.eye(p) + F @ A, F)
        mean, inverse = T.mean(axis=0), np.linalg.inv(A)
        along, across = mean.sum() / p, (np.trace(mean) - mean.sum() / p) / (p - 1)
        ends = inverse.sum() / p, (np.trace(inverse) - inverse.sum() / p) / (p - 1)
        alpha = (ends[0] - ends[1]) / (along - across)
        z = -ends[1] + alpha * across
        weighted = (v[:, :, None] * v[:, None, :]).reshape(len(v), -1).T @ T.reshape(len(v), -1)
        signal = weighted.reshape(p + 1, p + 1, p, p).transpose(0, 2, 1, 3)
        values = np.linalg.eigvalsh(alpha / len(v) * signal.reshape(p * (p + 1), -1))
        # p − 1 copies: the teacher, with different signs in the neurons.
        return alpha, values[: p - 1].mean() / z - 1

    (_, before), ratios = at(0.56), (0.56, 0.58)
    for _ in range(8):
        alpha, gap = at(ratios[1])
        if abs(gap) < 1e-6:
            break
        step = gap * (ratios[1] - ratios[0]) / (gap - before)
        ratios, before = (ratios[1], ratios[1] - step), gap
    return alpha


@pytest.mark.parametrize("case", ["p = 3", "p = 4", "p = 4, |y|"])
def test_figure08_the_threshold_is_that_of_a_plain_average(case):
    (row,) = rows(Data.read(HERE / "figure08" / "data.json").tables["wide"], case=case)
    p, absolute = row["p"], "|y|" in case
    found = []
    for seed in range(4):
        cube = qmc.Sobol(p + 1, rng=np.random.default_rng(seed)).random(2**14)
        found.append(threshold(p, ndtri(cube), absolute))
    error = np.std(found, ddof=1) / math.sqrt(len(found))
    assert error < 0.01 * row["alpha_bbp"]
    assert abs(np.mean(found) - row["alpha_bbp"]) < 3 * error


def test_more_neurons_are_saturated_where_the_curvature_is_lowest():
    assert [end_of(0.6, p, False)[1] for p in (2, 3, 4)] == [0, 1, 2]
