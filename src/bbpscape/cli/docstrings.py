"""What a docstring of numpydoc says: the summary, and a text for each parameter."""

import ast
import importlib.util
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


def synopsis(module: str, name: str = "") -> str:
    """The first line of the docstring of a function, or of a module, without importing it."""
    spec = importlib.util.find_spec(module)
    source = spec.loader.get_source(module) if spec and spec.loader else ""  # type: ignore[attr-defined]
    tree: Any = ast.parse(source or "")
    if name:
        tree = next(one for one in tree.body if getattr(one, "name", None) == name)
    return plain((ast.get_docstring(tree) or "").partition("\n\n")[0])


def described(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The text before the sections, and what the section "Parameters" says of each name."""
    text = inspect.getdoc(function) or ""
    parts = SECTION.split(text)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return plain(parts[0].strip()), _parameters(sections.get("Parameters", ""))


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", text.strip("\n")):
        head, _, body = block.partition("\n")
        names, colon, _ = head.partition(" : ")
        if colon:
            said = " ".join(textwrap.dedent(body).split())
            found |= {name.strip().lstrip("*"): plain(said) for name in names.split(",")}
    return found


def plain(text: str) -> str:
    """``text`` without the marks of reStructuredText, its paragraphs in one line each."""
    paragraphs = (" ".join(one.split()) for one in text.split("\n\n"))
    return re.sub(r"`+", "", "\n\n".join(paragraphs))
