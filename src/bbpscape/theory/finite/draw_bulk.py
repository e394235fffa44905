"""The bulk of one draw: S(A) − c A⁻¹ = z with S = (1/N) Σ_μ T_μ, c = (N − q)/N and A = −Γ."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.finite.draw_law import DrawLaw
from bbpscape.theory.roots import NoConvergence, find_root

NEWTON_STEPS, HALVINGS, ACCURATE, LONGEST = 40, 6, 1e-10, 0.2
GROWTH, LEAST_GROWTH = 1.6, 1e-5
# Of τ: where an edge is told from its neighbours, and the step of its second derivative.
SHARP, STEP = 1e-9, 1e-4
STEPS = 400


@dataclass(frozen=True, eq=False)
class DrawPoint:
    """A and z at τ = Tr A/p on the real branch, with their slopes in τ.

    It is ``stable``, left of the bulk, where the derivative of the equation in A is positive.
    """

    tau: float
    A: NDArray[np.float64]
    z: float
    A_slope: NDArray[np.float64]
    z_slope: float
    stable: bool


class DrawBulk:
    """The branch left of the bulk of a draw, its end, and the bulk itself.

    ``shift`` keeps the S of a thinned law on that of the whole one at one A.
    """

    def __init__(self, law: DrawLaw, shift: NDArray | float = 0.0) -> None:
        self.law, self.shift = law, shift
        self._traces = np.einsum("rii->r", law.basis)

    def _equation(self, A: NDArray, z: complex) -> tuple[NDArray, NDArray]:
        """Residuals on the basis, and their derivatives in the coefficients of A."""
        law, basis = self.law, self.law.basis
        mean, square = law.moments(A)
        inverse = np.linalg.inv(A)
        residual = law.alpha * mean + self.shift - law.free * inverse - z * np.eye(law.p)
        slopes = law.free * (inverse @ basis @ inverse)
        slopes -= law.alpha * np.einsum("ijkl,rjk->ril", square, basis)
        return (
            np.einsum("rij,ij->r", basis, residual),
            np.einsum("rij,sij->rs", basis, slopes),
        )

    def at_tau(self, tau: float, start: DrawPoint) -> DrawPoint | None:
        """The point of Tr A/p = τ by Newton's method, None where that leaves the branch."""
        basis, p, d = self.law.basis, self.law.p, len(self._traces)
        A, z = start.A + (tau - start.tau) * start.A_slope, start.z
        if not self.law.within(A):
            return None
        for _ in range(NEWTON_STEPS):
            residual, jacobian = self._equation(A, z)
            bordered = np.zeros((d + 1, d + 1))
            bordered[:d, :d], bordered[:d, d] = jacobian, -self._traces
            bordered[d, :d] = self._traces / p
            right = np.append(residual, np.trace(A) / p - tau)
            try:
                step, slope = np.linalg.solve(
                    bordered, np.column_stack([right, np.eye(d + 1)[d]])
                ).T
            except np.linalg.LinAlgError:
                return None
            if not np.isfinite(step).all():
                return None
            change = np.einsum("r,rij->ij", step[:d], basis)
            for _ in range(HALVINGS):
                if self.law.within(A - change):
                    break
                change, step = change / 2, step / 2
            else:
                return None
            A, z = A - change, z - step[d]
            if abs(step[:d]).max() < ACCURATE * tau:
                change = np.einsum("r,rij->ij", slope[:d], basis)
                stable = bool(np.linalg.eigvalsh(jacobian)[0] > 0)
                return DrawPoint(tau, A, float(z), change, float(slope[d]), stable)
        return None

    def response(self, point: DrawPoint, source: NDArray) -> tuple[float, NDArray]:
        """(δz at fixed τ, δA at fixed z) where ``source`` is added to S."""
        basis, d = self.law.basis, len(self._traces)
        _, jacobian = self._equation(point.A, point.z)
        right = np.append(-np.einsum("rij,ij->r", basis, source), 0.0)
        bordered = np.zeros((d + 1, d + 1))
        bordered[:d, :d], bordered[:d, d] = jacobian, -self._traces
        bordered[d, :d] = self._traces / self.law.p
        at_z = np.linalg.solve(jacobian, right[:d])
        return float(np.linalg.solve(bordered, right)[d]), np.einsum("r,rij->ij", at_z, basis)

    def at_eigenvalue(self, z: float, A: NDArray) -> NDArray:
        """A at a real z in the bulk, by Newton's method from another one."""
        for _ in range(2 * NEWTON_STEPS):
            residual, jacobian = self._equation(A, z)
            change = np.einsum("r,rij->ij", np.linalg.solve(jacobian, residual), self.law.basis)
            size, whole = abs(change).max(), abs(A).max()
            if not np.isfinite(size):
                break
            A = A - change * (LONGEST * whole / max(size, LONGEST * whole))
            # The other sheet is the mirror image.
            A = A.conj() if np.trace(A).imag < 0 else A
            if size < 1e-8 * whole:
                return A
        raise NoConvergence(f"one draw: its bulk is not solved for at {z:.6g}")

    def _first(self) -> DrawPoint:
        p, one = self.law.p, np.eye(self.law.p)
        scale = float(np.sqrt(np.einsum("nij,nij->n", *[self.law.samples] * 2).max()))
        tau = 0.05 / scale
        start = DrawPoint(tau, tau * one, -self.law.free / tau, one, self.law.free / tau**2, True)
        found = self.at_tau(tau, start)
        if found is None:
            raise NoConvergence(f"one draw: no branch at Tr Γ/p = {-tau:.6g}, p = {p}")
        return found

    @cached_property
    def branch(self) -> list[DrawPoint]:
        """Points from far left to the sharp edge, which is the last."""
        points, growth = [self._first()], GROWTH
        for _ in range(STEPS):
            last = points[-1]
            following = self.at_tau(growth * last.tau, last)
            if following is None:
                growth = 1 + (growth - 1) / 2
                if growth < 1 + LEAST_GROWTH:
                    raise NoConvergence("one draw: the branch of its bulk is lost")
            elif following.stable and following.z_slope > 0:
                points.append(following)
                growth = min(GROWTH, 1 + 1.3 * (growth - 1))
            else:
                return [*points, self._edge(last, following)]
        raise NoConvergence("one draw: its bulk has no left edge")

    def _edge(self, low: DrawPoint, high: DrawPoint) -> DrawPoint:
        """dz/dτ = 0 between two points, by secants of τ² dz/dτ from the left, which end beyond it
        at times: then by false position, or by bisection on another solution."""
        top, beyond = high.tau, high.z_slope * high.tau**2
        before: tuple[float, float] | None = None
        for _ in range(STEPS):
            a = low.z_slope * low.tau**2
            if top - low.tau < SHARP * low.tau or a < SHARP:
                break
            share = a / (a - beyond) if beyond < 0 else 0.5
            if before is not None and before[1] > a:
                share = a / (before[1] - a) * (low.tau - before[0]) / (top - low.tau)
            tau = low.tau + min(max(share, 0.01), 0.95) * (top - low.tau)
            middle = self.at_tau(tau, low)
            if middle is not None and middle.stable and middle.z_slope > 0:
                before, low = (low.tau, a), middle
            else:
                top, before = tau, None
                beyond = 0.0 if middle is None else min(middle.z_slope, 0.0) * tau**2
        return low

    @property
    def edge(self) -> DrawPoint:
        return self.branch[-1]

    @cached_property
    def bend(self) -> float:
        """−d²z/dτ² at the edge."""
        edge = self.edge
        before = self.at_tau((1 - STEP) * edge.tau, edge)
        if before is None:
            raise NoConvergence("one draw: the branch of its bulk is lost at its edge")
        return (before.z_slope - edge.z_slope) / (STEP * edge.tau)

    @property
    def scale(self) -> float:
        """The Tracy–Widom scale: the bulk has (2/3π)(x/scale)^{3/2} eigenvalues to the depth x."""
        return float((self.bend / (2 * (self.law.N * self.law.p) ** 2)) ** (1 / 3))

    def left_at(self, z: float) -> DrawPoint:
        """The point at a real z left of the edge."""
        values = np.array([one.z for one in self.branch])
        place = int(np.searchsorted(values, z))
        if place == 0:
            return self.branch[0]
        near = self.branch[place - 1], self.branch[min(place, len(values) - 1)]
        met = {one.tau: one for one in near}

        def excess(tau: float) -> float:
            if tau not in met:
                closest = min(met.values(), key=lambda one: abs(one.tau - tau))
                found = self.at_tau(tau, closest) or self.at_tau(tau, near[0])
                if found is None:
                    raise NoConvergence("one draw: the branch of its bulk is lost")
                met[tau] = found
            return met[tau].z - z

        root = find_root(excess, near[0].tau, near[1].tau, "a point of the branch")
        excess(root.value)
        return met[root.value]
