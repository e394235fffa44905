"""The BBP threshold: the α above which an outlier along the teacher leaves the bulk on the left.

With T(g) = g (m_1^y − m_1) and K(g) = g² m_2, an outlier sits at α T(g) = 1 and a sharp edge at
α K(g) = 1. The transition is continuous where T = K on the real branch (−1/|lower|, 0), and
discontinuous, at the end of that branch, where T > K all along it.
"""

import math
from dataclasses import dataclass
from typing import Any

from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.bulk import inverse_stieltjes
from bbpscape.theory.committee import CommitteeLaw
from bbpscape.theory.law import BULK, TEACHER, CurvatureLaw
from bbpscape.theory.outliers import overlap
from bbpscape.theory.roots import NoConvergence, find_root

ACCURACY = 1e-10


@dataclass(frozen=True)
class Diagnostics:
    """How a number was found; ``status`` is "converged" or says what fell short."""

    status: str
    iterations: int
    residual: float
    quadrature_error: float

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Threshold:
    """The transition of one model; eigenvalues are in units of ``eigenvalue_unit``.

    ``eigenvalue`` is where the outlier leaves the bulk, ``m2_jump`` the overlap it starts with,
    ``alpha_0`` the α where the tangent of m²(α) at the transition reaches 0; it is negative where
    the jump is large and the curve flat, and no threshold then.
    """

    model: TeacherStudent
    alpha_bbp: float
    transition: str
    m2_jump: float
    eigenvalue: float
    eigenvalue_unit: str
    alpha_0: float
    alpha_weak_recovery: float
    a_critical: float
    diagnostics: Diagnostics

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        values = dict(vars(self))
        values["model"] = self.model.to_dict()
        values["diagnostics"] = self.diagnostics.to_dict()
        return values


def threshold(model: TeacherStudent) -> Threshold:
    """α_BBP = 1/T(g), with T = K at a continuous transition and g = −p/2 at a discontinuous one.

    Parameters
    ----------
    model : TeacherStudent

    Returns
    -------
    Threshold
        α_BBP, its kind, λ and m² there, α₀, the weak-recovery threshold and a_c.

    Raises
    ------
    NoConvergence
        If no root is found, which only parameters near the limits of double precision do.

    Source: THEORY.md §4. At p = ∞, α_BBP = p*(a + 1)/2:

    >>> model = TeacherStudent(p=math.inf, p_star=1, loss=NormalizedSquare(a=1.0))
    >>> round(threshold(model).alpha_bbp, 12)
    1.0
    """
    law = CommitteeLaw(TeacherStudent.check(model))
    g, iterations, residual, continuous = transition_point(law)
    alpha = 1 / _t_and_k(law, g)[0]
    fine = 1 / _t_and_k(CommitteeLaw(model, refinement=1.5), g)[0]
    error = abs(fine / alpha - 1)
    return Threshold(
        model=model,
        alpha_bbp=alpha,
        transition="continuous" if continuous else "discontinuous",
        m2_jump=0.0 if continuous else overlap(law, alpha, g, TEACHER),
        eigenvalue=float(inverse_stieltjes(law, alpha, g)[0]),
        eigenvalue_unit="2/p" if math.isinf(model.p) else "1",
        alpha_0=alpha if continuous else tangent_onset(law, alpha, g),
        alpha_weak_recovery=noiseless_weak_recovery(model.p_star),
        a_critical=critical_a(model.p, model.p_star),
        diagnostics=Diagnostics(
            status="converged" if error < ACCURACY else "quadrature error above 1e-10",
            iterations=iterations,
            residual=residual,
            quadrature_error=error,
        ),
    )


def transition_point(law: CurvatureLaw) -> tuple[float, int, float, bool]:
    """(g, iterations, residual, continuous) of the transition on the branch (1/lower, 0)."""

    def difference(log_g: float) -> float:
        t, k = _t_and_k(law, -math.exp(log_g))
        return math.log(t / k)

    lower, _ = law.support()
    end = math.log(-1 / lower)
    if difference(end) >= 0:
        return 1 / lower, 0, 0.0, False
    low = end - 1.0
    while difference(low) <= 0:
        low -= 2.0
        if low < end - 200:
            raise NoConvergence("threshold: no transition found; a may be too small")
    root = find_root(difference, low, end, "threshold")
    return -math.exp(root.value), root.iterations, root.residual, True


def tangent_onset(law: CurvatureLaw, alpha: float, g: float) -> float:
    """α₀ = α_BBP − m²/(dm²/dα) at a discontinuous transition, the derivative along the outlier.

    On the outlier α T(g) = 1, so that dg/dα = −T/(α dT/dg).
    """
    (b1, b2, b3), (w1, w2, w3) = law.moments(g, 3, (BULK, TEACHER))
    t, t_slope = g * (w1 - b1), (w1 - b1) + g * (w2 - b2)
    slope = -t / (alpha * t_slope)
    edge, along = 1 - alpha * g**2 * b2, alpha * g**2 * w2
    d_edge = -(g**2) * b2 - alpha * 2 * (g * b2 + g**2 * b3) * slope
    d_along = g**2 * w2 + alpha * 2 * (g * w2 + g**2 * w3) * slope
    # m² = edge/(edge + along), so m²/(dm²/dα) = edge (edge + along)/(along edge' − edge along').
    return float(alpha - edge * (edge + along) / (along * d_edge - edge * d_along))


def noiseless_weak_recovery(p_star: int) -> float:
    """α = p*/2: the information-theoretic weak-recovery threshold of a noiseless quadratic teacher.

    1/α = E[(E[u²|y] − 1)²] = Var(y) = 2/p*. Source: Mondelli and Montanari (2018) for p* = 1.
    """
    return p_star / 2


def critical_a(p: float, p_star: int) -> float:
    """a_c(p): T = K at g = −p/2; below it the transition is continuous. 0 at p = ∞."""
    if math.isinf(p):
        return 0.0

    def difference(log_a: float) -> float:
        law = CommitteeLaw(TeacherStudent(p, p_star, NormalizedSquare(math.exp(log_a))))
        t, k = _t_and_k(law, -1 / law.unit)
        return math.log(t / k)

    low = high = math.log(p_star / p)
    while difference(low) > 0:
        low -= 1.0
    while difference(high) < 0:
        high += 1.0
    return math.exp(find_root(difference, low, high, "a_c").value)


def _t_and_k(law: CurvatureLaw, g: float) -> tuple[float, float]:
    (b1, b2), (w1, _) = law.moments(g, 2, (BULK, TEACHER))
    return float(g * (w1 - b1)), float(g**2 * b2)
