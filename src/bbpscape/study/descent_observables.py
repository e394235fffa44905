"""What a study measures of a descent, and the rule that its parameters stand for."""

import numpy as np

from bbpscape.simulation.backend import backend
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.rule import RATE, DescentRule, Trajectory, budget_operations
from bbpscape.simulation.descent.start import check_start, starting_point
from bbpscape.study.cells import Cell
from bbpscape.study.spectral_start import spectral_preprocessing


def check_descent(cell: Cell) -> DescentRule:
    """The rule of a cell, which ends a draw when it has recovered the teacher.

    Raises
    ------
    InvalidInput
        If the start does not go with the model.
    """
    values = cell.parameters
    if check_start(values["start"], cell.model.overlap != 0.0) == "spectral":
        spectral_preprocessing(cell.model)
    return DescentRule(
        method=str(values["method"]),
        sphere=values["domain"] == "sphere",
        steps=int(values["steps"]),
        until_recovery=True,
    )


def trajectory(
    cell: Cell, seed: np.random.SeedSequence, dtype: str = "float64", device: str = "cpu"
) -> Trajectory:
    """The descent of one draw of a cell.

    One that diverges counts as not recovered, with the largest m² that it reached, and has no loss
    and error at its end.
    """
    rule = check_descent(cell)
    instance = draw(cell.model, cell.alpha, cell.N, seed)
    start = str(cell.parameters["start"])
    transform = spectral_preprocessing(cell.model) if start == "spectral" else None
    point = starting_point(instance, start, transform)
    (found,) = descend_batch([instance], [point], rule, dtype=dtype, where=backend(device))
    return found


def descent_seconds(cell: Cell, M: int) -> float:
    """The whole budget of steps, at the rate of one core."""
    return budget_operations(check_descent(cell), int(cell.model.p), cell.N, M) / RATE


def largest_m2(one: Trajectory) -> float | None:
    return one.largest_m2


def recovered(one: Trajectory) -> float | None:
    return float(one.recovered and not _diverged(one))


def recovery_step(one: Trajectory) -> float | None:
    if one.recovered_step is None or _diverged(one):
        return None
    return float(one.recovered_step)


def last_loss(one: Trajectory) -> float | None:
    return None if _diverged(one) else float(one.loss[-1])


def last_error(one: Trajectory) -> float | None:
    return None if _diverged(one) else float(one.generalization[-1])


def _diverged(one: Trajectory) -> bool:
    return one.status == "diverged"
