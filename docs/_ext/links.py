"""Every link within the site leads somewhere: its file is there, and in it the anchor."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging


class Page(HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value or "")
            elif name in ("href", "src"):
                self.links.append(value or "")


def broken(root: Path) -> tuple[int, list[str]]:
    """How many links within the site there are, and which lead nowhere."""
    pages = {path.resolve(): Page(path.read_text("utf-8")) for path in root.rglob("*.html")}
    count, found = 0, []
    for path, page in pages.items():
        if "_static" in path.parts:  # templates of the theme
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            anchor = unquote(parts.fragment)
            there = pages[target].anchors if target in pages else {anchor}
            if not target.exists() or (anchor and anchor not in there):
                found.append(f"{path.relative_to(root.resolve())}: {link}")
    return count, found


def _check(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    count, found = broken(Path(app.outdir))
    if found:
        raise ExtensionError("links lead nowhere: " + "; ".join(found))
    logging.getLogger(__name__).info("%d links within the site lead somewhere", count)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
