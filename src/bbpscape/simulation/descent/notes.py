"""What is known of the draws of a descent on their way."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.descent.rule import DescentRule, Trajectory


@dataclass
class Point:
    """Where draws are: w and ∇L, of shape (n, p, N), where they live; the rest on the host.

    ``loss`` is L, ``norm`` ‖w‖ and ``steep`` ‖∇L‖, of shape (n,), and ``overlaps`` w w*ᵀ.
    """

    w: Any
    slope: Any
    loss: NDArray[np.float64]
    norm: NDArray[np.float64]
    steep: NDArray[np.float64]
    overlaps: NDArray[np.float64]


class Notes:
    """What is written down of one draw on its way."""

    def __init__(self, instance: Instance, rule: DescentRule):
        self.instance, self.rule = instance, rule
        self.rows: list[tuple[float, ...]] = []
        self.largest, self.largest_step, self.largest_frobenius = -1.0, 0, -1.0
        self.recovered_step: int | None = None
        self.status = ""
        self.eta, self.refused = math.nan, 0
        self.student: NDArray[np.float64]
        self.snapshots: dict[int, NDArray[np.float64]] = {}

    def finish(self) -> Trajectory:
        step, time, loss, error, m2, frobenius = np.array(self.rows, dtype=float).T
        return Trajectory(
            step.astype(int),
            time,
            loss,
            error,
            m2,
            m2_frobenius=frobenius,
            largest_m2=self.largest,
            largest_m2_frobenius=self.largest_frobenius,
            largest_m2_step=self.largest_step,
            recovered_step=self.recovered_step,
            status=self.status,
            eta=self.eta,
            refused=self.refused,
            student=self.student,
            snapshots=self.snapshots,
        )
