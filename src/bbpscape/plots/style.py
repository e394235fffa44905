"""One style for every figure: colour-blind safe, and told apart by line and marker in grey."""

from typing import Any

from bbpscape.model.parameters import PARAMETERS
from bbpscape.model.record import label_of
from bbpscape.model.teacher_student import TeacherStudent

THEORY = "#0b3c5d"
SIMULATION = "#d9a441"
OUTLIER = "#b5303a"
FAINT = "#7a7a7a"
HATCH = "////"
WIDTHS = ("p", "p_star")  # axes of integers: between them there is nothing, and no line

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
    # Type 42 fonts: journals refuse Type 3.
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "text.usetex": False,  # mathtext says all, and needs no TeX
}


def symbol(name: str, command: str = "") -> str:
    """A parameter's symbol, as it is in ``command``; any other name in words."""
    found = PARAMETERS.get(f"{command}.{name}") or PARAMETERS.get(name)
    return name.replace("_", " ") if found is None else found.symbol


def axis_label(name: str, command: str = "") -> str:
    """What stands along the axis of a parameter: its meaning and its symbol."""
    found = PARAMETERS.get(f"{command}.{name}") or PARAMETERS.get(name)
    return symbol(name) if found is None else found.axis


def parameters(model: TeacherStudent | None, **others: float | int | str) -> str:
    """The parameters of a figure on one line, in the paper's symbols."""
    parts = [] if model is None else label_of(model.to_dict(), symbols=True)
    parts += [
        f"${name} = {value:g}$" if not isinstance(value, str) else f"{value} {name}"
        for name, value in others.items()
    ]
    return ",  ".join(parts)
