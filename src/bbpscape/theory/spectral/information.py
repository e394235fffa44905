"""The information limit: the α above which labels tell anything of the teacher."""

from __future__ import annotations

import math

from bbpscape.core.result import Result, result
from bbpscape.core.status import Diagnostics, Status
from bbpscape.theory.spectral.channel import Channel, Labels

# Below this E[(w − 1)²] and E[E[u|y]²] are rounding.
NO_INFORMATION = 1e-20


@result
class InformationLimit(Result):
    """The weak-recovery threshold: below ``alpha`` no fast algorithm beats a guess.

    ``alpha`` is 0 where labels tell the sign of u; ``alpha_spectral`` is where the best spectral
    method starts, the same number otherwise. Both are ``inf`` where labels say nothing.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.spectral.information_limit(bb.spectral.QuadraticTeacher(p_star=3))
    >>> round(found.alpha, 9) == round(found.alpha_spectral, 9) == 1.5
    True
    """

    alpha: float
    alpha_spectral: float
    diagnostics: Diagnostics

    @property
    def status(self) -> Status:
        return self.diagnostics.status

    def headline(self) -> str:
        return f"Weak recovery is possible from alpha = {self.alpha:.8g}"


def information_limit(channel: Channel) -> InformationLimit:
    """1/α = E_y[(E[|u|²/p* | y] − 1)²].

    Approximate message passing with an overlap matrix S (p* × p*, near 0) multiplies it, in one
    step, by the linear map S → α E_y[G S G], G(y) = E[u uᵀ − I | y], if E[u | y] = 0: the estimate
    grows from nothing iff the largest eigenvalue of the map exceeds 1. Under rotation invariance
    E[u uᵀ | y] commutes with every rotation, G = (w(y) − 1) I with w = E[|u|²/p* | y], and the map
    is S → α E[(w − 1)²] S, one eigenvalue for all S. For the noiseless quadratic teacher w = y is
    χ²_{p*}/p*, of variance 2/p*, and α = p*/2. If E[u | y] ≠ 0 any α > 0 is enough.

    No preprocessing does better: an outlier right of the bulk needs α E[(w − 1) q] > 1 and
    α E[q²] ≤ 1 for q = g T/(1 − g T), so α E[(w − 1)²] > 1 by Cauchy–Schwarz; q = w − 1, which is
    T = 1 − 1/w at g = 1, attains it.

    Parameters
    ----------
    channel : Channel
        A teacher with its labels, such as QuadraticTeacher(1).

    Returns
    -------
    InformationLimit
        The α, 0 where labels know the teacher linearly.

    References
    ----------
    Mondelli and Montanari (2018), Lu and Li (2020) for p* = 1.

    Examples
    --------
    >>> from bbpscape.theory.spectral.channel import QuadraticTeacher
    >>> round(information_limit(QuadraticTeacher(p_star=3)).alpha, 12)
    1.5
    """
    coarse, fine = channel.labels(), channel.labels(refinement=2)
    values = [_information(labels) for labels in (coarse, fine)]
    signed = float(fine.weights @ fine.first**2)
    error = abs(values[0] / values[1] - 1) if values[1] > NO_INFORMATION else 0.0
    spectral = 1 / values[1] if values[1] > NO_INFORMATION else math.inf
    return InformationLimit(
        alpha=0.0 if signed > NO_INFORMATION else spectral,
        alpha_spectral=spectral,
        diagnostics=Diagnostics(0, 0.0, error),
    )


def _information(labels: Labels) -> float:
    return float(labels.weights @ (labels.second - 1) ** 2)
