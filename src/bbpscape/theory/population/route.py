"""The route of inputs with structure, for a network of one scalar curvature."""

import math
from functools import cached_property

from bbpscape.model.inputs.law import STANDARD
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import Law
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.mixture import mixture
from bbpscape.theory.laws.network.scalar_law import curvature_range, scalar_law
from bbpscape.theory.network import COARSE, FINE, NetworkRoute
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.scalar import PopulationLevel
from bbpscape.theory.population.transition import search, solve
from bbpscape.theory.sampled import sample_bulk
from bbpscape.theory.scalar.route import ScalarRoute
from bbpscape.theory.scalar.transition import SPARSE, transition
from bbpscape.theory.solution import Bulk, Transition, check_left_edge


class StructuredRoute(NetworkRoute):
    """Covariance, norms and mean: the law is a mixture over norms, Σ a sum over its eigenvalues.

    ``N`` is the dimension that the covariance belongs to, where it does.
    """

    def __init__(self, model: TeacherStudent, N: int | None = None) -> None:
        super().__init__(model)
        self.population = Population.of(model.inputs, N)
        # Without its norms and mean.
        self._plain = model.replace(inputs=STANDARD)

    @property
    def eigenvalue_unit(self) -> str:  # type: ignore[override]
        return "2/p" if math.isinf(self.model.p) else "1"

    @cached_property
    def no_left_edge(self) -> str | None:
        lower, _, why = self._range
        if lower < 0 and math.isinf(self.model.inputs.radial.upper):
            return f"the inputs' norms, {self.model.inputs.radial.label}, have no upper bound"
        return why

    @cached_property
    def _range(self) -> tuple[float, float, str | None]:
        if self._plain.is_committee:
            return -self._plain.curvature_unit, math.inf, None
        return curvature_range(self._plain)

    def _law(self, refinement: float) -> Law:
        def at(one: TeacherStudent) -> Law:
            if one.is_committee:
                return CommitteeLaw(one, refinement)
            low, high, _ = curvature_range(one)
            return scalar_law(one, (low, high), refinement)

        return mixture(self.model, at)

    def level(self, refinement: float, seed: int = 0) -> "ScalarRoute | PopulationLevel":
        law = self._law(refinement)
        if self.model.inputs.covariance.isotropic:
            return ScalarRoute(law)
        return PopulationLevel(law, self.population, self.model.p)

    @cached_property
    def coarse(self) -> "ScalarRoute | PopulationLevel":
        return self.level(COARSE)

    @cached_property
    def fine(self) -> "ScalarRoute | PopulationLevel":
        return self.level(FINE)

    def transition(self) -> Transition:
        check_left_edge(self.no_left_edge)
        coarse, fine = self._transitions()
        return self.with_error(fine, abs(coarse.alpha / fine.alpha - 1), coarse.kind == fine.kind)

    def _transitions(self) -> tuple[Transition, Transition]:
        """Of the coarse and of the fine level; one search serves both."""
        coarse, fine = self.coarse, self.fine
        if isinstance(coarse, PopulationLevel) and isinstance(fine, PopulationLevel):
            first, place = solve(coarse, search(coarse))
            return first, solve(fine, place)[0]
        return transition(coarse.law, SPARSE), transition(fine.law, SPARSE)

    def density(self, alpha: float, points: int) -> Bulk:
        if not self._plain.is_committee:
            return super().density(alpha, points)
        # Closed forms have no nodes whose comb would show.
        return sample_bulk(
            self.fine.states(alpha), alpha, self.edges(alpha), self.atom(alpha), points
        )
