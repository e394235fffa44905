"""The theory beside a descent, where it takes seconds: of its threshold, and at an overlap."""

import dataclasses
import math

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.route import route
from bbpscape.theory.threshold import Threshold, threshold

# Neurons that differ, by their overlaps or as those of tanh do, take minutes beyond this width.
WIDEST = 2
# The theory of a student this close to the teacher is not asked for.
KNOWN = 0.999

Lowest = tuple[float | None, float | None, float | None]


def known_threshold(model: TeacherStudent, N: int) -> tuple[Threshold | None, str]:
    """The threshold of a model without an overlap, or None and why there is none.

    Its inputs are those of dimension N where their covariance needs one.
    """
    if not _affordable(model):
        return None, f"no α_BBP at p = {model.p:g}: {_slow(model)}"
    try:
        return threshold(model, model.inputs.dimension(N)), ""
    except (InvalidInput, NoConvergence) as error:
        return None, f"no α_BBP at p = {model.p:g}: {error}"


def lowest_at(
    model: TeacherStudent, alpha: float, N: int, m2: float, cosine: float
) -> tuple[Lowest, str]:
    """((left edge, lowest eigenvalue, m² of its eigenvector), why there is none) at N → ∞.

    Inputs of a covariance that needs a dimension are those of N. The student is independent of the
    data, on the sphere, and each of its neurons has w*·w_k/N = √m², or ``cosine`` where the
    activation is not even. Without an outlier left of it the lowest eigenvalue is the edge, and its
    m² is 0.
    """
    none: Lowest = (None, None, None)
    # An overlap of order 1/√N is none.
    blind = m2 < 3 * min(model.p, model.p_star) / N
    if m2 > KNOWN:
        return none, f"no theory at a student m² above {KNOWN:g}"
    if not blind and model.p_star > 1:
        return none, f"no theory at an overlap with p* = {model.p_star}: m² does not determine it"
    if not blind and not model.inputs.covariance.isotropic:
        return none, "no theory at an overlap with a covariance: m² does not determine w*·Σw"
    overlap = 0.0 if blind else math.sqrt(m2) if model.activation.even else cosine
    at = dataclasses.replace(model, overlap=overlap)
    if not _affordable(at):
        return none, f"no theory at this overlap: {_slow(at)}"
    try:
        way = route(at, model.inputs.dimension(N))
        edge, outliers = float(way.edges(alpha)[0].value), way.outliers(alpha)
    except (InvalidInput, NoConvergence) as error:
        return none, f"no theory: {error}"
    if not math.isfinite(edge):
        return none, "no theory: the spectrum has no left edge"
    left = [one for one in outliers if one.eigenvalue < edge]
    if not left:
        return (edge, edge, 0.0), ""
    lowest = min(left, key=lambda outlier: outlier.eigenvalue)
    return (edge, float(lowest.eigenvalue), float(lowest.teacher_m2)), ""


def _affordable(model: TeacherStudent) -> bool:
    alike = model.activation.even and model.second_layer is None and model.overlap == 0.0
    return alike or model.p <= WIDEST


def _slow(model: TeacherStudent) -> str:
    return f"it takes minutes beyond p = {WIDEST}, got p = {model.p:g}"
