"""Means over samples of F that say all of T = F (I + A F)⁻¹ where A = a I + b 1 1ᵀ.

F = ℓ″ s sᵀ + ℓ′ diag(β), so that D = det(I + A F) = 1 + a P(x) + b R(x), polynomials of degree
p − 1 in x = a ℓ′ whose coefficients belong to the student's preactivations,

    P_k = ℓ′ E_k + ℓ″ G_k,    R_k = (k + 1) ℓ′ E_k + ℓ″ H_k.

Tr T = D_a/D and 1ᵀ T 1 = R/D, and their derivatives, up to the sign, are Tr T², |T 1|² and
(1ᵀ T 1)²: an evaluation takes p steps instead of p³. Arrays are rows of LANES students, as in
``kernels``, and sums stay LANES apart. To p = FEW the coefficients of a sample stay in registers.
"""

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.compiled import compiled

# As in ``kernels``; compiled code follows its own file alone.
LANES = 128
# Tr T, 1ᵀ T 1, Tr T², |T 1|² and (1ᵀ T 1)².
COUNT = 5
FEW = 4


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
def _few(known: NDArray, i: int) -> NDArray:
    """The rows (E, G, H) of LANES students, FEW of each, those that there are not being 0."""
    p, found = known.shape[1] // 3, np.zeros((3 * FEW, LANES))
    for k in range(p):
        for j in range(3):
            found[j * FEW + k] = known[i, j * p + k]
    return found


@compiled
def _few_real(
    known: NDArray, first: NDArray, second: NDArray, weights: NDArray, a: float, b: float
) -> NDArray:
    """``real_invariants`` for p ≤ FEW."""
    sums = np.zeros((COUNT, LANES))
    s0, s1, s2, s3, s4 = sums[0], sums[1], sums[2], sums[3], sums[4]
    for i in range(len(known)):
        of = _few(known, i)
        E0, E1, E2, E3 = of[0], of[1], of[2], of[3]
        G0, G1, G2, G3 = of[4], of[5], of[6], of[7]
        H0, H1, H2, H3 = of[8], of[9], of[10], of[11]
        for m in range(first.shape[1]):
            one, two, w = first[i, m], second[i, m], weights[i, m]
            for q in range(LANES):
                slope, bend, x = one[q], two[q], a * one[q]
                e0, e1, e2, e3 = slope * E0[q], slope * E1[q], slope * E2[q], slope * E3[q]
                p1, p2 = e1 + bend * G1[q], e2 + bend * G2[q]
                r1, r2 = 2.0 * e1 + bend * H1[q], 3.0 * e2 + bend * H2[q]
                p3, r3 = x * (e3 + bend * G3[q]), x * (4.0 * e3 + bend * H3[q])
                P = e0 + bend * G0[q] + x * (p1 + x * (p2 + p3))
                R = e0 + bend * H0[q] + x * (r1 + x * (r2 + r3))
                P1, P2 = p1 + x * (2.0 * p2 + 3.0 * p3), p2 + 3.0 * p3
                R1, R2 = slope * (r1 + x * (2.0 * r2 + 3.0 * r3)), slope * (r2 + 3.0 * r3)
                r = 1.0 / (1.0 + a * P + b * R)
                trace, total = (P + x * P1 + b * R1) * r, R * r
                more = 2.0 * slope * (P1 + x * P2 + b * R2) * r
                s0[q] += w[q] * trace
                s1[q] += w[q] * total
                s2[q] += w[q] * (trace * trace - more)
                s3[q] += w[q] * (trace * total - R1 * r)
                s4[q] += w[q] * (total * total)
    return sums


@compiled
def real_invariants(
    known: NDArray, first: NDArray, second: NDArray, weights: NDArray, a: float, b: float
) -> NDArray:
    """Their weighted sums at real a and b: (COUNT, LANES)."""
    p = known.shape[1] // 3
    if p <= FEW:
        return _few_real(known, first, second, weights, a, b)
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
def _few_complex(
    known: NDArray, first: NDArray, second: NDArray, weights: NDArray, a: complex, b: complex
) -> NDArray:
    """``complex_invariants`` for p ≤ FEW."""
    sums = np.zeros((2 * COUNT, LANES))
    s0, s1, s2, s3, s4 = sums[0], sums[1], sums[2], sums[3], sums[4]
    t0, t1, t2, t3, t4 = sums[5], sums[6], sums[7], sums[8], sums[9]
    ar, ai, br, bi = a.real, a.imag, b.real, b.imag
    for i in range(len(known)):
        of = _few(known, i)
        E0, E1, E2, E3 = of[0], of[1], of[2], of[3]
        G0, G1, G2, G3 = of[4], of[5], of[6], of[7]
        H0, H1, H2, H3 = of[8], of[9], of[10], of[11]
        for m in range(first.shape[1]):
            one, two, weight = first[i, m], second[i, m], weights[i, m]
            for q in range(LANES):
                slope, bend, w = one[q], two[q], weight[q]
                x, y = ar * slope, ai * slope
                e0, e1, e2, e3 = slope * E0[q], slope * E1[q], slope * E2[q], slope * E3[q]
                # Horner's rule for P, P′ and P″/2, and for those of R: real coefficients.
                c, d = e2 + bend * G2[q], e3 + bend * G3[q]
                u, v, k = c + x * d, y * d, e1 + bend * G1[q]
                P2, P2i, P1, P1i = c + 3.0 * x * d, 3.0 * v, u + x * d, 2.0 * v
                P1, P1i = x * P1 - y * P1i, x * P1i + y * P1
                u, v = k + x * u - y * v, x * v + y * u
                P1, P1i = P1 + u, P1i + v
                P, Pi = e0 + bend * G0[q] + x * u - y * v, x * v + y * u
                c, d = 3.0 * e2 + bend * H2[q], 4.0 * e3 + bend * H3[q]
                u, v, k = c + x * d, y * d, 2.0 * e1 + bend * H1[q]
                R2, R2i, R1, R1i = slope * (c + 3.0 * x * d), slope * 3.0 * v, u + x * d, 2.0 * v
                R1, R1i = x * R1 - y * R1i, x * R1i + y * R1
                u, v = k + x * u - y * v, x * v + y * u
                R1, R1i = slope * (R1 + u), slope * (R1i + v)
                R, Ri = e0 + bend * H0[q] + x * u - y * v, x * v + y * u
                c, d = (
                    1.0 + ar * P - ai * Pi + br * R - bi * Ri,
                    ar * Pi + ai * P + br * Ri + bi * R,
                )
                size = 1.0 / (c * c + d * d)
                r, ri = c * size, -d * size
                total, totali = R * r - Ri * ri, R * ri + Ri * r
                c = P + x * P1 - y * P1i + br * R1 - bi * R1i
                d = Pi + x * P1i + y * P1 + br * R1i + bi * R1
                trace, tracei = c * r - d * ri, c * ri + d * r
                c = 2.0 * slope * (P1 + x * P2 - y * P2i + br * R2 - bi * R2i)
                d = 2.0 * slope * (P1i + x * P2i + y * P2 + br * R2i + bi * R2)
                s0[q] += w * trace
                s1[q] += w * total
                s2[q] += w * (trace * trace - tracei * tracei - c * r + d * ri)
                s3[q] += w * (trace * total - tracei * totali - R1 * r + R1i * ri)
                s4[q] += w * (total * total - totali * totali)
                t0[q] += w * tracei
                t1[q] += w * totali
                t2[q] += w * (2.0 * trace * tracei - c * ri - d * r)
                t3[q] += w * (trace * totali + tracei * total - R1 * ri - R1i * r)
                t4[q] += w * (2.0 * total * totali)
    return sums


@compiled
def complex_invariants(
    known: NDArray, first: NDArray, second: NDArray, weights: NDArray, a: complex, b: complex
) -> NDArray:
    """Their weighted sums at complex a and b: real and imaginary parts, (2 COUNT, LANES)."""
    p = known.shape[1] // 3
    if p <= FEW:
        return _few_complex(known, first, second, weights, a, b)
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
