"""The transition of a p × p law: the α at which an informative outlier leaves its left edge.

A first law, of few nodes, is searched in log α, each value an edge of its own. From there Newton's
method solves any law for all unknowns at once, A, z and log α: the bulk equation, the edge (dz/dτ
is 0 where it is sharp, reach(A) 1 where it is smooth) and an eigenvalue 0 of M. The derivatives of
the first law serve the denser ones, which cost a few evaluations each.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.matrix.branch import BranchPoint, on_branch, solved
from bbpscape.theory.matrix.bulk import bulk_terms
from bbpscape.theory.matrix.components import separated_edge
from bbpscape.theory.matrix.edges import MatrixEdge, margin
from bbpscape.theory.matrix.frame import Frame
from bbpscape.theory.matrix.outliers import (
    DECOUPLED,
    SignalSpectrum,
    outliers_at,
    signal_spectrum,
)
from bbpscape.theory.roots import NoConvergence, bracket, iterations

# Of log α, for Newton's method to start from, and of its last step.
NEAR, ROOT = 1e-3, 1e-9
STEPS = 40
# Steps that shrink less than this ask for derivatives of their own; none is longer than LONGEST.
SLOW, LONGEST = 0.3, 0.1
# Of differences, relative to the unknowns.
DIFFERENCE = 1e-6
# α beyond a discontinuous transition at which the slope of m² is read off.
BEYOND = 1e-3
# An end of the branch is met to this share of it.
AT_END = 1e-7


@dataclass(frozen=True, eq=False)
class MatrixTransition:
    """α, the kind of the edge and its point, and how many components lie apart from the bulk;
    ``jacobian`` is that of the equations there."""

    alpha: float
    kind: str
    apart: int
    point: BranchPoint
    spectrum: SignalSpectrum
    jacobian: NDArray[np.float64]
    iterations: int
    residual: float


def informative_excess(point: BranchPoint, spectrum: SignalSpectrum) -> float:
    """The largest eigenvalue of M but for the student's own, in units of |z| + its largest."""
    chosen = spectrum.values[spectrum.teacher > DECOUPLED]
    return float(chosen.max() / (abs(point.z) + abs(spectrum.values).max()))


def search_transition(law: MatrixLaw) -> MatrixTransition:
    """The transition of a law of which nothing is known, at the smallest α found from α = 1."""
    solved: dict[float, tuple[MatrixEdge, float]] = {}

    def excess(log_alpha: float) -> float:
        if log_alpha not in solved:
            closest = min(solved, key=lambda one: abs(one - log_alpha), default=None)
            start = None if closest is None else solved[closest][0]
            alpha = math.exp(log_alpha)
            edge = separated_edge(law, alpha, start)
            if edge.point is None:
                solved[log_alpha] = edge, -1.0
            else:
                spectrum = signal_spectrum(law.without(edge.apart), alpha, edge.point)
                solved[log_alpha] = edge, informative_excess(edge.point, spectrum)
        return solved[log_alpha][1]

    low, high = bracket(excess)
    root = brentq(excess, low, high, xtol=NEAR, rtol=NEAR)
    excess(root)
    edge = solved[root][0]
    if edge.point is None:
        raise NoConvergence("threshold: the left edge is at 0 where the outlier leaves it")
    return _solve(law.without(edge.apart), edge.edge.kind, edge.point, root, None)


def refine_transition(law: MatrixLaw, start: MatrixTransition) -> MatrixTransition:
    """The transition of a law from that of a similar one."""
    log_alpha = math.log(start.alpha)
    try:
        same = law.without(start.apart)
        return _solve(same, start.kind, start.point, log_alpha, start.jacobian)
    except NoConvergence:
        return search_transition(law)


def jump_and_onset(law: MatrixLaw, found: MatrixTransition) -> tuple[float, float]:
    """(m² at the transition, α₀ where its tangent there reaches 0); (0, α) where it is continuous.

    The slope is a one-sided difference over two outliers beyond the transition, of second order.
    """
    if found.kind == "sharp":
        return 0.0, found.alpha
    law, last = law.without(found.apart), found.point
    values = [_m2(law, found.alpha, last, found.spectrum)]
    ahead = _ahead(law, found, math.log1p(BEYOND))
    for factor in (1 + BEYOND, 1 + 2 * BEYOND):
        alpha = factor * found.alpha
        state, *_ = _newton(law, "", ahead, math.log(alpha), found.jacobian)
        values.append(_m2(law, alpha, state.point, state.spectrum))
        ahead, last = _beyond(last, state.point), state.point
    at, one, two = values
    slope = (4 * one - two - 3 * at) / (2 * BEYOND * found.alpha)
    return at, found.alpha - at / slope


def _ahead(law: MatrixLaw, found: MatrixTransition, change: float) -> BranchPoint:
    """The outlier at log α + ``change`` along its tangent, by the derivatives at the transition."""
    point, jacobian = found.point, found.jacobian
    step = -change * solved(jacobian[:-1, :-1], jacobian[:-1, -1])
    A = point.A + point.tau * np.einsum("r,rij->ij", step[:-1], law.basis)
    return replace(point, A=A, z=point.z + float(step[-1]) / point.tau)


def _beyond(last: BranchPoint, point: BranchPoint) -> BranchPoint:
    """As far from a point as that is from the one before."""
    return replace(point, A=2 * point.A - last.A, z=2 * point.z - last.z)


def _m2(law: MatrixLaw, alpha: float, point: BranchPoint, spectrum: SignalSpectrum) -> float:
    return max(one.teacher_m2 for one in outliers_at(Frame(law), alpha, point, spectrum, 0, 0.0))


@dataclass(frozen=True, eq=False)
class _State:
    """The equations at (A, z, log α): d of the bulk, then M's and the edge's."""

    residual: NDArray[np.float64]
    point: BranchPoint
    spectrum: SignalSpectrum


def _solve(
    law: MatrixLaw, kind: str, start: BranchPoint, log_alpha: float, jacobian: NDArray | None
) -> MatrixTransition:
    """The transition near a point, of the kind given or of the other one."""
    for tried in (kind, "smooth" if kind == "sharp" else "sharp"):
        state, alpha, jacobian, iterations = _newton(law, tried, start, log_alpha, jacobian)
        short = margin(law, state.point) < -AT_END if tried == "sharp" else state.point.excess < 0
        if not short:
            residual, apart = float(abs(state.residual[-2])), law.apart
            return MatrixTransition(
                alpha,
                tried,
                apart,
                state.point,
                state.spectrum,
                jacobian,
                iterations,
                residual,
            )
        start, log_alpha, jacobian = state.point, math.log(alpha), None
    raise NoConvergence("threshold: neither kind of edge has an informative outlier")


def _newton(
    law: MatrixLaw, kind: str, start: BranchPoint, log_alpha: float, jacobian: NDArray | None
) -> tuple[_State, float, NDArray, int]:
    """Newton's method from a point: (state, α, derivatives, steps).

    ``jacobian`` is kept for as long as it serves, mended by what a step meets (Broyden 1965).
    Without a ``kind`` α stays and the edge's equation is left out.
    """
    basis, unit = law.basis, start.tau
    kept = slice(None, None if kind else -1)
    x = np.einsum("rij,ij->r", basis, start.A) / np.einsum("rij,rij->r", basis, basis) / unit
    x = np.append(x, [start.z * unit, log_alpha])

    def at(x: NDArray) -> _State:
        A = unit * np.einsum("r,rij->ij", x[:-2], basis)
        return _equations(law, kind, A, float(x[-2]) / unit, math.exp(x[-1]))

    state, last, fresh = at(x), math.inf, False
    for iteration in iterations(STEPS, "threshold"):
        if jacobian is None:
            jacobian, fresh = _differences(at, x, state), True
        step = solved(jacobian[kept, kept], state.residual[kept])
        size = float(abs(step).max())
        if not math.isfinite(size):
            raise NoConvergence("threshold: Newton's method left the branch")
        if size > SLOW * last and not fresh:
            jacobian = None
            continue
        move = -step * (min(1.0, LONGEST / size) if size > 0 else 0.0)
        x[kept] += move
        before, state, fresh = state, at(x), False
        # Steps that shrink in proportion: the next one would be size²/last.
        if size < ROOT or size**2 < ROOT * last < math.inf:
            found = state, math.exp(x[-1]), jacobian, iteration
            break
        jacobian, last = jacobian.copy(), size
        missed = (state.residual - before.residual)[kept] - jacobian[kept, kept] @ move
        jacobian[kept, kept] += np.outer(missed, move) / (move @ move)
    return found


def _equations(law: MatrixLaw, kind: str, A: NDArray, z: float, alpha: float) -> _State:
    if np.linalg.eigvalsh(A)[0] <= 0:
        raise NoConvergence("threshold: Newton's method left the branch")
    terms = bulk_terms(law, alpha, A, z)
    if not np.isfinite(terms.jacobian).all():
        raise NoConvergence("threshold: Newton's method left the branch")
    point = on_branch(law, A, z, terms, 0)
    spectrum = signal_spectrum(law, alpha, point)
    edge = point.excess
    if kind == "smooth":
        edge = math.log(max(1 - margin(law, point), 1e-300))
    last = [informative_excess(point, spectrum), edge]
    residual = np.concatenate([point.tau * terms.residual, last])
    return _State(residual, point, spectrum)


def _differences(at: Callable[[NDArray], _State], x: NDArray, state: _State) -> NDArray:
    columns = []
    for i in range(x.size):
        moved = x.copy()
        moved[i] += DIFFERENCE
        columns.append((at(moved).residual - state.residual) / DIFFERENCE)
    return np.array(columns).T
