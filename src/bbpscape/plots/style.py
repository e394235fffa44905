"""One style for every figure: colour-blind safe, and told apart by line and marker in grey."""

import math
from typing import Any

from bbpscape.model.teacher_student import TeacherStudent

THEORY = "#0b3c5d"
SIMULATION = "#d9a441"
OUTLIER = "#b5303a"
FAINT = "#7a7a7a"
HATCH = "////"

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


SYMBOLS = {
    "p": "$p$",
    "p_star": "$p^*$",
    "a": "$a$",
    "alpha": r"$\alpha$",
    "N": "$N$",
    "delta": r"$\delta$",
    "label_noise": "label noise",
}
NAMES = {
    "alpha": "samples per dimension",
    "N": "input dimension",
    "a": "loss normalization",
    "p": "student width",
    "p_star": "teacher width",
}


def symbol(name: str) -> str:
    """A parameter's symbol, or its name where it has none."""
    return SYMBOLS.get(name, name)


def axis_label(name: str) -> str:
    """What stands along the axis of a parameter: its meaning and its symbol."""
    return f"{NAMES[name]} {SYMBOLS[name]}" if name in NAMES else symbol(name)


def parameters(model: TeacherStudent | None, **others: float | int | str) -> str:
    """The parameters of a figure on one line, in the paper's symbols."""
    parts = [] if model is None else _of_model(model)
    parts += [
        f"${name} = {value:g}$" if not isinstance(value, str) else f"{value} {name}"
        for name, value in others.items()
    ]
    return ",  ".join(parts)


def _of_model(model: TeacherStudent) -> list[str]:
    width = r"\infty" if math.isinf(model.p) else f"{model.p:g}"
    parts = [f"$p = {width}$", f"$p^* = {model.p_star}$"]
    if not model.is_reference:
        parts += [model.activation.name, f"{model.loss.to_dict()['name']} loss"]
    if (a := model.loss.parameters.get("a")) is not None:
        parts.append(f"$a = {a:g}$")
    return parts
