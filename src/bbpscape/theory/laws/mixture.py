"""The law of samples of several norms: a mixture over τ of the laws at each."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.radius import at_radius
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import BULK, MEAN, Law


@dataclass(frozen=True)
class Part:
    """Samples of norm τ, a share ``weight`` of all: f̃ = ``scale`` f with f of ``law``."""

    weight: float
    tau: float
    scale: float
    law: Law


@dataclass(frozen=True)
class MixtureLaw:
    """E over τ of the moments of f̃ = τ F(√τ λ; √τ u); what the parts lack of 1 has f̃ = 0.

    With inputs of a mean, |μ| = ``mean``, the direction ``MEAN`` has the weight 1 + |μ|²/τ: the
    square of √N x along μ over τ, for f̃ has the factor τ already.

    ``unbounded``: the parts are nodes of a law of norms without an upper bound.
    """

    parts: tuple[Part, ...]
    neurons: float
    mean: float = 0.0
    unbounded: bool = False

    def support(self, direction: str = BULK) -> tuple[float, float]:
        known = BULK if direction == MEAN else direction
        ends = np.array([np.multiply(one.scale, one.law.support(known)) for one in self.parts])
        low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
        if self.unbounded:
            return (-math.inf if low < 0 else low), (math.inf if high > 0 else high)
        return low, high

    @property
    def zero_mass(self) -> float:
        return 1 - sum(one.weight * (1 - one.law.zero_mass) for one in self.parts)

    @property
    def directions(self) -> Mapping[str, float]:
        own = self.parts[0].law.directions
        return {**own, MEAN: self.neurons} if self.mean else own

    def moments(
        self, g: ArrayLike, order: int, directions: Sequence[str] = (BULK,)
    ) -> NDArray[np.inexact]:
        g = np.asarray(g)
        known = tuple(BULK if one == MEAN else one for one in directions)
        total = np.zeros((len(known), order, *g.shape), dtype=np.result_type(g, float))
        for one in self.parts:
            factors = one.scale ** np.arange(1, order + 1)
            found = one.law.moments(one.scale * g, order, known)
            found = found * factors.reshape(-1, *[1] * g.ndim)
            for i, direction in enumerate(directions):
                share = 1 + self.mean**2 / one.tau if direction == MEAN else 1.0
                total[i] += one.weight * share * found[i]
        return total

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        g = np.asarray(g)
        parts = [one.weight * one.law.log_moment(one.scale * g) for one in self.parts]
        return np.sum(parts, axis=0)


def check_no_rest(inputs: InputLaw) -> None:
    """InvalidInput where samples of norm 0 are the inputs' mean: they add nothing without one."""
    if inputs.mean and not inputs.radial.nodes()[0].all():
        raise InvalidInput("radial must not have samples of norm 0 where the inputs have a mean")


def mixture(model: TeacherStudent, law_of: Callable[[TeacherStudent], Law]) -> Law:
    """The law of a model's inputs from that of each norm; samples of norm 0 add nothing.

    >>> from bbpscape.model.inputs.law import InputLaw
    >>> from bbpscape.theory.laws.committee import CommitteeLaw
    >>> model = TeacherStudent(2, 1, inputs=InputLaw(radial="atoms:0.4@0.5,1.6@0.5"))
    >>> mixture(model, CommitteeLaw).support()
    (-1.6, inf)
    """
    tau, weights = model.inputs.radial.nodes()
    check_no_rest(model.inputs)
    parts = []
    for one, weight in zip(tau.tolist(), weights.tolist(), strict=True):
        if one > 0:
            scale, same = at_radius(model, one)
            parts.append(Part(weight, one, scale, law_of(same)))
    if len(parts) == 1 and not model.inputs.mean and parts[0].scale == 1:
        return parts[0].law
    unbounded = math.isinf(model.inputs.radial.upper)
    return MixtureLaw(tuple(parts), model.p, model.inputs.mean, unbounded)
