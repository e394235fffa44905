"""What the theory finds: edges of the bulk, its density, outliers, transitions."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.status import Diagnostics
from bbpscape.theory.law import TEACHER


@dataclass(frozen=True)
class Edge:
    """An edge of the bulk.

    ``kind`` is "sharp" (ρ vanishes as a square root), "smooth" (ρ vanishes with the tail of the
    curvature, faster than a square root), "hard" (the bulk ends at 0, where f has mass) or
    "unbounded" (``value`` is ±inf: the curvature itself is unbounded there). ``g`` is the Stieltjes
    transform at the edge, ``z2`` is d²z/dg² there. ``rate`` is A in ρ ~ exp(−A/(λ − λ₋)) at the
    smooth left edge of a law that knows its tail, else None.
    """

    value: float
    kind: str
    g: float = field(repr=False)
    z2: float = field(repr=False)
    iterations: int = field(default=0, repr=False)
    residual: float = field(default=0.0, repr=False)
    rate: float | None = None

    @property
    def bounded(self) -> bool:
        """Whether a branch of real g ends at it, that outliers lie on: "sharp" or "smooth"."""
        return self.kind in ("sharp", "smooth")

    def mirrored(self) -> "Edge":
        """The same edge of −H, on the other side."""
        return Edge(-self.value, self.kind, -self.g, -self.z2, self.iterations, self.residual)

    def tracy_widom_shift(self, n: int) -> float:
        """E[lowest of n eigenvalues] − edge ≈ 1.2065 (|z''|/(2 n²))^{1/3} at a sharp left edge.

        The mean of the Tracy–Widom law for real symmetric matrices, −1.2065335745820 (Tracy and
        Widom 1996), in the scale set by ρ ≈ (1/π) √(2 (λ − λ₋)/|z''|).
        """
        return 1.2065335745820 * (abs(self.z2) / (2 * n**2)) ** (1 / 3)


@dataclass(frozen=True)
class Outlier:
    """An eigenvalue outside the bulk.

    ``m2`` is the squared overlap of one of its eigenvectors with the subspace of its ``direction``
    ("teacher", a sector of the student's own weights, the "mean" of the inputs or a component of
    theirs, "input"; with the teacher where directions mix, as in "student and teacher"),
    ``multiplicity`` the dimension of the eigenspace (``inf`` at p = ∞), ``g`` the Stieltjes
    transform there.
    """

    eigenvalue: float
    multiplicity: float
    m2: float
    direction: str
    g: float = field(repr=False)
    iterations: int = field(repr=False)
    residual: float = field(repr=False)

    @property
    def teacher_m2(self) -> float:
        """``m2`` where it is with the teacher, else 0."""
        return self.m2 if TEACHER in self.direction else 0.0

    def mirrored(self) -> "Outlier":
        """The same outlier of −H, on the other side."""
        return replace(self, eigenvalue=-self.eigenvalue, g=-self.g)


@dataclass(frozen=True)
class Transition:
    """Where an outlier along the teacher leaves the left edge of the bulk.

    ``alpha`` is the α of it, ``kind`` "continuous" (m² grows from 0) or "discontinuous" (it starts
    at ``m2_jump``), ``g`` and ``eigenvalue`` the Stieltjes transform and the edge there. At
    ``alpha_0`` the tangent of m²(α) at the transition reaches 0; it is ``alpha`` where that is
    continuous.
    """

    alpha: float
    kind: str
    g: float
    m2_jump: float
    eigenvalue: float
    alpha_0: float
    diagnostics: Diagnostics

    def mirrored(self) -> "Transition":
        """The same transition of −H, at the right edge."""
        return replace(self, g=-self.g, eigenvalue=-self.eigenvalue)

    def with_error(self, error: float, goal: float) -> "Transition":
        """With the estimated relative error of α, and what it is meant to stay below."""
        seen = replace(self.diagnostics, quadrature_error=error, goal=goal)
        return replace(self, diagnostics=seen)


class Curve(Protocol):
    """A bulk whose density is known at every λ."""

    def density(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ(λ); 0 outside the bulk."""

    def fraction_below(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """The fraction of eigenvalues below each λ, the atom at 0 included."""

    def overlap_profile(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ_u/ρ along the teacher; NaN outside the bulk."""

    def spectral_shift(self, eigenvalue: float) -> float:
        """Eigenvalues below λ that the special directions add."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """ρ_u/ρ and the spectral shift at points along a bulk, arrays of one length."""

    profile: NDArray[np.float64]
    shift: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bulk:
    """The bulk at points along it, arrays of one length, and its ``curve`` between them.

    ``rho`` is the density and ``cumulative`` the fraction of eigenvalues below, the atom at 0
    included; ``sampled`` is what else a record needs that is not to be solved again.
    """

    eigenvalue: NDArray[np.float64]
    rho: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    sampled: Sampled | None
    curve: Curve


@dataclass(frozen=True, eq=False)
class Interpolated:
    """The ``Curve`` between points of it; nothing is known beyond them."""

    eigenvalue: NDArray[np.float64]
    rho: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    sampled: Sampled

    def density(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        return self._between(eigenvalues, self.rho, 0.0, 0.0)

    def fraction_below(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        return self._between(eigenvalues, self.cumulative, 0.0, 1.0)

    def overlap_profile(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        return self._between(eigenvalues, self.sampled.profile, math.nan, math.nan)

    def spectral_shift(self, eigenvalue: float) -> float:
        return float(np.interp(eigenvalue, self.eigenvalue, self.sampled.shift))

    def _between(
        self, eigenvalues: ArrayLike, values: NDArray, left: float, right: float
    ) -> NDArray[np.float64]:
        return np.interp(np.asarray(eigenvalues, float), self.eigenvalue, values, left, right)


def lowest_informed(edge: Edge, outliers: Iterable[Outlier]) -> tuple[float, float]:
    """(m², eigenvalue) of the most informative of the ``outliers`` left of ``edge``; without one 0
    and that of the edge."""
    best = max(outliers, key=lambda one: one.teacher_m2, default=None)
    if best is None or best.teacher_m2 <= 0:
        return 0.0, edge.value
    return best.m2, best.eigenvalue


def check_left_edge(no_left_edge: str | None) -> None:
    """InvalidInput with the reason why the Hessian has no left edge, if there is one."""
    if no_left_edge is not None:
        raise InvalidInput(
            f"the Hessian of this model has no left edge: {no_left_edge}; take a loss of bounded "
            "slope in yhat (normalized-square, logistic, huber), or give N: threshold, spectrum, "
            "finite-size and compare answer there"
        )
