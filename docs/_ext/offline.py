"""A built page loads nothing from the network: scripts, styles and images are files beside it."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

# What a browser fetches by itself; a link that a reader follows is none of these.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?"
    r"\b(?:src|srcset|data)\s*=\s*[\"']?\s*(?:https?:)?//[^\"'\s>]*"
    r"|<link\b(?=[^>]*\brel\s*=\s*[\"']?(?:stylesheet|preload|preconnect|icon|modulepreload))"
    r"[^>]*?\bhref\s*=\s*[\"']?\s*(?:https?:)?//[^\"'\s>]*",
    re.IGNORECASE,
)
IN_STYLES = re.compile(r"(?:url\(\s*[\"']?|@import\s+[\"'])(?:https?:)?//[^)\"']*", re.IGNORECASE)


def fetched(text: str, style: bool = False) -> list[str]:
    """What a page, or a style sheet, asks the network for."""
    return (IN_STYLES if style else FETCHED).findall(text)


def _check(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    found = [
        f"{path.relative_to(app.outdir)}: {one}"
        for suffix in ("html", "css")
        for path in sorted(Path(app.outdir).rglob(f"*.{suffix}"))
        for one in fetched(path.read_text(encoding="utf-8"), style=suffix == "css")
    ]
    if found:
        raise ExtensionError("pages ask the network for: " + "; ".join(found))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
