"""Loops over samples of F: T = F (I + A F)⁻¹, blocks of it at a time; its means are in ``sums``.

F and T are upper triangles of LANES samples side by side, in blocks: (blocks, p(p + 1)/2 · LANES),
the last one filled up with samples of weight 0. Loops see one row of numbers a block, as vector
registers need it. A is symmetric, complex or real, and given by its real and imaginary parts. Sums
stay LANES apart to the end: their order, and so the result, is the same on every machine.

T is ∂D/∂A/D with D = det(I + A F), a polynomial for p ≤ 3; beyond, and where products of A F are so
large that D would cancel, each A = Σ_k δ_k l_k l_kᵀ updates T by T − δ T l lᵀ T/(1 + δ lᵀ T l).
"""

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.compiled import compiled

LANES = 128


@compiled
def _polynomial_2(F: NDArray, A: NDArray, T: NDArray) -> None:
    """T = (F + det F adj A)/(1 + Tr A F + det A det F), real."""
    a, b, c = A[0, 0], A[0, 1], A[1, 1]
    det = a * c - b * b
    for q in range(LANES):
        x, y, z = F[q], F[LANES + q], F[2 * LANES + q]
        f = x * z - y * y
        r = 1.0 / (1.0 + a * x + 2.0 * b * y + c * z + f * det)
        T[q] = (x + f * c) * r
        T[LANES + q] = (y - f * b) * r
        T[2 * LANES + q] = (z + f * a) * r


@compiled
def _polynomial_2_complex(F: NDArray, A: NDArray, B: NDArray, T: NDArray, U: NDArray) -> None:
    """The same at A + iB: T + iU."""
    a, b, c = A[0, 0], A[0, 1], A[1, 1]
    ai, bi, ci = B[0, 0], B[0, 1], B[1, 1]
    det = a * c - ai * ci - b * b + bi * bi
    deti = a * ci + ai * c - 2.0 * b * bi
    for q in range(LANES):
        x, y, z = F[q], F[LANES + q], F[2 * LANES + q]
        f = x * z - y * y
        dr = 1.0 + a * x + 2.0 * b * y + c * z + f * det
        di = ai * x + 2.0 * bi * y + ci * z + f * deti
        size = 1.0 / (dr * dr + di * di)
        r, ri = dr * size, -di * size
        u, v = x + f * c, f * ci
        T[q], U[q] = u * r - v * ri, u * ri + v * r
        u, v = y - f * b, -f * bi
        T[LANES + q], U[LANES + q] = u * r - v * ri, u * ri + v * r
        u, v = z + f * a, f * ai
        T[2 * LANES + q], U[2 * LANES + q] = u * r - v * ri, u * ri + v * r


@compiled
def _adjugate_3(A: NDArray) -> NDArray:
    """The upper triangle of adj A, 3 × 3."""
    return np.array(
        [
            A[1, 1] * A[2, 2] - A[1, 2] * A[1, 2],
            A[0, 2] * A[1, 2] - A[0, 1] * A[2, 2],
            A[0, 1] * A[1, 2] - A[0, 2] * A[1, 1],
            A[0, 0] * A[2, 2] - A[0, 2] * A[0, 2],
            A[0, 1] * A[0, 2] - A[0, 0] * A[1, 2],
            A[0, 0] * A[1, 1] - A[0, 1] * A[0, 1],
        ]
    )


@compiled
def _polynomial_3(F: NDArray, A: NDArray, T: NDArray) -> None:
    """T = (F + A × adj F + det F adj A)/D, × the polarized adjugate; Tr(A F) + Tr(adj A adj F) +
    det A det F + 1 is D."""
    a0, a1, a2, a3, a4, a5 = A[0, 0], A[0, 1], A[0, 2], A[1, 1], A[1, 2], A[2, 2]
    h = _adjugate_3(A)
    h0, h1, h2, h3, h4, h5 = h[0], h[1], h[2], h[3], h[4], h[5]
    det = a0 * h0 + a1 * h1 + a2 * h2
    for q in range(LANES):
        x0, x1, x2 = F[q], F[LANES + q], F[2 * LANES + q]
        x3, x4, x5 = F[3 * LANES + q], F[4 * LANES + q], F[5 * LANES + q]
        g0, g1, g2 = x3 * x5 - x4 * x4, x2 * x4 - x1 * x5, x1 * x4 - x2 * x3
        g3, g4, g5 = x0 * x5 - x2 * x2, x1 * x2 - x0 * x4, x0 * x3 - x1 * x1
        f = x0 * g0 + x1 * g1 + x2 * g2
        D = 1.0 + a0 * x0 + a3 * x3 + a5 * x5 + 2.0 * (a1 * x1 + a2 * x2 + a4 * x4)
        D += h0 * g0 + h3 * g3 + h5 * g5 + 2.0 * (h1 * g1 + h2 * g2 + h4 * g4) + det * f
        r = 1.0 / D
        T[q] = (x0 + a3 * g5 + a5 * g3 - 2.0 * a4 * g4 + f * h0) * r
        T[LANES + q] = (x1 + a2 * g4 + a4 * g2 - a1 * g5 - a5 * g1 + f * h1) * r
        T[2 * LANES + q] = (x2 + a1 * g4 + a4 * g1 - a2 * g3 - a3 * g2 + f * h2) * r
        T[3 * LANES + q] = (x3 + a0 * g5 + a5 * g0 - 2.0 * a2 * g2 + f * h3) * r
        T[4 * LANES + q] = (x4 + a1 * g2 + a2 * g1 - a0 * g4 - a4 * g0 + f * h4) * r
        T[5 * LANES + q] = (x5 + a0 * g3 + a3 * g0 - 2.0 * a1 * g1 + f * h5) * r


@compiled
def _polynomial_3_complex(F: NDArray, A: NDArray, B: NDArray, T: NDArray, U: NDArray) -> None:
    """The same at A + iB: T + iU."""
    a0, a1, a2, a3, a4, a5 = A[0, 0], A[0, 1], A[0, 2], A[1, 1], A[1, 2], A[2, 2]
    b0, b1, b2, b3, b4, b5 = B[0, 0], B[0, 1], B[0, 2], B[1, 1], B[1, 2], B[2, 2]
    C = A + 1j * B
    h, whole = _adjugate_3(C), np.empty(1, np.complex128)
    whole[0] = C[0, 0] * h[0] + C[0, 1] * h[1] + C[0, 2] * h[2]
    h0, h1, h2, h3, h4, h5 = h[0].real, h[1].real, h[2].real, h[3].real, h[4].real, h[5].real
    k0, k1, k2, k3, k4, k5 = h[0].imag, h[1].imag, h[2].imag, h[3].imag, h[4].imag, h[5].imag
    det, deti = whole[0].real, whole[0].imag
    for q in range(LANES):
        x0, x1, x2 = F[q], F[LANES + q], F[2 * LANES + q]
        x3, x4, x5 = F[3 * LANES + q], F[4 * LANES + q], F[5 * LANES + q]
        g0, g1, g2 = x3 * x5 - x4 * x4, x2 * x4 - x1 * x5, x1 * x4 - x2 * x3
        g3, g4, g5 = x0 * x5 - x2 * x2, x1 * x2 - x0 * x4, x0 * x3 - x1 * x1
        f = x0 * g0 + x1 * g1 + x2 * g2
        D = 1.0 + a0 * x0 + a3 * x3 + a5 * x5 + 2.0 * (a1 * x1 + a2 * x2 + a4 * x4)
        D += h0 * g0 + h3 * g3 + h5 * g5 + 2.0 * (h1 * g1 + h2 * g2 + h4 * g4) + det * f
        E = b0 * x0 + b3 * x3 + b5 * x5 + 2.0 * (b1 * x1 + b2 * x2 + b4 * x4)
        E += k0 * g0 + k3 * g3 + k5 * g5 + 2.0 * (k1 * g1 + k2 * g2 + k4 * g4) + deti * f
        size = 1.0 / (D * D + E * E)
        r, ri = D * size, -E * size
        u = x0 + a3 * g5 + a5 * g3 - 2.0 * a4 * g4 + f * h0
        v = b3 * g5 + b5 * g3 - 2.0 * b4 * g4 + f * k0
        T[q], U[q] = u * r - v * ri, u * ri + v * r
        u = x1 + a2 * g4 + a4 * g2 - a1 * g5 - a5 * g1 + f * h1
        v = b2 * g4 + b4 * g2 - b1 * g5 - b5 * g1 + f * k1
        T[LANES + q], U[LANES + q] = u * r - v * ri, u * ri + v * r
        u = x2 + a1 * g4 + a4 * g1 - a2 * g3 - a3 * g2 + f * h2
        v = b1 * g4 + b4 * g1 - b2 * g3 - b3 * g2 + f * k2
        T[2 * LANES + q], U[2 * LANES + q] = u * r - v * ri, u * ri + v * r
        u = x3 + a0 * g5 + a5 * g0 - 2.0 * a2 * g2 + f * h3
        v = b0 * g5 + b5 * g0 - 2.0 * b2 * g2 + f * k3
        T[3 * LANES + q], U[3 * LANES + q] = u * r - v * ri, u * ri + v * r
        u = x4 + a1 * g2 + a2 * g1 - a0 * g4 - a4 * g0 + f * h4
        v = b1 * g2 + b2 * g1 - b0 * g4 - b4 * g0 + f * k4
        T[4 * LANES + q], U[4 * LANES + q] = u * r - v * ri, u * ri + v * r
        u = x5 + a0 * g3 + a3 * g0 - 2.0 * a1 * g1 + f * h5
        v = b0 * g3 + b3 * g0 - 2.0 * b1 * g1 + f * k5
        T[5 * LANES + q], U[5 * LANES + q] = u * r - v * ri, u * ri + v * r


@compiled
def _factors(A: NDArray) -> tuple[NDArray, NDArray]:
    """1/δ_k and the rows l_k with A = Σ_k δ_k l_k l_kᵀ, l_k being 0 before its entry k."""
    p = len(A)
    rest, inverses, rows = A.copy(), np.empty(p, A.dtype), np.zeros((p, p), A.dtype)
    for k in range(p):
        inverses[k] = 1.0 / rest[k, k]
        for i in range(k, p):
            rows[k, i] = rest[k, i] * inverses[k]
        for i in range(k, p):
            for j in range(k, p):
                rest[i, j] -= rows[k, i] * rows[k, j] / inverses[k]
    return inverses, rows


@compiled
def _updated(F: NDArray, place: NDArray, inverses: NDArray, rows: NDArray, T: NDArray) -> None:
    """T by the updates of A, real."""
    p = len(place)
    moved, ratio = np.empty((p, LANES)), np.empty(LANES)
    T[:] = F
    for k in range(p):
        ratio[:] = inverses[k]
        for i in range(p):
            into = moved[i]
            into[:] = 0.0
            for j in range(k, p):
                row, factor = place[i, j] * LANES, rows[k, j]
                one = T[row : row + LANES]
                for q in range(LANES):
                    into[q] += factor * one[q]
            factor = rows[k, i]
            for q in range(LANES):
                ratio[q] += factor * into[q]
        for q in range(LANES):
            ratio[q] = 1.0 / ratio[q]
        for i in range(p):
            left = moved[i]
            for j in range(i, p):
                row, right = place[i, j] * LANES, moved[j]
                one = T[row : row + LANES]
                for q in range(LANES):
                    one[q] -= left[q] * right[q] * ratio[q]


@compiled
def _updated_complex(
    F: NDArray, place: NDArray, inverses: NDArray, rows: NDArray, T: NDArray, U: NDArray
) -> None:
    """The same, T + iU, of a complex A."""
    p = len(place)
    moved, other = np.empty((p, LANES)), np.empty((p, LANES))
    ratio, turned = np.empty(LANES), np.empty(LANES)
    T[:], U[:] = F, 0.0
    for k in range(p):
        ratio[:], turned[:] = inverses[k].real, inverses[k].imag
        for i in range(p):
            real, imaginary = moved[i], other[i]
            real[:], imaginary[:] = 0.0, 0.0
            for j in range(k, p):
                row, x, y = place[i, j] * LANES, rows[k, j].real, rows[k, j].imag
                one, two = T[row : row + LANES], U[row : row + LANES]
                for q in range(LANES):
                    real[q] += x * one[q] - y * two[q]
                    imaginary[q] += x * two[q] + y * one[q]
            x, y = rows[k, i].real, rows[k, i].imag
            for q in range(LANES):
                ratio[q] += x * real[q] - y * imaginary[q]
                turned[q] += x * imaginary[q] + y * real[q]
        for q in range(LANES):
            size = 1.0 / (ratio[q] * ratio[q] + turned[q] * turned[q])
            ratio[q], turned[q] = ratio[q] * size, -turned[q] * size
        for i in range(p):
            left, lefti = moved[i], other[i]
            for j in range(i, p):
                row, right, righti = place[i, j] * LANES, moved[j], other[j]
                one, two = T[row : row + LANES], U[row : row + LANES]
                for q in range(LANES):
                    u = left[q] * right[q] - lefti[q] * righti[q]
                    v = left[q] * righti[q] + lefti[q] * right[q]
                    one[q] -= u * ratio[q] - v * turned[q]
                    two[q] -= u * turned[q] + v * ratio[q]


@compiled
def curvatures(
    slopes: NDArray, bends: NDArray, first: NDArray, second: NDArray, start: int, F: NDArray
) -> None:
    """F_ij = ℓ″ s_i s_j + δ_ij ℓ′ b_i of blocks from ``start`` on, every label of LANES students.

    ``slopes`` and ``bends`` are (blocks, p, LANES), ``first`` and ``second`` (blocks, m, LANES).
    """
    p, m = slopes.shape[1], first.shape[1]
    for i in range(len(F)):
        b, label = (start + i) // m, (start + i) % m
        row, one, two = 0, first[b, label], second[b, label]
        for k in range(p):
            left, bend = slopes[b, k], bends[b, k]
            for j in range(k, p):
                into, right = F[i, row : row + LANES], slopes[b, j]
                for q in range(LANES):
                    into[q] = two[q] * left[q] * right[q]
                if j == k:
                    for q in range(LANES):
                        into[q] += one[q] * bend[q]
                row += LANES


@compiled
def real_resolvents(F: NDArray, A: NDArray, place: NDArray, polynomial: bool, T: NDArray) -> None:
    """T of blocks at a real A."""
    p = len(A)
    inverses, rows = _factors(A)
    for b in range(len(T)):
        if polynomial and p == 2:
            _polynomial_2(F[b], A, T[b])
        elif polynomial and p == 3:
            _polynomial_3(F[b], A, T[b])
        else:
            _updated(F[b], place, inverses, rows, T[b])


@compiled
def complex_resolvents(
    F: NDArray, A: NDArray, B: NDArray, place: NDArray, polynomial: bool, T: NDArray, U: NDArray
) -> None:
    """T + iU of blocks at A + iB."""
    p = len(A)
    inverses, rows = _factors(A + 1j * B)
    for b in range(len(T)):
        if polynomial and p == 2:
            _polynomial_2_complex(F[b], A, B, T[b], U[b])
        elif polynomial and p == 3:
            _polynomial_3_complex(F[b], A, B, T[b], U[b])
        else:
            _updated_complex(F[b], place, inverses, rows, T[b], U[b])
