"""The Hessian averaged over the student: a spectral method with T(y) = E_λ[Tr F | y]/p."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaincinv, gammaln

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.spectral.channel import HEAD, PANEL_NODES, TAIL, label_panels
from bbpscape.theory.spectral.preprocessing import Preprocessing

NAME = "average Hessian"
# Panels of |λ|; those of a loss with kinks are so narrow that one inside costs 1e-6 of T.
SMOOTH, KINKED = 0.25, 0.05
BLOCK = 256


def averaged_curvature(model: TeacherStudent) -> Preprocessing:
    """T(y) = −E_λ[Tr F | y]/p = −(2/p) E[r ℓ′(y, r)]: its top is the Hessian's bottom.

    For the quadratic activation, Tr F/p = (2/p)(ℓ′ + (2/p) r ℓ″) at ŷ = r = |λ|²/p, a Gamma
    variable, of which E[r ℓ″] = (p/2) E[(r − 1) ℓ′]. With the normalized square loss T is
    (2/p)(y − 1 − 2/p)/(a + y), whatever the student does.

    Parameters
    ----------
    model : TeacherStudent

    Returns
    -------
    Preprocessing
        The T of the Hessian averaged over students.

    Raises
    ------
    InvalidInput
        If the activation is not quadratic, the second layer not uniform, or p infinite.

    Examples
    --------
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

        return Preprocessing(NAME, normalized, bounds=(-2 / p * (1 + 2 / p) / a, 2 / p))
    kinked = bool(model.loss.kinks(np.ones(1), np.ones(1)))
    r, weights = _outputs(p, KINKED if kinked else SMOOTH)

    def average(y: NDArray) -> NDArray:
        labels, found = y.ravel(), np.empty(y.size)
        for start in range(0, y.size, BLOCK):
            block = slice(start, start + BLOCK)
            first, _ = model.loss.derivatives(labels[block, None], r)
            found[block] = -(2 / p) * (np.broadcast_to(first, (len(first), r.size)) @ weights)
        return found.reshape(y.shape)

    return Preprocessing(NAME, average, breaks=tuple(model.loss.label_breaks))


def _outputs(p: int, width: float) -> tuple[NDArray, NDArray]:
    """Nodes of r ~ χ²_p/p and the weights of E[r φ(r)], on panels of |λ| of one ``width``."""
    nu = p / 2
    low, high = (
        math.sqrt(2 * float(inverse(nu, tail)))
        for inverse, tail in ((gammaincinv, HEAD), (gammainccinv, TAIL))
    )
    edges = np.arange(low, high, width)
    size, steps = label_panels(edges, (), (low, high), width, PANEL_NODES)
    # The density of |λ|, its largest factors in one exponent.
    log_density = (p - 1) * np.log(size) - size**2 / 2 - (nu - 1) * math.log(2) - float(gammaln(nu))
    weights = steps * np.exp(log_density)
    return size**2 / p, weights / weights.sum() * size**2 / p
