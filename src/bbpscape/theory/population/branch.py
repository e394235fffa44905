"""The real branch left of the bulk, for one curvature f and a covariance Σ.

S = α m_1(Γ) is explicit in Γ, and z(Γ) is one root left of all σ_i S. As Γ falls from 0 to
−1/|inf f| the bulk comes closer: a sharp edge is where dz/dΓ = 0, a smooth one the end of the
branch. Σ = 1 gives Γ = g and z = 1/g + α m_1(g). Source: theory.md §6.
"""

import math
from dataclasses import dataclass

from bbpscape.core.checks import NoConvergence
from bbpscape.theory.law import BULK, Law
from bbpscape.theory.population.population import Population
from bbpscape.theory.roots import Root, find_root_below
from bbpscape.theory.scalar.edges import branch_end
from bbpscape.theory.solution import Edge, Outlier


@dataclass(frozen=True)
class Point:
    """Γ, S and dS/dΓ, z and dz/dΓ on the branch."""

    gamma: float
    s: float
    s_slope: float
    z: float
    z_slope: float


@dataclass(frozen=True, eq=False)
class Branch:
    """The equations of a law f and a population at one α.

    ``population`` are the components of the bulk, without those whose eigenvalues lie left of it,
    and ``whole`` is all of them. ``accuracy`` is that of log|Γ| at a sharp edge.
    """

    law: Law
    alpha: float
    population: Population
    whole: Population
    accuracy: float = 1e-15

    def at(self, gamma: float) -> Point:
        """The point of Γ."""
        m1, m2 = self.law.moments(gamma, 2)[0].tolist()
        s, s_slope = self.alpha * m1, self.alpha * m2
        z = self.population.inverse(gamma, s)
        by_z, by_s = self.population.slopes(z, s)
        return Point(gamma, s, s_slope, z, (1 - by_s * s_slope) / by_z)

    def excess(self, log_gamma: float) -> float:
        """α m_2 ∂Γ/∂S − 1, which is −dz/dΓ ∂Γ/∂z: negative until the edge."""
        gamma = -math.exp(log_gamma)
        m1, m2 = self.law.moments(gamma, 2)[0].tolist()
        if not (math.isfinite(m1) and math.isfinite(m2)):
            return math.inf
        s = self.alpha * m1
        by_s = self.population.slopes(self.population.inverse(gamma, s), s)[1]
        return self.alpha * m2 * by_s - 1

    def edge(self) -> tuple[Edge, Point | None]:
        """The left edge, and its point unless it is hard or unbounded."""
        lower, _ = self.law.support()
        if math.isinf(lower):
            return Edge(-math.inf, "unbounded", 0.0, 0.0), None
        root = None
        if lower < 0:
            high = branch_end(self.excess, math.log(-1 / lower))
            if self.excess(high) <= 0:
                return self._edge(1 / lower, "smooth", None)
        elif self.alpha * (1 - self.law.zero_mass) > self.whole.rank:
            high = 0.0
            while self.excess(high) <= 0:
                high += 5.0
        elif lower > 0:
            raise NoConvergence(
                "left edge: fewer samples than dimensions, all of positive curvature, are not "
                "solved for a covariance: raise alpha"
            )
        else:
            return Edge(0.0, "hard", -math.inf, 0.0), None
        root = find_root_below(self.excess, high, "left edge", accuracy=self.accuracy)
        return self._edge(-math.exp(root.value), "sharp", root)

    def _edge(self, gamma: float, kind: str, root: Root | None) -> tuple[Edge, Point]:
        point = self.at(gamma)
        g = self.population.stieltjes(point.z, point.s).real
        iterations, residual = (root.iterations, root.residual) if root else (0, 0.0)
        bend = self._bend(point) if kind == "sharp" else 0.0
        return Edge(point.z, kind, g, bend, iterations, residual), point

    def g_slope(self, point: Point) -> float:
        """dg/dΓ at a sharp edge, of g the Stieltjes transform itself."""
        return self.population.stieltjes_slope(point.z, point.s) * point.s_slope

    def _bend(self, point: Point) -> float:
        """d²z/dg² at a sharp edge: d²z/dΓ² = −(S′² ∂²Γ/∂S² + S″ ∂Γ/∂S)/(∂Γ/∂z), over (dg/dΓ)²."""
        s_bend = 2 * self.alpha * float(self.law.moments(point.gamma, 3)[0, 2])
        by_z, by_s = self.population.slopes(point.z, point.s)
        twice = self.population.bend(point.z, point.s)
        bend = -(point.s_slope**2 * twice + s_bend * by_s) / by_z
        return bend / self.g_slope(point) ** 2

    def gap(self, log_gamma: float, direction: str) -> float:
        """Δ K − 1 with Δ = α (m_1^w − m_1): 0 at an outlier along ``direction``."""
        gamma = -math.exp(log_gamma)
        bulk, along = self.law.moments(gamma, 1, (BULK, direction))[:, 0].tolist()
        s = self.alpha * bulk
        z = self.population.inverse(gamma, s)
        return self.alpha * (along - bulk) * self.whole.kernel(direction, z, s).value.real - 1

    def outlier(self, log_gamma: float, direction: str, root: Root) -> Outlier:
        """At a root of ``gap``: m² = L²/(dD/dz) with D = 1/Δ − K."""
        point = self.at(-math.exp(log_gamma))
        (b1, b2), (w1, w2) = self.law.moments(point.gamma, 2, (BULK, direction)).tolist()
        strength, slope = self.alpha * (w1 - b1), self.alpha * (w2 - b2)
        kernel = self.whole.kernel(direction, point.z, point.s)
        change = (
            -slope / strength**2 - kernel.slope_z * point.z_slope - kernel.slope_s * point.s_slope
        )
        m2 = float((kernel.along**2 / (change / point.z_slope)).real)
        g = self.population.stieltjes(point.z, point.s).real
        count = float(self.law.directions[direction])
        return Outlier(point.z, count, m2, direction, g, root.iterations, root.residual)
