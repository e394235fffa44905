"""The spectral methods that ``methods`` compares: each with its theory, and measured on a draw."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.overlap_curve import overlap_curve
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.families import PREPROCESSINGS, Choice, Family, Setting
from bbpscape.theory.spectral.matrix.law_of import label_law
from bbpscape.theory.spectral.matrix.method import (
    MatrixOverlap,
    optimal_matrix,
    ridge_of,
    right_side,
)
from bbpscape.theory.spectral.matrix.moments import LabelLaw, LabelNodes, conditional
from bbpscape.theory.spectral.matrix.recovery import matrix_recovery
from bbpscape.theory.spectral.overlap import spectral_overlap
from bbpscape.theory.spectral.preprocessing import Preprocessing
from bbpscape.theory.spectral.threshold import spectral_threshold

HESSIAN, MATRIX = "Hessian", "optimal matrix"
TOLERANCE = 1e-6
# Just above its threshold a matrix method shows the eigenvectors that are counted.
ABOVE = 1.2


class Prediction(NamedTuple):
    """Where a method begins, how, and its m² at every α."""

    alpha: float
    transition: str
    m2: NDArray[np.float64]


class Contender(Protocol):
    """A spectral method."""

    @property
    def name(self) -> str:
        """As tables and figures call it."""

    def theory(self, alphas: NDArray[np.float64]) -> Prediction:
        """Its threshold and m² at every α."""

    def measure(self, instance: Instance) -> float:
        """m² of its eigenvectors on one draw."""


@dataclass(frozen=True, eq=False)
class HessianMethod:
    """The p p* lowest eigenvectors of the student's Hessian."""

    model: TeacherStudent
    N: int | None
    name: str = HESSIAN

    def theory(self, alphas: NDArray[np.float64]) -> Prediction:
        curve = overlap_curve(self.model, alphas, self.N)
        return Prediction(curve.threshold.alpha_bbp, curve.threshold.transition, curve.m2)

    def measure(self, instance: Instance) -> float:
        copies = int(instance.model.p) * instance.model.p_star
        hessian = Hessian(instance.inputs, instance.curvature)
        vectors = lowest(hessian, copies, TOLERANCE, certificate=False).eigenvectors
        return float(teacher_overlap(vectors, instance.teacher_basis).mean())


@dataclass(frozen=True, eq=False)
class ScalarMethod:
    """The p* highest eigenvectors of D = Σ_μ T(y_μ) x_μ x_μᵀ."""

    channel: QuadraticTeacher
    choice: Choice
    law: InputLaw
    N: int | None

    @property
    def name(self) -> str:
        return self.choice.preprocessing.name

    def theory(self, alphas: NDArray[np.float64]) -> Prediction:
        chosen, at = self.choice.preprocessing, self.choice.threshold
        if not self.law.standard:
            at = spectral_threshold(self.channel, chosen, self.law, self.N)
        m2 = [spectral_overlap(self.channel, chosen, one, self.law, self.N).m2 for one in alphas]
        return Prediction(at.alpha, at.transition, np.array(m2))

    def measure(self, instance: Instance) -> float:
        T = self.choice.preprocessing(instance.labels)
        return _highest(instance, T[:, None, None], instance.model.p_star)


@dataclass(frozen=True, eq=False)
class MatrixMethod:
    """The highest eigenvectors of Σ_μ T(y_μ) ⊗ x_μ x_μᵀ for the optimal T(y) ∈ R^{p* × p*}.

    As many as leave the bulk together at the threshold.
    """

    model: TeacherStudent
    law: LabelLaw
    name: str = MATRIX

    @cached_property
    def _nodes(self) -> LabelNodes:
        return LabelNodes.of(self.law)

    @cached_property
    def _alpha(self) -> float:
        return matrix_recovery(self.model).limit.alpha_spectral

    @cached_property
    def _count(self) -> int:
        if math.isinf(self._alpha):
            return self.model.p_star
        return self._outliers(ABOVE * self._alpha)[0].multiplicity

    def _outliers(self, alpha: float) -> tuple[MatrixOverlap, ...]:
        T = optimal_matrix(self._nodes.second, ridge_of(self._nodes, alpha))
        return right_side(self._nodes, T, alpha)[1]

    def theory(self, alphas: NDArray[np.float64]) -> Prediction:
        m2 = np.zeros(alphas.size)
        for i, alpha in enumerate(alphas.tolist()):
            left = self._count
            for one in self._outliers(alpha):
                taken = min(left, one.multiplicity)
                m2[i] += one.m2 * taken / self._count
                left -= taken
        return Prediction(self._alpha, "continuous", m2)

    def measure(self, instance: Instance) -> float:
        _, second = conditional(self.law, instance.labels)
        M, N = instance.inputs.shape
        ridge = ridge_of(self._nodes, M / N)
        return _highest(instance, optimal_matrix(second, ridge), self._count)


def _highest(instance: Instance, T: NDArray, count: int) -> float:
    some = instance.inputs.any(axis=1)  # inputs of norm 0 add nothing, whatever T(0)
    vectors = lowest_dense(Hessian(instance.inputs[some], -T[some]), count).eigenvectors
    return float(teacher_overlap(vectors, instance.teacher_basis).mean())


def contenders(
    model: TeacherStudent, N: int | None, own: Sequence[Preprocessing | Family]
) -> list[Contender]:
    """The Hessian, then all that there is for the teacher of a model, then the user's own.

    Raises
    ------
    InvalidInput
        If T of the user's own is given for another than a quadratic teacher, or takes a name, or
        the law of the labels is not known (``label_law``).
    """
    found: list[Contender] = [HessianMethod(model, N)]
    channel = QuadraticTeacher.of(model)
    if channel is None:
        if own:
            raise InvalidInput("preprocessings need a quadratic teacher with noise alone")
        return [*found, MatrixMethod(model, label_law(model))]
    setting = Setting(channel, student=model)
    families = [
        one if isinstance(one, Family) else Family(one.name, functools.partial(_always, one))
        for one in own
    ]
    names = [HESSIAN, *PREPROCESSINGS]
    for family in families:
        if family.name in names:
            raise InvalidInput(f"there is a method {family.name!r} already: choose another name")
        names.append(family.name)
    choices = [family.choose(setting) for family in (*PREPROCESSINGS.values(), *families)]
    law = model.inputs
    return [*found, *(ScalarMethod(channel, one, law, N) for one in choices if one is not None)]


def _always(one: Preprocessing, setting: Setting) -> Preprocessing:
    return one
