"""Generalized approximate message passing on one draw, at p* = 1."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, number
from bbpscape.simulation.data.instance import Instance

# (ω, V) to g_out and ∂g_out/∂ω of every sample, both of shape (M,).
Score = Callable[[NDArray, NDArray], tuple[NDArray, NDArray]]

STEPS = 200
# Settled where |w|²/N moves by less for so many steps; exact where V is below.
SETTLED, CALM = 1e-5, 5
EXACT = 1e-9
LEAST = 1e-12
# |ŵ|²/N of an estimate that has gone astray, and what is then tried.
TOO_LARGE, DAMPINGS = 1.5, (0.0, 0.3, 0.6)


@dataclass(frozen=True)
class Passed:
    """``q``, the squared cosine of the estimate and the teacher; ``norm`` its |w|²/N, which is q
    too where the belief is right; whether it ``settled``, and after how many ``steps``."""

    q: float
    norm: float
    steps: int
    settled: bool


def gamp(
    instance: Instance,
    score: Score,
    start: float,
    generator: np.random.Generator,
) -> Passed:
    """ω = X ŵ − V g,  g = g_out(ω, y, V),  A = −Σ_μ x_μ² ∂g_μ,  ŵ = (A ŵ + Xᵀ g)/(1 + A).

    V_μ = Σ_i x_μi² v_i with v = 1/(1 + A). From ŵ = s w* + √(s(1 − s)) ξ, of squared overlap
    ``start`` = s with the teacher, and v = 1 − s. Where the estimate outgrows the teacher it starts
    again, with a share of the step before in every new g, ŵ and v.

    Raises
    ------
    InvalidInput
        If p* > 1, or ``start`` is not from 0 to 1.
    """
    start = number("start", start, 0.0, 1.0)
    if instance.model.p_star != 1:
        raise InvalidInput(f"message passing needs p_star = 1, got {instance.model.p_star}")
    teacher = instance.teacher[0]
    first = start * teacher
    first += math.sqrt(start * (1 - start)) * generator.standard_normal(teacher.size)
    for damping in DAMPINGS:
        w, steps, settled = _pass(instance, score, first, start, damping)
        norm = float(w @ w) / w.size
        if norm < TOO_LARGE:
            break
    q = float(w @ teacher) ** 2 / float((w @ w) * (teacher @ teacher)) if norm > 0 else 0.0
    return Passed(q, norm, steps, settled)


def _pass(
    instance: Instance, score: Score, w: NDArray, start: float, damping: float
) -> tuple[NDArray, int, bool]:
    """ŵ, the steps it took, and whether it settled."""
    X = instance.inputs
    squares = X**2
    v, g, norm, calm = np.full(w.size, 1 - start), np.zeros(instance.M), start, 0
    for step in range(1, STEPS + 1):
        keep = damping if step > 1 else 0.0
        V = squares @ v
        found, slope = score(X @ w - V * g, V)
        g = keep * g + (1 - keep) * found
        A = np.maximum(-(slope @ squares), LEAST)
        w = keep * w + (1 - keep) * (A * w + g @ X) / (1 + A)
        v = keep * v + (1 - keep) / (1 + A)
        last, norm = norm, float(w @ w) / w.size
        calm = calm + 1 if abs(norm - last) < SETTLED else 0
        if calm >= CALM or float(v.mean()) < EXACT:
            return w, step, True
        if norm > TOO_LARGE:
            break
    return w, step, False
