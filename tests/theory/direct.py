"""E over y ~ χ²_{p*}/p* and r ~ χ²_p/p taken as it is written: a two-dimensional sum over (r, y).

The trapezoid rule in log r and log y, whose error falls exponentially with the step; the theory
itself goes through a one-dimensional Laplace integral, and shares nothing with this file.
"""

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln

from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent


def model_of(p, p_star, a):
    return TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))


def chi_square(width, step=0.1):
    """Nodes and weights of v ~ χ²_width/width; v = 1 at infinite width."""
    if math.isinf(width):
        return np.ones(1), np.ones(1)
    step = step / math.sqrt(max(1, width / 30))
    half = width / 2
    span = math.sqrt(180 / width)
    x = np.arange(-64 / width - span, min(span + 2, math.log(190 / width + 4)), step)
    log_density = half * (math.log(half) + x - np.exp(x)) - gammaln(half)
    return np.exp(x), step * np.exp(log_density)


def expectation(model, function, step=0.1):
    """E⟨function(r, y, f)⟩, ⟨·⟩ the mean over the p eigenvalues f of the curvature."""
    r, r_weights = chi_square(model.p, step)
    y, y_weights = chi_square(model.p_star, step)
    r, y = r[:, None], y[None, :]
    total = 0
    for factor, share in ((1, 1 - 1 / model.p), (3, 1 / model.p)):
        if share:
            f = model.curvature_unit * (factor * r - y) / (model.loss.a + y)
            values = np.broadcast_to(function(r, y, f), (r.size, y.size))
            total = total + share * (r_weights @ values @ y_weights)
    return total


def moment(model, g, k, weight=lambda r, y: 1.0, step=0.1):
    """E[w ⟨(f/(1 − g f))^k⟩]."""
    return expectation(model, lambda r, y, f: weight(r, y) * (f / (1 - g * f)) ** k, step)


def along_teacher(r, y):
    return y


def stieltjes_inverse(model, alpha, g):
    """z(g) = 1/g + α E⟨f/(1 − g f)⟩."""
    return 1 / g + alpha * moment(model, g, 1)


def edge_excess(model, g):
    """g² E⟨(f/(1 − g f))²⟩, which is 1/α where dz/dg = 0."""
    return g**2 * moment(model, g, 2)


def outlier_strength(model, g):
    """g E[(y − 1)⟨f/(1 − g f)⟩], which is 1/α at the outlier."""
    return g * moment(model, g, 1, lambda r, y: y - 1)


def overlap(model, alpha, g):
    """1/(1 − dΣ_u/dz), with dz/dg and dΣ_u/dg as written."""
    slope = -1 / g**2 + alpha * moment(model, g, 2)
    return 1 / (1 - alpha * moment(model, g, 2, along_teacher) / slope)


def threshold(model):
    """(α_BBP, kind, eigenvalue, m² there) from the two conditions at the end of the real branch."""
    end = -1 / model.curvature_unit
    if outlier_strength(model, end) >= edge_excess(model, end):
        alpha = 1 / outlier_strength(model, end)
        m2 = overlap(model, alpha, end)
        return alpha, "discontinuous", stieltjes_inverse(model, alpha, end), m2

    def difference(log_g):
        g = end * math.exp(log_g)
        return outlier_strength(model, g) / edge_excess(model, g) - 1

    low = -1.0
    while difference(low) <= 0:
        low -= 1.0
    g = end * math.exp(brentq(difference, low, 0.0, xtol=1e-14))
    alpha = 1 / outlier_strength(model, g)
    return alpha, "continuous", stieltjes_inverse(model, alpha, g), 0.0
