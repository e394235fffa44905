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


def public_callables() -> Iterator[tuple[str, Any]]:
    """(where it is defined, the object) of every public function and class, each once."""
    spaces = {name: bb if not name else getattr(bb, name) for name in public_names()}
    listed = [getattr(spaces[at], one) for at, names in public_names().items() for one in names]
    seen = set()
    for one in [*listed, *result_classes()]:
        if callable(one) and hasattr(one, "__qualname__") and id(one) not in seen:
            seen.add(id(one))
            yield f"{one.__module__}.{one.__qualname__}", one


def faults() -> tuple[int, list[str]]:
    """How many names were looked at, and what is wrong with them."""
    found, count = [], 0
    for name, one in public_callables():
        if name.startswith(tuple(RULES["exclude"])):
            continue
        count += 1
        importlib.import_module(one.__module__)
        rules = set(RULES["checks"]) - (OF_FUNCTIONS if inspect.isclass(one) else set())
        errors = validate(name)["errors"]
        found += [f"{name}: {code} {said}" for code, said in errors if code in rules]
    return count, found


def _check(app: Sphinx) -> None:
    logger = logging.getLogger(__name__)
    count, found = faults()
    for one in found:
        logger.warning(one)
    logger.info("%d docstrings of public names are valid", count - len(found))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
