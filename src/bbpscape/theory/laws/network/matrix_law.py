"""The p × p law of a network and its inputs: a mixture over their norms, and a covariance.

Samples of norm τ contribute F̃ = τ F(√τ λ; y(√τ u)): all that the theory asks is an average over τ
of the laws of each, in the same coordinates (λ, u) of unit variance.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.radius import at_radius
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.mixture import check_no_rest
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature, Reach
from bbpscape.theory.laws.network.node_law import NodeLaw
from bbpscape.theory.laws.network.nodes import (
    MOST_NUMBERS,
    QMC_POWER,
    held_numbers,
    network_nodes,
)
from bbpscape.theory.laws.network.scalar_law import FLAT, gathering_points
from bbpscape.theory.population.population import Population

TINY = 1e-30
# Nodes of a norm of a small share may be sparser: a rule of full density has so many digits.
DIGITS, SPARSEST = 8, 0.35


class Part(Protocol):
    """The law of samples of one norm, as ``NodeLaw`` is one."""

    @property
    def p(self) -> int:
        """F is p × p."""

    @property
    def basis(self) -> NDArray[np.float64]:
        """Orthogonal symmetric matrices that span what Γ can be."""

    @property
    def exact(self) -> bool:
        """Whether the nodes are products of rules."""

    @property
    def directions(self) -> tuple[str, ...]:
        """Of the coordinates v, in their order."""

    @property
    def first(self) -> NDArray[np.float64]:
        """E F."""

    @property
    def second(self) -> float:
        """E Tr F²."""

    @property
    def rank(self) -> float:
        """E[rank F]."""

    def moments(self, A: NDArray) -> tuple[NDArray, NDArray]:
        """(E[T], E[T_ij T_kl]) of T = F (I + A F)⁻¹."""

    def phase(self, A: NDArray) -> float:
        """E[Im log det (1 + A F)]."""

    def signal(self, A: NDArray) -> NDArray:
        """E[v vᵀ ⊗ T]."""


@dataclass(frozen=True, eq=False)
class MatrixLaw:
    """All that the theory asks of a model whose Γ need not be a multiple of the identity.

    ``parts`` are the laws of the norms above 0, of shares ``weights``. ``apart`` of the largest
    components of ``population`` are left out of the bulk.
    """

    parts: tuple[Part, ...]
    weights: tuple[float, ...]
    lowest: Reach
    population: Population
    apart: int = 0

    @property
    def p(self) -> int:
        return self.parts[0].p

    @property
    def basis(self) -> NDArray[np.float64]:
        """Orthogonal symmetric matrices, shape (d, p, p), that span what Γ can be."""
        return self.parts[0].basis

    @property
    def exact(self) -> bool:
        """Whether the nodes are products of rules, not quasi-Monte Carlo points."""
        return all(one.exact for one in self.parts)

    @property
    def isotropic(self) -> bool:
        """Whether Σ = 1."""
        return self.population.sigma.size == 1

    @cached_property
    def bulk(self) -> Population:
        """The components of the bulk."""
        return self.population.without(self.apart) if self.apart else self.population

    @property
    def directions(self) -> tuple[str, ...]:
        """Of the coordinates v, in their order."""
        return self.parts[0].directions

    def without(self, apart: int) -> "MatrixLaw":
        """The same law with so many components apart from the bulk."""
        return replace(self, apart=apart)

    @property
    def first(self) -> NDArray[np.float64]:
        """E F but for the law's symmetries, shape (p, p)."""
        return np.asarray(self._mean(lambda one: one.first))

    @property
    def second(self) -> float:
        """E Tr F²."""
        return float(self._mean(lambda one: one.second))

    @property
    def rank(self) -> float:
        """E[rank F]."""
        return float(self._mean(lambda one: one.rank))

    def moments(self, A: NDArray) -> tuple[NDArray, NDArray]:
        """(E[T], E[T_ij T_kl]), shapes (p, p) and (p, p, p, p), up to the law's symmetries."""
        found = [one.moments(A) for one in self.parts]
        mean, square = (
            sum(w * one for w, one in zip(self.weights, values, strict=True))
            for values in zip(*found, strict=True)
        )
        return np.asarray(mean), np.asarray(square)

    def phase(self, A: NDArray) -> float:
        """E[Im log det (1 + A F)] at a complex A with Im A > 0."""
        return float(self._mean(lambda one: one.phase(A)))

    def signal(self, A: NDArray) -> NDArray:
        """E[v vᵀ ⊗ T], shape (q p, q p) with q ``directions``; A may be complex.

        Index a p + i is coordinate a and neuron i.
        """
        return np.asarray(self._mean(lambda one: one.signal(A)))

    def signal_slope(self, A: NDArray, direction: NDArray) -> NDArray:
        """The derivative of ``signal`` along a direction of A, by a complex step."""
        return self.signal(A + 1j * TINY * direction).imag / TINY

    def _mean(self, value: Callable[[Part], NDArray | float]) -> NDArray | float:
        """E over the norms."""
        return sum(w * value(one) for w, one in zip(self.weights, self.parts, strict=True))


def matrix_law(
    model: TeacherStudent,
    refinement: float = 1.0,
    sign: float = 1.0,
    seed: int = 0,
    lowest: LowestCurvature | None = None,
    population: Population | None = None,
) -> MatrixLaw:
    """The law of a model, or of −F with ``sign`` = −1; ``lowest`` and ``population`` are theirs,
    if they are known."""
    if lowest is None:
        lowest = LowestCurvature(model, sign)
    if population is None:
        population = Population.of(model.inputs)
    minimizers = [] if lowest.unbounded else lowest.minimizers()
    check_no_rest(model.inputs)
    tau, weights = model.inputs.radial.nodes()
    some = tau > 0
    parts = []
    for one, density in zip(tau[some].tolist(), _densities(model)[some].tolist(), strict=True):
        scale, same = at_radius(model, one)
        points = gathering_points([at / math.sqrt(one) for at in minimizers])
        nodes = network_nodes(same, density * refinement, points, seed)
        parts.append(NodeLaw(nodes, sign * scale, model.inputs.mean / math.sqrt(one)))
    if not any(one.largest for one in parts):
        raise InvalidInput(FLAT)
    return MatrixLaw(tuple(parts), tuple(weights[some].tolist()), lowest, population)


def all_numbers(model: TeacherStudent) -> float:
    """How many numbers are held at the nodes of all norms, about."""
    return held_numbers(model) * float((_densities(model) ** _dimension(model)).sum())


def _densities(model: TeacherStudent) -> NDArray[np.float64]:
    """Of the nodes of each norm; together they hold no more numbers than a single one may."""
    _, weights = model.inputs.radial.nodes()
    if weights.size == 1:
        return np.ones(1)
    found = np.maximum(1 + np.log10(weights / weights.max()) / DIGITS, SPARSEST)
    power = _dimension(model)
    held = held_numbers(model)
    excess = held * float((found**power).sum()) / max(held, MOST_NUMBERS)
    return found * max(1.0, excess) ** (-1 / power)


def _dimension(model: TeacherStudent) -> int:
    """Nodes grow as the density to this power."""
    return min(int(model.p) + 1, QMC_POWER)
