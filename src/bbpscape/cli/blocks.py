"""Arguments that several options make together: the model, the inputs, the rule of a descent."""

import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import bbpscape as bb
from bbpscape.cli.values import Kind, matrix, width

Width = Annotated[float, Kind("P", width)]
Overlap = Annotated[float, Kind("M", matrix)]


def network(
    p: Width = 2,
    p_star: int = 1,
    a: float = 0.01,
    loss: str = "normalized-square",
    delta: float = 1.0,
    activation: str = "quadratic",
    label_noise: float = 0.0,
    flip: float = 0.0,
    second_layer: Sequence[float] | None = None,
    overlap: Overlap = 0.0,
) -> "bb.TeacherStudent":
    """The model of these parameters."""
    return bb.TeacherStudent(
        p,
        p_star,
        bb.loss(loss, a=a, delta=delta),
        bb.activation(activation),
        bb.Labels(label_noise, flip),
        None if second_layer is None else tuple(second_layer),
        overlap,
    )


def own_inputs(
    inputs: Path | None = None, whiten: bool = True, equal_norms: bool = False
) -> "bb.data.Inputs | None":
    """Rows of a file as inputs.

    Parameters
    ----------
    inputs : Path
        Rows of your own data, a .npy file; N is their length.
    whiten : bool
        Whiten the inputs; without it the isotropic theory need not hold.
    equal_norms : bool
        Scale every row of the inputs to norm 1.
    """
    if inputs is not None:
        return bb.data.prepare(bb.data.load_inputs(inputs), whiten=whiten, equal_norms=equal_norms)
    if not whiten or equal_norms:
        raise bb.InvalidInput("--no-whiten and --equal-norms need --inputs FILE.npy")
    return None


def block_of(hint: Any) -> Callable[..., Any] | None:
    """The function that makes an argument of type ``hint``, if options make it together."""
    if int in typing.get_args(hint):
        # A number will do: no need for what Python may give in its place.
        return None
    names = {getattr(one, "__name__", "") for one in (hint, *typing.get_args(hint))}
    for name, made in BLOCKS.items():
        if name in names:
            return made()
    return None


# By the name of a class: none is imported before a command needs it.
BLOCKS: dict[str, Callable[[], Callable[..., Any]]] = {
    "TeacherStudent": lambda: network,
    "Inputs": lambda: own_inputs,
    "DescentRule": lambda: bb.DescentRule,
}
