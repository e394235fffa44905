"""Docstrings of public names by numpydoc's validator; the rules are in pyproject.toml."""

import importlib
import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpydoc.validate import validate
from reference_pages import public_names, result_classes
from sphinx.application import Sphinx
from sphinx.util import logging

import bbpscape as bb

RULES = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["tool"][
    "numpydoc_validation"
]
# Fields of a class are told in its own words.
OF_FUNCTIONS = {"PR01", "RT01"}
# What implements one of these need not tell its methods again.
CONTRACTS = (bb.Law, bb.spectral.Channel)
# Without an example, and why.
NO_EXAMPLE = {
    "bbpscape.study.subject.Subject.prepare": "abstract: the example of the class defines one",
    "bbpscape.study.subject.Subject.cost": "abstract: the example of the class defines one",
}


def public_callables() -> Iterator[tuple[str, Any]]:
    """(where it is defined, the object) of every public function and class, each once."""
    spaces = {name: bb if not name else getattr(bb, name) for name in public_names()}
    listed = [getattr(spaces[at], one) for at, names in public_names().items() for one in names]
    seen = set()
    for one in [*listed, *result_classes()]:
        if callable(one) and hasattr(one, "__qualname__") and id(one) not in seen:
            seen.add(id(one))
            yield f"{one.__module__}.{one.__qualname__}", one


def public_methods(cls: type) -> Iterator[str]:
    """The names of the methods that ``cls`` is the first to have, and their full names."""
    has = {*dir(cls), *getattr(cls, "__annotations__", {})}
    contracts = [one for one in CONTRACTS if one is not cls and has >= set(_named(one))]
    for name, one in vars(cls).items():
        method = one.__func__ if isinstance(one, classmethod | staticmethod) else one
        above = [*cls.__mro__[1:], *contracts]
        if (
            inspect.isfunction(method)
            and not name.startswith("_")
            and method.__qualname__ == f"{cls.__qualname__}.{name}"
            and not any(name in vars(base) for base in above)
        ):
            yield name


def _named(contract: type) -> list[str]:
    return [name for name in vars(contract) if not name.startswith("_")]


def faults() -> tuple[int, list[str]]:
    """How many names were looked at, and what is wrong with them."""
    named = dict(public_callables())
    for name, one in list(named.items()):
        if inspect.isclass(one):
            named |= {f"{name}.{method}": getattr(one, method) for method in public_methods(one)}
    found = []
    for name, one in named.items():
        importlib.import_module(one.__module__)
        rules = set(RULES["checks"]) - (OF_FUNCTIONS if inspect.isclass(one) else set())
        rules -= {"EX01"} if name in NO_EXAMPLE else set()
        errors = validate(name)["errors"]
        found += [f"{name}: {code} {said}" for code, said in errors if code in rules]
    return len(named), found


def _check(app: Sphinx) -> None:
    logger = logging.getLogger(__name__)
    count, found = faults()
    for one in found:
        logger.warning(one)
    logger.info("%d docstrings of public names are valid", count - len(found))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
