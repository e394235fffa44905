"""What reports say of a model or a law, and of the unit of its eigenvalues."""

from bbpscape.model.teacher_student import TeacherStudent


def label(model: TeacherStudent | None, **others: object) -> str:
    """The parameters on one line, then the ``others`` that are not None, all there is of a law.

    >>> label(None, alpha=3)
    'a law, alpha = 3'
    """
    others = {name: value for name, value in others.items() if value is not None}
    if model is not None:
        return model.label(**others)
    return ", ".join(["a law", *(f"{name} = {value}" for name, value in others.items())])


def in_units(name: str, unit: str) -> str:
    """``name``, with its unit where that is not 1.

    >>> in_units("eigenvalue", "2/p")
    'eigenvalue (units of 2/p)'
    """
    return name if unit == "1" else f"{name} (units of {unit})"
