"""The Hessian averaged over the student: a spectral method with T(y) = E_λ[Tr F | y]/p."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_genlaguerre

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.spectral.preprocessing import Preprocessing

NODES = 64


def averaged_curvature(model: TeacherStudent) -> Preprocessing:
    """T(y) = −E_λ[Tr F | y]/p for the quadratic activation: its top is the Hessian's bottom.

    With the normalized square loss it is (2/p)(y − 1 − 2/p)/(a + y), whatever the student does.

    Raises
    ------
    InvalidInput
        If the activation is not quadratic, the second layer not uniform, or p infinite.

    >>> from bbpscape.model.losses import NormalizedSquare
    >>> T = averaged_curvature(TeacherStudent(p=2, p_star=1, loss=NormalizedSquare(a=1.0)))
    >>> T([2.0, 5.0]).tolist()
    [0.0, 0.5]
    """
    if not model.activation.quadratic or model.second_layer is not None or math.isinf(model.p):
        raise InvalidInput("the average needs the quadratic activation, c_k = 1/p and a finite p")
    p = int(model.p)
    a = model.loss.closed_form
    if a is not None:

        def normalized(y: NDArray) -> NDArray:
            return 2 / p * (y - 1 - 2 / p) / (a + y)

        return Preprocessing(
            "average Hessian", normalized, bounds=(-2 / p * (1 + 2 / p) / a, 2 / p)
        )
    # r = |λ|²/p is a Gamma variable: r = 2 x/p with weight x^{p/2 − 1} e^{−x}.
    x, weights = roots_genlaguerre(NODES, p / 2 - 1)
    r, weights = 2 * x / p, weights / weights.sum()

    def average(y: NDArray) -> NDArray:
        first, second = model.loss.derivatives(np.asarray(y)[..., None], r)
        return -(2 / p) * ((first + 2 * r * second / p) * np.ones(r.size)) @ weights

    return Preprocessing("average Hessian", average, breaks=tuple(model.loss.label_breaks))
