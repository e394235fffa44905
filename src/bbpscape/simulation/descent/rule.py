"""How a descent goes, and what is kept of it."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, did_you_mean, positive, positive_integer
from bbpscape.core.codec import BULKY
from bbpscape.core.short import short

METHODS = ("gd", "momentum", "flow")
PER_DECADE = 10
RECOVERY = 0.9
MOST_STEPS = 10**9

# On one core: operations a second of a gradient, fewer of one neuron, which waits for memory.
RATE, RATE_A_NEURON = 1.2e10, 6e9
STEP = 7e-5  # seconds of a gradient beside its products
# Of a record at which η is found again: seconds, and products at the rate of a block.
RECORD, LANCZOS_STEPS, LANCZOS = 2.5e-3, 15, 1e10


@dataclass(frozen=True)
class DescentRule:
    """How a descent goes, and when it ends.

    Parameters
    ----------
    method : str
        "gd": w ← w − η ∇L. "momentum": v ← β v − η ∇L, w ← w + v. "flow": dw/dt = −∇L by Heun's
        method, whose step adapts to its error and never raises the loss.
    sphere : bool
        Keep every row of w on the sphere of the model: of radius √N, or w·Σw = N where its inputs
        have a covariance and weights its metric. The gradient loses its part along the normal, and
        w is scaled back.
    steps : int
        Budget of a draw, refused steps among them. A step is one gradient, of the flow two.
    step : float, optional
        η, kept, or the flow's first step. By default 1/λ_max of each draw's Hessian where it is,
        found at the start and again at every record; "gd" then refuses a step that would raise the
        loss, and halves η until the next record.
    beta : float
        Of momentum, from 0 to below 1.
    tolerance : float
        Converged once ‖∇L‖ is below this times what it was at the start.
    recovery : float
        m² from which the teacher counts as recovered; other activations than the quadratic, whose
        m² does not see everything, need a generalization error below 1 − recovery as well.
    until_recovery : bool
        Stop a draw when it has recovered the teacher.
    snapshots : tuple of int
        Steps at which w is kept.

    Raises
    ------
    InvalidInput
        If a value is not allowed.

    Examples
    --------
    >>> import bbpscape as bb
    >>> bb.DescentRule("flow", steps=200)
    DescentRule(method='flow', steps=200)
    """

    method: str = "gd"
    sphere: bool = False
    steps: int = 2000
    step: float | None = None
    beta: float = 0.9
    tolerance: float = 1e-5
    recovery: float = RECOVERY
    until_recovery: bool = False
    snapshots: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return short(self, DescentRule())

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            near = did_you_mean(self.method, METHODS)
            raise InvalidInput(
                f"method must be one of {', '.join(METHODS)}, got {self.method!r}{near}"
            )
        for name in ("sphere", "until_recovery"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidInput(f"{name} must be True or False, got {getattr(self, name)!r}")
        object.__setattr__(self, "steps", int(positive_integer("steps", self.steps)))
        if self.steps > MOST_STEPS:
            raise InvalidInput(f"steps must be at most {MOST_STEPS}, got {self.steps}")
        if self.step is not None:
            object.__setattr__(self, "step", positive("step", self.step))
        for name, low, high in (("beta", 0.0, 1.0), ("tolerance", 0.0, 1.0), ("recovery", 0, 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, numbers.Real):
                raise InvalidInput(f"{name} must be a number, got {value!r}")
            if not low <= float(value) < high:
                raise InvalidInput(f"{name} must be from {low:g} to below {high:g}, got {value!r}")
        for one in self.snapshots:
            if isinstance(one, bool) or not isinstance(one, numbers.Integral) or one < 0:
                raise InvalidInput(f"snapshots must be steps of at least 0, got {one!r}")
        object.__setattr__(self, "snapshots", tuple(sorted({int(s) for s in self.snapshots})))


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One descent at log-spaced steps; ``step``, ``time``, ``loss``, … have shape (R,).

    ``loss`` is L/M, ``generalization`` and ``m2`` are those of ``descent_overlap``, ``time`` is
    Σ η. ``m2`` has the nuclear norm of w w*ᵀ and ``m2_frobenius`` the Frobenius norm, the same at
    p* = 1. The largest of each are over every step, recorded or not, and ``largest_m2_step`` is
    that of ``largest_m2``.
    ``status`` is "converged", "budget", "diverged", or "recovered" where that ends a descent;
    ``recovered_step`` is the first step at which the teacher was recovered, None if never.
    ``eta`` is the last η, ``refused`` the number of steps that would have raised the loss.
    ``student`` is w at the end and ``snapshots`` w at chosen steps, the last of them being the end
    of a descent that stopped before.
    """

    derived: ClassVar[tuple[str, ...]] = ("recovered",)

    step: NDArray[np.int64]
    time: NDArray[np.float64]
    loss: NDArray[np.float64]
    generalization: NDArray[np.float64]
    m2: NDArray[np.float64]
    m2_frobenius: NDArray[np.float64]
    largest_m2: float
    largest_m2_frobenius: float
    largest_m2_step: int
    recovered_step: int | None
    status: str
    eta: float
    refused: int
    student: NDArray[np.float64] = field(repr=False, metadata=BULKY)
    snapshots: dict[int, NDArray[np.float64]] = field(repr=False, metadata=BULKY)

    @property
    def recovered(self) -> bool:
        return self.recovered_step is not None


def record_steps(steps: int) -> NDArray[np.int64]:
    """0, 1, 2, … and then ten a decade up to ``steps``, which is among them.

    >>> record_steps(20).tolist()
    [0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20]
    """
    count = math.ceil(PER_DECADE * math.log10(max(steps, 2))) + 1
    raw = 10 ** (np.arange(count) / PER_DECADE)
    return np.unique(np.concatenate([[0], np.minimum(np.round(raw), steps), [steps]])).astype(int)


def budget_operations(rule: DescentRule, p: int, N: int, M: int) -> float:
    """4 M N p a gradient, for every step of the budget."""
    return 4.0 * M * N * p * rule.steps * (2 if rule.method == "flow" else 1)


def budget_seconds(rule: DescentRule, p: int, N: int, M: int) -> float:
    """Of one draw by itself, on one core, for every step of the budget and every record."""
    gradients = rule.steps * (2 if rule.method == "flow" else 1)
    products = budget_operations(rule, p, N, M) / min(RATE, RATE_A_NEURON * p)
    renewed = rule.step is None and rule.method != "flow"
    records = len(record_steps(rule.steps)) if renewed else 1
    return (
        gradients * STEP + products + records * (RECORD + LANCZOS_STEPS * 4.0 * M * N * p / LANCZOS)
    )
