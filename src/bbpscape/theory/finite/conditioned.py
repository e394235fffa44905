"""The theory of one draw: its preactivations, and how its weights lie along the components.

Given F_μ and the coordinates v_μ of its samples on the span of its weights, what is left of the
inputs is Gaussian and independent of both. docs/explanation/theory.md §6 holds with (1/N) Σ_μ in
place of α E, and with the vectors V of Σ^½ W of this draw in place of their means:

    S = (1/N) Σ T_μ,   S_v = (1/N) Σ v_μ v_μᵀ ⊗ T_μ,   K = Σ_i V_i V_iᵀ ⊗ σ_i (z − σ_i S)⁻¹.

Under a steep Σ few components carry the weights: student and teacher of a draw overlap, and each
has a profile of its own, of which a mean over draws knows nothing.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.finite.conditioned_law import ConditionedLaw, Directions, Kernel
from bbpscape.theory.matrix.branch import BranchPoint, Walk, stieltjes_slope
from bbpscape.theory.matrix.bulk import bulk_terms, stieltjes
from bbpscape.theory.matrix.components import separated_edge
from bbpscape.theory.matrix.edges import MatrixEdge
from bbpscape.theory.matrix.outliers import outlier_root
from bbpscape.theory.roots import NoConvergence

# Newton's steps from the expansion at the edge to the bulk's own solution, and their accuracy.
STEPS, ACCURATE = 12, 1e-7


@dataclass(frozen=True, eq=False)
class Conditioned:
    """Outliers left of the bulk of one draw: ``eigenvalues``, rising, and ``m2``.

    ``left_edge`` is the lowest eigenvalue of the bulk with its Tracy–Widom shift, and ``edge_m2``
    the mean m² of as many eigenvectors there as the teacher has copies.
    """

    eigenvalues: NDArray[np.float64]
    m2: NDArray[np.float64]
    left_edge: float
    edge_m2: float

    def bulk(self, position: int) -> float:
        """``left_edge``, whatever lies left of it."""
        return self.left_edge

    @property
    def errors(self) -> tuple[float, float]:
        """None is known of this theory."""
        return 0.0, 0.0

    def fraction_below(self, eigenvalue: float) -> float | None:
        """Not solved for."""
        return None

    def at(self, chosen: slice) -> tuple[float, float]:
        """The mean eigenvalue and m² of the lowest ones at these places."""
        size = chosen.stop - len(self.m2)
        values = np.append(self.eigenvalues, np.full(max(0, size), self.left_edge))
        m2 = np.append(np.maximum(self.m2, self.edge_m2), np.full(max(0, size), self.edge_m2))
        return float(values[chosen].mean()), float(m2[chosen].mean())


def solve_conditioned(
    law: ConditionedLaw, directions: Directions, leading: NDArray, most: int
) -> Conditioned:
    """At most ``most`` outliers of a draw, from the lowest on; ``leading`` are the ξ_μ along the
    largest components, shape (M, k) with k up to 64."""
    edge = separated_edge(law, law.alpha)
    p, N = law.p, law.population.sigma.size
    if edge.point is None:
        raise NoConvergence(f"one draw: its left edge is {edge.edge.kind}")
    law = law.without(edge.apart)
    if edge.apart:
        directions = directions.split(leading[:, : edge.apart])
    signals = _Signals(law, directions, Walk(law, law.alpha, edge.point))
    found = sorted(signals.outlier(rank) for rank in range(1, min(signals.count, most) + 1))
    z, m2 = np.array(found).reshape(-1, 2).T
    copies = p * directions.teacher.shape[1]
    left_edge = edge.edge.value + edge.edge.tracy_widom_shift(p * N)
    return Conditioned(z, m2, left_edge, signals.edge_m2(edge, copies))


class _Signals:
    """M(z) = K⁻¹ + I ⊗ S − S_v on the vectors of a draw, along the branch left of the bulk."""

    def __init__(self, law: ConditionedLaw, directions: Directions, walk: Walk) -> None:
        self.law, self.directions, self.walk = law, directions, walk
        self.spectrum = functools.cache(self._spectrum)

    @property
    def count(self) -> int:
        """Outliers left of the bulk: M increases with z."""
        return int((self.spectrum(self.walk.end)[0] > 0).sum())

    def _kernel(self, z: complex, S: NDArray) -> Kernel:
        return self.directions.kernel(self.law.p, z, S)

    def _matrix(self, inverse: NDArray, S: NDArray, A: NDArray) -> NDArray:
        signal = self.law.alpha * self.law.signal(A, self.directions.of_samples)
        return inverse + np.kron(self.directions.own, S) - signal

    def _spectrum(self, log_tau: float) -> tuple[NDArray, NDArray]:
        point = self.walk.at(log_tau)
        inverse = np.linalg.inv(self._kernel(point.z, point.S).value)
        values, vectors = np.linalg.eigh(self._matrix(inverse, point.S, point.A))
        return values, vectors

    def outlier(self, rank: int) -> tuple[float, float]:
        """(z, m²) where the eigenvalue of this rank from the largest crosses 0."""
        root = outlier_root(lambda x: float(self.spectrum(x)[0][-rank]), self.walk.end, [])
        point, null = self.walk.at(root.value), self.spectrum(root.value)[1][:, -rank]
        kernel = self._kernel(point.z, point.S)
        inverse = np.linalg.inv(kernel.value)
        slope = -inverse @ kernel.change(point.z_slope, point.S_slope) @ inverse
        slope += np.kron(self.directions.own, point.S_slope) - self._signal_slope(point)
        along = kernel.along @ (inverse @ null)
        return point.z, float(along @ along / (null @ slope @ null / point.z_slope))

    def _signal_slope(self, point: BranchPoint) -> NDArray:
        coordinates = self.directions.of_samples
        return self.law.alpha * self.law.signal_slope(point.A, point.A_slope, coordinates)

    def edge_m2(self, edge: MatrixEdge, copies: int) -> float:
        """The mean of Im Tr Ŵ*ᵀ R Ŵ*/(pN Im g) over the lowest ``copies`` eigenvalues of the bulk.

        They fill it up to the depth Δ at which ρ ≈ (1/π) √(2Δ/|z''|) has their share of pN; the
        nodes are those of Gauss and Legendre in √Δ.
        """
        point, law, total = edge.point, self.law, 0.0
        assert point is not None
        n, bend = law.p * law.population.sigma.size, abs(edge.edge.z2)
        depth = (1.5 * np.pi * copies) ** (2 / 3) * (bend / (2 * n**2)) ** (1 / 3)
        slope = stieltjes_slope(law, point)
        nodes, weights = np.polynomial.legendre.leggauss(4)
        for u, weight in zip((1 + nodes) / 2, 1.5 * weights * ((1 + nodes) / 2) ** 2, strict=True):
            z = edge.edge.value + depth * u**2
            change = -1j * np.sqrt(2 * depth / bend) * u / slope
            A, S = self._inside(z, point.A + change * point.A_slope)
            kernel = self._kernel(z, S)
            inverse = np.linalg.inv(kernel.value)
            left = kernel.along @ inverse
            M = self._matrix(inverse, S, A)
            field = np.trace(left @ np.linalg.solve(M, left.T) - left @ kernel.along.T)
            total += weight * float((kernel.own() + field).imag / stieltjes(law, z, A, S).imag)
        return min(1.0, max(0.0, total / n))

    def _inside(self, z: float, A: NDArray) -> tuple[NDArray, NDArray]:
        """(A, S) of the bulk at a real z, by Newton's method."""
        basis = self.law.basis
        for _ in range(STEPS):
            terms = bulk_terms(self.law, self.law.alpha, A, z)
            try:
                step = np.linalg.solve(terms.jacobian[:, :-1], terms.residual)
            except np.linalg.LinAlgError:
                raise NoConvergence(f"one draw: its bulk at {z:g} is lost") from None
            A = A - np.einsum("r,rij->ij", step, basis)
            if abs(step).max() < ACCURATE * abs(A).max():
                break
        return A, bulk_terms(self.law, self.law.alpha, A, z).S
