"""Sums over the principal components at a p × p matrix S: φ(S) = Σ_i f_i (z − σ_i S)⁻¹.

In the eigenbasis of S they are scalar sums, and so are their derivatives, by divided differences:
(z − σ s)⁻¹ has the difference σ/((z − σ s_j)(z − σ s_k)). Source: theory.md §6.
"""

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.population.population import Population


class Resolvents:
    """(z − σ_i S)⁻¹ of all components at one z and one S, real symmetric or complex."""

    def __init__(self, population: Population, z: complex, S: NDArray) -> None:
        if np.iscomplexobj(S):
            s, self._U = np.linalg.eig(S)
            self._inverse = np.linalg.inv(self._U)
        else:
            s, self._U = np.linalg.eigh(S)
            self._inverse = self._U.T
        self._sigma = population.sigma
        self._poles = 1 / (z - population.sigma[:, None] * s)

    def sum(self, f: NDArray) -> NDArray:
        """Σ_i f_i (z − σ_i S)⁻¹, shape (p, p)."""
        return (self._U * (f @ self._poles)) @ self._inverse

    def change(self, f: NDArray, z_change: complex, S_change: NDArray) -> NDArray:
        """The change of the sum with z and S, to first order; S_change may be (…, p, p)."""
        poles = self._poles
        differences = (poles.T * (f * self._sigma)) @ poles
        moved = differences * (self._inverse @ S_change @ self._U)
        moved -= z_change * np.diag(f @ poles**2)
        return self._U @ moved @ self._inverse
