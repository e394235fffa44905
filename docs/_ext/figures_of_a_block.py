"""The pictures of a block of an example: the figure that is its last value."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """The reStructuredText of that figure, saved beside the page; "" where the value is another."""
    shown = block_vars["example_globals"].get("___")
    if isinstance(shown, Axes):
        shown = shown.get_figure(root=True)
    if not isinstance(shown, Figure):
        return ""
    path = next(block_vars["image_path_iterator"])
    shown.savefig(path, dpi=110, metadata={"Software": None})
    return figure_rst([path], gallery_conf["src_dir"])
