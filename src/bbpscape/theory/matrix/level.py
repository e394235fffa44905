"""Edges and outliers of a p × p law at one density of nodes, on both sides of the bulk."""

from collections.abc import Callable, Iterator
from functools import cached_property

from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.matrix_law import MatrixLaw, matrix_law
from bbpscape.theory.matrix.along import along
from bbpscape.theory.matrix.components import separated_edge
from bbpscape.theory.matrix.crowd import outliers_of_all
from bbpscape.theory.matrix.edges import MatrixEdge, left_matrix_edge
from bbpscape.theory.matrix.outliers import Placed
from bbpscape.theory.matrix.states import MatrixStates
from bbpscape.theory.population.population import Population
from bbpscape.theory.solution import Edge, Outlier


class MatrixLevel:
    """The equations of a model with nodes of the density ``refinement``.

    ``lowest`` gives the lowest curvature of the law of F (sign 1) and of −F (sign −1), which all
    levels share. A ``scout`` of sparser nodes finds the way to edges and outliers.
    """

    def __init__(
        self,
        model: TeacherStudent,
        refinement: float,
        seed: int,
        lowest: Callable[[float], LowestCurvature],
        population: Population,
        scout: "MatrixLevel | None" = None,
    ) -> None:
        self.model, self.refinement, self.seed = model, refinement, seed
        self._lowest, self._population, self._scout = lowest, population, scout
        self._known: dict[tuple[float, float], tuple[MatrixEdge, Placed]] = {}

    @cached_property
    def law(self) -> MatrixLaw:
        return self._law(1.0)

    @cached_property
    def _other(self) -> MatrixLaw:
        """The law of −F."""
        return self._law(-1.0)

    def states(self, alpha: float) -> MatrixStates:
        """Of the bulk, without the components that lie apart from it on either side."""
        if not self._population.single:
            return MatrixStates(self.law)
        deciding = self._scout or self
        apart = max(deciding._side(alpha, sign)[0].apart for sign in (1.0, -1.0))
        return MatrixStates(self.law.without(apart))

    def left(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        """The left edge and the outliers left of it, by eigenvalue."""
        edge, found = self._side(alpha, 1.0)
        return edge.edge, tuple(one for _, one in found)

    def left_along(self, alphas: NDArray) -> Iterator[tuple[Edge, tuple[Outlier, ...]]]:
        """``left`` at each of increasing α, followed from one to the next where Σ = 1."""
        if self.law.isotropic:
            return along(self.law, alphas, lambda alpha: self._side(alpha, 1.0))
        return map(self.left, alphas.tolist())

    def right(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        """The right edge and the outliers right of it, by eigenvalue."""
        edge, found = self._side(alpha, -1.0)
        return edge.edge.mirrored(), tuple(one.mirrored() for _, one in reversed(found))

    def atom(self, alpha: float) -> float:
        """What pN exceeds the rank of H by: that is α E[rank F]/p or that of Σ, of p N."""
        return max(0.0, 1 - min(self._population.rank, alpha * self.law.rank / self.law.p))

    def _law(self, sign: float) -> MatrixLaw:
        return matrix_law(
            self.model, self.refinement, sign, self.seed, self._lowest(sign), self._population
        )

    def _side(self, alpha: float, sign: float) -> tuple[MatrixEdge, Placed]:
        """The left edge and the outliers left of it, of H or of −H."""
        if (alpha, sign) not in self._known:
            law = self.law if sign > 0 else self._other
            near: Placed = ()
            if self._scout is None:
                edge = separated_edge(law, alpha)
            else:
                scouted, near = self._scout._side(alpha, sign)
                edge = left_matrix_edge(law.without(scouted.apart), alpha, scouted)
            law = law.without(edge.apart)
            self._known[alpha, sign] = edge, outliers_of_all(law, alpha, edge, near)
        return self._known[alpha, sign]
