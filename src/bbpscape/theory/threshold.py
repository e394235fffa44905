"""The BBP threshold: the α above which an outlier along the teacher leaves the bulk on the left."""

import math

from bbpscape.core.result import Result, result
from bbpscape.core.status import Diagnostics, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.critical import critical_a
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.matrix.threshold import network_transition
from bbpscape.theory.scalar.transition import SINGLE, t_and_k, transition
from bbpscape.theory.solution import Transition
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.information import information_limit

# Of a quadrature error.
ACCURACY = 1e-10


@result
class Threshold(Result):
    """The transition of one model; eigenvalues are in units of ``eigenvalue_unit``.

    ``eigenvalue`` is where the outlier leaves the bulk, ``m2_jump`` the overlap it starts with,
    ``alpha_0`` the α where the tangent of m²(α) at the transition reaches 0; it is negative where
    the jump is large and the curve flat, and no threshold then. ``alpha_weak_recovery`` is None
    where the teacher is not quadratic, its labels are flipped or the student has an overlap with
    it.
    """

    derived = ("a_critical",)

    model: TeacherStudent
    alpha_bbp: float
    transition: str
    m2_jump: float
    eigenvalue: float
    eigenvalue_unit: str
    alpha_0: float
    alpha_weak_recovery: float | None
    diagnostics: Diagnostics

    @property
    def a_critical(self) -> float | None:
        """a_c(p, p*): the transition is continuous for a below it; None without a closed form."""
        if not self.model.is_reference:
            return None
        return critical_a(self.model.p, self.model.p_star)

    @property
    def status(self) -> Status:
        return self.diagnostics.status


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
    reference = TeacherStudent.check(model).is_reference
    found = _committee_transition(model) if reference else network_transition(model)
    return Threshold(
        model=model,
        alpha_bbp=found.alpha,
        transition=found.kind,
        m2_jump=found.m2_jump,
        eigenvalue=found.eigenvalue,
        eigenvalue_unit="2/p" if math.isinf(model.p) else "1",
        alpha_0=found.alpha_0,
        alpha_weak_recovery=_weak_recovery(model),
        diagnostics=found.diagnostics,
    )


def _committee_transition(model: TeacherStudent) -> Transition:
    law = CommitteeLaw(model)
    found = transition(law, SINGLE)
    fine = 1 / t_and_k(CommitteeLaw(model, refinement=1.5), found.g)[0]
    return found.with_error(abs(fine / found.alpha - 1), ACCURACY)


def _weak_recovery(model: TeacherStudent) -> float | None:
    if model.is_reference:
        return noiseless_weak_recovery(model.p_star)
    teacher = QuadraticTeacher.of(model)
    return None if teacher is None else information_limit(teacher).alpha


def noiseless_weak_recovery(p_star: int) -> float:
    """α = p*/2: the information-theoretic weak-recovery threshold of a noiseless quadratic teacher.

    1/α = E[(E[u²|y] − 1)²] = Var(y) = 2/p*. Source: Mondelli and Montanari (2018) for p* = 1.
    """
    return p_star / 2
