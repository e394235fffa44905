"""The information limit of any model whose labels' law is known, found once for a teacher."""

import functools

from bbpscape.core.checks import InvalidInput
from bbpscape.model.labels import Labels
from bbpscape.model.teacher import Teacher
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.information import InformationLimit, information_limit
from bbpscape.theory.spectral.matrix.recovery import matrix_recovery


def limit_of(model: TeacherStudent) -> InformationLimit | None:
    """Where the labels of ``model`` begin to tell its teacher; None where that is not known.

    It is that of standard inputs and of a student that has no overlap yet.

    >>> limit_of(TeacherStudent(1, 2, "square", teacher="sign(u1*u2)")).alpha.__round__(6)
    2.467401
    """
    if not model.inputs.standard or model.overlap != 0.0:
        return None
    channel = QuadraticTeacher.of(model)
    if channel is not None:
        return information_limit(channel)
    return _by_the_matrix(model.teacher, model.p_star, model.labels)


@functools.lru_cache(maxsize=256)
def _by_the_matrix(teacher: Teacher, p_star: int, labels: Labels) -> InformationLimit | None:
    try:
        return matrix_recovery(
            TeacherStudent(1, p_star, "square", teacher=teacher, labels=labels)
        ).limit
    except InvalidInput:
        return None
