"""The step of a descent that is safe at a student."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh_tridiagonal

from bbpscape.core.seeds import stream
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.descent.gradient import BatchGradient
from bbpscape.simulation.descent.rule import LANCZOS_STEPS
from bbpscape.simulation.eigen.lanczos import spectral_measures

ENDED = 1e-6  # of an image: what is left of it that is rounding, in single precision too


def safe_step(instance: Instance, student: NDArray[np.float64]) -> float:
    """1/λ_max of the Hessian at ``student``, half of what is stable there.

    λ_max is the largest Ritz value of 15 Lanczos steps. Where no curvature is positive it is that
    of largest size.
    """
    hessian = instance.at(student).hessian
    (measure,) = spectral_measures(hessian, _start(student.size), LANCZOS_STEPS)
    return _step(measure.nodes)


def safe_steps(gradient: BatchGradient, students: Any) -> NDArray[np.float64]:
    """``safe_step`` of every draw of a batch on a torch device, shape (n,), by one Lanczos."""
    where, xp = gradient.where, gradient.where.xp
    product, (n, p, N) = gradient.hessians(students), students.shape
    steps = min(LANCZOS_STEPS, p * N)
    start = np.broadcast_to(_start(p * N) / np.linalg.norm(_start(p * N)), (n, p * N))
    basis = where.zeros((n, steps, p * N), gradient.dtype)
    basis[:, 0] = where.asarray(start, gradient.dtype)
    rows = []
    for j in range(steps):
        known = basis[:, : j + 1]
        image = xp.reshape(product(xp.reshape(basis[:, j], (n, p, N))), (n, p * N, 1))
        rows.append(xp.sum(basis[:, j] * image[..., 0], axis=1))
        for _ in range(2):
            image = image - xp.matrix_transpose(known) @ (known @ image)
        norms = xp.linalg.vector_norm(image[..., 0], axis=1)
        rows.append(norms)
        if j + 1 < steps:
            basis[:, j + 1] = image[..., 0] / xp.where(norms > 0, norms, 1.0)[:, None]
    numbers = where.host(xp.stack(rows)).astype(float)
    found = zip(numbers[::2].T, numbers[1::2].T, strict=True)
    return np.array([_step(_nodes(*one)) for one in found])


def _start(size: int) -> NDArray[np.float64]:
    return stream("largest eigenvalue").standard_normal((1, size))


def _nodes(diagonal: NDArray, off: NDArray) -> NDArray[np.float64]:
    """Ritz values, up to the step that exhausted the Krylov space."""
    ended = np.flatnonzero(off <= ENDED * (abs(diagonal) + off))
    count = int(ended[0]) + 1 if ended.size else len(diagonal)
    return eigvalsh_tridiagonal(diagonal[:count], off[: count - 1])


def _step(nodes: NDArray[np.float64]) -> float:
    largest = float(nodes.max())
    if largest <= 0:
        largest = float(abs(nodes).max())
    return 1 / largest if largest > 0 else 1.0
