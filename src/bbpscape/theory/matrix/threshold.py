"""The BBP threshold of any network, by the scalar or the p × p route."""

from bbpscape.core.checks import InvalidInput
from bbpscape.core.status import Diagnostics
from bbpscape.model.teacher_student import TeacherStudent
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
from bbpscape.theory.scalar.transition import SPARSE, transition
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
            transition(scalar_law(model, (lower, upper), r), SPARSE) for r in (COARSE, FINE)
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
    return fine.with_error(error, GOAL)


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
