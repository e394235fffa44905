"""The options that say which network is studied: one block, the same for every command."""

import inspect
import math
from collections.abc import Callable
from typing import Annotated, Any

import typer

import bbpscape as bb
from bbpscape.cli.common import (
    Activation,
    Delta,
    FiniteWidth,
    Flip,
    LabelNoise,
    Loss,
    Normalization,
    Overlap,
    SecondLayer,
    TeacherWidth,
    Width,
    parse_model,
)
from bbpscape.core.grids import parse_grid

OPTIONS: dict[str, tuple[Any, Any]] = {
    "p": (Width, "2"),
    "p_star": (TeacherWidth, 1),
    "a": (Normalization, 0.01),
    "activation": (Activation, "quadratic"),
    "loss": (Loss, "normalized-square"),
    "delta": (Delta, 1.0),
    "label_noise": (LabelNoise, 0.0),
    "flip": (Flip, 0.0),
    "second_layer": (SecondLayer, ""),
    "overlap": (Overlap, "0"),
}


Widths = Annotated[str, typer.Option("--p", help="Student width; a list as 1,2,4 of a curve.")]


def with_model(
    *, finite: bool = False, widths: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command whose first argument ``model`` is made from the options of ``OPTIONS``.

    ``finite`` is for commands that have no p = ∞. ``widths`` is the default of a ``--p`` that may
    be a list of integers: the command's second argument is the list, and the model has its first.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        named = ("model", "widths") if widths else ("model",)
        given = tuple(inspect.signature(command).parameters.values())
        if tuple(one.name for one in given[: len(named)]) != named:
            raise TypeError(f"the arguments of {command.__name__} must begin with {named}")
        others = given[len(named) :]
        options = dict(OPTIONS)
        if finite or widths:
            options["p"] = (Widths, widths) if widths else (FiniteWidth, OPTIONS["p"][1])
        parameters = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
            for name, (kind, default) in options.items()
        ]
        parameters += [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in others]

        def wrapped(**values: Any) -> None:
            chosen = {name: values.pop(name) for name in OPTIONS}
            if widths:
                values["widths"] = integers("p", chosen["p"])
                chosen["p"] = str(values["widths"][0])
            command(parse_model(**chosen), **values)

        wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
        wrapped.__annotations__ = {one.name: one.annotation for one in parameters}
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return wrapped

    return decorate


def integers(name: str, text: str) -> list[int]:
    """The integers that ``text``, a number, a list or a range, stands for."""
    found = parse_grid(name, text, whole=True)
    values = found if isinstance(found, list) else [found]
    if not all(map(math.isfinite, values)):
        raise bb.InvalidInput(f"{name} must be finite, got {text!r}")
    return [int(one) for one in values]
