"""Loss and gradient of quadratic neurons under a square loss, X read once: for few neurons.

ROWS samples at a time, of one neuron one, go through both products while they are in the first
cache: with the weights of two neurons at a time, then, as residuals, into their gradients.
"""

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.compiled import compiled_freely

ROWS = 8


@compiled_freely
def fused(
    X: NDArray, y: NDArray, second: NDArray, w: NDArray, c: NDArray, gradient: NDArray
) -> float:
    """Σ_μ ℓ″_μ (ŷ_μ − y_μ)²/2 with ŷ = Σ_k c_k λ_k², its gradient in w added to ``gradient``.

    X has a multiple of ROWS rows, shape (M, N); y and ``second``, ℓ″, shape (M,); w and
    ``gradient`` shape (p, N); c shape (p,). All in one precision, in C order; the loss is summed in
    double.
    """
    samples, p = len(X), len(w)
    pairs = p - p % 2
    rows = ROWS if pairs else 1
    a = np.empty((p, ROWS), X.dtype)
    loss = 0.0
    for row in range(0, samples, rows):
        for k in range(0, pairs, 2):
            _pair_of_dots(X, row, w, k, a)
        if pairs < p:
            _dots(X, row, rows, w, pairs, a)
        for i in range(rows):
            gap = -y[row + i]
            for k in range(p):
                gap += c[k] * a[k, i] * a[k, i]
            slope = gap * second[row + i]
            loss += 0.5 * gap * slope
            for k in range(p):
                a[k, i] *= 2 * c[k] * slope
        for k in range(0, pairs, 2):
            _add_pair(X, row, a, k, gradient)
        if pairs < p:
            _add(X, row, rows, a, pairs, gradient)
    return loss


@compiled_freely
def _dots(X: NDArray, row: int, rows: int, w: NDArray, k: int, a: NDArray) -> None:
    """a_k = X w_k in ``rows`` rows, one after the other as they lie in memory."""
    v = w[k]
    for i in range(rows):
        x, total = X[row + i], X.dtype.type(0)
        for j in range(X.shape[1]):
            total += x[j] * v[j]
        a[k, i] = total


@compiled_freely
def _pair_of_dots(X: NDArray, row: int, w: NDArray, k: int, a: NDArray) -> None:
    """``_dots`` in ROWS rows of neurons k and k + 1, 16 sums that share what they load."""
    x0, x1, x2, x3 = X[row], X[row + 1], X[row + 2], X[row + 3]
    x4, x5, x6, x7 = X[row + 4], X[row + 5], X[row + 6], X[row + 7]
    v, u = w[k], w[k + 1]
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = X.dtype.type(0)
    t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = X.dtype.type(0)
    for j in range(X.shape[1]):
        s0 += x0[j] * v[j]
        s1 += x1[j] * v[j]
        s2 += x2[j] * v[j]
        s3 += x3[j] * v[j]
        s4 += x4[j] * v[j]
        s5 += x5[j] * v[j]
        s6 += x6[j] * v[j]
        s7 += x7[j] * v[j]
        t0 += x0[j] * u[j]
        t1 += x1[j] * u[j]
        t2 += x2[j] * u[j]
        t3 += x3[j] * u[j]
        t4 += x4[j] * u[j]
        t5 += x5[j] * u[j]
        t6 += x6[j] * u[j]
        t7 += x7[j] * u[j]
    a[k, 0], a[k, 1], a[k, 2], a[k, 3] = s0, s1, s2, s3
    a[k, 4], a[k, 5], a[k, 6], a[k, 7] = s4, s5, s6, s7
    a[k + 1, 0], a[k + 1, 1], a[k + 1, 2], a[k + 1, 3] = t0, t1, t2, t3
    a[k + 1, 4], a[k + 1, 5], a[k + 1, 6], a[k + 1, 7] = t4, t5, t6, t7


@compiled_freely
def _add(X: NDArray, row: int, rows: int, a: NDArray, k: int, gradient: NDArray) -> None:
    """Add a_k X, of ``rows`` rows, to the gradient of neuron k."""
    into = gradient[k]
    for i in range(rows):
        x, share = X[row + i], a[k, i]
        for j in range(X.shape[1]):
            into[j] += share * x[j]


@compiled_freely
def _add_pair(X: NDArray, row: int, a: NDArray, k: int, gradient: NDArray) -> None:
    """``_add`` of ROWS rows for neurons k and k + 1."""
    x0, x1, x2, x3 = X[row], X[row + 1], X[row + 2], X[row + 3]
    x4, x5, x6, x7 = X[row + 4], X[row + 5], X[row + 6], X[row + 7]
    s0, s1, s2, s3 = a[k, 0], a[k, 1], a[k, 2], a[k, 3]
    s4, s5, s6, s7 = a[k, 4], a[k, 5], a[k, 6], a[k, 7]
    t0, t1, t2, t3 = a[k + 1, 0], a[k + 1, 1], a[k + 1, 2], a[k + 1, 3]
    t4, t5, t6, t7 = a[k + 1, 4], a[k + 1, 5], a[k + 1, 6], a[k + 1, 7]
    into, also = gradient[k], gradient[k + 1]
    for j in range(X.shape[1]):
        into[j] += (s0 * x0[j] + s1 * x1[j] + s2 * x2[j] + s3 * x3[j]) + (
            s4 * x4[j] + s5 * x5[j] + s6 * x6[j] + s7 * x7[j]
        )
        also[j] += (t0 * x0[j] + t1 * x1[j] + t2 * x2[j] + t3 * x3[j]) + (
            t4 * x4[j] + t5 * x5[j] + t6 * x6[j] + t7 * x7[j]
        )
