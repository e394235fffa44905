"""The p × p bulk equation at complex z."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.laws.network.phase import phase
from bbpscape.theory.matrix.branch import solved
from bbpscape.theory.matrix.bulk import bulk_terms, stieltjes
from bbpscape.theory.matrix.frame import Frame
from bbpscape.theory.roots import NoConvergence, iterations

NEWTON_STEPS = 30
TOLERANCE = 1e-10
# Of Im A in units of A, where it is 0: in a gap.
ROUNDING = 1e-8


@dataclass(frozen=True, eq=False)
class MatrixStates:
    """A⁻¹ + Γ(z, S)⁻¹ = 0; a state holds A = −Γ and S on the basis of the law, and z."""

    law: MatrixLaw

    @cached_property
    def _sizes(self) -> NDArray[np.float64]:
        return np.einsum("rij,rij->r", self.law.basis, self.law.basis)

    def moments(self) -> tuple[float, float]:
        w, sigma, p = self.law.bulk.weights, self.law.bulk.sigma, self.law.p
        first = float(np.trace(self.law.first)) / p
        return first * float(w @ sigma), self.law.second / p * float(w @ sigma**2)

    def start(self, z: complex) -> NDArray:
        a = -np.einsum("rii->r", self.law.basis) / self._sizes / z
        return np.concatenate([a, 0 * a, [z]])

    def newton(self, alpha: float, z: complex, state: NDArray) -> NDArray:
        basis, d = self.law.basis, len(self._sizes)
        a = state[:d].astype(complex)
        last = 0.0
        for _ in iterations(NEWTON_STEPS, "density"):
            A = np.einsum("r,rij->ij", a, basis)
            if not np.isfinite(A).all():
                raise NoConvergence("density: Newton's method left the complex plane")
            terms = bulk_terms(self.law, alpha, A, z)
            step = solved(terms.jacobian[:, :d], terms.residual)
            size = abs(step).max() / abs(a).max()
            a = a - step * (min(1.0, 0.5 / size) if size > 0 else 0.0)
            # Steps fall as their squares: the next one would be size³/last².
            if size < TOLERANCE or size**3 < TOLERANCE * last**2:
                break
            last = size
        s = np.einsum("rij,ij->r", basis, terms.S) / self._sizes
        return np.concatenate([a, s, [z]])

    def _at(self, state: NDArray) -> tuple[complex, NDArray, NDArray]:
        """z, A and S."""
        A, S = (np.einsum("r,rij->ij", one, self.law.basis) for one in np.split(state[:-1], 2))
        return complex(state[-1]), A, S

    def stieltjes(self, state: NDArray) -> complex:
        return stieltjes(self.law, *self._at(state))

    def physical(self, state: NDArray) -> bool:
        """Im g < 0, and Im A > 0 as a matrix: other roots may have the sign of the trace alone."""
        _, A, _ = self._at(state)
        least = np.linalg.eigvalsh(A.imag)[0]
        return self.stieltjes(state).imag < 0 and bool(least > -ROUNDING * abs(A).max())

    def below(self, alpha: float, state: NDArray) -> float:
        z, A, S = self._at(state)
        w, sigma = self.law.bulk.weights, self.law.bulk.sigma
        free = float(w @ phase(z * np.eye(self.law.p) - sigma[:, None, None] * S))
        samples = alpha * self.law.phase(A) - float(np.trace(A @ S).imag)
        return 1 - (free + samples) / (math.pi * self.law.p * float(w.sum()))

    def special(self, alpha: float, z: complex, state: NDArray) -> tuple[float, float]:
        frame = Frame(self.law)
        _, A, S = self._at(state)
        M = frame.matrix(alpha, z, A, S)
        along = -frame.trace(TEACHER, M, z, S).imag / math.pi
        ratios = np.linalg.eigvals(M @ frame.free(z, A, S))
        count = self.law.p * self.law.directions.count(TEACHER)
        return along / count, float(-np.angle(ratios).sum() / math.pi)
