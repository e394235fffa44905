"""Spectral methods D = Σ_μ T(y_μ) x_μ x_μᵀ on inputs with a covariance, norms and a mean."""

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.theory.law import TEACHER, Law
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.laws.mixture import MixtureLaw, Part, check_no_rest
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.scalar import PopulationLevel
from bbpscape.theory.population.transition import search, solve
from bbpscape.theory.roots import NoTransition
from bbpscape.theory.scalar.route import ScalarRoute
from bbpscape.theory.scalar.transition import find_transition
from bbpscape.theory.solution import Edge, Outlier, Transition
from bbpscape.theory.spectral.channel import Channel, QuadraticTeacher
from bbpscape.theory.spectral.law import check_seen, preprocessing_law
from bbpscape.theory.spectral.preprocessing import Preprocessing


def spectral_level(
    channel: Channel,
    preprocessing: Preprocessing,
    inputs: InputLaw,
    N: int | None,
    refinement: int = 2,
) -> ScalarRoute | PopulationLevel:
    """The equations of −D, whose left is the right of D."""
    law = Mirrored(_law(channel, preprocessing, inputs, refinement))
    if inputs.covariance.isotropic:
        return ScalarRoute(law)
    return PopulationLevel(law, Population.of(inputs, N), 1)


def spectral_transition(level: ScalarRoute | PopulationLevel) -> Transition | None:
    """Where the informative outlier leaves the right edge of D, or None where it never does."""
    if isinstance(level, ScalarRoute):
        found = find_transition(level.law)
    else:
        try:
            found = solve(level, search(level))[0]
        except NoTransition:
            return None
    return None if found is None else found.mirrored()


def highest_informed(
    level: ScalarRoute | PopulationLevel, alpha: float
) -> tuple[Edge, Outlier | None]:
    """(right edge of D, the highest eigenvalue beyond it that knows of the teacher).

    Single components apart from the bulk mix with the teacher: the highest eigenvector of D knows
    of it then where the teacher has no outlier of its own.
    """
    edge, outliers = level.left(alpha)
    if isinstance(level, ScalarRoute):
        found = next((one for one in outliers if one.direction == TEACHER), None)
    else:
        found = level.side(alpha).lowest(TEACHER)
    return edge.mirrored(), None if found is None else found.mirrored()


def _law(channel: Channel, preprocessing: Preprocessing, inputs: InputLaw, refinement: int) -> Law:
    """That of τ T(y), with y = τ y₀ of a sample of norm τ and a quadratic teacher."""
    if inputs.radial.trivial and not inputs.mean:
        return check_seen(preprocessing_law(channel, preprocessing, refinement), preprocessing)
    if not isinstance(channel, QuadraticTeacher):
        raise InvalidInput("norms of the inputs need the quadratic teacher: its labels scale")
    check_no_rest(inputs)
    parts = []
    for tau, weight in zip(*(one.tolist() for one in inputs.radial.nodes()), strict=True):
        if not tau:
            continue
        near = QuadraticTeacher(channel.p_star, channel.label_noise / tau**2)
        rescaled = _rescaled(preprocessing, tau)
        law = check_seen(preprocessing_law(near, rescaled, refinement), rescaled)
        parts.append(Part(weight, tau, tau, law))
    return MixtureLaw(tuple(parts), 1, inputs.mean)


def _rescaled(one: Preprocessing, tau: float) -> Preprocessing:
    """T(τ y)."""
    breaks = tuple(b / tau for b in one.breaks)
    return Preprocessing(one.name, lambda y: one(tau * y), breaks, one.bounds, one.t)
