"""One view of a network's law for edges, outliers and densities, by the scalar or matrix route."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import BULK
from bbpscape.theory.laws.discrete import QuadratureLaw
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.matrix_law import MatrixLaw, matrix_law
from bbpscape.theory.laws.network.scalar_law import curvature_range, is_scalar, scalar_law
from bbpscape.theory.matrix.edges import MatrixEdge, left_matrix_edge, solved
from bbpscape.theory.matrix.outliers import left_matrix_outliers
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.scalar.edges import left_edge, right_edge, zero_atom
from bbpscape.theory.scalar.outliers import outliers
from bbpscape.theory.solution import Edge, Features, Outlier

NEWTON_STEPS = 30
TOLERANCE = 1e-10
ZERO = 1e-13
# λ + i0, in units of the width of the spectrum.
ABOVE = 1e-10
# Density of the nodes that edges and outliers are searched on.
SCOUT = 0.4


class NetworkSolver(Protocol):
    """What both routes offer. A state is what Newton's method works with."""

    @property
    def no_left_edge(self) -> str | None:
        """Why F is unbounded below, if it is."""

    def features(self, alpha: float) -> Features:
        """Edges, outliers and atom."""

    def left(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        """The left edge and the outliers left of it."""

    def moments(self) -> tuple[float, float]:
        """E Tr F/p and E Tr F²/p."""

    def start(self, z: complex) -> NDArray:
        """The state far from the spectrum, where g ≈ 1/z."""

    def newton(self, alpha: float, z: complex, state: NDArray) -> NDArray | None:
        """The state at z, or None where Newton's method does not settle."""

    def stieltjes(self, state: NDArray) -> complex:
        """g = Tr G/p of a state."""

    def special(self, alpha: float, z: complex, state: NDArray) -> tuple[float, float]:
        """(−Im Tr_u R/π over the p p* teacher directions, each 1/(p p*); spectral shift)."""


@dataclass(frozen=True, eq=False)
class ScalarSolver:
    """The route of one scalar equation."""

    law: QuadratureLaw
    no_left_edge: str | None

    def features(self, alpha: float) -> Features:
        left, right = left_edge(self.law, alpha), right_edge(self.law, alpha)
        found = outliers(self.law, alpha, left, right)
        return Features(left, right, found, zero_atom(self.law, alpha))

    def left(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        edge = left_edge(self.law, alpha)
        beyond = Edge(math.inf, "unbounded", 0.0, 0.0)
        return edge, outliers(self.law, alpha, edge, beyond)

    def moments(self) -> tuple[float, float]:
        f, w = self.law.nodes.atoms, self.law.nodes.weights
        return float(w @ f), float(w @ f**2)

    def start(self, z: complex) -> NDArray:
        return np.array([1 / z])

    def newton(self, alpha: float, z: complex, state: NDArray) -> NDArray | None:
        g = complex(state[0])
        for _ in range(NEWTON_STEPS):
            m1, m2 = self.law.moments(np.array([g]), 2)[0, :, 0]
            step = (1 / g + alpha * m1 - z) / (-1 / g**2 + alpha * m2)
            size = abs(step / g)
            g -= step * min(1.0, 0.5 / size) if size > 0 else 0.0
            if not np.isfinite(g):
                return None
            if size < TOLERANCE:
                return np.array([g])
        return None

    def stieltjes(self, state: NDArray) -> complex:
        return complex(state[0])

    def special(self, alpha: float, z: complex, state: NDArray) -> tuple[float, float]:
        names = tuple(self.law.directions)
        moments = self.law.moments(state[:1], 1, (BULK, *names))[:, 0, 0]
        ratios = 1 - alpha * state[0] * (moments[1:] - moments[0])
        counts = np.array([self.law.directions[name] for name in names])
        along = -(state[0] / ratios[0]).imag / math.pi
        return float(along), float(counts @ -np.angle(ratios)) / math.pi


@dataclass(frozen=True, eq=False)
class MatrixSolver:
    """The route of the p × p equation; ``other`` is the law of −F.

    ``scout`` solves laws of fewer nodes, whose edges and outliers are started from.
    """

    law: MatrixLaw
    other: MatrixLaw
    scout: "MatrixSolver | None" = None

    @property
    def no_left_edge(self) -> str | None:
        return self.law.lowest.unbounded

    def features(self, alpha: float) -> Features:
        left, found = self._side(alpha, 1)
        right, beyond = self._side(alpha, -1)
        found += tuple(one.mirrored() for one in reversed(beyond))
        return Features(left.edge, right.edge.mirrored(), found, self._atom(alpha))

    def left(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        edge, found = self._side(alpha, 1)
        return edge.edge, found

    def _side(self, alpha: float, sign: int) -> tuple[MatrixEdge, tuple[Outlier, ...]]:
        """The left edge and the outliers left of it, of H or of −H."""
        near: tuple[MatrixEdge | None, tuple[Outlier, ...]] = (None, ())
        if self.scout is not None:
            near = self.scout._side(alpha, sign)
        law = self.law if sign > 0 else self.other
        edge = left_matrix_edge(law, alpha, near[0])
        return edge, left_matrix_outliers(law, alpha, edge, near[1])

    def _atom(self, alpha: float) -> float:
        """1 − α E[rank F]/p where positive: what pN exceeds the rank of H by."""
        values = abs(np.linalg.eigvalsh(self.law.curvature))
        rank = (values > ZERO * values.max()).sum(axis=-1)
        return max(0.0, 1 - alpha * float((self.law.nodes.weights * rank).sum()) / self.law.p)

    def moments(self) -> tuple[float, float]:
        F, w, p = self.law.curvature, self.law.nodes.weights, self.law.p
        first = float(np.einsum("nm,nmii->", w, F)) / p
        return first, float(np.einsum("nm,nmij,nmij->", w, F, F)) / p

    def start(self, z: complex) -> NDArray:
        basis = self.law.basis
        return -np.einsum("rii->r", basis) / np.einsum("rij,rij->r", basis, basis) / z

    def newton(self, alpha: float, z: complex, state: NDArray) -> NDArray | None:
        basis, p = self.law.basis, self.law.p
        a = state.astype(complex)
        for _ in range(NEWTON_STEPS):
            A = np.einsum("r,rij->ij", a, basis)
            if not np.isfinite(A).all():
                return None
            inverse = np.linalg.inv(A)
            mean, square = self.law.moments(A)
            jacobian = alpha * np.einsum("rli,ijkl,sjk->rs", basis, square, basis)
            jacobian -= np.einsum("rij,jk,skl,li->rs", basis, inverse, basis, inverse)
            residual = np.einsum("rij,ij->r", basis, inverse - alpha * mean + z * np.eye(p))
            try:
                step = solved(jacobian, residual)
            except NoConvergence:
                return None
            size = abs(step).max() / abs(a).max()
            a = a - step * (min(1.0, 0.5 / size) if size > 0 else 0.0)
            if size < TOLERANCE:
                return a
        return None

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


def network_solver(
    model: TeacherStudent,
    refinement: float,
    seed: int = 0,
    lowest: tuple[LowestCurvature, LowestCurvature] | None = None,
) -> NetworkSolver:
    """The scalar route where the model allows it, else the matrix route.

    ``lowest`` is the model's lowest curvature, and that of −F, if they are known.
    """
    if is_scalar(model):
        low, high, reason = curvature_range(model)
        return ScalarSolver(scalar_law(model, (low, high), refinement), reason)
    scout = None
    lowest = lowest or (LowestCurvature(model), LowestCurvature(model, -1.0))
    for density in (SCOUT, refinement) if refinement > SCOUT else (refinement,):
        laws = [matrix_law(model, density, one.sign, seed, one) for one in lowest]
        scout = MatrixSolver(laws[0], laws[1], scout)
    assert scout is not None
    return scout


def walk(solver: NetworkSolver, alpha: float, eigenvalues: NDArray, height: float) -> list[NDArray]:
    """The states at λ + i0 along an increasing grid, each from the one before.

    Where Newton's method fails it starts again from ``height`` above the real axis.
    """
    states: list[NDArray] = []
    state: NDArray | None = None
    for eigenvalue in eigenvalues:
        z = complex(eigenvalue, ABOVE * height)
        found = None if state is None else solver.newton(alpha, z, state)
        # In a gap too Im g < 0 at this height tells the solution from others.
        if found is None or solver.stieltjes(found).imag >= 0:
            found = _descend(solver, alpha, float(eigenvalue), height)
        state = found
        states.append(state)
    return states


def _descend(solver: NetworkSolver, alpha: float, eigenvalue: float, height: float) -> NDArray:
    """From λ + i height down to λ + i0, by steps that Newton's method follows."""
    z = complex(eigenvalue, height)
    state = None
    for _ in range(60):
        state = solver.newton(alpha, z, solver.start(z))
        if state is not None and solver.stieltjes(state).imag < 0:
            break
        z = complex(eigenvalue, 2 * z.imag)
    if state is None:
        raise NoConvergence(f"density: no solution above λ = {eigenvalue:.6g}")
    y, factor = z.imag, 0.5
    lowest = 1e-9 * height
    while y > lowest:
        following = solver.newton(alpha, complex(eigenvalue, y * factor), state)
        if following is None or solver.stieltjes(following).imag > 0:
            factor = math.sqrt(factor)
            if factor > 0.98:
                # The spectrum of the quadrature itself is met here: ρ is below its resolution.
                return state
            continue
        state, y, factor = following, y * factor, max(0.1, factor**2)
    return state
