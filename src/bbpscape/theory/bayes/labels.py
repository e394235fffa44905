"""Of a model to what the state evolution asks of its labels."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.bayes.curve import Labels
from bbpscape.theory.bayes.exact import ExactLabels
from bbpscape.theory.bayes.noisy import noisy_likelihood
from bbpscape.theory.bayes.radial import ExactLength, noisy_length


class Channel(Protocol):
    """A channel of ``bb.spectral`` that gives P(y | u) itself, not only w(y)."""

    @property
    def p_star(self) -> int:
        """Width of the teacher."""

    def likelihood(self) -> Labels:
        """E[g_out²] and g_out of its labels."""


def labels_of(source: TeacherStudent | Channel) -> Labels:
    """What a model's labels, or those of a channel, tell of u under a Gaussian belief.

    Raises
    ------
    InvalidInput
        If the inputs have structure, the student has an overlap, or the teacher is of p* > 1 and
        does not depend on |u| alone.
    """
    if not isinstance(source, TeacherStudent):
        if not hasattr(source, "likelihood"):
            raise InvalidInput(
                "bayes_optimal needs a TeacherStudent, or a channel with P(y | u), got "
                f"{type(source).__name__}"
            )
        return source.likelihood()
    if not source.inputs.standard:
        raise InvalidInput("bayes_optimal needs standard Gaussian inputs")
    if source.overlap != 0.0:
        raise InvalidInput("bayes_optimal needs no overlap: it knows the data alone")
    if source.p_star == 1:
        return _of_one_direction(source)
    if not source.activation.quadratic or source.labels.flip:
        raise InvalidInput(
            f"bayes_optimal at p_star = {source.p_star} needs a teacher of |u| alone: the "
            "quadratic activation and labels without flips; any teacher at p_star = 1"
        )
    if source.labels.noise:
        return noisy_length(source.p_star, source.labels.noise)
    return ExactLength(source.p_star)


def _of_one_direction(model: TeacherStudent) -> Labels:
    name, noise, flip = model.activation.name, model.labels.noise, model.labels.flip

    def value(u: NDArray) -> NDArray:
        return model.teacher_output(u[..., None])

    def kinks(u: NDArray) -> tuple[NDArray, ...]:
        return tuple(u - b for b in model.activation.breaks)

    if noise:
        return noisy_likelihood(name, value, kinks, noise, flip)
    return ExactLabels(name, value, kinks, flip)
