"""The model of the source, where something exists for that one only."""

import dataclasses

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import STANDARD
from bbpscape.model.teacher_student import TeacherStudent


def check_reference(
    model: object, what: str, any_inputs: bool = False, any_norm: bool = False
) -> TeacherStudent:
    """``model`` if it is the source's, else InvalidInput that says so of ``what``.

    With ``any_inputs`` their law may be another, with ``any_norm`` that of the student's neurons.
    """
    checked = TeacherStudent.check(model)
    same = dataclasses.replace(checked, inputs=STANDARD) if any_inputs else checked
    if any_norm and same.student_norm is not None:
        same = dataclasses.replace(same, student_gram=None)
    if not same.is_reference:
        needs = "the quadratic activation and teacher, the normalized square loss, exact labels"
        last = ["no overlap", "no student_gram"]
        last += [] if any_inputs else ["standard Gaussian inputs"]
        *more, end = ["a uniform second layer", *last]
        raise InvalidInput(f"{what} needs {needs}, {', '.join(more)} and {end}")
    return checked
