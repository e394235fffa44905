"""Means over samples of F that say all of T = F (I + A F)⁻¹ where A = a I + b 1 1ᵀ.

F = ℓ″ s sᵀ + ℓ′ diag(β), so that D = det(I + A F) = 1 + a P(x) + b R(x), polynomials of degree
p − 1 in x = a ℓ′ whose coefficients belong to the student's preactivations,

    P_k = ℓ′ E_k + ℓ″ G_k,    R_k = (k + 1) ℓ′ E_k + ℓ″ H_k.

Tr T = D_a/D and 1ᵀ T 1 = R/D, and their derivatives, up to the sign, are Tr T², |T 1|² and
(1ᵀ T 1)²: an evaluation takes p steps instead of p³. Arrays are rows of LANES students, as in
``kernels``, and sums stay LANES apart.
"""

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.compiled import compiled

# As in ``kernels``; compiled code follows its own file alone.
LANES = 128
# Tr T, 1ᵀ T 1, Tr T², |T 1|² and (1ᵀ T 1)².
COUNT = 5


def coefficients(slopes: NDArray, bends: NDArray) -> NDArray[np.float64]:
    """(E, G, H) of every student, shape (n, 3 p), from s and β of shape (n, p)."""
    p = slopes.shape[1]
    E = _products(bends, ())[:, 1:]
    G, H = np.zeros_like(E), np.zeros_like(E)
    for i in range(p):
        own = slopes[:, i, None] ** 2 * _products(bends, (i,))
        G, H = G + own, H + own
        for j in range(i):
            rest = _products(bends, (i, j))
            both = 2 * slopes[:, i] * slopes[:, j]
            mixed = slopes[:, i] ** 2 * bends[:, j] + slopes[:, j] ** 2 * bends[:, i]
            H[:, :-1] += both[:, None] * rest
            H[:, 1:] += mixed[:, None] * rest
    return np.concatenate([E, G, H], axis=1)


def _products(bends: NDArray, left_out: tuple[int, ...]) -> NDArray[np.float64]:
    """Coefficients of Π (1 + β_i x) over all but some i, by increasing powers."""
    found = np.ones((len(bends), 1))
    for i in set(range(bends.shape[1])) - set(left_out):
        longer = np.zeros((len(bends), found.shape[1] + 1))
        longer[:, :-1] = found
        longer[:, 1:] += bends[:, i, None] * found
        found = longer
    return found


@compiled
def real_invariants(
    known: NDArray, first: NDArray, second: NDArray, weights: NDArray, a: float, b: float
) -> NDArray:
    """Their weighted sums at real a and b: (COUNT, LANES)."""
    p = known.shape[1] // 3
    sums, rows = np.zeros(COUNT * LANES), np.empty(6 * LANES)
    for i in range(len(known)):
        for m in range(first.shape[1]):
            one, two, w = first[i, m], second[i, m], weights[i, m]
            rows[:] = 0.0
            for k in range(p - 1, -1, -1):
                E, G, H, more = known[i, k], known[i, p + k], known[i, 2 * p + k], k + 1.0
                for q in range(LANES):
                    x, e = a * one[q], one[q] * E[q]
                    rows[2 * LANES + q] = rows[2 * LANES + q] * x + rows[LANES + q]
                    rows[LANES + q] = rows[LANES + q] * x + rows[q]
                    rows[q] = rows[q] * x + e + two[q] * G[q]
                    rows[5 * LANES + q] = rows[5 * LANES + q] * x + rows[4 * LANES + q]
                    rows[4 * LANES + q] = rows[4 * LANES + q] * x + rows[3 * LANES + q]
                    rows[3 * LANES + q] = rows[3 * LANES + q] * x + more * e + two[q] * H[q]
            for q in range(LANES):
                P, P1, P2 = rows[q], rows[LANES + q], rows[2 * LANES + q]
                R, R1, R2 = rows[3 * LANES + q], rows[4 * LANES + q], rows[5 * LANES + q]
                slope, x = one[q], a * one[q]
                r = 1.0 / (1.0 + a * P + b * R)
                trace = (P + x * P1 + b * slope * R1) * r
                total = R * r
                bend = 2.0 * slope * (P1 + x * P2 + b * slope * R2) * r
                sums[q] += w[q] * trace
                sums[LANES + q] += w[q] * total
                sums[2 * LANES + q] += w[q] * (trace * trace - bend)
                sums[3 * LANES + q] += w[q] * (trace * total - slope * R1 * r)
                sums[4 * LANES + q] += w[q] * (total * total)
    return sums.reshape(COUNT, LANES)


@compiled
def _times(rows: NDArray, start: int, x: NDArray) -> None:
    """A step of Horner's rule at complex x for a polynomial, its derivative and half the second."""
    for q in range(LANES):
        at = start * LANES + q
        c, d = x[q], x[LANES + q]
        e, f = rows[at], rows[LANES + at]
        g, h = rows[2 * LANES + at], rows[3 * LANES + at]
        u, v = rows[4 * LANES + at], rows[5 * LANES + at]
        rows[4 * LANES + at], rows[5 * LANES + at] = u * c - v * d + g, u * d + v * c + h
        rows[2 * LANES + at], rows[3 * LANES + at] = g * c - h * d + e, g * d + h * c + f
        rows[at], rows[LANES + at] = e * c - f * d, e * d + f * c


@compiled
def _add_complex(
    rows: NDArray, x: NDArray, first: NDArray, w: NDArray, a: complex, b: complex, sums: NDArray
) -> None:
    """Adds the invariants from P and R with their derivatives; a product's parts are c and d."""
    ar, ai, br, bi = a.real, a.imag, b.real, b.imag
    inverse = np.empty(4 * LANES)
    for q in range(LANES):
        P, Pi, R, Ri = rows[q], rows[LANES + q], rows[6 * LANES + q], rows[7 * LANES + q]
        c = 1.0 + ar * P - ai * Pi + br * R - bi * Ri
        d = ar * Pi + ai * P + br * Ri + bi * R
        size = 1.0 / (c * c + d * d)
        c, d = c * size, -d * size
        inverse[q], inverse[LANES + q] = c, d
        inverse[2 * LANES + q], inverse[3 * LANES + q] = R * c - Ri * d, R * d + Ri * c
    for q in range(LANES):
        u, v, slope = x[q], x[LANES + q], first[q]
        r, ri = inverse[q], inverse[LANES + q]
        total, totali = inverse[2 * LANES + q], inverse[3 * LANES + q]
        P1, P1i, P2, P2i = (
            rows[2 * LANES + q],
            rows[3 * LANES + q],
            rows[4 * LANES + q],
            rows[5 * LANES + q],
        )
        R1, R1i = slope * rows[8 * LANES + q], slope * rows[9 * LANES + q]
        R2, R2i = slope * rows[10 * LANES + q], slope * rows[11 * LANES + q]
        c = rows[q] + u * P1 - v * P1i + br * R1 - bi * R1i
        d = rows[LANES + q] + u * P1i + v * P1 + br * R1i + bi * R1
        trace, tracei = c * r - d * ri, c * ri + d * r
        c = 2.0 * slope * (P1 + u * P2 - v * P2i + br * R2 - bi * R2i)
        d = 2.0 * slope * (P1i + u * P2i + v * P2 + br * R2i + bi * R2)
        sums[q] += w[q] * trace
        sums[LANES + q] += w[q] * total
        sums[2 * LANES + q] += w[q] * (trace * trace - tracei * tracei - c * r + d * ri)
        sums[3 * LANES + q] += w[q] * (trace * total - tracei * totali - R1 * r + R1i * ri)
        sums[4 * LANES + q] += w[q] * (total * total - totali * totali)
        sums[5 * LANES + q] += w[q] * tracei
        sums[6 * LANES + q] += w[q] * totali
        sums[7 * LANES + q] += w[q] * (2.0 * trace * tracei - c * ri - d * r)
        sums[8 * LANES + q] += w[q] * (trace * totali + tracei * total - R1 * ri - R1i * r)
        sums[9 * LANES + q] += w[q] * (2.0 * total * totali)


@compiled
def complex_invariants(
    known: NDArray, first: NDArray, second: NDArray, weights: NDArray, a: complex, b: complex
) -> NDArray:
    """Their weighted sums at complex a and b: real and imaginary parts, (2 COUNT, LANES)."""
    p = known.shape[1] // 3
    sums, rows, x = np.zeros(2 * COUNT * LANES), np.empty(12 * LANES), np.empty(2 * LANES)
    for i in range(len(known)):
        for m in range(first.shape[1]):
            one, two = first[i, m], second[i, m]
            for q in range(LANES):
                x[q], x[LANES + q] = a.real * one[q], a.imag * one[q]
            rows[:] = 0.0
            for k in range(p - 1, -1, -1):
                E, G, H, more = known[i, k], known[i, p + k], known[i, 2 * p + k], k + 1.0
                if k < p - 1:
                    _times(rows, 0, x)
                    _times(rows, 6, x)
                for q in range(LANES):
                    e = one[q] * E[q]
                    rows[q] += e + two[q] * G[q]
                    rows[6 * LANES + q] += more * e + two[q] * H[q]
            _add_complex(rows, x, one, weights[i, m], a, b, sums)
    return sums.reshape(2 * COUNT, LANES)
