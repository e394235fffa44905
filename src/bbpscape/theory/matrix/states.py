"""The p × p bulk equation at complex z."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.matrix.edges import solved
from bbpscape.theory.roots import NoConvergence, iterations

NEWTON_STEPS = 30
TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class MatrixStates:
    """G⁻¹ = z − α E[T]; a state is A = −G on the basis of the law."""

    law: MatrixLaw

    def moments(self) -> tuple[float, float]:
        F, w, p = self.law.curvature, self.law.nodes.weights, self.law.p
        first = float(np.einsum("nm,nmii->", w, F)) / p
        return first, float(np.einsum("nm,nmij,nmij->", w, F, F)) / p

    def start(self, z: complex) -> NDArray:
        basis = self.law.basis
        return -np.einsum("rii->r", basis) / np.einsum("rij,rij->r", basis, basis) / z

    def newton(self, alpha: float, z: complex, state: NDArray) -> NDArray:
        basis, p = self.law.basis, self.law.p
        a = state.astype(complex)
        for _ in iterations(NEWTON_STEPS, "density"):
            A = np.einsum("r,rij->ij", a, basis)
            if not np.isfinite(A).all():
                raise NoConvergence("density: Newton's method left the complex plane")
            inverse = np.linalg.inv(A)
            mean, square = self.law.moments(A)
            jacobian = alpha * np.einsum("rli,ijkl,sjk->rs", basis, square, basis)
            jacobian -= np.einsum("rij,jk,skl,li->rs", basis, inverse, basis, inverse)
            residual = np.einsum("rij,ij->r", basis, inverse - alpha * mean + z * np.eye(p))
            step = solved(jacobian, residual)
            size = abs(step).max() / abs(a).max()
            a = a - step * (min(1.0, 0.5 / size) if size > 0 else 0.0)
            if size < TOLERANCE:
                break
        return a

    def stieltjes(self, state: NDArray) -> complex:
        return -complex(np.einsum("r,rii->", state, self.law.basis)) / self.law.p

    def special(self, alpha: float, z: complex, state: NDArray) -> tuple[float, float]:
        p, p_star = self.law.p, self.law.model.p_star
        A = np.einsum("r,rij->ij", state, self.law.basis)
        M = z * np.eye(p * (p + p_star)) - alpha * self.law.signal(A)
        resolvent = np.linalg.inv(M)
        along = -np.trace(resolvent[p * p :, p * p :]).imag / (math.pi * p * p_star)
        ratio = M @ np.kron(np.eye(p + p_star), -A)
        shift = -np.angle(np.linalg.eigvals(ratio)).sum() / math.pi
        return float(along), float(shift)
