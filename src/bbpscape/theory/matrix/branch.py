"""The real branch of the p × p bulk equation, followed in τ = Tr A/p with A = −Γ.

Left of the bulk A > 0 grows from 0 with z, and z < σ_i S for every component of the inputs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.matrix.bulk import BulkTerms, bulk_terms
from bbpscape.theory.matrix.law import BulkLaw
from bbpscape.theory.population.resolvents import Resolvents
from bbpscape.theory.roots import NoConvergence, iterations

# How far A may leave its tangent, in units of the step and of τ.
CONTINUED, SLACK = 0.2, 0.005
# Of Newton's method; one that takes long leaves the branch that it begins on.
NEWTON_STEPS, FOLLOWING = 40, 12
STEEP = 1e6
TOLERANCE = 1e-12
# In log τ, along the branch.
STRIDE, SHORTEST = 0.15, 1e-4


@dataclass(frozen=True, eq=False)
class BranchPoint:
    """A(τ), S(τ) and z(τ) with their derivatives in τ = Tr A/p."""

    tau: float
    A: NDArray[np.float64]
    S: NDArray[np.float64]
    z: float
    A_slope: NDArray[np.float64]
    S_slope: NDArray[np.float64]
    z_slope: float
    iterations: int

    @property
    def excess(self) -> float:
        """τ² dz/dτ: 1 at τ → 0, 0 at a sharp edge."""
        return self.tau**2 * self.z_slope

    def ahead(self, tau: float) -> NDArray[np.float64]:
        """A(τ) along the tangent."""
        return self.A + (tau - self.tau) * self.A_slope

    def z_ahead(self, tau: float) -> float:
        """z(τ) along the tangent, but from where that is as steep as beside an atom of F."""
        step = self.z_slope * (tau - self.tau)
        return self.z + (step if abs(step) * tau < STEEP else 0.0)


def branch_point(
    law: BulkLaw,
    alpha: float,
    tau: float,
    start: BranchPoint | None = None,
    accuracy: float = TOLERANCE,
    steps: int = NEWTON_STEPS,
) -> BranchPoint:
    """The point of the real branch with Tr A/p = τ, by Newton's method from ``start``.

    Slopes are of this relative ``accuracy``, A and z of its square.
    """
    basis, p = law.basis, law.p
    d = len(basis)
    sizes = np.einsum("rij,rij->r", basis, basis)
    traces = np.einsum("rii->r", basis)
    if start is None:
        coefficients, z = tau * traces / sizes, -1 / tau
    else:
        coefficients = np.einsum("rij,ij->r", basis, start.ahead(tau)) / sizes
        z = start.z_ahead(tau)
    for iteration in iterations(steps, f"bulk at Tr Γ/p = {-tau:.6g}"):
        A = np.einsum("r,rij->ij", coefficients, basis)
        terms = bulk_terms(law, alpha, A, z)
        jacobian = bordered(law, terms)
        right = np.append(terms.residual, traces @ coefficients / p - tau)
        if not np.isfinite(jacobian).all():
            raise NoConvergence(f"bulk: the equation is singular at Tr Γ/p = {-tau:.6g}")
        step = solved(jacobian, right)
        size = abs(step[:d]).max() / tau
        if not law.isotropic:
            # The equation is not linear in z.
            size = max(size, abs(step[d]) * tau)
        scale = min(1.0, 0.5 / size) if size > 0 else 1.0
        coefficients, z = coefficients - scale * step[:d], z - scale * step[d]
        if size < accuracy or (size < 1e-9 and iteration > 21):
            break
    A = np.einsum("r,rij->ij", coefficients, basis)
    return on_branch(law, A, float(z), terms, iteration)


def bordered(law: BulkLaw, terms: BulkTerms) -> NDArray[np.float64]:
    """Derivatives of the bulk equation and of Tr A/p on the basis of A and in z, (d + 1, d + 1)."""
    last = np.append(np.einsum("rii->r", law.basis) / law.p, 0.0)
    return np.concatenate([terms.jacobian, last[None]])


def on_branch(law: BulkLaw, A: NDArray, z: float, terms: BulkTerms, iterations: int) -> BranchPoint:
    """The point (A, z) of the branch with its slopes in τ, from the equation there."""
    d = len(law.basis)
    slope = solved(bordered(law, terms), np.append(np.zeros(d), 1.0))
    A_slope = np.einsum("r,rij->ij", slope[:d], law.basis)
    S_slope = np.einsum("r,rij->ij", slope[:d], terms.S_slopes)
    tau = float(np.trace(A)) / law.p
    return BranchPoint(tau, A, terms.S, z, A_slope, S_slope, float(slope[d]), iterations)


def solved(matrix: NDArray, right: NDArray) -> NDArray[np.float64]:
    """matrix⁻¹ right, or NoConvergence."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        raise NoConvergence("bulk: the equation is singular") from None


def continued(law: BulkLaw, alpha: float, tau: float, start: BranchPoint) -> BranchPoint | None:
    """The point at τ if Newton's method finds one that continues the branch of ``start``."""
    try:
        point = branch_point(law, alpha, tau, start, steps=FOLLOWING)
    except NoConvergence:
        return None
    apart = abs(point.A - start.ahead(tau)).max()
    bend = CONTINUED * abs(tau - start.tau) + SLACK * tau
    same = apart < bend and np.linalg.eigvalsh(point.A)[0] > 0
    return point if same and left_of_all(law, point) else None


def left_of_all(law: BulkLaw, point: BranchPoint) -> bool:
    """Whether z < σ_i S for every component of the bulk: A > 0 says so where Σ = 1."""
    if law.isotropic:
        return True
    lowest, sigma = np.linalg.eigvalsh(point.S)[0], law.bulk.sigma
    return bool(point.z < (lowest * sigma[sigma > 0]).min())


def stieltjes_slope(law: BulkLaw, point: BranchPoint) -> float:
    """dg/dτ along the branch."""
    if law.isotropic:
        return -1.0
    resolvents = Resolvents(law.bulk, point.z, point.S)
    change = resolvents.change(law.bulk.weights, point.z_slope, point.S_slope)
    return float(np.trace(change)) / law.p


class Walk:
    """The branch left of a point of it, by log τ; what has been met is kept."""

    def __init__(self, law: BulkLaw, alpha: float, end: BranchPoint) -> None:
        self.law, self.alpha, self.end = law, alpha, math.log(end.tau)
        self._met = {self.end: end}

    def at(self, log_tau: float) -> BranchPoint:
        """The point at τ, from the nearest one in steps that Newton's method follows."""
        here, stride = min(self._met, key=lambda one: abs(one - log_tau)), STRIDE
        while here != log_tau:
            following = log_tau
            if abs(log_tau - here) > stride:
                following = here + math.copysign(stride, log_tau - here)
            point = continued(self.law, self.alpha, math.exp(following), self._met[here])
            if point is not None:
                self._met[following] = point
                here, stride = following, min(STRIDE, 1.5 * stride)
            elif (stride := stride / 2) < SHORTEST:
                raise NoConvergence(
                    f"outliers: the branch is lost at Tr Γ/p = {-math.exp(here):.6g}"
                )
        return self._met[log_tau]
