"""What the theory finds: edges of the bulk, outliers, transitions."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

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

    def to_dict(self) -> dict[str, Any]:
        """JSON values; an infinite ``value`` becomes None, and ``rate`` is left out without one."""
        values = {"value": self.value if math.isfinite(self.value) else None, "kind": self.kind}
        return values if self.rate is None else values | {"rate": self.rate}

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
    ("teacher", or a sector of the student's own weights; with the teacher where the direction is
    "student and teacher"), ``multiplicity`` the dimension of the eigenspace (``inf`` at p = ∞),
    ``g`` the Stieltjes transform there.
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

    def to_dict(self) -> dict[str, Any]:
        """JSON values; an infinite multiplicity becomes None."""
        finite = math.isfinite(self.multiplicity)
        return {
            "eigenvalue": self.eigenvalue,
            "multiplicity": int(self.multiplicity) if finite else None,
            "m2": self.m2,
            "direction": self.direction,
        }


@dataclass(frozen=True)
class Features:
    """Edges, outliers on both sides and the mass of the eigenvalue 0, at one α."""

    left: Edge
    right: Edge
    outliers: tuple[Outlier, ...]
    atom: float


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
