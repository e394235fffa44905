"""What the p × p bulk equation asks of a law of F and of its inputs."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.population.population import Population


class Lowest(Protocol):
    """The lowest curvature of a law."""

    @property
    def unbounded(self) -> str | None:
        """Why F has no lower bound, None if it has one."""

    def reach(self, A: NDArray) -> float:
        """−inf of the lowest eigenvalue of A^½ F A^½: the branch of A ends where it is 1."""


class BulkLaw(Protocol):
    """Means of T = F (I + A F)⁻¹ and the principal components of the inputs."""

    @property
    def p(self) -> int:
        """F is p × p."""

    @property
    def basis(self) -> NDArray[np.float64]:
        """Orthogonal symmetric matrices, shape (d, p, p), that span what A can be."""

    @property
    def isotropic(self) -> bool:
        """Whether Σ = 1."""

    @property
    def population(self) -> Population:
        """All components."""

    @property
    def bulk(self) -> Population:
        """Those of the bulk."""

    @property
    def apart(self) -> int:
        """How many of the largest are left out of it."""

    @property
    def second(self) -> float:
        """E Tr F²."""

    @property
    def lowest(self) -> Lowest:
        """Its lowest curvature."""

    def moments(self, A: NDArray) -> tuple[NDArray, NDArray]:
        """(E[T], E[T_ij T_kl]) at A, real or complex."""

    def without(self, apart: int) -> "BulkLaw":
        """The same with so many of the largest components apart."""
