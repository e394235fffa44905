"""The route of the p × p equation: any network."""

import functools
import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.status import Diagnostics
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.matrix_law import all_numbers
from bbpscape.theory.laws.network.nodes import check_width, has_kinks
from bbpscape.theory.matrix.bulk import stieltjes
from bbpscape.theory.matrix.level import MatrixLevel
from bbpscape.theory.matrix.transition import (
    jump_and_onset,
    refine_transition,
    search_transition,
)
from bbpscape.theory.network import (
    COARSE,
    FINE,
    QMC_FACTOR,
    SETTLED,
    SPARSER,
    Level,
    NetworkRoute,
    remaining,
)
from bbpscape.theory.population.population import Population
from bbpscape.theory.solution import Transition, check_left_edge, lowest_informed

# Fitted on one core to widths from 2 to 4, to a factor of 4: seconds by this power of the nodes,
# and bytes of what is held at each.
SECONDS, POWER = 3e-5, 0.7
BYTES, BYTES_A_NUMBER = 150_000_000, 8
# Density of the nodes that edges and outliers are searched on.
SCOUT = 0.4


class MatrixRoute(NetworkRoute):
    """A network of any symmetry: Γ is a p × p matrix.

    ``N`` is the dimension that the covariance of the inputs belongs to, where it does.
    """

    def __init__(self, model: TeacherStudent, N: int | None = None) -> None:
        super().__init__(model)
        self.population = Population.of(model.inputs, N)
        self.cost = _cost(model)
        self._lowest = functools.cache(functools.partial(_lowest, model))
        self._levels: dict[tuple[float, int], MatrixLevel] = {}

    @property
    def no_left_edge(self) -> str | None:
        return self._lowest(1.0).unbounded

    @functools.cached_property
    def _scout(self) -> MatrixLevel:
        return MatrixLevel(self.model, SCOUT, 0, self._lowest, self.population)

    @property
    def ladder(self) -> tuple[Level, ...]:
        # Rules of first order may agree by chance.
        sparser = () if has_kinks(self.model) else (self.level(SPARSER, 1),)
        return *sparser, self.coarse, self.fine

    def level(self, refinement: float, seed: int = 0) -> MatrixLevel:
        if (refinement, seed) not in self._levels:
            scout = self._scout if refinement > SCOUT else None
            self._levels[refinement, seed] = MatrixLevel(
                self.model, refinement, seed, self._lowest, self.population, scout
            )
        return self._levels[refinement, seed]

    @functools.cached_property
    def coarse(self) -> MatrixLevel:
        return self.level(COARSE, 0)

    def overlaps(self, alphas: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        check_left_edge(self.no_left_edge)
        order = np.argsort(alphas, kind="stable")
        found = [lowest_informed(*one) for one in self.coarse.left_along(alphas[order])]
        values = np.empty((2, len(alphas)))
        values[:, order] = np.array(found).T
        return values[0], values[1]

    def remaining(self, changes: list[float]) -> float:
        # Errors of replicates and at kinks do not fall in proportion.
        steady = self.coarse.law.exact and not has_kinks(self.model)
        return remaining(changes if steady else changes[-1:])

    def transition(self) -> Transition:
        """The transition at the smallest α found from α = 1, searched on sparse nodes.

        Raises
        ------
        InvalidInput
            If the Hessian has no left edge.
        NoConvergence
            If no outlier appears for α up to 1e5.
        """
        check_left_edge(self._scout.law.lowest.unbounded)
        law, changes = self.level(SPARSER, 1).law, list[float]()
        fine = refine_transition(law, search_transition(self._scout.law))
        for refinement, seed in ((COARSE, 0), (FINE, 1)):
            law, coarse = self.level(refinement, seed).law, fine
            fine = refine_transition(law, coarse)
            change = abs(coarse.alpha / fine.alpha - 1) * (1.0 if law.exact else QMC_FACTOR)
            changes.append(change)
            settled = change < SETTLED and not has_kinks(self.model)
            if settled and coarse.kind == fine.kind:
                break
        jump, onset = jump_and_onset(law, fine)
        law, point = law.without(fine.apart), fine.point
        value = Transition(
            alpha=fine.alpha,
            kind="continuous" if fine.kind == "sharp" else "discontinuous",
            g=stieltjes(law, point.z, point.A, point.S).real,
            m2_jump=jump,
            eigenvalue=point.z,
            alpha_0=onset,
            diagnostics=Diagnostics(fine.iterations, fine.residual),
        )
        return self.with_error(value, self.remaining(changes), coarse.kind == fine.kind)


def _lowest(model: TeacherStudent, sign: float) -> LowestCurvature:
    check_width(model)
    return LowestCurvature(model, sign)


def _cost(model: TeacherStudent) -> tuple[float, int]:
    numbers = all_numbers(model)
    seconds = SECONDS * math.sqrt(model.p_star) * numbers**POWER
    return seconds, BYTES * model.p_star + int(BYTES_A_NUMBER * numbers)
