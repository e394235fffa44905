"""Of a model to what its labels say of u: the one choice among the ways to find it."""

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.bayes.exact import ExactLabels
from bbpscape.theory.spectral.matrix.blurred import blurred
from bbpscape.theory.spectral.matrix.levels import Levels
from bbpscape.theory.spectral.matrix.lines import Given, Lengths, Line
from bbpscape.theory.spectral.matrix.moments import Flipped, LabelLaw, Wider
from bbpscape.theory.spectral.matrix.rays import Angular, Homogeneous, degree


def label_law(model: TeacherStudent) -> LabelLaw:
    """The law of y, E[u | y] and C_y of a model's teacher and labels.

    Raises
    ------
    InvalidInput
        If the inputs have structure, the student overlaps with the teacher, or the teacher is none
        of those that are known here.
    """
    if not model.inputs.standard:
        raise InvalidInput("weak recovery needs standard Gaussian inputs")
    if model.overlap != 0.0:
        raise InvalidInput("weak recovery needs a student without overlap")
    reads = model.teacher.reads(model.p_star)
    law = _of_labels(model, reads)
    return law if reads == model.p_star else Wider(law, model.p_star)


def _of_labels(model: TeacherStudent, reads: int) -> LabelLaw:
    labels = model.labels
    if labels.noise or labels.poisson:
        if labels.noise and labels.poisson:
            raise InvalidInput("weak recovery needs counts without noise")
        return blurred(model.teacher.name, model.teacher, labels, reads)
    law = _exact(model, reads)
    return Flipped(law, labels.flip) if labels.flip else law


def _exact(model: TeacherStudent, reads: int) -> LabelLaw:
    teacher = model.teacher
    if teacher.law is not None:
        return Given(teacher.law, *model.teacher.range(model.p_star), reads)
    axis = np.eye(1, reads)[0]

    def value(u: NDArray) -> NDArray:
        return teacher(u[..., None] * axis)

    def kinks(u: NDArray) -> tuple[NDArray, ...]:
        return teacher.kinks(u[..., None] * axis)

    if reads == 1:
        return Line(ExactLabels(teacher.name, value, kinks))
    if teacher.facts(reads).rotations:
        return Lengths(teacher.name, value, kinks, reads)
    k = degree(teacher, reads)
    if reads in (2, 3) and k:
        return Homogeneous(teacher, teacher.kinks, k, reads)
    if reads == 2 and k == 0:
        return Angular(teacher.name, teacher, teacher.kinks)
    if reads > 3:
        raise InvalidInput(
            f"weak recovery of exact labels of {teacher.name!r} needs a teacher of at most 3 "
            f"directions, of |u| alone, or a Teacher with its law, got one of {reads}"
        )
    return Levels(teacher.name, teacher, teacher.kinks, reads)
