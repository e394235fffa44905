"""Formulas as drawings within the page: no script, and no font that a browser may lack."""

import html
from typing import Any

import ziamath
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.math import get_node_equation_number

SIZE = {"inline": 16.0, "block": 19.0}
ziamath.config.svg2 = False  # outlines where they stand: no names that two formulas would share


def drawn(latex: str, display: str) -> str:
    """The formula as SVG in the colour of the text; its LaTeX is what a reader of screens says."""
    made = ziamath.Latex(
        latex, size=SIZE[display], color="currentColor", inline=display == "inline"
    )
    shift = f"vertical-align:{made.getyofst():.1f}px" if display == "inline" else ""
    label = html.escape(" ".join(latex.split()), quote=True)
    return made.svg().replace("<svg ", f'<svg role="img" aria-label="{label}" style="{shift}" ', 1)


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(drawn(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(writer: Any, node: Any) -> None:
    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    writer.body.append(drawn(node.astext(), "block"))
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append("</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("drawn", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
