"""The controls of the page: the table of parameters, with what can be chosen."""

import math
from typing import Any

from bbpscape.core.codec import encode
from bbpscape.explore.state import AXES, CHOICES, FIELDS, State, default, text_of
from bbpscape.explore.story import STOPS
from bbpscape.model.activations import ACTIVATIONS
from bbpscape.model.inputs.law import METRICS
from bbpscape.model.losses import LOSSES
from bbpscape.model.parameters import INPUTS, Parameter
from bbpscape.model.teacher import TEACHERS

# Sliders: lowest, highest, and whether in equal ratios; a field takes what lies beyond.
SLIDERS = {
    "p": (1, 20, False),
    "p_star": (1, 10, False),
    "a": (1e-3, 100.0, True),
    "alpha": (0.05, 10.0, False),
    "N": (50, 1000, False),
    "draws": (1, 50, False),
    "label_noise": (0.0, 2.0, False),
    "flip": (0.0, 0.5, False),
    "mean": (0.0, 5.0, False),
}
GREEK = {r"\alpha": "α", r"\delta": "δ"}
FIRST = ("p", "p_star", "a", "alpha", "N", "draws", "seed", "activation", "loss", "label_noise")


def controls() -> dict[str, Any]:
    """What the page needs to know before it is drawn."""
    suggestions = {
        "loss": list(LOSSES),
        "activation": list(ACTIVATIONS),
        "teacher": [*TEACHERS, "u1*u2", "max(u1, u2)"],
        "covariance": ["isotropic", "power:0.5", "product:1"],
        "radial": ["gaussian", "chi2:10", "lognormal:0.5"],
        "profile": ["random", "source:1", "top:1"],
    }
    fields = sorted(FIELDS, key=lambda one: FIRST.index(one.name) if one.name in FIRST else 99)
    return {
        "fields": [_field(one, suggestions) for one in fields],
        "choices": {**CHOICES, "axes_allowed": list(AXES)},
        "stops": [
            {"title": one.title, "text": one.text, "try": one.hint, "query": State(one.texts).query}
            for one in STOPS
        ],
    }


def _label(one: Parameter) -> str:
    """The symbol as a text: α for alpha."""
    tex = one.symbol.strip("$").replace("^*", "*")
    return GREEK.get(tex, one.plain if "\\" in tex else tex)


def _field(one: Parameter, suggestions: dict[str, list[str]]) -> dict[str, Any]:
    low, high, log = SLIDERS.get(one.name, (math.nan, math.nan, False))
    start = default(one)
    return {
        "name": one.name,
        "label": _label(one),
        "meaning": one.meaning[:1].upper() + one.meaning[1:] or one.help.rstrip("."),
        "help": one.help,
        "kind": "flag" if one.kind is bool else "choice" if one.name == "metric" else "text",
        "whole": one.integer,
        "default": "" if start is None else text_of(start),
        "slider": None if math.isnan(low) else encode([low, high, log]),
        "allowed": list(METRICS) if one.name == "metric" else suggestions.get(one.name, []),
        "group": "first" if one.name in FIRST else "inputs" if one in INPUTS else "more",
    }
