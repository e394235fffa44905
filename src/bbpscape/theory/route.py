"""The one place that decides how a model's, or a law's, equations are solved."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.model.inputs.law import STANDARD
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import Law
from bbpscape.theory.laws.network.scalar_law import is_scalar
from bbpscape.theory.matrix.route import MatrixRoute
from bbpscape.theory.population.route import StructuredRoute
from bbpscape.theory.scalar.route import CommitteeRoute, ScalarRoute, SymmetricRoute
from bbpscape.theory.solution import Bulk, Edge, Outlier, Transition


class AtOneAlpha(Protocol):
    """What a spectrum is made of."""

    @property
    def model(self) -> TeacherStudent | None:
        """What is solved; None for a law of the user's own."""

    @property
    def eigenvalue_unit(self) -> str:
        """ "1", or "2/p" at p = ∞: the unit of all eigenvalues."""

    @property
    def no_left_edge(self) -> str | None:
        """Why there is no left edge, at any α, or None."""

    def edges(self, alpha: float) -> tuple[Edge, Edge]:
        """(left, right) edge of the bulk."""

    def outliers(self, alpha: float) -> tuple[Outlier, ...]:
        """Those of both sides, by eigenvalue."""

    def atom(self, alpha: float) -> float:
        """The mass of the eigenvalue 0."""

    def quadrature_error(self, alpha: float) -> float | None:
        """The relative error of edges, outliers and their m²; None if it is not estimated."""

    def density(self, alpha: float, points: int) -> Bulk:
        """The bulk at ``points`` along it."""


class Route(AtOneAlpha, Protocol):
    """The questions of the theory, which know no more than this of what they are asked about.

    Solving starts with the first question; a route remembers the edges and outliers of each α.
    """

    @property
    def curve_points(self) -> tuple[int, float]:
        """How many α an overlap curve has, and how near to α_BBP, relatively."""

    def left(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        """The left edge and the outliers left of it, by eigenvalue."""

    @property
    def cost(self) -> tuple[float, int]:
        """(seconds on one core, bytes) of the left end of the spectrum at one α, as predicted."""

    def sketch(self) -> AtOneAlpha | None:
        """The same roughly, at a fraction of the time; None if the whole is fast."""

    def transition(self) -> Transition:
        """Where an outlier along the teacher leaves the left edge.

        Raises InvalidInput where there is no left edge, NoConvergence where none leaves it.
        """

    def overlaps(self, alphas: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(m², eigenvalue) of the most informative outlier left of the bulk at each α.

        Without such an outlier m² is 0 and the eigenvalue is that of the left edge. Raises
        InvalidInput where there is no left edge.
        """


def route(given: TeacherStudent | Law, N: int | None = None) -> Route:
    """The route of a model, or of a law of the user's own.

    ``N`` is the dimension that the covariance of a model's inputs belongs to, where it does.

    >>> from bbpscape.theory.laws.discrete import DiscreteLaw
    >>> left, right = route(DiscreteLaw([1.0])).edges(4.0)  # Marchenko and Pastur
    >>> round(left.value, 12), round(right.value, 12)
    (1.0, 9.0)
    """
    if isinstance(given, TeacherStudent):
        if not given.inputs.standard:
            return _structured(given, N)
        if given.is_committee:
            return CommitteeRoute(given)
        return SymmetricRoute(given) if is_scalar(given) else MatrixRoute(given)
    if isinstance(given, Law):
        return ScalarRoute(given)
    raise InvalidInput(
        f"model must be a TeacherStudent, or a Law of your own, got {type(given).__name__}"
    )


def _structured(model: TeacherStudent, N: int | None) -> Route:
    dimension = None if N is None else int(positive_integer("N", N))
    if is_scalar(model.replace(inputs=STANDARD)):
        return StructuredRoute(model, dimension)
    return MatrixRoute(model, dimension)
