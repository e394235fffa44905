"""One style for every figure: colour-blind safe, and told apart by line and marker in grey."""

import math
from typing import Any

from bbpscape.model.teacher_student import TeacherStudent

THEORY = "#0b3c5d"
SIMULATION = "#d9a441"
OUTLIER = "#b5303a"
FAINT = "#7a7a7a"

STYLE: Any = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "axes.labelsize": 10,
    "figure.constrained_layout.use": True,
    "figure.figsize": (6.4, 3.9),
    "font.size": 9,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
}


def parameters(model: TeacherStudent, **others: float | int | str) -> str:
    """The parameters of a figure on one line, in the paper's symbols."""
    width = r"\infty" if math.isinf(model.p) else f"{model.p:g}"
    parts = [f"$p = {width}$", f"$p^* = {model.p_star}$"]
    if not model.is_reference:
        parts += [model.activation.name, f"{model.loss.to_dict()['name']} loss"]
    if (a := getattr(model.loss, "a", None)) is not None:
        parts.append(f"$a = {a:g}$")
    parts += [
        f"${name} = {value:g}$" if not isinstance(value, str) else f"{value} {name}"
        for name, value in others.items()
    ]
    return ",  ".join(parts)
