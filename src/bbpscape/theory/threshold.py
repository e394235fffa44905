"""The BBP threshold: the α above which an outlier along the teacher leaves the bulk on the left."""

from __future__ import annotations

import math

from bbpscape.core.report import Report, Table, number, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.status import Diagnostics, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.critical import critical_a
from bbpscape.theory.finite.half_point import SMALLEST, HalfPoint, half_alpha
from bbpscape.theory.finite.law import finite_size_law
from bbpscape.theory.finite.one_draw import UNBOUNDED
from bbpscape.theory.law import Law
from bbpscape.theory.route import Route, route
from bbpscape.theory.spectral.limit import limit_of
from bbpscape.theory.titles import in_units, label

# At a finite N.
DRAWS = 24


@result
class Threshold(Result):
    """The transition of one model, or of one law; eigenvalues are in units of ``eigenvalue_unit``.

    ``eigenvalue`` is where the outlier leaves the bulk, ``m2_jump`` the overlap it starts with,
    ``alpha_0`` the α where the tangent of m²(α) at the transition reaches 0; it is negative where
    the jump is large and the curve flat, and no threshold then. ``alpha_weak_recovery`` is 0 where
    a linear statistic of the labels suffices, and None if the teacher has more than three
    directions that are not |u|, the inputs have structure or the student has an overlap.
    ``model`` is None if a law was given in its place. ``N`` is the dimension that the inputs'
    covariance is that of.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=float("inf"), p_star=1, loss=bb.NormalizedSquare(1.0))
    >>> found = bb.threshold(model)
    >>> found.transition, found.alpha_weak_recovery
    ('discontinuous', 0.5)
    """

    derived = ("a_critical",)

    model: TeacherStudent | None
    alpha_bbp: float
    transition: str
    m2_jump: float
    eigenvalue: float
    eigenvalue_unit: str
    alpha_0: float
    alpha_weak_recovery: float | None
    diagnostics: Diagnostics
    N: int | None = None

    @property
    def a_critical(self) -> float | None:
        """a_c(p, p*): the transition is continuous for smaller a. None without a formula."""
        if self.model is None or not self.model.is_reference:
            return None
        return critical_a(self.model.p, self.model.p_star)

    @property
    def status(self) -> Status:
        return self.diagnostics.status

    def headline(self) -> str:
        return f"BBP transition, {label(self.model, N=self.N)}"

    def report(self) -> Report:
        error = number(self.diagnostics.quadrature_error, ".1g")
        rows = [
            ("alpha_bbp", f"{self.alpha_bbp:.10g}"),
            ("transition", self.transition),
            ("m2_jump", f"{self.m2_jump:.6g}"),
            (in_units("eigenvalue", self.eigenvalue_unit), f"{self.eigenvalue:.10g}"),
            ("alpha_0", f"{self.alpha_0:.10g}"),
            ("alpha_weak_recovery", number(self.alpha_weak_recovery, "g")),
            ("a_critical", number(self.a_critical, ".10g")),
            ("relative error", error),
            ("status", self.status.problem or str(self.status)),
        ]
        shown = [row for row in rows if row[1]]
        notes = () if self.status.ok else (str(self.status),)
        return Report([Table(self.headline(), ("quantity", "value"), shown)], notes)


@result
class FiniteThreshold(Threshold):
    """α_½(N), at which half of the draws have an outlier, of a model without a left edge as N → ∞.

    ``alpha_bbp`` is that α, ``eigenvalue`` and ``m2_jump`` are means of the outlier over the draws
    that have one there, ``alpha_0`` is NaN. ``half`` are the half points at N and at four times as
    many or as few: how it grows.

    Examples
    --------
    >>> import bbpscape as bb
    >>> bb.threshold(bb.TeacherStudent(1, 1, "square", activation="softplus"), N=50).transition
    'finite N'
    """

    half: tuple[HalfPoint, ...] = ()

    def headline(self) -> str:
        return f"Threshold at finite N, {label(self.model, N=self.N)}"

    def report(self) -> Report:
        rows = [
            (f"alpha_1/2 at N = {one.N}", with_error(one.alpha, one.standard_error))
            for one in self.half
        ]
        rows.append((in_units("eigenvalue", self.eigenvalue_unit), f"{self.eigenvalue:.5g}"))
        rows.append(("m2", f"{self.m2_jump:.4g}"))
        if self.alpha_weak_recovery is not None:
            rows.append(("alpha_weak_recovery", f"{self.alpha_weak_recovery:g}"))
        growth = "half of the draws have an outlier at alpha_1/2"
        few, many = self.half
        times = with_error(many.alpha / few.alpha, _of_ratio(few, many))
        growth += f"; from N = {few.N} to {many.N} it grows {times} times"
        return Report([Table(self.headline(), ("quantity", "value"), rows)], (growth, UNBOUNDED))


def _at_dimension(model: TeacherStudent, N: int) -> FiniteThreshold:
    sizes = (N // 4, N) if N // 4 >= SMALLEST else (N, 4 * N)
    half = tuple(half_alpha(model, n, DRAWS) for n in sizes)
    at = half[sizes.index(N)]
    law = finite_size_law(model, at.alpha, N, DRAWS)
    return FiniteThreshold(
        model=model,
        alpha_bbp=at.alpha,
        transition="finite N",
        m2_jump=_known(law.m2.mean),
        eigenvalue=_known(law.outlier.mean),
        eigenvalue_unit="1",
        alpha_0=math.nan,
        alpha_weak_recovery=_weak_recovery(model),
        diagnostics=Diagnostics(at.evaluations, 0.0),
        N=N,
        half=half,
    )


def _of_ratio(few: HalfPoint, many: HalfPoint) -> float | None:
    """The standard error of many/few."""
    if few.standard_error is None or many.standard_error is None:
        return None
    relative = math.hypot(few.standard_error / few.alpha, many.standard_error / many.alpha)
    return many.alpha / few.alpha * relative


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def threshold(model: TeacherStudent | Law, N: int | None = None) -> Threshold:
    """The α beyond which the Hessian knows the teacher: α_BBP, its kind and the jump of m².

    α_BBP = 1/T(g), with T = K at a continuous transition and g = 1/inf f at a discontinuous one.

    T(g) = g (m_1^y − m_1) and K(g) = g² m_2, of the moments m_k^w(g) = E[w (f/(1 − g f))^k] of the
    curvature f; inf f is −2/p for the quadratic committee. Networks without a scalar law are solved
    for a p × p matrix in place of g.

    Parameters
    ----------
    model : TeacherStudent, or a Law with the direction "teacher"
    N : int, optional
        Input dimension, where the law of the inputs belongs to one: power:BETA, source:R, top:K;
        or where there is no left edge as N → ∞: the threshold is α_½(N) then.

    Returns
    -------
    Threshold
        α_BBP, its kind, λ and m² there, α₀, the weak-recovery threshold and a_c; a
        ``FiniteThreshold`` where there is none but at N.

    Raises
    ------
    InvalidInput
        If the Hessian has no left edge and N is not given.
    NoConvergence
        If no outlier leaves the left edge at any α, or parameters are near the limits of double
        precision.

    Examples
    --------
    Source: theory.md §4. At p = ∞, α_BBP = p*(a + 1)/2:

    >>> from bbpscape.model.losses import NormalizedSquare
    >>> model = TeacherStudent(p=float("inf"), p_star=1, loss=NormalizedSquare(a=1.0))
    >>> round(threshold(model).alpha_bbp, 12)
    1.0
    """
    way = route(model, N)
    if N is not None and way.no_left_edge is not None and way.model is not None:
        return _at_dimension(way.model, N)
    return threshold_by(way, N)


def threshold_by(way: Route, N: int | None) -> Threshold:
    """``threshold`` on the route of a model, which remembers what it was made of."""
    found = way.transition()
    return Threshold(
        model=way.model,
        alpha_bbp=found.alpha,
        transition=found.kind,
        m2_jump=found.m2_jump,
        eigenvalue=found.eigenvalue,
        eigenvalue_unit=way.eigenvalue_unit,
        alpha_0=found.alpha_0,
        alpha_weak_recovery=_weak_recovery(way.model),
        diagnostics=found.diagnostics,
        N=N,
    )


def _weak_recovery(model: TeacherStudent | None) -> float | None:
    if model is None or not model.inputs.standard:
        return None
    if model.is_committee:
        return noiseless_weak_recovery(model.p_star)
    found = limit_of(model)
    return None if found is None else found.alpha


def noiseless_weak_recovery(p_star: int) -> float:
    """α = p*/2: the information-theoretic weak-recovery threshold of a noiseless quadratic teacher.

    1/α = E[(E[u²|y] − 1)²] = Var(y) = 2/p*. Source: Mondelli and Montanari (2018) for p* = 1.
    """
    return p_star / 2
