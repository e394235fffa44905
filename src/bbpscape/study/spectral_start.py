"""The spectral start of a descent: the one that asks theory for its T(y)."""

import functools

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.descent.start import Preprocessing
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.preprocessing import optimal

LOWEST_T = -20.0


@functools.lru_cache(maxsize=64)
def spectral_preprocessing(model: TeacherStudent) -> Preprocessing:
    """T(y) = max(1 − 1/E[|u|²/p* | y], −20), the optimal preprocessing of the teacher's labels.

    Labels near 0, for which the optimal T falls to −∞, all say the same.

    Raises
    ------
    InvalidInput
        If the activation is not the quadratic one, or labels are flipped.
    """
    if not model.activation.quadratic or model.labels.flip:
        raise InvalidInput(
            "the spectral start needs the quadratic activation and labels without flips"
        )
    best = optimal(QuadraticTeacher(model.p_star, model.labels.noise))
    return lambda y: np.maximum(best(y), LOWEST_T)
