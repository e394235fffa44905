"""One draw at finite N: by its labels, and of inputs with structure its norms and its teacher; or
by coordinates along student and teacher."""

import math
from dataclasses import replace

from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.draw_copies import DrawCopies
from bbpscape.theory.finite.draws import LABELS, generators, sample_labels, with_labels
from bbpscape.theory.finite.label_population import sampled_side, solve_side
from bbpscape.theory.finite.label_sampled import LabelSampled, solve_labels
from bbpscape.theory.finite.label_solve import LabelSums, solve_edge, solve_labels_fast
from bbpscape.theory.finite.network_draw import network_copies, network_strength, solve_network
from bbpscape.theory.finite.truncated import truncated_threshold
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.population.population import Population
from bbpscape.theory.route import route
from bbpscape.theory.scalar.edges import left_edge

# What the numbers of a model without a left edge as N → ∞ mean.
UNBOUNDED = (
    "no left edge as N → ∞: the most extreme samples set the edge of a draw, and it moves left "
    "as N grows; edge, outlier and alpha_1/2 belong to this N"
)


def start_of(model: TeacherStudent, alpha: float, by: str) -> float:
    """x = −p/(2g) at the N → ∞ edge, where the search for that of a draw by labels starts."""
    if by != LABELS or not (model.inputs.standard and model.is_reference):
        return 1.0
    g = left_edge(CommitteeLaw(model), alpha).g
    return -model.p / (2 * g) if g < 0 else 1.0


def has_limit(model: TeacherStudent) -> bool:
    """Whether there is a left edge, and with it a threshold, as N → ∞.

    Parameters
    ----------
    model : TeacherStudent
        Any; where its curvature has no lower bound each N has an edge of its own.

    Returns
    -------
    bool

    Examples
    --------
    >>> import bbpscape as bb
    >>> bb.finite.has_limit(bb.TeacherStudent(1, 1, bb.NormalizedSquare(1.0)))
    True
    >>> bb.finite.has_limit(bb.TeacherStudent(1, 1, "square", "softplus"))
    False
    """
    return with_labels(model) or route(model).no_left_edge is None


def near_half(model: TeacherStudent, N: int) -> float:
    """An α near α_½(N): the truncated threshold, that of N → ∞, or p* where there is none."""
    if model.inputs.standard and with_labels(model):
        return truncated_threshold(model, N).alpha_bbp
    if has_limit(model):
        return route(model, model.inputs.dimension(N)).transition().alpha
    return float(model.p_star)


def solve_draw(
    model: TeacherStudent, N: int, M: int, seed: int, draw: int, start: float
) -> LabelSampled:
    """What one draw predicts."""
    r, y = sample_labels(model, M, seed, draw)
    if model.inputs.standard:
        return solve_labels_fast(model, N, r, y, start=start)
    r, y, norms = _of_norms(model, r, y, seed, draw)
    if model.inputs.covariance.isotropic:
        return solve_labels(model, N, r, y, norms)
    population = _population(model, N, seed, draw)
    return solve_side(model, N, sampled_side(model, N, r, y, norms, population))


def predict_draw(
    model: TeacherStudent, N: int, M: int, seed: int, draw: int, start: float, by: str
) -> LabelSampled | DrawCopies:
    """One draw's lowest eigenvalues and m², by either way."""
    if by != LABELS:
        return network_copies(model, N, M, seed, draw)
    return solve_draw(model, N, M, seed, draw, start)


def draw_cost(M: int, by: str) -> tuple[float, int]:
    """(seconds, bytes) of one draw, as measured."""
    return (1e-3 + 1e-7 * M, 80 * M) if by == LABELS else (0.06 + 4e-6 * M, 400 * M)


def observe_draw(
    model: TeacherStudent, N: int, M: int, seed: int, draw: int, start: float, by: str
) -> tuple[float, float, float, float, float]:
    """(left edge, outlier, its m², lowest, m² of the lowest) of one draw of any model."""
    if by != LABELS:
        return solve_network(model, N, M, seed, draw)
    found = solve_draw(model, N, M, seed, draw, start)
    outlier = math.nan if found.outlier is None else found.outlier
    m2 = math.nan if found.m2 is None else found.m2
    return found.left_edge, outlier, m2, found.lowest, found.m2_lowest


def strength_of_draw(
    model: TeacherStudent, N: int, M: int, seed: int, draw: int, start: float, by: str
) -> float:
    """Δ K at the left edge of one draw, for Σ = 1 α g (m_1^y − m_1): above 1 it has an outlier."""
    if by != LABELS:
        return network_strength(model, N, M, seed, draw)
    r, y = sample_labels(model, M, seed, draw)
    if model.inputs.standard:
        found = solve_edge(LabelSums(model, N, r, y), start)
        return 0.0 if found is None else found.strength
    r, y, norms = _of_norms(model, r, y, seed, draw)
    side = sampled_side(model, N, r, y, norms, _population(model, N, seed, draw))
    return 0.0 if side.point is None else 1 + side.excess(TEACHER)


def _of_norms(
    model: TeacherStudent, r: NDArray, y: NDArray, seed: int, draw: int
) -> tuple[NDArray, NDArray, NDArray | None]:
    """(r, y, τ) of samples whose labels at τ = 1 are given; τ is None where it is 1."""
    radial = model.inputs.radial
    if radial.trivial:
        return r, y, None
    tau = radial.sample(generators(seed, draw, 3)[2], r.size)
    some = tau > 0  # others add nothing
    return r[some] * tau[some], y[some] * tau[some], tau[some]


def _population(model: TeacherStudent, N: int, seed: int, draw: int) -> Population:
    """The components with the squares of a Gaussian teacher's weights along them: of p* vectors
    and w N components a mean of p* w N squares."""
    population = Population.of(model.inputs, N)
    half = model.p_star * N * population.weights / 2
    squares = generators(seed, draw, 4)[3].standard_gamma(half) / half
    return replace(population, teacher=population.teacher * squares)
