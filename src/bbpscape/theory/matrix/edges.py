"""The left edge of a p × p law: where the branch of A = −Γ from z = −∞ ends.

It is followed in τ = Tr A/p until dz/dτ = 0 (a sharp edge) or until I + A^½ F A^½ reaches 0 for the
lowest F of the law (a smooth one).
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from bbpscape.theory.matrix.branch import BranchPoint, branch_point, continued, stieltjes_slope
from bbpscape.theory.matrix.bulk import stieltjes
from bbpscape.theory.matrix.law import BulkLaw
from bbpscape.theory.roots import find_root, iterations
from bbpscape.theory.solution import Edge

GROWTH = 1.7
STEPS = 300
# The step in τ, of τ, within which an edge is looked for where G is more than a number, and a rise
# of the excess that is none: other solutions lie near.
SHORTEST, RISE = 0.01, 0.02
# Without a lowest negative curvature the branch may go on to A = ∞, where z = 0.
ENDLESS = 1e7
# A branch that ends at an atom of F is followed up to this distance from it.
SHORT = 1e-10
END_MARGIN = 1e-9
# What a step towards the end leaves of the margin, but for a last one from NEARLY there.
SHORTFALL, NEARLY = 0.03, 1e-5
NEAR = 5e-3


@dataclass(frozen=True, eq=False)
class MatrixEdge:
    """A left edge, with the point of the branch that it is, and how many of the largest components
    of the inputs lie apart from the bulk."""

    edge: Edge
    point: BranchPoint | None
    apart: int = 0


def left_matrix_edge(law: BulkLaw, alpha: float, near: MatrixEdge | None = None) -> MatrixEdge:
    """The left edge of the bulk, sharp, smooth, hard (at 0) or unbounded.

    ``near``, the edge of about the same law at about the same α, saves the way there.
    """
    found = None
    if near is not None and near.point is not None:
        found = _edge_near(law, alpha, near)
    return replace(found or _edge_from_afar(law, alpha), apart=law.apart)


def _edge_from_afar(law: BulkLaw, alpha: float) -> MatrixEdge:
    if law.lowest.unbounded:
        return MatrixEdge(Edge(-math.inf, "unbounded", 0.0, 0.0), None)
    reach = law.lowest.reach(np.eye(law.p))
    scale = math.sqrt(law.second)
    last = branch_point(law, alpha, 1e-3 / (scale * max(1.0, alpha) * law.population.sigma[0]))
    simple = len(law.basis) == 1 and law.isotropic
    if reach > SHORT * scale and simple:
        # The excess falls along the whole branch: its sign at the end tells the kind of the edge.
        end = continued(law, alpha, (1 - SHORT) / reach, last)
        if end is not None:
            if end.excess >= 0:
                return _smooth(law, alpha, end)
            return _sharp(law, alpha, last, end)
    growth, shortest = GROWTH, GROWTH - 1 if simple else SHORTEST
    for _ in iterations(STEPS, "left edge of the bulk", "report the model and α"):
        if reach <= SHORT * scale and last.tau * growth * scale > ENDLESS:
            edge = MatrixEdge(Edge(0.0, "hard", -math.inf, 0.0), None)
            break
        following = continued(law, alpha, growth * last.tau, last)
        if following is not None and reach > SHORT * scale and not inside(law, following):
            following = None
        short = growth <= 1 + shortest
        if (
            following is not None
            and 0 <= following.excess < last.excess + RISE
            and (short or _rises(last, following))
        ):
            last, growth = following, min(GROWTH, 1 + 1.5 * (growth - 1))
        elif not short:
            # Beyond the edge, or on another solution of the equation.
            growth = 1 + (growth - 1) / 2
        elif following is not None and following.excess < 0:
            edge = _sharp(law, alpha, last, following)
            break
        else:
            end = _branch_end(law, alpha, last, growth * last.tau)
            edge = _smooth(law, alpha, end) if end.excess >= 0 else _sharp(law, alpha, last, end)
            break
    return edge


def _rises(low: BranchPoint, high: BranchPoint) -> bool:
    """Whether z rises all the way, as far as its cubic in −1/τ tells (Fritsch and Carlson 1980)."""
    mean = (high.z - low.z) / (1 / low.tau - 1 / high.tau)
    return bool(mean > 0 and low.excess**2 + high.excess**2 <= 9 * mean**2)


def _edge_near(law: BulkLaw, alpha: float, near: MatrixEdge) -> MatrixEdge | None:
    """An edge of the same kind within 8 NEAR of another one in τ; None if there is none."""
    last = near.point
    if last is not None and near.edge.kind == "smooth":
        return _smooth_near(law, alpha, last)
    if last is None or near.edge.kind != "sharp":
        return None
    middle, tried = last.tau, []
    for factor in (1.0, 1 - NEAR, 1 + NEAR, 1 - 8 * NEAR, 1 + 8 * NEAR):
        point = continued(law, alpha, factor * middle, last)
        if point is None:
            return None
        last = point
        tried.append(point)
        low = [one for one in tried if one.excess >= 0 and inside(law, one)]
        high = [one for one in tried if one.excess < 0]
        if low and high:
            below, above = max(low, key=_tau), min(high, key=_tau)
            if below.tau >= above.tau:
                return None
            edge = _sharp(law, alpha, below, above)
            return edge if edge.point is not None and inside(law, edge.point) else None
    return None


def _smooth_near(law: BulkLaw, alpha: float, last: BranchPoint) -> MatrixEdge | None:
    point = continued(law, alpha, (1 - 8 * NEAR) * last.tau, last)
    if point is None or point.excess < 0 or not inside(law, point):
        return None
    end = _branch_end(law, alpha, point, (1 + 8 * NEAR) * last.tau)
    if end.excess >= 0:
        return _smooth(law, alpha, end) if margin(law, end) < END_MARGIN else None
    return _sharp(law, alpha, point, end)


def _tau(point: BranchPoint) -> float:
    return point.tau


def margin(law: BulkLaw, point: BranchPoint) -> float:
    """1 − reach(A), negative beyond the end of the branch."""
    if np.linalg.eigvalsh(point.A)[0] <= 0:
        return -1.0
    return 1 - law.lowest.reach(point.A)


def inside(law: BulkLaw, point: BranchPoint) -> bool:
    """Whether the point lies before the end of the branch; its bound
    λ_max(A) reach(I) often tells."""
    values = np.linalg.eigvalsh(point.A)
    if values[0] <= 0:
        return False
    return bool(values[-1] * law.lowest.reach(np.eye(law.p)) < 1) or margin(law, point) > 0


def _branch_end(law: BulkLaw, alpha: float, low: BranchPoint, high: float) -> BranchPoint:
    """The last point with reach(A) < 1, or one beyond the sharp edge before it."""
    left, slope = margin(law, low), 0.0
    for _ in range(100):
        if low.excess < 0 or left < END_MARGIN:
            break
        # reach(A) is nearly proportional to τ close to its end; then two points tell.
        guess = low.tau * (1 + 0.9 * left / max(1 - left, 0.1))
        if slope:
            rest = SHORTFALL * left if left > NEARLY else END_MARGIN / 3
            guess = low.tau + (left - rest) / slope
        tau = guess if low.tau < guess < high else (low.tau + high) / 2
        point = continued(law, alpha, tau, low)
        beyond = -1.0 if point is None else margin(law, point)
        if point is None or beyond <= 0:
            high, slope = tau, 0.0
            if high / low.tau - 1 < 1e-13:
                break
        else:
            slope = (left - beyond) / (tau - low.tau)
            low, left = point, beyond
    return low


def _sharp(law: BulkLaw, alpha: float, low: BranchPoint, high: BranchPoint) -> MatrixEdge:
    """dz/dτ = 0 between a point of the branch and one beyond the edge."""
    points = {math.log(one.tau): one for one in (low, high)}

    def excess(log_tau: float) -> float:
        if log_tau not in points:
            nearest = min(points, key=lambda one: abs(one - log_tau))
            points[log_tau] = branch_point(law, alpha, math.exp(log_tau), points[nearest])
        return points[log_tau].excess

    root = find_root(excess, math.log(low.tau), math.log(high.tau), "left edge")
    point = points[root.value]
    return MatrixEdge(_edge(law, alpha, point, "sharp", root.iterations, root.residual), point)


def _smooth(law: BulkLaw, alpha: float, point: BranchPoint) -> MatrixEdge:
    return MatrixEdge(_edge(law, alpha, point, "smooth", point.iterations, 0.0), point)


def _edge(
    law: BulkLaw, alpha: float, point: BranchPoint, kind: str, iterations: int, residual: float
) -> Edge:
    """d²z/dg² by a difference of dz/dτ, for the Tracy–Widom scale of a sharp edge."""
    step = 1e-4 * point.tau
    before = branch_point(law, alpha, point.tau - step, point)
    g = stieltjes(law, point.z, point.A, point.S).real
    slope = stieltjes_slope(law, point)
    curvature = (point.z_slope - before.z_slope) / step / slope**2
    return Edge(point.z, kind, g, curvature, iterations, residual)
