"""The spectral start of a descent, which asks theory for its T(y).

What stands above takes ``STARTS`` and ``find_start`` from here, with this start among them.
"""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.descent.start import (
    STARTS,
    Start,
    check_unit_norms,
    find_start,
    mixed,
    start_pairs,
)
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.preprocessing import optimal

__all__ = ["STARTS", "find_start", "spectral_preprocessing"]

LOWEST_T = -20.0


@functools.lru_cache(maxsize=64)
def spectral_preprocessing(
    model: TeacherStudent,
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """T(y) = max(1 − 1/E[|u|²/p* | y], −20), the optimal preprocessing of the teacher's labels.

    Labels near 0, for which the optimal T falls to −∞, all say the same.

    Raises
    ------
    InvalidInput
        If the activation is not the quadratic one, or labels are flipped.
    """
    check_unit_norms(model)
    exact = not model.labels.flip and not model.labels.poisson
    if not model.activation.quadratic or not model.teacher.quadratic or not exact:
        raise InvalidInput(
            "the spectral start needs the quadratic activation and teacher, and labels without "
            "flips"
        )
    best = optimal(QuadraticTeacher(model.p_star, model.labels.noise))
    return lambda y: np.maximum(best(y), LOWEST_T)


def highest_eigenvectors(instance: Instance) -> NDArray[np.float64]:
    """The p highest eigenvectors of Σ_μ T(y_μ) x_μ x_μᵀ, mixed into p rows.

    Each has the square root of its distance to the next eigenvalue, so that an outlier outweighs
    the bulk.
    """
    p, N = instance.student.shape
    values = spectral_preprocessing(instance.model)(instance.labels)
    count = min(p + 1, N)
    pairs = start_pairs(Hessian(instance.inputs, -values[:, None, None]), count)
    gaps = np.maximum(pairs.eigenvalues[-1] - pairs.eigenvalues[: min(p, count - 1)], 0.0)
    return mixed(np.sqrt(gaps), pairs.eigenvectors[:, : len(gaps)].T, p, instance.sphere)


STARTS.add(
    "spectral",
    Start("spectral", highest_eigenvectors, overlap=False, check=spectral_preprocessing),
)
