"""What ``simulate`` gives: the lowest eigenpairs of every draw, and what they know of w*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.report import Report, Table, counted, named_m2, number
from bbpscape.core.result import Result, result
from bbpscape.core.statistics import Fraction
from bbpscape.core.status import CONVERGED, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.eigen.certificate import Certificate
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.eigen.signal import LargestOverlap


@dataclass(frozen=True, eq=False)
class SimulatedDraw:
    """The lowest pairs of one draw; arrays have shape (k,), and see ``LowestPairs``.

    ``m2`` are squared teacher overlaps, ``total_m2`` is their sum over the p·p* lowest, ``gap`` is
    λ_{p p* + 1} − λ_{p p*}, ``tolerance`` the residual that was asked for, and ``peak_bytes`` what
    Python's allocator saw at most, the inputs included, without the memory of a torch device; it is
    that of the whole batch where draws go through a device together.
    """

    eigenvalues: NDArray[np.float64]
    residuals: NDArray[np.float64]
    tolerance: float
    bounds: NDArray[np.float64]
    m2: NDArray[np.float64]
    total_m2: float
    gap: float | None
    largest_overlap: LargestOverlap | None
    converged: bool
    method: str
    products: int
    seconds: float
    peak_bytes: int
    certificate: Certificate


@result
class Simulation(Result):
    """``draws`` of one model at one α and N, each by the seed and its index alone.

    ``inputs`` describes input rows of your own; it is None if inputs follow the model's law.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.simulate(bb.TeacherStudent(1, 1), alpha=4.0, N=30, draws=2)
    >>> found.M, len(found.draws), str(found.status)
    (120, 2, 'converged')
    """

    model: TeacherStudent
    alpha: float
    N: int
    M: int
    k: int
    seed: int
    cost: CostModel
    draws: tuple[SimulatedDraw, ...]
    inputs: str | None = None

    derived: ClassVar[tuple[str, ...]] = ("phi",)

    @property
    def phi(self) -> Fraction | None:
        """φ: of the draws that are decided, those whose largest m² is among the p·p* lowest."""
        verdicts = [None if (v := one.largest_overlap) is None else v.lowest for one in self.draws]
        decided = [one for one in verdicts if one is not None]
        return Fraction(sum(decided), len(decided)) if decided else None

    @property
    def status(self) -> Status:
        failed = sum(not one.converged for one in self.draws)
        missed = sum(one.certificate.passed is False for one in self.draws)
        parts = [f"{failed} did not converge"] * bool(failed)
        parts += [f"{missed} missed an eigenvalue"] * bool(missed)
        if not parts:
            return CONVERGED
        return Status(
            f"of {counted(len(self.draws), 'draw')} {' and '.join(parts)}",
            "use float64, a larger tol or the dense method",
        )

    def headline(self) -> str:
        told = self.model.label(
            alpha=f"{self.alpha:g}", N=self.N, M=self.M, draws=len(self.draws), seed=self.seed
        )
        return told if self.inputs is None else f"{told}, {self.inputs}"

    def columns(self) -> Mapping[str, Any]:
        """One row an eigenpair of a draw."""
        draws, names = self.draws, ("eigenvalues", "residuals", "bounds", "m2")
        joined = {name: np.concatenate([getattr(one, name) for one in draws]) for name in names}
        return {
            "draw": np.repeat(np.arange(len(draws)), self.k),
            "pair": np.tile(np.arange(self.k), len(draws)),
            **{name.removesuffix("s"): values for name, values in joined.items()},
            "converged": np.repeat([one.converged for one in draws], self.k),
            "certified": np.repeat([one.certificate.passed is True for one in draws], self.k),
        }

    def report(self) -> Report:
        total = named_m2(self.model.p_star, what="Σm²")
        columns = ("draw", "lowest", "gap", total, "residual", "products", "s", "status")
        rows = [
            (
                str(index),
                f"{one.eigenvalues[0]:.8g}",
                number(one.gap),
                f"{one.total_m2:.4g}",
                f"{one.residuals.max():.1e}",
                str(one.products),
                f"{one.seconds:.3g}",
                f"{one.method}{'' if one.converged else ', NOT CONVERGED'}, "
                f"{one.certificate.verdict}",
            )
            for index, one in enumerate(self.draws)
        ]
        notes = [f"phi = {self.phi}"] if self.phi is not None else []
        if not self.status.ok:
            notes.append(str(self.status))
        return Report([Table(self.headline(), columns, rows)], notes)
