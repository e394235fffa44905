"""The truncated theory: the N → ∞ equations with the law of y cut at its largest typical value.

Of M samples the largest y has the median Y with P(y ≤ Y)^M = 1/2. Cut there, the law of y has no
thin tail: the edge is where finite N lets it be, and the threshold is one number, without draws.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, gammaln

from bbpscape.core.result import Result, result
from bbpscape.model.reference import check_reference
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.draws import check_dimension, check_finite
from bbpscape.theory.roots import find_root, iterations

# Trapezoid steps in log r, and in the tanh–sinh variable of y; half of them change α by < 1e-9.
R_STEP, Y_STEP = 0.25, 1 / 16
# Nodes of a density below its maximum by this in its logarithm add nothing.
NEGLIGIBLE = 80.0


@result
class TruncatedThreshold(Result):
    """``alpha_bbp`` of the law of y cut at ``cut``, the median of the largest of M = αN labels.

    ``eigenvalue`` is where the outlier leaves the bulk.

    Examples
    --------
    >>> import bbpscape as bb
    >>> from scipy.stats import chi2
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.finite.truncated_threshold(model, N=1000)
    >>> round(float(chi2(1).cdf(found.cut) ** (1000 * found.alpha_bbp)), 6)
    0.5
    """

    model: TeacherStudent
    N: int
    alpha_bbp: float
    cut: float
    eigenvalue: float
    iterations: int

    def headline(self) -> str:
        return f"Truncated threshold, {self.model.label()}, N = {self.N}"


def truncated_threshold(model: TeacherStudent, N: int) -> TruncatedThreshold:
    """α_BBP(N): the threshold of theory.md §4 for y ~ χ²_{p*}/p* given y ≤ Y.

    Y is the median of the largest of M = αN labels, 1 − P(y ≤ Y) = 1 − 2^{−1/M}, at α = α_BBP(N)
    itself. Near the cut the edge is sharp for p ≤ 2, so that the transition is continuous there.

    Parameters
    ----------
    model : TeacherStudent
    N : int
        Input dimension.

    Returns
    -------
    TruncatedThreshold
        α_BBP(N) and the cut Y.

    Raises
    ------
    InvalidInput
        If p is infinite, N is not a positive integer, or the inputs are not standard.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(0.5))
    >>> limit = bb.threshold(model).alpha_bbp
    >>> abs(bb.finite.truncated_threshold(model, N=10**6).alpha_bbp / limit - 1) < 0.01
    True
    """
    check_finite(model)
    check_reference(model, "the truncated theory")
    N = check_dimension(model, N)
    alpha = 1.0
    for iteration in iterations(60, f"truncated threshold at N = {N}", "try a larger N"):
        cut = typical_maximum(model.p_star, max(1.0, alpha * N))
        previous = alpha
        alpha, eigenvalue = _transition(model, cut)
        if abs(alpha / previous - 1) < 1e-12:
            found = TruncatedThreshold(model, N, alpha, cut, eigenvalue, iteration)
            break
    return found


def typical_maximum(p_star: int, M: float) -> float:
    """The median of the largest of M draws of y ~ χ²_{p*}/p*.

    >>> round(typical_maximum(2, 1), 12) == round(math.log(2), 12)
    True
    """
    return float(chdtri(p_star, -math.expm1(-math.log(2) / M))) / p_star


def _transition(model: TeacherStudent, cut: float) -> tuple[float, float]:
    """(α, eigenvalue) where the strength and S_2 of the cut law agree, in x = −p/(2g)."""
    a, p = model.normalization, model.p
    y, y_weight = _cut_nodes(model.p_star, cut)
    r, r_weight = _log_nodes(p)
    weight = y_weight[:, None] * r_weight
    pole = cut / (a + cut)

    def sums(x: float) -> tuple[float, float, float]:
        """Per unit of α: (strength, S_2, S_1)."""
        strength = second = first = 0.0
        for c, share in ((1.0, 1 - 1 / p), (3.0, 1 / p)):
            if share:
                d = c * r - y[:, None]
                t = d / ((a + y[:, None]) * x + d)
                weighted = share * weight * t
                first += float(weighted.sum())
                strength += float((1 - y) @ weighted.sum(axis=1))
                second += float((weighted * t).sum())
        return strength, second, first

    def difference(log_gap: float) -> float:
        strength, second, _ = sums(pole + math.exp(log_gap))
        return strength / second - 1

    low, high = -25.0, 0.0
    while difference(high) <= 0 and high < 60:
        high += 2.0
    if difference(low) >= 0:
        x = pole + math.exp(low)
    else:
        x = pole + math.exp(find_root(difference, low, high, "truncated threshold").value)
    strength, _, first = sums(x)
    alpha = 1 / strength
    return alpha, 2 / p * x * (alpha * first - 1)


def _cut_nodes(p_star: int, cut: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of y ~ χ²_{p*}/p* given y ≤ cut: tanh–sinh, dense at both ends."""
    u = np.arange(-4.5, 3.4 + Y_STEP, Y_STEP)
    y = cut / (1 + np.exp(-math.pi * np.sinh(u)))
    slope = math.pi * np.cosh(u) * y * (1 - y / cut)
    weight = slope * np.exp((p_star / 2 - 1) * np.log(y) - p_star * y / 2)
    keep = (weight > 0) & (y < cut)
    return y[keep], weight[keep] / weight[keep].sum()


def _log_nodes(width: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of r ~ χ²_width/width: the trapezoid rule in log r."""
    step = R_STEP / math.sqrt(max(1, width / 30))
    log_r = np.arange(-80 / width - 12, math.log(190 / width + 4), step)
    half = width / 2
    log_weight = half * (math.log(half) + log_r - np.exp(log_r)) - gammaln(half)
    # A wide student has all of its r near 1.
    kept = log_weight > log_weight.max() - NEGLIGIBLE
    return np.exp(log_r[kept]), step * np.exp(log_weight[kept])
