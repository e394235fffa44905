"""The p × p bulk equation A + Γ(z, S) = 0 with S = α E[T], solved as A⁻¹ + Γ(z, S)⁻¹ = 0.

Γ = Σ_i w_i σ_i (z − σ_i S)⁻¹ sums over the principal components of the inputs. Where Σ = 1 it is
(z − S)⁻¹, and the equation A⁻¹ = α E[T] − z.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.matrix.law import BulkLaw
from bbpscape.theory.population.resolvents import Resolvents


@dataclass(frozen=True, eq=False)
class BulkTerms:
    """The equation at (A, z): residuals on the basis of the law, shape (d,), their derivatives in
    the coefficients of A and in z, shape (d, d + 1), and S with its derivatives, (d, p, p)."""

    residual: NDArray
    jacobian: NDArray
    S: NDArray
    S_slopes: NDArray


def bulk_terms(law: BulkLaw, alpha: float, A: NDArray, z: complex) -> BulkTerms:
    """The equation at a symmetric A and z, real or complex; dE[T] = −E[T dA T]."""
    basis, one, p = law.basis, np.eye(law.p), law.p
    flat = basis.reshape(len(basis), -1)
    # Onto what the symmetries of the law allow.
    projector = (flat.T / (flat**2).sum(axis=1)) @ flat
    mean, square = law.moments(A)
    inverse, S = np.linalg.inv(A), alpha * (mean.ravel() @ projector).reshape(p, p)
    changes = flat @ square.transpose(1, 2, 0, 3).reshape(p * p, p * p)
    S_slopes = -alpha * (changes @ projector).reshape(-1, p, p)
    other, by_S, by_z = z * one - S, -S_slopes, one
    if not law.isotropic:
        bulk = law.bulk
        resolvents, f = Resolvents(bulk, z, S), bulk.weights * bulk.sigma
        other = np.linalg.inv(resolvents.sum(f))
        by_S = -other @ resolvents.change(f, 0.0, S_slopes) @ other
        by_z = -other @ resolvents.change(f, 1.0, 0 * one) @ other
    slopes = np.concatenate([by_S - inverse @ basis @ inverse, by_z[None]])
    jacobian = flat @ slopes.reshape(len(slopes), -1).T
    return BulkTerms(flat @ (inverse + other).ravel(), jacobian, S, S_slopes)


def stieltjes(law: BulkLaw, z: complex, A: NDArray, S: NDArray) -> complex:
    """g = Σ_i w_i Tr (z − σ_i S)⁻¹/p over the components of the bulk; −Tr A/p where Σ = 1."""
    if law.isotropic:
        return -complex(np.trace(A)) / law.p
    total = Resolvents(law.bulk, z, S).sum(law.bulk.weights)
    return complex(np.trace(total)) / law.p
