"""The command line and the Python that give the numbers of each part of the page."""

import shlex
from typing import Any

from bbpscape.explore.state import MOST_STEPS, State, text_of
from bbpscape.model.parameters import INPUTS, MODEL, PARAMETERS

# The axes of diagrams, for a shell and for Python; α in units of p*.
GRIDS = {
    "a": ("0.001:10:41:log", "np.geomspace(0.001, 10, 41)"),
    "p": ("1:20", "np.arange(1, 21)"),
}
ALPHAS = (0.1, 4.1, 41)
# Of descents.
STARTS = ("random", "hessian", "spectral")


def words(state: State) -> dict[str, dict[str, str]]:
    """{"command": …, "python": …} of each part."""
    dimension = state.dimension
    at = {"alpha": state.value("alpha"), **dimension}
    found = {
        "spectrum": _call(state, "spectrum", at),
        "overlap": _call(state, "overlap_curve", dimension),
        "comparison": _call(state, "compare", state.sizes),
        "descent": _descent(state),
    }
    if state.model.replace(inputs=type(state.model.inputs)()).is_reference:
        found["diagram"] = _diagram(state)
        found["photograph"] = _photograph(state)
    return found


def alpha_grid(p_star: int) -> str:
    """The α of a diagram, as a shell gives them."""
    low, high, count = ALPHAS
    return f"{text_of(low * p_star)}:{text_of(high * p_star)}:{count}"


def _words(command: str, *lines: str) -> dict[str, str]:
    numpy = ["import numpy as np"] if any("np." in one for one in lines) else []
    python = [*numpy, "import bbpscape as bb", "", *lines]
    return {"command": f"bbpscape {command}", "python": "\n".join(python) + "\n"}


def _call(state: State, function: str, given: dict[str, Any]) -> dict[str, str]:
    command = f"{function.replace('_', '-')} {shell(model_values(state) | given)}"
    told = ", ".join(["model", *_pairs(given)])
    return _words(
        command,
        _model(state),
        f"result = bb.{function}({told})",
        "print(result.summary())",
    )


def _descent(state: State) -> dict[str, str]:
    steps = state.count("steps", 1, MOST_STEPS)
    sizes = state.sizes
    options = shell(model_values(state) | sizes)
    commands = [f"descend {options} --start={start} --steps={steps}" for start in STARTS]
    return _words(
        "\nbbpscape ".join(commands),
        _model(state),
        f"rule = bb.DescentRule(steps={steps})",
        f"for start in {STARTS}:",
        f"    result = bb.descend(model, {', '.join(_pairs(sizes))}, start=start, rule=rule)",
        "    print(result.summary())",
    )


def _diagram(state: State) -> dict[str, str]:
    model, axes = state.model, state.axes
    shown: dict[str, Any] = {"p": model.p, "p_star": model.p_star, "a": model.normalization}
    told = {name: text_of(value) for name, value in shown.items()}
    told["p"] = told["p"].replace("inf", 'float("inf")')
    for name in axes:
        if name in GRIDS:
            shown[name], told[name] = GRIDS[name]
    if "alpha" in axes:
        shown["alpha"] = alpha_grid(model.p_star)
        low, high, count = shown["alpha"].split(":")
        told["alpha"] = f"np.linspace({low}, {high}, {count})"
    arguments = [f"{name}={text}" for name, text in told.items()]
    shown |= _law(state) | state.dimension
    arguments += [f"inputs={one}" for one in _input_law(state)] + _pairs(state.dimension)
    return _words(
        f"diagram {shell(shown)}",
        f"result = bb.diagram({', '.join(arguments)})",
        "print(result.summary())",
    )


def _photograph(state: State) -> dict[str, str]:
    steps = state.count("steps", 1, MOST_STEPS)
    given = {
        "alpha": state.value("alpha"),
        "side": state.side,
        "p": state.model.p,
        "a": state.model.normalization,
        "seed": state.value("seed"),
    }
    return _words(
        f"photograph {shell(given)} --steps={steps}",
        f"rule = bb.DescentRule(steps={steps})",
        f"result = bb.photograph({', '.join(_pairs(given))}, rule=rule)",
        "print(result.summary())",
    )


def model_values(state: State) -> dict[str, Any]:
    """The parameters of the model that are not at their default, and its widths."""
    record = state.model.to_dict()
    names = [one.name for one in (*MODEL, *INPUTS) if one.name in record]
    return {
        name: record[name]
        for name in names
        if name in ("p", "p_star") or record[name] != PARAMETERS[name].default
    }


def shell(values: dict[str, Any]) -> str:
    """Options with their values."""
    parts = []
    for name, value in values.items():
        option = "--" + name.replace("_", "-")
        parts.append(option if value is True else shlex.quote(f"{option}={text_of(value)}"))
    return " ".join(parts)


def _pairs(values: dict[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in values.items()]


def _law(state: State) -> dict[str, Any]:
    names = {one.name for one in INPUTS}
    return {name: value for name, value in model_values(state).items() if name in names}


def _input_law(state: State) -> list[str]:
    law = _law(state)
    return [f"bb.InputLaw({', '.join(_pairs(law))})"] if law else []


def _model(state: State) -> str:
    """The line of Python that makes the model."""
    model, record = state.model, state.model.to_dict()
    parts = ["p=" + ('float("inf")' if record["p"] == "inf" else str(record["p"]))]
    parts.append(f"p_star={record['p_star']}")
    loss = ", ".join([repr(model.loss.name), *_pairs(dict(model.loss.parameters))])
    parts.append(f"loss=bb.loss({loss})")
    parts += _pairs({name: record[name] for name in ("activation", "teacher") if name in record})
    labels = {"noise": "label_noise", "flip": "flip", "poisson": "poisson"}
    given = {own: record[name] for own, name in labels.items() if record.get(name)}
    parts += [f"labels=bb.Labels({', '.join(_pairs(given))})"] if given else []
    parts += _pairs({name: record[name] for name in ("second_layer", "overlap") if name in record})
    parts += [f"inputs={one}" for one in _input_law(state)]
    return f"model = bb.TeacherStudent({', '.join(parts)})"
