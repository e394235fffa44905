"""A model as plain values by the names of its parameters: written, read, named and told."""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bbpscape.core.checks import InvalidInput
from bbpscape.core.grids import rounded
from bbpscape.model.inputs.law import PARTS, STANDARD, InputLaw
from bbpscape.model.labels import Labels
from bbpscape.model.layers import common_overlap
from bbpscape.model.losses import loss
from bbpscape.model.parameters import PARAMETERS

if TYPE_CHECKING:
    from bbpscape.model.teacher_student import TeacherStudent

# Numbers of losses that have names of their own in a record.
NUMBERS = ("a", "delta")
# Attributes of labels, which have names of their own too.
LABELS = {"label_noise": "noise", "flip": "flip", "poisson": "poisson"}
# Values that a model takes as they are.
ARGUMENTS: tuple[str, ...] = (
    *("p", "p_star", "activation", "second_layer", "overlap", "teacher", "student_gram"),
)
# What an identity names even where it is the default.
ALWAYS = ("p", "p_star", "alpha", "N")


def values_of(model: "TeacherStudent") -> dict[str, Any]:
    """The parameters of ``model`` as JSON values; p = ∞ is the string "inf"."""
    values: dict[str, Any] = {
        "p": "inf" if math.isinf(model.p) else model.p,
        "p_star": model.p_star,
        "activation": model.activation.name,
        "loss": model.loss.name,
    }
    numbers = dict(model.loss.parameters)
    values |= {name: numbers.pop(name) for name in NUMBERS if name in numbers}
    if numbers:
        values["loss_parameters"] = numbers
    if model.own_teacher:
        values["teacher"] = model.teacher.name
    if not model.labels.clean:
        values |= {"label_noise": model.labels.noise, "flip": model.labels.flip}
    if model.labels.poisson:
        values["poisson"] = True
    if model.second_layer is not None:
        values["second_layer"] = list(model.second_layer)
    if model.overlap != 0.0:
        values["overlap"] = model.overlap_matrix.tolist()
    if model.student_gram is not None:
        gram = model.student_gram
        values["student_gram"] = list(map(list, gram)) if isinstance(gram, tuple) else gram
    standard = STANDARD.to_dict()
    parts = model.inputs.to_dict()
    return values | {name: parts[name] for name in PARTS if parts[name] != standard[name]}


def arguments_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a model from such values; numbers that its loss lacks are unused."""
    left = dict(values)
    arguments = {name: left.pop(name) for name in ARGUMENTS if name in left}
    if arguments.get("p") == "inf":
        arguments["p"] = math.inf
    numbers = {name: left.pop(name) for name in NUMBERS if name in left}
    numbers |= left.pop("loss_parameters", {})
    arguments["loss"] = loss(left.pop("loss", PARAMETERS["loss"].default), **numbers)
    given = {own: left.pop(name) for name, own in LABELS.items() if name in left}
    arguments["labels"] = Labels(**given)
    parts = {name: left.pop(name) for name in PARTS if name in left}
    if parts:
        arguments["inputs"] = InputLaw(**parts)
    if left:
        raise InvalidInput(f"{next(iter(left))} is no parameter of a model")
    return arguments


def identity_of(values: Mapping[str, Any], alpha: float, N: int | None) -> str:
    """JSON of the values that differ from their defaults, with α and N, sorted by name.

    Numbers have 12 digits: a model and an α are the same however they were computed.
    """
    named = {**values, "alpha": float(alpha)}
    if "overlap" in values:
        named["overlap"] = common_overlap(values["overlap"])
    if N is not None:
        named["N"] = int(N)
    kept = {
        name: value
        for name, value in rounded(named).items()
        if name in ALWAYS or name not in PARAMETERS or value != PARAMETERS[name].default
    }
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False)


def label_of(values: Mapping[str, Any], *, symbols: bool = False) -> list[str]:
    """The parameters in words, but for what is as in the source; as mathtext with ``symbols``."""

    def told(name: str, value: Any) -> str:
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        if not symbols:
            return f"{PARAMETERS[name].plain if name in PARAMETERS else name} = {shown}"
        symbol = PARAMETERS[name].symbol if name in PARAMETERS else name
        shown = shown.replace("inf", r"\infty")
        return f"{symbol[:-1]} = {shown}$" if symbol.endswith("$") else f"{symbol} = {shown}"

    parts = [told(name, values[name]) for name in ("p", "p_star")]
    if values["activation"] != PARAMETERS["activation"].default:
        parts.append(str(values["activation"]))
    if "teacher" in values:
        parts.append(f"teacher {values['teacher']}")
    if values["loss"] != PARAMETERS["loss"].default:
        parts.append(f"{values['loss']} loss")
    numbers = {name: values[name] for name in NUMBERS if name in values}
    numbers |= values.get("loss_parameters", {})
    numbers |= {name: values[name] for name in ("label_noise", "flip") if values.get(name)}
    parts += [told(name, value) for name, value in numbers.items()]
    parts += ["Poisson labels"] if values.get("poisson") else []
    if "second_layer" in values:
        parts.append(f"second layer {values['second_layer']}")
    if "overlap" in values:
        parts.append(f"overlap {_short(values['overlap'])}")
    if "student_gram" in values:
        parts.append(f"student Gram matrix {_short(values['student_gram'])}")
    return parts + InputLaw(**{name: values[name] for name in PARTS if name in values}).label


def _short(value: Any) -> Any:
    """Numbers to 4 digits, in lists of any depth."""
    return [_short(one) for one in value] if isinstance(value, list) else float(f"{value:.4g}")
