"""The BBP threshold of any network, by the scalar or the p × p route."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from scipy.optimize import brentq

from bbpscape.model.activations import QUADRATIC
from bbpscape.model.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.bulk import branch_end, inverse_stieltjes
from bbpscape.theory.channel import QuadraticTeacher
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.network.matrix_bulk import MatrixEdge, left_matrix_edge
from bbpscape.theory.network.matrix_law import MatrixLaw, matrix_law
from bbpscape.theory.network.matrix_outliers import left_matrix_outliers, signal_spectrum
from bbpscape.theory.network.scalar_law import curvature_range, is_scalar, scalar_law
from bbpscape.theory.outliers import overlap
from bbpscape.theory.roots import NoConvergence, find_root
from bbpscape.theory.spectral_method import QuadratureLaw
from bbpscape.theory.threshold import Diagnostics, Threshold
from bbpscape.theory.transition import tangent_onset
from bbpscape.theory.weak_recovery import weak_recovery

# Node densities whose difference is the error estimate.
SCAN, COARSE, FINE = 0.6, 1.0, 1.4
# Replicates of a quasi-Monte Carlo rule agree by chance: their difference is doubled.
QMC_FACTOR = 2.0
GOAL = 1e-4
LOWEST_ALPHA, HIGHEST_ALPHA = 1e-3, 1e5
# An eigenvector of M with more of the teacher than this counts as informative.
INFORMATIVE = 0.1
# Each step of the root in log α solves a whole edge.
ROOT = 1e-9
# Of the root of a quasi-Monte Carlo law, far below its error.
COARSE_ROOT = 1e-6
BEYOND = 1e-3


@dataclass(frozen=True)
class Transition:
    """Where an informative outlier leaves the left edge: the numbers of a ``Threshold``."""

    alpha: float
    kind: str
    m2_jump: float
    eigenvalue: float
    alpha_0: float
    iterations: int
    residual: float
    error: float
    edge: MatrixEdge | None = None


@dataclass(frozen=True)
class NetworkThreshold(Threshold):
    """A ``Threshold`` of a network without closed forms: it has no a_c.

    ``alpha_weak_recovery`` is NaN where the teacher is not quadratic or its labels are flipped.
    """

    @property
    def a_critical(self) -> float:
        return math.nan

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        values = dict(vars(self))
        if math.isnan(self.alpha_weak_recovery):
            del values["alpha_weak_recovery"]
        values["model"] = self.model.to_dict()
        values["diagnostics"] = self.diagnostics.to_dict()
        return values


def network_threshold(model: TeacherStudent) -> NetworkThreshold:
    """The transition of any network at finite widths; see ``network_transition``."""
    found = network_transition(model)
    limit = math.nan
    if model.activation == QUADRATIC and not model.labels.flip:
        limit = weak_recovery(QuadraticTeacher(model.p_star, model.labels.noise)).alpha
    return NetworkThreshold(
        model=model,
        alpha_bbp=found.alpha,
        transition=found.kind,
        m2_jump=found.m2_jump,
        eigenvalue=found.eigenvalue,
        eigenvalue_unit="1",
        alpha_0=found.alpha_0,
        alpha_weak_recovery=limit,
        diagnostics=Diagnostics(
            is_converged(found.error), found.iterations, found.residual, found.error
        ),
    )


def network_transition(model: TeacherStudent) -> Transition:
    """The smallest α found at which an outlier along the teacher lies left of the bulk.

    Raises
    ------
    InvalidInput
        If the Hessian has no left edge.
    NoConvergence
        If no outlier appears for α up to 1e5.
    """
    if is_scalar(model):
        lower, upper, reason = curvature_range(model)
        _check_left_edge(reason)
        coarse, fine = (
            _scalar_transition(scalar_law(model, (lower, upper), r)) for r in (COARSE, FINE)
        )
    else:
        law = matrix_law(model, SCAN)
        _check_left_edge(law.lowest.unbounded)
        scan = _matrix_transition(law, None)
        levels = [scan]
        for seed, refinement in enumerate((COARSE, FINE)):
            law = matrix_law(model, refinement, seed=seed)
            levels.append(_matrix_transition(law, (levels[-1].alpha, levels[-1].edge)))
        coarse, fine = levels[1:]
        if law.nodes.method != "tensor":
            fine = _with_error(fine, QMC_FACTOR * abs(coarse.alpha / fine.alpha - 1))
    error = max(fine.error, abs(coarse.alpha / fine.alpha - 1), ROOT)
    if coarse.kind != fine.kind:
        error = max(error, GOAL)
    return _with_error(fine, error)


def _with_error(one: Transition, error: float) -> Transition:
    return replace(one, error=error)


def _check_left_edge(reason: str | None) -> None:
    if reason is not None:
        raise InvalidInput(f"the Hessian of this model has no left edge: {reason}")


def _scalar_transition(law: QuadratureLaw) -> Transition:
    """T(g) = g (m_1^y − m_1) against K(g) = g² m_2 on the real branch, from its far end."""

    def ratio(log_g: float) -> float:
        g = -math.exp(log_g)
        (b1, b2), (w1, _) = law.moments(g, 2, (BULK, TEACHER))
        if not math.isfinite(b2):
            return math.nan
        return float(g * (w1 - b1) / (g**2 * b2)) - 1

    lower, _ = law.support()
    scale = math.sqrt(float(law.nodes.weights @ law.nodes.atoms**2))
    end = math.log(-1 / lower) if lower < -1e-10 * scale else math.log(1e6 / scale)
    if lower < 0:
        # An atom at the lowest f makes the moments infinite at the end of the branch.
        end = branch_end(ratio, end)
    iterations, residual, kind = 0, 0.0, "discontinuous"
    log_g = end
    if ratio(end) < 0 or lower >= 0:
        kind, high = "continuous", end
        low = high
        while ratio(low) <= 0:
            high, low = low, low - 0.25
            if low < end - 60:
                raise NoConvergence(
                    "threshold: no outlier along the teacher leaves the left edge at any alpha"
                )
        root = find_root(ratio, low, high, "threshold")
        log_g, iterations, residual = root.value, root.iterations, root.residual
    g = -math.exp(log_g)
    bulk, along = law.moments(g, 1, (BULK, TEACHER))[:, 0]
    alpha = 1 / float(g * (along - bulk))
    jump = kind == "discontinuous"
    return Transition(
        alpha,
        kind,
        overlap(law, alpha, g, TEACHER) if jump else 0.0,
        float(inverse_stieltjes(law, alpha, g)[0]),
        tangent_onset(law, alpha, g) if jump else alpha,
        iterations,
        residual,
        0.0,
    )


def informative_excess(law: MatrixLaw, alpha: float, edge: MatrixEdge) -> float:
    """The largest eigenvalue of M at the edge along the teacher, in units of |z| + its largest."""
    if edge.point is None:
        return -1.0
    spectrum = signal_spectrum(law, alpha, edge.point)
    chosen = spectrum.values[spectrum.teacher > INFORMATIVE]
    return float(chosen.max() / (abs(edge.point.z) + abs(spectrum.values).max()))


def _matrix_transition(law: MatrixLaw, near: tuple[float, MatrixEdge | None] | None) -> Transition:
    """The root of ``informative_excess`` in log α, from α = 1 or from another law's root."""
    solved: dict[float, tuple[MatrixEdge, float]] = {}
    first = None if near is None else near[1]

    def excess(log_alpha: float) -> float:
        if log_alpha not in solved:
            closest = min(solved, key=lambda one: abs(one - log_alpha), default=None)
            start = first if closest is None else solved[closest][0]
            alpha = math.exp(log_alpha)
            edge = left_matrix_edge(law, alpha, start)
            solved[log_alpha] = edge, informative_excess(law, alpha, edge)
        return solved[log_alpha][1]

    low, high = _bracket(excess, 0.7 if near is None else 1e-3, math.log(near[0]) if near else 0.0)
    accuracy = ROOT if law.nodes.method == "tensor" else COARSE_ROOT
    root, report = brentq(excess, low, high, xtol=accuracy, rtol=accuracy, full_output=True)
    excess(root)
    alpha, edge = math.exp(root), solved[root][0]
    kind = "continuous" if edge.edge.kind == "sharp" else "discontinuous"
    jump, onset = 0.0, alpha
    if kind == "discontinuous":
        values = []
        for factor in (1 + BEYOND, 1 + 2 * BEYOND):
            beyond = left_matrix_edge(law, factor * alpha)
            found = left_matrix_outliers(law, factor * alpha, beyond)
            values.append(max(one.m2 for one in found))
        jump = 2 * values[0] - values[1]
        onset = alpha - jump * BEYOND * alpha / (values[1] - values[0])
    return Transition(
        alpha, kind, jump, edge.edge.value, onset, report.iterations, abs(excess(root)), 0.0, edge
    )


def _bracket(excess: Callable[[float], float], step: float, start: float) -> tuple[float, float]:
    """Two values of log α around the first change of sign away from ``start``."""
    if excess(start) > 0:
        low, high = start - step, start
        while excess(low) > 0:
            low, high, step = low - 1.5 * step, low, 1.5 * step
            if low < math.log(LOWEST_ALPHA):
                raise NoConvergence(
                    f"threshold: an informative outlier is there at alpha = {LOWEST_ALPHA} already"
                )
        return low, high
    low, high = start, start + step
    while excess(high) <= 0:
        low, high, step = high, high + 1.5 * step, 1.5 * step
        if high > math.log(HIGHEST_ALPHA):
            raise NoConvergence(
                f"threshold: no informative outlier left of the bulk up to alpha = "
                f"{math.exp(low):.3g}"
            )
    return low, high


def is_converged(error: float) -> str:
    """The status of a threshold with a relative error estimate."""
    return "converged" if error < GOAL else f"quadrature error {error:.1g}, above {GOAL:g}"
