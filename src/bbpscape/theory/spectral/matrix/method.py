"""D = Σ_μ T(y_μ) ⊗ x_μ x_μᵀ with T(y) ∈ R^{p* × p*}: its right edge, outliers and overlaps.

It is the Hessian of the general theory with F = T(y) and the teacher as the only directions.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.inputs.law import STANDARD
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.laws.network.phase import phase
from bbpscape.theory.matrix.branch import Walk
from bbpscape.theory.matrix.edges import left_matrix_edge
from bbpscape.theory.matrix.frame import Frame
from bbpscape.theory.matrix.outliers import diagonalized, placed_outliers
from bbpscape.theory.population.population import Population
from bbpscape.theory.solution import Edge
from bbpscape.theory.spectral.matrix.moments import LabelNodes

# C_y is singular where an eigenvalue is below SINGULAR in a share OFTEN of the labels; then
# ADDED 1 is added to it, DETERMINED where its constraints alone fix the teacher.
SINGULAR, OFTEN, ADDED, DETERMINED = 1e-6, 1e-3, 1e-9, 1e-4
LEAST = 1e-30
# Of an eigenvalue of T, in units of the largest.
RANK = 1e-13
CUT, SAME = 10.0, 1e-7


def ridge_of(nodes: LabelNodes, alpha: float | None = None) -> float:
    """ε of (C + ε 1)/(1 + ε): 0, but where C_y is singular for labels that come.

    There T = −∞ along the null directions of C_y: αN constraints for each on the p* N numbers of an
    eigenvector. Where they leave nothing but the teacher, the bulk of D is as low as −1/ε.
    """
    p = nodes.second.shape[1]
    null = float(nodes.weights @ (np.linalg.eigvalsh(nodes.second) < SINGULAR).sum(axis=1))
    if null < OFTEN:
        return 0.0
    return ADDED if alpha is None or alpha * null < p else DETERMINED


def optimal_matrix(second: NDArray, ridge: float = 0.0) -> NDArray[np.float64]:
    """T = 1 − C⁻¹ of C_y of shape (n, p*, p*); of (C + ε 1)/(1 + ε) with a ridge ε.

    T (1 − T)⁻¹ = C − 1, so that at Γ = 1 the outlier's condition is that of weak recovery.
    """
    values, vectors = np.linalg.eigh(second)
    c = np.maximum((values + ridge) / (1 + ridge), LEAST)
    return np.einsum("nik,nk,njk->nij", vectors, 1 - 1 / c, vectors)


@dataclass(frozen=True, eq=False)
class Highest:
    """How high T(y) reaches at the nodes of y: how low −T does."""

    T: NDArray[np.float64]
    unbounded: str | None = None

    def reach(self, A: NDArray) -> float:
        """The largest eigenvalue of A^½ T A^½."""
        values, vectors = np.linalg.eigh(A)
        root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        return max(float(np.linalg.eigvalsh(root @ self.T @ root)[:, -1].max()), 0.0)


@dataclass(frozen=True, eq=False)
class LabelPart:
    """The law of F = −T(y), whose left is the right of D, at nodes of y."""

    nodes: LabelNodes
    T: NDArray[np.float64]
    exact: bool = True

    @property
    def p(self) -> int:
        return self.T.shape[1]

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """The least space of matrices with 1 that A ↦ E[F (1 + A F)⁻¹] stays in: where other
        modes are degenerate with these at the edge, Newton's method must not see them."""
        generator, found = np.random.default_rng(0), [np.eye(self.p) / math.sqrt(self.p)]
        size = 0.1 / max(Highest(self.T).reach(np.eye(self.p)), math.sqrt(self.second))
        for _ in range(self.p**2):
            mixed = np.einsum("r,rij->ij", generator.uniform(-0.3, 0.3, len(found)), found)
            mean = self.moments(size * (found[0] * math.sqrt(self.p) + mixed))[0]
            rest = mean - sum(float((mean * one).sum()) * one for one in found)
            length = float(np.linalg.norm(rest))
            if length < SAME * float(np.linalg.norm(mean)):
                break
            found.append((rest + rest.T) / (2 * length))
        return np.array(found)

    @property
    def directions(self) -> tuple[str, ...]:
        return (TEACHER,) * self.p

    @property
    def first(self) -> NDArray[np.float64]:
        return -np.einsum("n,nij->ij", self.nodes.weights, self.T)

    @property
    def second(self) -> float:
        """Of what lies within CUT: a tail to −∞ may have no second moment, and this is a scale."""
        values = np.maximum(np.linalg.eigvalsh(self.T), -CUT)
        return float(self.nodes.weights @ (values**2).sum(axis=1))

    @property
    def rank(self) -> float:
        values = abs(np.linalg.eigvalsh(self.T))
        return float(self.nodes.weights @ (values > RANK * values.max()).sum(axis=1))

    @cached_property
    def _ratio(self) -> tuple[NDArray, NDArray]:
        """(B, D) with F = B D⁻¹ at every node, of order one however large T is."""
        values, vectors = np.linalg.eigh(self.T)
        size = np.maximum(abs(values), 1.0)
        B, D = (np.einsum("nik,nk,njk->nij", vectors, one, vectors)
                for one in (-values / size, 1 / size))  # fmt: skip
        return B, D

    def resolvent(self, A: NDArray) -> NDArray:
        """F (I + A F)⁻¹ = B (D + A B)⁻¹ at every node, shape (n, p, p)."""
        B, D = self._ratio
        return np.swapaxes(np.linalg.solve(np.swapaxes(D + A @ B, 1, 2), B), 1, 2)

    def moments(self, A: NDArray) -> tuple[NDArray, NDArray]:
        found, w = self.resolvent(A), self.nodes.weights
        mean = np.einsum("n,nij->ij", w, found)
        return mean, np.einsum("n,nij,nkl->ijkl", w, found, found, optimize=True)

    def phase(self, A: NDArray) -> float:
        inverse = -np.linalg.inv(A)
        return float(self.nodes.weights @ phase(inverse + self.T)) - float(phase(inverse))

    def signal(self, A: NDArray) -> NDArray:
        found = self.resolvent(A)
        whole = np.einsum(
            "n,nab,nij->aibj", self.nodes.weights, self.nodes.second, found, optimize=True
        )
        return whole.reshape(self.p**2, self.p**2)


@dataclass(frozen=True, eq=False)
class MatrixOverlap:
    """What one outlier of D knows: ``m2`` of one of its eigenvectors with the p* directions.

    ``directions`` are the shares of m² along each of them, means over the eigenspace of
    ``multiplicity`` dimensions. ``matrix`` is V_k·e_l of one eigenvector V, its block k (rows) with
    direction l (columns); its sign is free. ``m2_nuclear`` is ‖matrix‖_*²/p*, as of students, None
    where the eigenvector is not the only one.
    """

    derived: ClassVar[tuple[str, ...]] = ("m2_nuclear",)

    eigenvalue: float
    multiplicity: int
    m2: float
    directions: NDArray[np.float64]
    matrix: NDArray[np.float64]

    @property
    def m2_nuclear(self) -> float | None:
        if self.multiplicity > 1:
            return None
        size = float(np.linalg.svd(self.matrix, compute_uv=False).sum())
        return size**2 / len(self.matrix)


def right_side(
    nodes: LabelNodes, T: NDArray, alpha: float
) -> tuple[Edge, tuple[MatrixOverlap, ...]]:
    """The right edge of D at M = αN, and its outliers beyond it, the largest first.

    T has shape (n, p*, p*), one symmetric matrix for each node of y.
    """
    law = MatrixLaw((LabelPart(nodes, T),), (1.0,), Highest(T), Population.of(STANDARD))
    edge = left_matrix_edge(law, alpha)
    if edge.point is None:
        return edge.edge.mirrored(), ()
    frame, walk = Frame(law), Walk(law, alpha, edge.point)
    found = []
    for log_tau, _ in placed_outliers(law, alpha, edge):
        point = walk.at(log_tau)
        spectrum = diagonalized(frame, alpha, point)
        N = spectrum.vectors[:, spectrum.null(point.z)]
        residue = np.linalg.inv(N.T @ frame.slope(alpha, point) @ N)
        found.append(_overlap(-point.z, N, residue))
    return edge.edge.mirrored(), tuple(found)


def _overlap(eigenvalue: float, N: NDArray, residue: NDArray) -> MatrixOverlap:
    count, p = N.shape[1], round(math.sqrt(len(N)))
    shares = np.einsum("ar,rs,as->a", N, residue, N).reshape(p, p).sum(axis=1) / count
    one = (N @ np.linalg.cholesky(residue))[:, 0].reshape(p, p).T
    return MatrixOverlap(eigenvalue, count, float(shares.sum()), shares, one)
