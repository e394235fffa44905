"""The BBP threshold of any network, by the scalar or the p × p route."""

import math
from dataclasses import replace

from bbpscape.core.checks import InvalidInput
from bbpscape.core.status import Diagnostics
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.laws.discrete import QuadratureLaw
from bbpscape.theory.laws.network.matrix_law import MatrixLaw, matrix_law
from bbpscape.theory.laws.network.nodes import has_kinks
from bbpscape.theory.laws.network.scalar_law import curvature_range, is_scalar, scalar_law
from bbpscape.theory.matrix.transition import (
    ROOT,
    MatrixTransition,
    jump_and_onset,
    refine_transition,
    search_transition,
)
from bbpscape.theory.roots import NoConvergence, find_root
from bbpscape.theory.scalar.edges import branch_end, inverse_stieltjes
from bbpscape.theory.scalar.outliers import overlap
from bbpscape.theory.scalar.transition import tangent_onset
from bbpscape.theory.solution import Transition

# Densities of the nodes that the transition is searched on, and of those whose difference is the
# error estimate.
SCAN, COARSE, FINE = 0.4, 1.0, 1.4
# Replicates of a quasi-Monte Carlo rule agree by chance: their difference is doubled.
QMC_FACTOR = 2.0
# So do rules of first order, of students of several neurons at a kink of the loss.
KINK_FACTOR = 3.0
GOAL = 1e-4


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
        found = search_transition(law)
        levels = []
        for seed, refinement in enumerate((COARSE, FINE)):
            law = matrix_law(model, refinement, seed=seed, lowest=law.lowest)
            found = refine_transition(law, found)
            levels.append(found)
        change = abs(levels[0].alpha / found.alpha - 1)
        same = levels[0].kind == found.kind
        if law.nodes.method != "tensor":
            change *= QMC_FACTOR
        return _transition(law, found, _error(model, change, same))
    error = _error(model, abs(coarse.alpha / fine.alpha - 1), coarse.kind == fine.kind)
    seen = fine.diagnostics
    return replace(fine, diagnostics=replace(seen, quadrature_error=error, goal=GOAL))


def _error(model: TeacherStudent, change: float, same: bool) -> float:
    """An estimate from the change between two rules, which may find edges of different kinds."""
    if has_kinks(model):
        change *= KINK_FACTOR
    return max(change, ROOT if same else GOAL)


def _transition(law: MatrixLaw, found: MatrixTransition, error: float) -> Transition:
    jump, onset = jump_and_onset(law, found)
    return Transition(
        found.alpha,
        "continuous" if found.kind == "sharp" else "discontinuous",
        -found.point.tau,
        jump,
        found.point.z,
        onset,
        Diagnostics(found.iterations, found.residual, error, GOAL),
    )


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
        g,
        overlap(law, alpha, g, TEACHER) if jump else 0.0,
        float(inverse_stieltjes(law, alpha, g)[0]),
        tangent_onset(law, alpha, g) if jump else alpha,
        Diagnostics(iterations, residual),
    )
