"""The bulk of a p × p law: G⁻¹ = z − α E[F (I − G F)⁻¹], its real branch and its left edge.

With A = −G the equation is z I = α E[T] − A⁻¹. Left of the bulk A grows from 0 with z; the branch
is followed in τ = Tr A/p until dz/dτ = 0 (a sharp edge) or until I + A^½ F A^½ reaches 0 for the
lowest F of the law (a smooth one).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.roots import NoConvergence, find_root, iterations
from bbpscape.theory.solution import Edge

GROWTH = 1.7
STEPS = 300
# The step in τ, of τ, within which an edge is looked for where G is more than a number, and a rise
# of the excess that is none: other solutions lie near.
SHORTEST, RISE = 0.01, 0.02
# How far A may leave its tangent, in units of the step and of τ.
CONTINUED, SLACK = 0.2, 0.005
NEWTON_STEPS = 40
TOLERANCE = 1e-12
# Without a lowest negative curvature the branch may go on to A = ∞, where z = 0.
ENDLESS = 1e7
# A branch that ends at an atom of F is followed up to this distance from it.
SHORT = 1e-10
END_MARGIN = 1e-9
NEAR = 5e-3


@dataclass(frozen=True, eq=False)
class BranchPoint:
    """A(τ) and z(τ) with their derivatives in τ = Tr A/p."""

    tau: float
    A: NDArray[np.float64]
    z: float
    A_slope: NDArray[np.float64]
    z_slope: float
    iterations: int

    @property
    def excess(self) -> float:
        """τ² dz/dτ: 1 at τ → 0, 0 at a sharp edge."""
        return self.tau**2 * self.z_slope

    def ahead(self, tau: float) -> NDArray[np.float64]:
        """A(τ) along the tangent."""
        return self.A + (tau - self.tau) * self.A_slope


@dataclass(frozen=True, eq=False)
class MatrixEdge:
    """A left edge, with the point of the branch that it is."""

    edge: Edge
    point: BranchPoint | None


def branch_point(
    law: MatrixLaw, alpha: float, tau: float, start: BranchPoint | None = None
) -> BranchPoint:
    """The point of the real branch with Tr A/p = τ, by Newton's method from ``start``."""
    basis, p = law.basis, law.p
    d = len(basis)
    sizes = np.einsum("rij,rij->r", basis, basis)
    traces = np.einsum("rii->r", basis)
    if start is None:
        coefficients, z = tau * traces / sizes, -1 / tau
    else:
        coefficients = np.einsum("rij,ij->r", basis, start.ahead(tau)) / sizes
        z = start.z + start.z_slope * (tau - start.tau)
    for iteration in iterations(NEWTON_STEPS, f"bulk at Tr G/p = {-tau:.6g}"):
        A = np.einsum("r,rij->ij", coefficients, basis)
        inverse = np.linalg.inv(A)
        mean, square = law.moments(A)
        residual = inverse - alpha * mean + z * np.eye(p)
        jacobian = bulk_jacobian(law, alpha, inverse, square)
        right = np.append(np.einsum("rij,ij->r", basis, residual), traces @ coefficients / p - tau)
        if not np.isfinite(jacobian).all():
            raise NoConvergence(f"bulk: the equation is singular at Tr G/p = {-tau:.6g}")
        step = solved(jacobian, right)
        size = abs(step[:d]).max() / tau
        scale = min(1.0, 0.5 / size) if size > 0 else 1.0
        coefficients, z = coefficients - scale * step[:d], z - scale * step[d]
        if size < TOLERANCE or (size < 1e-9 and iteration > 21):
            break
    A = np.einsum("r,rij->ij", coefficients, basis)
    return on_branch(law, A, float(z), jacobian, iteration)


def bulk_jacobian(
    law: MatrixLaw, alpha: float, inverse: NDArray, square: NDArray
) -> NDArray[np.float64]:
    """Derivatives of (A⁻¹ − α E[T] + z, Tr A/p) on the basis of A, and in z: (d + 1, d + 1).

    ``inverse`` is A⁻¹ and ``square`` E[T ⊗ T]: dE[T] = −E[T dA T].
    """
    basis = law.basis
    d, traces = len(basis), np.einsum("rii->r", basis)
    result = np.zeros((d + 1, d + 1))
    result[:d, :d] = alpha * np.einsum("rli,ijkl,sjk->rs", basis, square, basis)
    result[:d, :d] -= np.einsum("rij,jk,skl,li->rs", basis, inverse, basis, inverse)
    result[:d, d] = traces
    result[d, :d] = traces / law.p
    return result


def on_branch(
    law: MatrixLaw, A: NDArray, z: float, jacobian: NDArray, iterations: int
) -> BranchPoint:
    """The point (A, z) of the branch with its slopes in τ, from ``bulk_jacobian`` there."""
    d = len(law.basis)
    slope = solved(jacobian, np.append(np.zeros(d), 1.0))
    A_slope = np.einsum("r,rij->ij", slope[:d], law.basis)
    return BranchPoint(float(np.trace(A)) / law.p, A, z, A_slope, float(slope[d]), iterations)


def solved(matrix: NDArray, right: NDArray) -> NDArray[np.float64]:
    """matrix⁻¹ right, or NoConvergence."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        raise NoConvergence("bulk: the equation is singular") from None


def left_matrix_edge(law: MatrixLaw, alpha: float, near: MatrixEdge | None = None) -> MatrixEdge:
    """The left edge of the bulk, sharp, smooth, hard (at 0) or unbounded.

    ``near``, the edge of about the same law at about the same α, saves the way there.
    """
    if near is not None and near.point is not None:
        found = _edge_near(law, alpha, near)
        if found is not None:
            return found
    if law.lowest.unbounded:
        return MatrixEdge(Edge(-math.inf, "unbounded", 0.0, 0.0), None)
    reach = law.lowest.reach(np.eye(law.p))
    scale = float(np.sqrt(np.einsum("nm,nmij,nmij->", law.nodes.weights, *[law.curvature] * 2)))
    last = branch_point(law, alpha, 1e-3 / (scale * max(1.0, alpha)))
    if reach > SHORT * scale and len(law.basis) == 1:
        end = continued(law, alpha, (1 - SHORT) / reach, last)
        if end is not None:
            if end.excess >= 0:
                return _smooth(law, alpha, end)
            return _sharp(law, alpha, last, end)
    growth, shortest = GROWTH, SHORTEST if len(law.basis) > 1 else GROWTH - 1
    for _ in iterations(STEPS, "left edge of the bulk", "report the model and α"):
        if reach <= SHORT * scale and last.tau * growth * scale > ENDLESS:
            edge = MatrixEdge(Edge(0.0, "hard", -math.inf, 0.0), None)
            break
        following = continued(law, alpha, growth * last.tau, last)
        if following is not None and reach > SHORT * scale and margin(law, following) <= 0:
            following = None
        if following is not None and 0 <= following.excess < last.excess + RISE:
            last, growth = following, min(GROWTH, 1 + 1.5 * (growth - 1))
        elif growth > 1 + shortest:
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


def _edge_near(law: MatrixLaw, alpha: float, near: MatrixEdge) -> MatrixEdge | None:
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
        low = [one for one in tried if one.excess >= 0 and margin(law, one) > 0]
        high = [one for one in tried if one.excess < 0]
        if low and high:
            below, above = max(low, key=_tau), min(high, key=_tau)
            if below.tau >= above.tau:
                return None
            edge = _sharp(law, alpha, below, above)
            return edge if edge.point is not None and margin(law, edge.point) > 0 else None
    return None


def _smooth_near(law: MatrixLaw, alpha: float, last: BranchPoint) -> MatrixEdge | None:
    point = continued(law, alpha, (1 - 8 * NEAR) * last.tau, last)
    if point is None or point.excess < 0 or margin(law, point) <= 0:
        return None
    end = _branch_end(law, alpha, point, (1 + 8 * NEAR) * last.tau)
    if end.excess >= 0:
        return _smooth(law, alpha, end) if margin(law, end) < END_MARGIN else None
    return _sharp(law, alpha, point, end)


def _tau(point: BranchPoint) -> float:
    return point.tau


def margin(law: MatrixLaw, point: BranchPoint) -> float:
    """1 − reach(A), negative beyond the end of the branch."""
    if np.linalg.eigvalsh(point.A)[0] <= 0:
        return -1.0
    return 1 - law.lowest.reach(point.A)


def continued(law: MatrixLaw, alpha: float, tau: float, start: BranchPoint) -> BranchPoint | None:
    """The point at τ if Newton's method finds one that continues the branch of ``start``."""
    try:
        point = branch_point(law, alpha, tau, start)
    except NoConvergence:
        return None
    apart = abs(point.A - start.ahead(tau)).max()
    bend = CONTINUED * abs(tau - start.tau) + SLACK * tau
    same = apart < bend and np.linalg.eigvalsh(point.A)[0] > 0
    return point if same else None


def _branch_end(law: MatrixLaw, alpha: float, low: BranchPoint, high: float) -> BranchPoint:
    """The last point with reach(A) < 1, or one beyond the sharp edge before it."""
    left = margin(law, low)
    for _ in range(100):
        if low.excess < 0 or left < END_MARGIN:
            break
        # reach(A) is nearly proportional to τ close to its end.
        guess = low.tau * (1 + 0.9 * left / max(1 - left, 0.1))
        tau = guess if low.tau < guess < high else (low.tau + high) / 2
        point = continued(law, alpha, tau, low)
        beyond = -1.0 if point is None else margin(law, point)
        if point is None or beyond <= 0:
            high = tau
            if high / low.tau - 1 < 1e-13:
                break
        else:
            low, left = point, beyond
    return low


def _sharp(law: MatrixLaw, alpha: float, low: BranchPoint, high: BranchPoint) -> MatrixEdge:
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


def _smooth(law: MatrixLaw, alpha: float, point: BranchPoint) -> MatrixEdge:
    return MatrixEdge(_edge(law, alpha, point, "smooth", point.iterations, 0.0), point)


def _edge(
    law: MatrixLaw, alpha: float, point: BranchPoint, kind: str, iterations: int, residual: float
) -> Edge:
    """d²z/dg² by a difference of dz/dτ, for the Tracy–Widom scale of a sharp edge."""
    step = 1e-4 * point.tau
    before = branch_point(law, alpha, point.tau - step, point)
    curvature = (point.z_slope - before.z_slope) / step
    return Edge(point.z, kind, -point.tau, curvature, iterations, residual)
