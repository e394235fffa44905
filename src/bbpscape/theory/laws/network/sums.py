"""Loops over blocks of T and F as ``kernels`` has them: means, sums over labels, and phases.

Sums stay LANES apart to the end: their order, and so the result, is the same on every machine.
Loops run from 0 over rows cut out before them: numba looks whether an index may be negative, and
one that is not known to be none keeps a loop out of the vector registers.
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
        w, row = weights[b], size * LANES
        for k in range(size):
            left, into = T[b, k * LANES : (k + 1) * LANES], sums[k * LANES : (k + 1) * LANES]
            for q in range(LANES):
                weighted[q] = w[q] * left[q]
                into[q] += weighted[q]
            for m in range(k, size):
                right, into = U[b, m * LANES : (m + 1) * LANES], sums[row : row + LANES]
                for q in range(LANES):
                    into[q] += weighted[q] * right[q]
                row += LANES


@compiled
def add_signal(
    T: NDArray, weights: NDArray, first: NDArray, second: NDArray, points: NDArray, sums: NDArray
) -> None:
    """Adds Σ w T, with T every label of blocks of LANES students, times what is known there: 1 and
    the e of ``first``; those of ``second``; λ_a λ_b, a ≤ b; and λ_a times 1 and the e.

    ``weights`` is (blocks, m, LANES), ``first`` (blocks, m, f, LANES), or (1, m, f, 1) if it is
    that of all students, ``second`` alike; ``points`` is (blocks, p, LANES); ``sums`` is (rows, k,
    LANES).
    """
    size, m, p = sums.shape[1], weights.shape[1], points.shape[1]
    f, s, shared = first.shape[2], second.shape[2], first.shape[3] == 1
    own, weighted = np.empty((1 + f, size, LANES)), np.empty(LANES)
    for i in range(len(weights)):
        own[:], given, place = 0.0, i % len(first), points[i]
        for label in range(m):
            w = weights[i, label]
            for c in range(1 + f + s):
                e = w
                if 0 < c <= f:
                    e = first[given, label, c - 1]
                elif c > f:
                    e = second[given, label, c - 1 - f]
                if c == 0:
                    weighted[:] = w
                elif shared:
                    for q in range(LANES):
                        weighted[q] = w[q] * e[0]
                else:
                    for q in range(LANES):
                        weighted[q] = w[q] * e[q]
                for k in range(size):
                    left = T[i * m + label, k * LANES : (k + 1) * LANES]
                    into = own[c, k] if c <= f else sums[c, k]
                    for q in range(LANES):
                        into[q] += weighted[q] * left[q]
        row = 1 + f + s
        for a in range(p):
            for b in range(a, p):
                _add_product(own[0], place[a] * place[b], sums[row])
                row += 1
        for c in range(1 + f):
            _add_product(own[c], np.ones(LANES), sums[c])
            for a in range(p):
                _add_product(own[c], place[a], sums[row + a * (1 + f) + c])


@compiled
def _add_product(rows: NDArray, factor: NDArray, sums: NDArray) -> None:
    for k in range(len(rows)):
        one, into = rows[k], sums[k]
        for q in range(LANES):
            into[q] += one[q] * factor[q]


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
    p, size, total = inverse.shape[0], F.shape[1] // LANES, np.zeros(LANES)
    x, y = np.empty((size, LANES)), np.empty((size, LANES))
    u, v = np.empty(LANES), np.empty(LANES)
    for b in range(len(F)):
        for i in range(p):
            for j in range(i, p):
                row, c = place[i, j], inverse[i, j]
                real, imaginary, own = x[row], y[row], F[b, row * LANES : (row + 1) * LANES]
                for q in range(LANES):
                    real[q], imaginary[q] = c.real - own[q], c.imag
        for k in range(p):
            pivot, pivoti = x[place[k, k]], y[place[k, k]]
            for i in range(k + 1, p):
                one, onei = x[place[k, i]], y[place[k, i]]
                for j in range(i, p):
                    other, otheri = x[place[k, j]], y[place[k, j]]
                    real, imaginary = x[place[i, j]], y[place[i, j]]
                    for q in range(LANES):
                        c, d = pivot[q], pivoti[q]
                        r = 1.0 / (c * c + d * d)
                        e, f = one[q], onei[q]
                        e, f = (e * c + f * d) * r, (f * c - e * d) * r
                        g, h = other[q], otheri[q]
                        real[q] -= e * g - f * h
                        imaginary[q] -= e * h + f * g
            w = weights[b]
            if k % 2 == 0:
                for q in range(LANES):
                    u[q], v[q] = pivot[q], max(pivoti[q], 0.0)
            else:
                for q in range(LANES):
                    c, d = pivot[q], max(pivoti[q], 0.0)
                    both = _angle(u[q] * c - v[q] * d, u[q] * d + v[q] * c)
                    early = (both > 0.0) | ((u[q] > 0.0) & (c > 0.0))
                    total[q] += w[q] * (both if early else both + 2.0 * math.pi)
            if k % 2 == 0 and k == p - 1:
                for q in range(LANES):
                    total[q] += w[q] * _angle(u[q], v[q])
    return total.sum()
