"""The options that say which network is studied: one block, the same for every command."""

import inspect
from collections.abc import Callable
from typing import Any

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


def with_model(*, finite: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command whose first argument ``model`` is made from the options of ``OPTIONS``.

    ``finite`` is for commands that have no p = ∞.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        first, *others = inspect.signature(command).parameters.values()
        if first.name != "model":
            raise TypeError(f"the first argument of {command.__name__} must be model")
        parameters = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=default,
                annotation=FiniteWidth if finite and name == "p" else kind,
            )
            for name, (kind, default) in OPTIONS.items()
        ]
        parameters += [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in others]

        def wrapped(**values: Any) -> None:
            model = parse_model(**{name: values.pop(name) for name in OPTIONS})
            command(model, **values)

        wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
        wrapped.__annotations__ = {one.name: one.annotation for one in parameters}
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return wrapped

    return decorate
