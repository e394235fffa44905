"""Where a descent begins, and the step that is safe there."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, NoConvergence
from bbpscape.core.seeds import stream
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.lanczos import spectral_measures
from bbpscape.simulation.eigen.lowest_pairs import LowestPairs
from bbpscape.simulation.hessian import Hessian

STARTS = ("random", "hessian", "spectral", "overlap")
TOLERANCE = 1e-6  # of the eigenvectors that a descent starts from
LANCZOS_STEPS = 15

Preprocessing = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def check_start(start: object, overlap: bool) -> str:
    """``start`` if it is one of STARTS, and goes with a model with or without an overlap."""
    if start not in STARTS:
        raise InvalidInput(f"start must be one of {', '.join(STARTS)}, got {start!r}")
    if (start == "overlap") != overlap:
        raise InvalidInput(
            "start overlap goes with a model with an overlap, and every other start with one "
            f"without, got start {start}"
        )
    return str(start)


def starting_point(
    instance: Instance, start: str, preprocessing: Preprocessing | None = None
) -> NDArray[np.float64]:
    """The student, shape (p, N), with rows on the sphere of radius √N.

    ``random`` and ``overlap`` are the instance's own student. ``hessian``: the p·p* lowest
    eigenvectors of the Hessian there have p blocks each; the p leading right singular vectors of
    all the blocks, each as long as its singular value, are mixed by ``hartley`` into p rows.
    ``spectral``: the same with the p highest eigenvectors of Σ_μ T(y_μ) x_μ x_μᵀ, each with the
    square root of its distance to the next eigenvalue, so that an outlier outweighs the bulk.

    Parameters
    ----------
    instance : Instance
    start : str
        One of STARTS.
    preprocessing : function, labels to numbers
        T, for ``spectral``.

    Raises
    ------
    InvalidInput
        If ``start`` is of another name, or ``spectral`` has no T.
    NoConvergence
        If an eigenvector was not found.
    """
    p, N = len(instance.student), instance.N
    if start in ("random", "overlap"):
        return instance.student
    if start == "hessian":
        count = min(p * instance.model.p_star, p * N)
        blocks = _lowest(instance.hessian, count).eigenvectors.T.reshape(-1, N)
        _, sizes, directions = np.linalg.svd(blocks, full_matrices=False)
        return mixed(sizes[:p], directions[:p], p)
    if start != "spectral":
        raise InvalidInput(f"start must be one of {', '.join(STARTS)}, got {start!r}")
    if preprocessing is None:
        raise InvalidInput("the spectral start needs a preprocessing of the labels")
    matrix = Hessian(instance.inputs, -preprocessing(instance.labels)[:, None, None])
    count = min(p + 1, N)
    pairs = _lowest(matrix, count)
    gaps = np.maximum(pairs.eigenvalues[-1] - pairs.eigenvalues[: min(p, count - 1)], 0.0)
    return mixed(np.sqrt(gaps), pairs.eigenvectors[:, : len(gaps)].T, p)


def _lowest(matrix: Hessian, count: int) -> LowestPairs:
    pairs = lowest(matrix, count, TOLERANCE, certificate=False)
    if not pairs.converged:
        raise NoConvergence(
            f"the eigenvectors of the start did not converge: residual {pairs.residuals.max():.2g} "
            f"of {pairs.tolerance:.2g}; try another seed or start"
        )
    return pairs


def mixed(sizes: NDArray, directions: NDArray, p: int) -> NDArray[np.float64]:
    """p rows Σ_j O_kj s_j e_j, scaled to the radius √N; O is ``hartley(p)``.

    Before the scaling, Σ_k w_k w_kᵀ = Σ_j s_j² e_j e_jᵀ; the leading e_0 is shared equally.
    """
    rows = hartley(p)[:, : len(sizes)] @ (sizes[:, None] * directions)
    return rows * (math.sqrt(rows.shape[1]) / np.linalg.norm(rows, axis=1, keepdims=True))


def hartley(p: int) -> NDArray[np.float64]:
    """O_jk = (cos θ + sin θ)/√p, θ = 2π jk/p: orthogonal, its first column 1/√p.

    >>> bool(np.allclose(hartley(3) @ hartley(3).T, np.eye(3)))
    True
    """
    angle = 2 * math.pi * np.outer(np.arange(p), np.arange(p)) / p
    return (np.cos(angle) + np.sin(angle)) / math.sqrt(p)


def safe_step(instance: Instance, student: NDArray[np.float64]) -> float:
    """1/λ_max of the Hessian at ``student``, half of what is stable there.

    λ_max is the largest Ritz value of 15 Lanczos steps. Where no curvature is positive it is that
    of largest size.
    """
    hessian = instance.at(student).hessian
    start = stream("largest eigenvalue").standard_normal((1, len(student) * instance.N))
    (measure,) = spectral_measures(hessian, start, LANCZOS_STEPS)
    largest = float(measure.nodes.max())
    if largest <= 0:
        largest = float(abs(measure.nodes).max())
    return 1 / largest if largest > 0 else 1.0
