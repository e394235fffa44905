"""Loops over blocks of T and F as ``kernels`` has them: means, sums over labels, and phases.

Sums stay LANES apart to the end: their order, and so the result, is the same on every machine.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.compiled import compiled

# That of ``kernels``; compiled code follows its own file alone.
LANES = 128
# The polynomial of t² that is atan(t)/t at Chebyshev's twelve points up to t = tan π/8, and 4e-18
# from it between them.
EIGHTH = math.tan(math.pi / 8)
ARCTANGENT = (
    1.0,
    -0.3333333333333312,
    0.19999999999940893,
    -0.14285714279250245,
    0.11111110744919656,
    -0.09090896809063952,
    0.07692045330900862,
    -0.06662951813613517,
    0.05846878297215434,
    -0.05035102456074966,
    0.037965257440323044,
    -0.017805397190410625,
)


@compiled
def add_products(T: NDArray, U: NDArray, weights: NDArray, sums: NDArray) -> None:
    """Adds Σ w T_k and Σ w T_k U_l, k ≤ l, of blocks to the rows ``sums``, each in LANES parts."""
    weighted, size = np.empty(LANES), T.shape[1] // LANES
    for b in range(len(T)):
        left, right, row = T[b], U[b], size * LANES
        for k in range(size):
            for q in range(LANES):
                weighted[q] = weights[b, q] * left[k * LANES + q]
            for q in range(LANES):
                sums[k * LANES + q] += weighted[q]
            for m in range(k, size):
                for q in range(LANES):
                    sums[row + q] += weighted[q] * right[m * LANES + q]
                row += LANES


@compiled
def add_labels(T: NDArray, weights: NDArray, known: NDArray, sums: NDArray) -> None:
    """Adds Σ_m w T_k e_c over the labels m of LANES students to the rows ``sums`` (c, k).

    ``known`` is e, of shape (m, c, LANES), or (m, c, 1) where it is that of all students.
    """
    weighted, size = np.empty(LANES), T.shape[1] // LANES
    for m in range(len(T)):
        left, row = T[m], 0
        for c in range(known.shape[1]):
            if known.shape[2] == 1:
                for q in range(LANES):
                    weighted[q] = weights[m, q] * known[m, c, 0]
            else:
                for q in range(LANES):
                    weighted[q] = weights[m, q] * known[m, c, q]
            for k in range(size):
                for q in range(LANES):
                    sums[row + q] += weighted[q] * left[k * LANES + q]
                row += LANES


@compiled
def _angle(x: float, y: float) -> float:
    """atan2(y, x) without branches, to rounding: atan(t) = t P(t²) once t ≤ tan π/8."""
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11 = ARCTANGENT
    wide, high = abs(x), abs(y)
    ratio = min(wide, high) / max(max(wide, high), 1e-300)
    far = ratio > EIGHTH
    t = (ratio - 1.0) / (ratio + 1.0) if far else ratio
    z = t * t
    s = ((((c11 * z + c10) * z + c9) * z + c8) * z + c7) * z + c6
    s = (((((s * z + c5) * z + c4) * z + c3) * z + c2) * z + c1) * z + c0
    angle = t * s + (0.25 * math.pi if far else 0.0)
    angle = 0.5 * math.pi - angle if high > wide else angle
    angle = math.pi - angle if x < 0.0 else angle
    return -angle if y < 0.0 else angle


@compiled
def mean_phase(F: NDArray, weights: NDArray, inverse: NDArray, place: NDArray) -> float:
    """E[Im log det(C − F)] at C = −A⁻¹ of positive definite imaginary part: each in [0, p π].

    Elimination keeps that part positive, so that each pivot has an angle from 0 to π, and two of
    them one from 0 to 2π.
    """
    p, total = inverse.shape[0], np.zeros(LANES)
    x, y = np.empty(F.shape[1]), np.empty(F.shape[1])
    u, v = np.empty(LANES), np.empty(LANES)
    for b in range(len(F)):
        for i in range(p):
            for j in range(i, p):
                row, c = place[i, j] * LANES, inverse[i, j]
                for q in range(LANES):
                    x[row + q], y[row + q] = c.real - F[b, row + q], c.imag
        for k in range(p):
            pivot = place[k, k] * LANES
            for i in range(k + 1, p):
                own = place[k, i] * LANES
                for j in range(i, p):
                    row, other = place[i, j] * LANES, place[k, j] * LANES
                    for q in range(LANES):
                        c, d = x[pivot + q], y[pivot + q]
                        size = 1.0 / (c * c + d * d)
                        e, f = x[own + q], y[own + q]
                        e, f = (e * c + f * d) * size, (f * c - e * d) * size
                        g, h = x[other + q], y[other + q]
                        x[row + q] -= e * g - f * h
                        y[row + q] -= e * h + f * g
            if k % 2 == 0:
                for q in range(LANES):
                    u[q], v[q] = x[pivot + q], max(y[pivot + q], 0.0)
            else:
                for q in range(LANES):
                    c, d = x[pivot + q], max(y[pivot + q], 0.0)
                    both = _angle(u[q] * c - v[q] * d, u[q] * d + v[q] * c)
                    early = (both > 0.0) | ((u[q] > 0.0) & (c > 0.0))
                    total[q] += weights[b, q] * (both if early else both + 2.0 * math.pi)
            if k % 2 == 0 and k == p - 1:
                for q in range(LANES):
                    total[q] += weights[b, q] * _angle(u[q], v[q])
    return total.sum()
