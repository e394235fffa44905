"""Of a model to what the state evolution asks of its labels."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.bayes.curve import Labels
from bbpscape.theory.bayes.exact import ExactLabels
from bbpscape.theory.bayes.likelihood import Likelihood
from bbpscape.theory.bayes.noisy import counts_likelihood, noisy_likelihood
from bbpscape.theory.bayes.pieces import REACH, Function, Kinks, monotone_pieces
from bbpscape.theory.bayes.radial import WIDEST, ExactLength, LengthLikelihood, last_length


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
        return _of_line(source, -REACH, REACH) if random(source) else _exact(source)
    if source.p_star > WIDEST:
        raise InvalidInput(f"bayes_optimal needs p_star of at most {WIDEST}, got {source.p_star}")
    if not is_known(source):
        raise InvalidInput(
            f"bayes_optimal at p_star = {source.p_star} needs a teacher of |u| alone and labels "
            "without flips; any teacher at p_star = 1"
        )
    if not random(source):
        pieces = monotone_pieces(*_function(source), 0.0, last_length(source.p_star))
        if len(pieces) > 1 or pieces[0].flat:
            raise InvalidInput(
                f"bayes_optimal at p_star = {source.p_star} needs exact labels to increase or "
                "decrease with |u|, or noise"
            )
        return ExactLength(source.p_star)
    return LengthLikelihood.of(_of_line(source, 0.0, last_length(source.p_star)), source.p_star)


def is_known(model: TeacherStudent) -> bool:
    """Whether one number q says it all: p* = 1, or a teacher of |u| alone and no flips."""
    if model.p_star == 1:
        return True
    narrow = model.p_star <= WIDEST and not model.labels.flip
    return narrow and model.teacher.facts(model.p_star).rotations


def random(model: TeacherStudent) -> bool:
    """Whether labels are blurred, so that P(y | u) is a density or a law of counts."""
    return model.labels.noise > 0 or model.labels.poisson


def _function(model: TeacherStudent) -> tuple[str, Function, Kinks]:
    """(name, φ, its kinks) along the first direction of the teacher."""
    axis = np.eye(1, model.p_star)[0]

    def value(u: NDArray) -> NDArray:
        return model.teacher_output(u[..., None] * axis)

    def kinks(u: NDArray) -> tuple[NDArray, ...]:
        return model.teacher.kinks(u[..., None] * axis)

    return model.teacher.name, value, kinks


def _exact(model: TeacherStudent) -> ExactLabels:
    return ExactLabels(*_function(model), model.labels.flip)


def _of_line(model: TeacherStudent, low: float, high: float) -> Likelihood:
    """P(y | u) between two u."""
    labels = model.labels
    if labels.poisson and labels.noise:
        raise InvalidInput("bayes_optimal needs counts without noise: set label_noise or poisson")
    if labels.poisson:
        return counts_likelihood(*_function(model), labels, low, high)
    return noisy_likelihood(*_function(model), labels, low, high)
