"""Spectral measures by Lanczos: in given directions, and of the whole spectrum with error bars."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.core.seeds import Seed, stream
from bbpscape.simulation.operator import Operator


@dataclass(frozen=True, eq=False)
class SpectralMeasure:
    """Σ_i w_i δ(λ − θ_i): Gauss quadrature of the measure dμ(λ) = Σ_j (v_j · e)² δ(λ − λ_j).

    ``nodes`` and ``weights`` have shape (n,); the weights sum to 1, and polynomials of degree up
    to 2n − 1 are integrated exactly. ``diagonal`` and ``off_diagonal`` are those of the Jacobi
    matrix.
    """

    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]
    diagonal: NDArray[np.float64]
    off_diagonal: NDArray[np.float64]

    def largest_atom(self, eigenvalue: ArrayLike) -> NDArray[np.float64]:
        """A bound on the mass at λ: w_i + w_{i+1} between the nodes θ_i and θ_{i+1}.

        It follows from Σ_{j<i} w_j ≤ μ(λ < θ_i) and μ(λ ≤ θ_i) ≤ Σ_{j≤i} w_j. Beyond the first or
        the last node it is that node's weight.

        Source: the Chebyshev–Markov–Stieltjes inequalities; Szegő, Orthogonal Polynomials, §3.41.
        """
        padded = np.concatenate([[0.0], self.weights, [0.0]])
        index = np.searchsorted(self.nodes, np.asarray(eigenvalue, dtype=float))
        return padded[index] + padded[index + 1]


@dataclass(frozen=True, eq=False)
class Density:
    """ρ(λ) of all pN eigenvalues, smoothed by a Gaussian of standard deviation ``width``.

    ``density`` is the mean over random probes and ``standard_error`` that of the mean, both of the
    shape of ``eigenvalue``.
    """

    eigenvalue: NDArray[np.float64]
    density: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    width: float
    probes: int
    steps: int


def spectral_measures(
    operator: Operator, directions: NDArray[np.float64], steps: int
) -> list[SpectralMeasure]:
    """The measure in each direction, from ``steps`` Lanczos steps with full orthogonalization.

    Parameters
    ----------
    operator : Operator
    directions : array, shape (b, pN)
        Rows of any length; their products are taken together.
    steps : int
        Products, fewer where a direction's Krylov space is exhausted.

    Raises
    ------
    InvalidInput
        If ``steps`` is not a positive integer or a direction is zero.

    >>> from bbpscape.simulation.hessian import Hessian
    >>> H = Hessian(np.eye(2), np.array([1.0, 3.0]).reshape(2, 1, 1))
    >>> measure, = spectral_measures(Operator(H), np.array([[1.0, 1.0]]), 2)
    >>> measure.nodes.round(12).tolist(), measure.weights.round(12).tolist()
    ([1.0, 3.0], [0.5, 0.5])
    """
    steps = min(int(positive_integer("steps", steps)), operator.size)
    norms = np.linalg.norm(directions, axis=1, keepdims=True)
    if not (norms > 0).all():
        raise InvalidInput("directions must not be zero")
    where, count = operator.where, len(directions)
    basis = np.zeros((steps, count, operator.size))
    basis[0] = directions / norms
    diagonal, off = np.zeros((steps, count)), np.zeros((steps, count))
    lengths = np.full(count, steps)
    for j in range(steps):
        image = where.host(operator(where.asarray(basis[j], operator.dtype))).astype(float)
        diagonal[j] = (image * basis[j]).sum(axis=1)
        scale = np.linalg.norm(image, axis=1)
        for _ in range(2):
            for b in range(count):
                known = basis[: j + 1, b]
                image[b] -= (known @ image[b]) @ known
        off[j] = np.linalg.norm(image, axis=1)
        ended = (off[j] <= 1e-12 * scale) & (lengths == steps)
        lengths[ended] = j + 1
        if j + 1 < steps:
            basis[j + 1] = image / np.where(off[j] > 0, off[j], 1.0)[:, None]
    return [_measure(diagonal[:n, b], off[: n - 1, b]) for b, n in enumerate(lengths)]


def _measure(diagonal: NDArray[np.float64], off: NDArray[np.float64]) -> SpectralMeasure:
    matrix = np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)
    nodes, vectors = np.linalg.eigh(matrix)
    return SpectralMeasure(nodes, vectors[0] ** 2, diagonal, off)


def spectral_density(
    operator: Operator,
    eigenvalue: ArrayLike,
    width: float,
    probes: int = 8,
    steps: int = 80,
    seed: Seed = 0,
) -> Density:
    """ρ(λ) = (1/pN) Σ_j φ_width(λ − λ_j) by stochastic Lanczos quadrature.

    Each probe is a Gaussian vector and gives one measure; their mean estimates ρ, and their spread
    its standard error, which leaves out the quadrature's error: take more steps than range/width.

    Parameters
    ----------
    eigenvalue : array, shape (n,)
        Where ρ is wanted.
    width : float
        Standard deviation of the smoothing Gaussian φ, in units of λ.
    probes, steps : int
        At least 2 probes, for a standard error.
    seed : int or Generator
        Of the probes, whose stream is shared with no data.

    Source: Ubaru, Chen and Saad, SIAM J. Matrix Anal. Appl. 38 (2017).
    """
    points = np.asarray(eigenvalue, dtype=float)
    width = positive("width", width)
    if int(positive_integer("probes", probes)) < 2:
        raise InvalidInput(f"probes must be at least 2, got {probes!r}")
    vectors = stream("probes", seed).standard_normal((probes, operator.size))
    estimates = np.stack(
        [
            _smoothed(measure, points, width)
            for measure in spectral_measures(operator, vectors, steps)
        ]
    )
    return Density(
        points,
        estimates.mean(axis=0),
        estimates.std(axis=0, ddof=1) / np.sqrt(probes),
        width,
        probes,
        steps,
    )


def _smoothed(
    measure: SpectralMeasure, points: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    scaled = (points[:, None] - measure.nodes) / width
    return np.exp(-0.5 * scaled**2) @ measure.weights / (np.sqrt(2 * np.pi) * width)
