"""The path of the order parameters (Q, m) of one-pass SGD."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from bbpscape.core.checks import NoConvergence
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.online.rates import Rates, fresh_nodes

# Of the steps: rates on Sobol points jump by about as much as one point weighs.
TOLERANCES = {True: (1e-7, 1e-9), False: (1e-4, 1e-5)}
# Of nodes whose path tells the error of the quadrature.
SPARSER = 0.75
# Squared norms beside the first ones at which a student has diverged.
DIVERGED = 1e4


@dataclass(frozen=True, eq=False)
class Path:
    """Q, (T, p, p), m, (T, p*, p), and the loss at the times reached, shape (T,).

    ``stopped`` is when the student diverged, None if it did not; ``error`` is the largest change of
    Q and m with sparser nodes.
    """

    times: NDArray[np.float64]
    gram: NDArray[np.float64]
    overlap: NDArray[np.float64]
    loss: NDArray[np.float64]
    stopped: float | None
    error: float


def follow(
    model: TeacherStudent,
    rate: float,
    times: NDArray[np.float64],
    sphere: bool = False,
    tell: Callable[[], None] | None = None,
) -> Path:
    """Solve from the model's own Gram matrix and overlap at t = 0; ``times`` rise from 0 on.

    Raises
    ------
    NoConvergence
        If the differential equations could not be solved.
    """
    fine = Rates(model, rate, sphere, fresh_nodes(model, 1.0, 0))
    gram, overlap, stopped = _solve(fine, times)
    if tell is not None:
        tell()
    sparse = Rates(model, rate, sphere, fresh_nodes(model, SPARSER, 1))
    rough = _solve(sparse, times)
    shared = min(len(gram), len(rough[0]))
    change = [
        abs(one[:shared] - other[:shared])
        for one, other in zip((gram, overlap), rough[:2], strict=True)
    ]
    loss = np.array([fine.loss(Q, m) for Q, m in zip(gram, overlap, strict=True)])
    if tell is not None:
        tell()
    error = max(float(one.max()) for one in change)
    return Path(times[: len(gram)], gram, overlap, loss, stopped, error)


def _solve(rates: Rates, times: NDArray) -> tuple[NDArray, NDArray, float | None]:
    """(Q, m, when it diverged) at the times reached."""
    Q, m = rates.model.gram, rates.model.overlap_matrix
    p, rows, columns = len(Q), *np.triu_indices(len(Q))
    largest = DIVERGED * float(np.diagonal(Q).max())
    # By symmetry; rounding would grow from 0.
    still = rates.model.activation.even and not m.any()

    def unpacked(state: NDArray) -> tuple[NDArray, NDArray]:
        Q = np.empty((p, p))
        Q[rows, columns] = Q[columns, rows] = state[: rows.size]
        return Q, state[rows.size :].reshape(m.shape)

    def slope(_: float, state: NDArray) -> NDArray:
        with np.errstate(over="ignore", invalid="ignore"):
            dQ, dm = rates(*unpacked(state))
        return np.concatenate([dQ[rows, columns], (0.0 if still else 1.0) * dm.ravel()])

    def room(_: float, state: NDArray) -> float:
        return largest - float(np.diagonal(unpacked(state)[0]).max())

    room.terminal = True  # type: ignore[attr-defined]
    start = np.concatenate([Q[rows, columns], m.ravel()])
    end = float(times[-1])
    if end == 0:
        return Q[None], m[None], None
    relative, absolute = TOLERANCES[rates.nodes.exact]
    found = solve_ivp(
        slope, (0.0, end), start, "LSODA", times, events=room, rtol=relative, atol=absolute
    )
    if found.status < 0:
        raise NoConvergence(f"one-pass SGD: {found.message}; take a smaller rate or earlier times")
    states = [unpacked(one) for one in found.y.T]
    stopped = float(found.t_events[0][0]) if found.status == 1 else None
    gram, overlap = (np.array(one) for one in zip(*states, strict=True))
    return gram, overlap, stopped
