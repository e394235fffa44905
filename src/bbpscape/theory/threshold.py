"""The BBP threshold: the α above which an outlier along the teacher leaves the bulk on the left."""

import math
from dataclasses import dataclass
from typing import Any

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.critical import critical_a
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.edges import inverse_stieltjes
from bbpscape.theory.scalar.outliers import overlap
from bbpscape.theory.scalar.transition import t_and_k, tangent_onset, transition_point

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
    diagnostics: Diagnostics

    @property
    def a_critical(self) -> float:
        """a_c(p, p*): the transition is continuous for a below it."""
        return critical_a(self.model.p, self.model.p_star)

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        values = dict(vars(self))
        values["model"] = self.model.to_dict()
        values["a_critical"] = self.a_critical
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

    Source: docs/theory.md §4. At p = ∞, α_BBP = p*(a + 1)/2:

    >>> from bbpscape.model.losses import NormalizedSquare
    >>> model = TeacherStudent(p=math.inf, p_star=1, loss=NormalizedSquare(a=1.0))
    >>> round(threshold(model).alpha_bbp, 12)
    1.0
    """
    if not TeacherStudent.check(model).is_reference:
        # The general route stands on this module.
        from bbpscape.theory.matrix.threshold import network_threshold

        return network_threshold(model)
    law = CommitteeLaw(model)
    g, iterations, residual, continuous = transition_point(law)
    alpha = 1 / t_and_k(law, g)[0]
    fine = 1 / t_and_k(CommitteeLaw(model, refinement=1.5), g)[0]
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
        diagnostics=Diagnostics(
            status="converged" if error < ACCURACY else "quadrature error above 1e-10",
            iterations=iterations,
            residual=residual,
            quadrature_error=error,
        ),
    )


def noiseless_weak_recovery(p_star: int) -> float:
    """α = p*/2: the information-theoretic weak-recovery threshold of a noiseless quadratic teacher.

    1/α = E[(E[u²|y] − 1)²] = Var(y) = 2/p*. Source: Mondelli and Montanari (2018) for p* = 1.
    """
    return p_star / 2
