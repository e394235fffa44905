"""Spectral measures by Lanczos: in given directions, and of the whole spectrum with error bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, positive, positive_integer
from bbpscape.core.memory import require_memory
from bbpscape.core.report import Report, Table, counted
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed, stream
from bbpscape.core.statistics import mean_and_error
from bbpscape.simulation.backend import backend, check_dtype
from bbpscape.simulation.operator import operator_of
from bbpscape.simulation.samples import Product, Samples, check_samples

MOST_SHOWN = 40  # nodes of a report


@result
class SpectralMeasure(Result):
    """Σ_i w_i δ(λ − θ_i): Gauss quadrature of the measure dμ(λ) = Σ_j (v_j · e)² δ(λ − λ_j).

    ``nodes`` and ``weights`` have shape (n,); the weights sum to 1, and polynomials of degree up
    to 2n − 1 are integrated exactly. ``diagonal`` and ``off_diagonal`` are those of the Jacobi
    matrix.

    Examples
    --------
    Its mean is the entry of H along the direction:

    >>> import bbpscape as bb
    >>> H = bb.draw(bb.TeacherStudent(1, 1), 3.0, 20).hessian
    >>> (measure,) = bb.eigen.spectral_measures(H, np.eye(20)[:1], steps=20)
    >>> np.allclose(measure.weights @ measure.nodes, H.dense()[0, 0])
    True
    """

    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]
    diagonal: NDArray[np.float64]
    off_diagonal: NDArray[np.float64]

    def headline(self) -> str:
        return f"spectral measure, {counted(len(self.nodes), 'node')}"

    def columns(self) -> Mapping[str, Any]:
        return {"eigenvalue": self.nodes, "weight": self.weights}

    def report(self) -> Report:
        """The nodes of the largest weights."""
        largest = np.sort(np.argsort(-self.weights, kind="stable")[:MOST_SHOWN])
        rows = [(f"{self.nodes[i]:.8g}", f"{self.weights[i]:.4g}") for i in largest]
        more = len(self.nodes) - len(rows)
        notes = [f"{more} more nodes of smaller weight are in the table"] if more else []
        return Report([Table(self.headline(), ("eigenvalue", "weight"), rows)], notes)

    def largest_atom(self, eigenvalue: ArrayLike) -> NDArray[np.float64]:
        """A bound on the mass at λ: w_i + w_{i+1} between the nodes θ_i and θ_{i+1}.

        It follows from Σ_{j<i} w_j ≤ μ(λ < θ_i) and μ(λ ≤ θ_i) ≤ Σ_{j≤i} w_j. Beyond the first or
        the last node it is that node's weight.

        Parameters
        ----------
        eigenvalue : array
            λ.

        Returns
        -------
        array
            Of the same shape, between 0 and 1.

        References
        ----------
        The Chebyshev–Markov–Stieltjes inequalities; Szegő, Orthogonal Polynomials, §3.41.

        Examples
        --------
        >>> import bbpscape as bb
        >>> one = np.array([0.25, 0.75])
        >>> measure = bb.eigen.SpectralMeasure(np.array([1.0, 3.0]), one, np.zeros(2), np.zeros(1))
        >>> measure.largest_atom([0.0, 2.0]).tolist()
        [0.25, 1.0]
        """
        padded = np.concatenate([[0.0], self.weights, [0.0]])
        index = np.searchsorted(self.nodes, np.asarray(eigenvalue, dtype=float))
        return padded[index] + padded[index + 1]


@result
class Density(Result):
    """ρ(λ) of all pN eigenvalues, smoothed by a Gaussian of standard deviation ``width``.

    ``density`` is the mean over random probes and ``standard_error`` that of the mean, both of the
    shape of ``eigenvalue``.

    Examples
    --------
    Of eigenvalues 0, 1/39, …, 1, of density 1 in the middle:

    >>> import bbpscape as bb
    >>> H = bb.Hessian(np.eye(40), np.linspace(0, 1, 40).reshape(-1, 1, 1))
    >>> found = bb.eigen.spectral_density(H, [0.5], width=0.1, probes=64, steps=40)
    >>> bool(abs(found.density[0] - 1) < 4 * found.standard_error[0] + 0.03)
    True
    """

    eigenvalue: NDArray[np.float64]
    density: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    width: float
    probes: int
    steps: int
    seed: int

    def headline(self) -> str:
        return f"spectral density, width {self.width:g}, {self.probes} probes, {self.steps} steps"

    def columns(self) -> Mapping[str, Any]:
        names = ("eigenvalue", "density", "standard_error")
        return {name: getattr(self, name) for name in names}


def spectral_measures(
    hessian: Samples,
    directions: ArrayLike,
    steps: int,
    *,
    dtype: str = "float64",
    device: str = "cpu",
) -> list[SpectralMeasure]:
    """The measure in each direction, from ``steps`` Lanczos steps with full orthogonalization.

    Parameters
    ----------
    hessian : Hessian or StreamedHessian
    directions : array, shape (b, pN)
        Rows of any length; their products are taken together.
    steps : int
        Products, fewer where a direction's Krylov space is exhausted.
    dtype, device : str
        As in ``lowest``.

    Returns
    -------
    list of SpectralMeasure
        One for each direction.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, a direction is zero, or the basis would not fit in memory.

    Examples
    --------
    >>> from bbpscape.simulation.hessian import Hessian
    >>> H = Hessian(np.eye(2), np.array([1.0, 3.0]).reshape(2, 1, 1))
    >>> measure, = spectral_measures(H, [[1.0, 1.0]], 2)
    >>> measure.nodes.round(12).tolist(), measure.weights.round(12).tolist()
    ([1.0, 3.0], [0.5, 0.5])
    """
    check_samples(hessian)
    rows = real_array("directions", directions)
    size = hessian.curvature.shape[1] * hessian.N
    if rows.ndim != 2 or rows.shape[1] != size or not len(rows):
        raise InvalidInput(f"directions must have shape (b, {size}), got {rows.shape}")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (norms > 0).all():
        raise InvalidInput("directions must not be zero")
    steps = min(int(positive_integer("steps", steps)), size)
    require_memory(lambda n: 8 * (n + 3) * rows.size, steps, "steps")
    operator = operator_of(hessian, check_dtype(dtype), backend(device))
    diagonal, off, lengths = _tridiagonal(operator, rows / norms, steps)
    return [_measure(diagonal[:n, b], off[: n - 1, b]) for b, n in enumerate(lengths)]


def _tridiagonal(
    operator: Product, start: NDArray[np.float64], steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Diagonals and off-diagonals, shape (steps, b), and how many steps of each are of use."""
    where, count = operator.where, len(start)
    basis = np.zeros((steps, count, operator.size))
    basis[0] = start
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
    return diagonal, off, lengths


def _measure(diagonal: NDArray[np.float64], off: NDArray[np.float64]) -> SpectralMeasure:
    matrix = np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)
    nodes, vectors = np.linalg.eigh(matrix)
    return SpectralMeasure(nodes, vectors[0] ** 2, diagonal, off)


def spectral_density(
    hessian: Samples,
    eigenvalue: ArrayLike,
    width: float,
    probes: int = 8,
    steps: int = 80,
    seed: Seed = 0,
    *,
    dtype: str = "float64",
    device: str = "cpu",
) -> Density:
    """ρ(λ) = (1/pN) Σ_j φ_width(λ − λ_j) by stochastic Lanczos quadrature.

    Each probe is a Gaussian vector and gives one measure; their mean estimates ρ, and their spread
    its standard error, which leaves out the quadrature's error: take more steps than range/width.

    Parameters
    ----------
    hessian : Hessian or StreamedHessian
    eigenvalue : array, shape (n,)
        Where ρ is wanted.
    width : float
        Standard deviation of the smoothing Gaussian φ, in units of λ.
    probes, steps : int
        At least 2 probes, for a standard error.
    seed : int or Generator
        Of the probes, whose stream is shared with no data.
    dtype, device : str
        As in ``lowest``.

    Returns
    -------
    Density
        The mean over probes with its standard error.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the vectors would not fit in memory.

    References
    ----------
    Ubaru, Chen and Saad, SIAM J. Matrix Anal. Appl. 38 (2017).

    Examples
    --------
    >>> import bbpscape as bb
    >>> H = bb.Hessian(np.eye(40), np.linspace(0, 1, 40).reshape(-1, 1, 1))
    >>> found = bb.eigen.spectral_density(H, np.linspace(-1, 2, 60), width=0.1, steps=40)
    >>> round(float(np.trapezoid(found.density, found.eigenvalue)), 6)
    1.0
    """
    check_samples(hessian)
    points, seed = real_array("eigenvalue", eigenvalue, 1), check_seed(seed)
    width, steps = positive("width", width), int(positive_integer("steps", steps))
    probes = int(positive_integer("probes", probes))
    if probes < 2:
        raise InvalidInput(f"probes must be at least 2, got {probes!r}")
    size = hessian.curvature.shape[1] * hessian.N
    require_memory(lambda n: 8 * (min(steps, size) + 4) * n * size, probes, "probes")
    # Each measure at each point, and the means.
    nodes = min(steps, size) + probes + 2
    require_memory(lambda n: 16 * nodes * n, len(points), "points")
    vectors = stream("probes", seed).standard_normal((probes, size))
    measures = spectral_measures(hessian, vectors, steps, dtype=dtype, device=device)
    estimates = np.stack([_smoothed(measure, points, width) for measure in measures])
    mean, error = mean_and_error(estimates, axis=0)
    return Density(points, mean, error, width, probes, steps, seed)


def _smoothed(
    measure: SpectralMeasure, points: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    scaled = (points[:, None] - measure.nodes) / width
    return np.exp(-0.5 * scaled**2) @ measure.weights / (np.sqrt(2 * np.pi) * width)
