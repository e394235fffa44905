"""The label-sampled equations of inputs with structure.

Given (y_μ, r_μ, τ_μ) and how the teacher lies along the principal components, theory.md §6
holds with (1/N) Σ_μ in place of α E.
"""

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.label_sampled import LabelSampled, edge_cell, label_sampled_law
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.scalar import Side
from bbpscape.theory.population.states import PopulationStates
from bbpscape.theory.sampled import walk
from bbpscape.theory.solution import Outlier


def sampled_side(
    model: TeacherStudent,
    N: int,
    r: NDArray,
    y: NDArray,
    norms: NDArray | None,
    population: Population,
) -> Side:
    """The left of the spectrum that labels and norms τ_μ, each of shape (M,), say at N."""
    return Side(label_sampled_law(model, r, y, norms), population, model.p, y.size / N)


def solve_side(model: TeacherStudent, N: int, side: Side) -> LabelSampled:
    """Outlier along the teacher, edge and overlaps of one draw.

    Principal components with an eigenvalue of their own are no part of it.
    """
    edge, bulk, overlap = side.edge, side.edge.value, 0.0
    outlier: Outlier | None = None
    if edge.kind == "sharp":
        bulk += edge.tracy_widom_shift(int(model.p * N))
        overlap = _edge_overlap(model, N, side)
        outlier = side.outlier(TEACHER)
    if outlier is None:
        return LabelSampled(None, None, bulk, bulk, overlap)
    lowest = outlier.eigenvalue
    return LabelSampled(lowest, outlier.m2, bulk, lowest, max(outlier.m2, overlap))


def _edge_overlap(model: TeacherStudent, N: int, side: Side) -> float:
    """The mean m² of the lowest p p* eigenvalues of the bulk: ∫ ρ_u over their cell at the edge.

    The depths below which they lie are those of a square root, as of standard inputs; ρ_u/ρ is
    that of the equations at real λ. Along Γ − i√(…), as there, the expansion may leave the cell
    where components of small σ end the bulk.
    """
    assert side.point is not None
    edge, law, total = side.edge, side.law, 0.0
    g, weights = edge_cell(model, edge, N)
    depths = g.imag**2 * abs(edge.z2) / 2
    states = PopulationStates(law, side.branch.population)
    found = walk(states, side.alpha, edge.value + depths, 1 / abs(side.point.gamma))
    for state, weight in zip(found, weights, strict=True):
        gamma, s, z = state.tolist()
        bulk, along = law.moments(np.array([gamma]), 1, (BULK, TEACHER))[:, 0, 0].tolist()
        strength = side.alpha * (along - bulk)
        kernel = side.whole.kernel(TEACHER, z, s)
        field = kernel.along**2 * strength / (1 - strength * kernel.value)
        resolvent = side.whole.own(TEACHER, z, s) + field
        total += weight * resolvent.imag / states.stieltjes(state).imag
    # An expansion at the edge can exceed the bound of an overlap.
    return min(1.0, float(model.p_star / N * total))
