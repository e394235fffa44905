"""Edges and outliers of a p × p law at one density of nodes, on both sides of the bulk."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.matrix_law import MatrixLaw, matrix_law
from bbpscape.theory.matrix.edges import MatrixEdge, left_matrix_edge
from bbpscape.theory.matrix.outliers import left_matrix_outliers
from bbpscape.theory.matrix.states import MatrixStates
from bbpscape.theory.solution import Edge, Outlier

# Density of the nodes that edges and outliers are searched on.
SCOUT = 0.4
# Of an eigenvalue of F, in units of the largest.
ZERO = 1e-13


class MatrixLevel:
    """The equations of a model with nodes of the density ``refinement``.

    ``lowest`` gives the lowest curvature of the law of F (sign 1) and of −F (sign −1), which all
    levels share. Sparser nodes scout the way to edges and outliers.
    """

    def __init__(
        self,
        model: TeacherStudent,
        refinement: float,
        seed: int,
        lowest: Callable[[float], LowestCurvature],
    ) -> None:
        self.model, self.refinement, self.seed = model, refinement, seed
        self._lowest = lowest
        self._known: dict[tuple[float, float], tuple[MatrixEdge, tuple[Outlier, ...]]] = {}

    @cached_property
    def law(self) -> MatrixLaw:
        return self._law(1.0)

    @cached_property
    def _other(self) -> MatrixLaw:
        """The law of −F."""
        return self._law(-1.0)

    @cached_property
    def _scout(self) -> "MatrixLevel | None":
        if self.refinement <= SCOUT:
            return None
        return MatrixLevel(self.model, SCOUT, self.seed, self._lowest)

    def states(self, alpha: float) -> MatrixStates:
        return MatrixStates(self.law)

    def left(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        """The left edge and the outliers left of it, by eigenvalue."""
        edge, found = self._side(alpha, 1.0)
        return edge.edge, found

    def right(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        """The right edge and the outliers right of it, by eigenvalue."""
        edge, found = self._side(alpha, -1.0)
        return edge.edge.mirrored(), tuple(one.mirrored() for one in reversed(found))

    def atom(self, alpha: float) -> float:
        """1 − α E[rank F]/p where positive: what pN exceeds the rank of H by."""
        values = abs(np.linalg.eigvalsh(self.law.curvature))
        rank = (values > ZERO * values.max()).sum(axis=-1)
        return max(0.0, 1 - alpha * float((self.law.nodes.weights * rank).sum()) / self.law.p)

    def _law(self, sign: float) -> MatrixLaw:
        return matrix_law(self.model, self.refinement, sign, self.seed, self._lowest(sign))

    def _side(self, alpha: float, sign: float) -> tuple[MatrixEdge, tuple[Outlier, ...]]:
        """The left edge and the outliers left of it, of H or of −H."""
        if (alpha, sign) not in self._known:
            near: tuple[MatrixEdge | None, tuple[Outlier, ...]] = (None, ())
            if self._scout is not None:
                near = self._scout._side(alpha, sign)
            law = self.law if sign > 0 else self._other
            edge = left_matrix_edge(law, alpha, near[0])
            self._known[alpha, sign] = edge, left_matrix_outliers(law, alpha, edge, near[1])
        return self._known[alpha, sign]
