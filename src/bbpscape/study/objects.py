"""Losses, activations, teachers, starts and inputs of users: points name them.

Workers need the objects; what the package has, and what an expression says, any process finds by
its name.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.model import activations
from bbpscape.model.activations import ACTIVATIONS, Activation, activation
from bbpscape.model.loss import Loss
from bbpscape.model.losses import LOSSES, loss
from bbpscape.model.parameters import DATA
from bbpscape.model.teacher import TEACHERS, Teacher, teacher
from bbpscape.simulation.data.inputs import Inputs, inputs_of
from bbpscape.simulation.descent.start import Start
from bbpscape.study.axes import OWN
from bbpscape.study.spectral_start import find_start

# By parameter and name, such as {"loss": {"Quartic": Quartic()}}.
Objects = Mapping[str, Mapping[str, Any]]
# Parameters whose values may be objects.
NAMED = ("loss", "activation", "teacher", "start", OWN)
# What a table of inputs calls their file.
FILE = "file"
# Numbers of a loss that are parameters of a point by themselves.
NUMBERS = ("a", "delta")
BUILT_IN = tuple(one for one in vars(activations).values() if isinstance(one, Activation))
# Where two objects of one name are told from each other.
LABELS, OUTPUTS = np.array([0.3, 1.7, 4.1]), np.array([0.9, -0.6, 2.3])


def resolve(parameter: str, value: Any) -> tuple[Any, Any]:
    """(what a point's key says, the object that it stands for or None where the name is enough).

    >>> resolve("loss", "huber"), resolve("activation", ACTIVATIONS["tanh"])
    (('huber', None), ('tanh', None))
    """
    return RESOLVERS[parameter](value)


def named(
    keys: Mapping[str, Any], elsewhere: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The keys of a study with names in place of its objects, and these objects by name.

    Names that are known ``elsewhere`` alone stay names.
    """
    objects: dict[str, dict[str, Any]] = {name: {} for name in NAMED}

    def text(parameter: str, value: Any) -> Any:
        if parameter == OWN:
            if isinstance(value, str) and value in elsewhere.get(OWN, {}):
                return value
        elif isinstance(value, Mapping | bool | int | float | None):
            return value
        try:
            found, one = resolve(parameter, value)
        except InvalidInput:
            if isinstance(value, str) and value in elsewhere.get(parameter, {}):
                return value
            raise
        if one is not None and objects[parameter].setdefault(found, one) != one:
            raise InvalidInput(
                f"there are two objects {found!r} in {parameter}: give them names of their own"
            )
        return found

    def texts(table: Any) -> Any:
        if not isinstance(table, Mapping):
            return table
        return {
            name: values
            if name not in NAMED
            else [text(name, value) for value in values]
            if isinstance(values, list | tuple)
            else text(name, values)
            for name, values in table.items()
        }

    _check_numbers(keys)
    found = dict(keys)
    for group in ("model", "axes"):
        if group in found:
            found[group] = texts(found[group])
    if isinstance(found.get("zipped"), list | tuple):
        found["zipped"] = [texts(table) for table in found["zipped"]]
    return found, objects


def _check_numbers(keys: Mapping[str, Any]) -> None:
    """A loss on an axis takes its a or delta from the axis of this name, as all losses do."""
    zipped = keys.get("zipped")
    tables = [keys.get("axes"), *(zipped if isinstance(zipped, list | tuple) else ())]
    varying = [table for table in tables if isinstance(table, Mapping)]
    names = {name for table in varying for name in table}
    for table in varying:
        losses = table.get("loss")
        for one in losses if isinstance(losses, list | tuple) else (losses,):
            numbers = set(NUMBERS) & set(getattr(one, "parameters", ()))
            if lacking := sorted(numbers - names):
                raise InvalidInput(
                    f"the loss {getattr(one, 'name', one)!r} has a number of its own: "
                    f"give {lacking[0]} on an axis"
                )


def _loss(value: str | Loss) -> tuple[str, Loss | None]:
    if isinstance(value, str):
        ours = value not in LOSSES or built_in(LOSSES[value])
        return value, None if ours else loss(value)
    numbers = loss(value).parameters
    others = {name: number for name, number in numbers.items() if name not in NUMBERS}
    if not others and _same(loss, value, **numbers):
        return _loss(value.name)
    told = ", ".join(f"{name}={number:.12g}" for name, number in others.items())
    return f"{value.name}({told})" if told else value.name, value


def _activation(value: str | Activation) -> tuple[str, Activation | None]:
    if isinstance(value, str):
        found = ACTIVATIONS.get(value)
        return value, None if found is None or found in BUILT_IN else found
    value = activation(value)
    return value.name, None if value in BUILT_IN or _same(activation, value) else value


def _teacher(value: str | Activation | Teacher) -> tuple[str, Teacher | None]:
    found = teacher(value)
    if found.unit is not None:
        name, own = _activation(found.unit)
        return name, None if own is None else found
    alone = found.name not in TEACHERS and _same(teacher, found)
    return found.name, None if alone else found


def _start(value: str | Start) -> tuple[str, Start | None]:
    found = find_start(value)
    return found.name, None if built_in(found.point) else found


def _inputs(value: Any) -> tuple[str, Inputs]:
    """Of a file, a table of ``file`` and what is done to it, ``Inputs`` or rows."""
    if isinstance(value, Mapping):
        checks = {FILE if one.name == OWN else one.name: one.check for one in DATA}
        if FILE not in value or not set(value) <= set(checks):
            raise InvalidInput(
                f"inputs must be a file or a table of {', '.join(checks)}, got "
                f"{', '.join(map(str, value)) or 'an empty one'}"
            )
        given = {name: checks[name](name, one) for name, one in value.items()}
        value = inputs_of(given.pop(FILE), **given)
    found = inputs_of(value)
    return found.name, found


RESOLVERS: dict[str, Callable[[Any], tuple[str, Any]]] = {
    "loss": _loss,
    "activation": _activation,
    "teacher": _teacher,
    "start": _start,
    OWN: _inputs,
}


def built_in(function: object) -> bool:
    """Whether the package has it, so that any process knows it by name."""
    return str(getattr(function, "__module__", "")).startswith("bbpscape.")


def _same(make: Any, value: Any, **numbers: float) -> bool:
    """Whether its name alone makes the value."""
    try:
        return make(value.name, **numbers) == value
    except InvalidInput:
        return False


def fingerprint(value: Any) -> list[float]:
    """Numbers of an object by which it is known again: those of a function, (n, N) of inputs."""
    if isinstance(value, Loss):
        found = [value.value(LABELS, OUTPUTS), *value.derivatives(LABELS, OUTPUTS)]
    elif isinstance(value, Activation):
        found = [value.value(OUTPUTS), value.first(OUTPUTS), value.second(OUTPUTS)]
    elif isinstance(value, Teacher):
        found = [value(np.resize(OUTPUTS + LABELS * k, (3, value.p_star or 1))) for k in (0, 1, 2)]
    elif isinstance(value, Inputs):
        return [value.n, value.N]
    else:
        return []
    return [float(one) for array in found for one in np.broadcast_to(array, LABELS.shape)]
