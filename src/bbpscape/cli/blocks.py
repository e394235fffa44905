"""Arguments that several options make together: the model, the inputs, the rule of a descent."""

import importlib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import bbpscape as bb
from bbpscape.cli.values import SCALARS, Kind
from bbpscape.core.checks import plain
from bbpscape.model.parameters import DATA, INPUTS, MODEL, PARAMETERS, Parameter

# Options that do nothing without a value of another one.
NEEDS = {"beta": ("method", "momentum")}
# Questions whose N is that of the law of the inputs alone.
AT_A_DIMENSION = ("threshold", "spectrum", "overlap_curve", "diagram")
WITHOUT_LIMIT = ("threshold", "spectrum")
ARTICLES = {"loss": "a loss", "activation": "an activation"}


def network(**parameters: Any) -> "bb.TeacherStudent":
    """The model of the parameters in the table of models."""
    _check_kinds(parameters)
    model = bb.TeacherStudent.from_dict(parameters)
    for name in ("a", "delta"):
        if name in parameters and name not in model.loss.parameters:
            raise bb.InvalidInput(f"the loss {model.loss.name!r} has no {name}: leave it out")
    return model


def _check_kinds(parameters: dict[str, Any]) -> None:
    """Refuse an activation for a loss, and a loss for an activation, with the option it has."""
    # Imported when a command needs it: the help lists all commands without numpy.
    registry = importlib.import_module("bbpscape.model.activations").ACTIVATIONS
    names: dict[str, Mapping[str, Any]] = {"loss": bb.losses.LOSSES, "activation": registry}
    for name, other in (("loss", "activation"), ("activation", "loss")):
        given, own = parameters.get(name), names[name]
        if isinstance(given, str) and given not in own:
            near = [one for one in names[other] if plain(one) == plain(given)]
            if near and plain(given) not in {plain(one) for one in own}:
                raise bb.InvalidInput(
                    f"--{name} {given}: {near[0]} is {ARTICLES[other]}, for --{other}"
                )


def _signature_of(parameters: Iterable[Parameter]) -> inspect.Signature:
    """Keywords with the names, kinds and defaults of ``parameters``."""
    made = []
    for one in parameters:
        hint: Any = one.kind
        if one.kind is not bool:
            kind = SCALARS[one.kind] if one.read is None else Kind(one.metavar, one.read)
            hint = Annotated[Any, kind]
        keyword = inspect.Parameter.KEYWORD_ONLY
        made.append(inspect.Parameter(one.name, keyword, default=one.default, annotation=hint))
    return inspect.Signature(made)


network.__signature__ = _signature_of((*MODEL, *INPUTS))  # type: ignore[attr-defined]


def input_law(**parts: Any) -> "bb.InputLaw":
    """The law of the inputs of the parts in the table of inputs."""
    return bb.InputLaw(**parts)


input_law.__signature__ = _signature_of(INPUTS)  # type: ignore[attr-defined]


def own_inputs(inputs: Path | None = None, **preparation: Any) -> "bb.data.Inputs | None":
    """The rows of a file, prepared as the table of parameters says."""
    if inputs is not None:
        return bb.data.inputs_of(inputs, **preparation)
    for name, value in preparation.items():
        option = PARAMETERS[name].option.replace("--", "--no-" if value is False else "--")
        raise bb.InvalidInput(f"{option} needs --inputs FILE")
    return None


own_inputs.__signature__ = _signature_of(DATA)  # type: ignore[attr-defined]


def results_of(study: Path, where: Sequence[str] | None = None) -> "bb.study.StudyResults":
    """Results of a study.

    Parameters
    ----------
    study : Path
        Its .toml or its .sqlite file.
    where : sequence of str
        Only where a parameter has this value: N=400. Repeatable.
    """
    chosen: dict[str, object] = {}
    for text in where or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise bb.InvalidInput(f"--where must be NAME=VALUE, got {text!r}")
        try:
            chosen[name] = float(value)
        except ValueError:
            chosen[name] = value
    return bb.open_study(study).select(**chosen)


def check_needed(values: Mapping[str, Any]) -> None:
    """Refuse an option that does nothing without another one."""
    for name, (other, value) in NEEDS.items():
        if name in values and values.get(other) != value:
            raise bb.InvalidInput(f"--{name} is of --{other} {value}: leave it out")


def check_dimension(
    function: Callable[..., Any], own: Mapping[str, Any], made: Mapping[str, Any]
) -> None:
    """Refuse --N where theory is that of N → ∞ all the same.

    A threshold and a spectrum without a left edge as N → ∞ have one at N.
    """
    name = getattr(function, "__name__", "")
    asked = name in AT_A_DIMENSION and "N" in own
    if not asked or "beta" in own:  # the exponent of a power law, an axis of diagrams
        return
    law = made["model"].inputs if "model" in made else made["inputs"]
    if law.dimension(1) is not None:
        return
    if name not in WITHOUT_LIMIT or "model" not in made or bb.finite.has_limit(made["model"]):
        raise bb.InvalidInput(
            "these inputs belong to no dimension, and theory is that of N → ∞: leave out --N, or "
            "ask finite-size"
        )


def block_of(hint: Any) -> Callable[..., Any] | None:
    """The function that makes an argument of type ``hint``, if options make it together.

    Of a union the first type counts.
    """
    first, *_ = *typing.get_args(hint), hint
    found = BLOCKS.get(getattr(first, "__name__", ""))
    return None if found is None else found()


# By the name of a class: none is imported before a command needs it.
BLOCKS: dict[str, Callable[[], Callable[..., Any]]] = {
    "TeacherStudent": lambda: network,
    "InputLaw": lambda: input_law,
    "Inputs": lambda: own_inputs,
    "DescentRule": lambda: bb.DescentRule,
    "StudyResults": lambda: results_of,
}
