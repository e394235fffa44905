"""Outliers: eigenvalues outside the bulk, and how much their eigenvectors know of a direction."""

import math
from dataclasses import dataclass, field
from typing import Any

from bbpscape.theory.law import BULK, TEACHER, CurvatureLaw
from bbpscape.theory.roots import find_root
from bbpscape.theory.scalar.edges import Edge, Mirrored, branch_end, inverse_stieltjes


@dataclass(frozen=True)
class Outlier:
    """An eigenvalue outside the bulk.

    ``m2`` is the squared overlap of one of its eigenvectors with the subspace of its ``direction``
    ("teacher", or a sector of the student's own weights; with the teacher where the direction is
    "student and teacher"), ``multiplicity`` the dimension of the
    eigenspace (``inf`` at p = ∞), ``g`` the Stieltjes transform there.
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

    def to_dict(self) -> dict[str, Any]:
        """JSON values; an infinite multiplicity becomes None."""
        finite = math.isfinite(self.multiplicity)
        return {
            "eigenvalue": self.eigenvalue,
            "multiplicity": int(self.multiplicity) if finite else None,
            "m2": self.m2,
            "direction": self.direction,
        }


def left_outlier(law: CurvatureLaw, alpha: float, edge: Edge, direction: str) -> Outlier | None:
    """The outlier 1/g = α (m_1^w − m_1)(g) left of ``edge`` along ``direction``, if there is one.

    z − Σ_w(z) increases with z left of the bulk, so that there is at most one; it exists iff
    α g (m_1^w − m_1) > 1 at the edge. Its overlap is 1/(1 − dΣ_w/dz). Source: docs/theory.md §3.
    """

    if edge.kind not in ("sharp", "smooth") or edge.g >= 0:
        return None

    def excess(log_g: float) -> float:
        g = -math.exp(log_g)
        bulk, along = law.moments(g, 1, (BULK, direction))[:, 0]
        return alpha * g * float(along - bulk) - 1

    lower, _ = law.support(direction)
    high = branch_end(excess, math.log(min(-edge.g, -1 / lower if lower < 0 else math.inf)))
    if excess(high) <= 0:
        return None
    low = high - 2.0
    while excess(low) > 0:
        low -= 4.0
    root = find_root(excess, low, high, f"outlier along {direction}")
    g = -math.exp(root.value)
    m2 = overlap(law, alpha, g, direction)
    eigenvalue = float(inverse_stieltjes(law, alpha, g)[0])
    multiplicity = law.directions[direction]
    return Outlier(eigenvalue, multiplicity, m2, direction, g, root.iterations, root.residual)


def overlap(law: CurvatureLaw, alpha: float, g: float, direction: str) -> float:
    """m² = 1/(1 − dΣ_w/dz) = (1 − α g² m_2)/(1 − α g² m_2 + α g² m_2^w), in [0, 1]."""
    bulk, along = alpha * g**2 * law.moments(g, 2, (BULK, direction))[:, 1]
    return float((1 - bulk) / (1 - bulk + along))


def outliers(law: CurvatureLaw, alpha: float, left: Edge, right: Edge) -> tuple[Outlier, ...]:
    """All outliers on both sides of the bulk, by eigenvalue."""
    mirrored = Mirrored(law)
    flipped = Edge(-right.value, right.kind, -right.g, -right.z2)
    found = []
    for direction in law.directions:
        if (low := left_outlier(law, alpha, left, direction)) is not None:
            found.append(low)
        if (high := left_outlier(mirrored, alpha, flipped, direction)) is not None:
            found.append(
                Outlier(
                    -high.eigenvalue,
                    high.multiplicity,
                    high.m2,
                    direction,
                    -high.g,
                    high.iterations,
                    high.residual,
                )
            )
    return tuple(sorted(found, key=lambda outlier: outlier.eigenvalue))
