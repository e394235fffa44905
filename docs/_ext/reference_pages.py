"""Pages of the reference that are made from the package: its public names and its commands."""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer
from sphinx.application import Sphinx

import bbpscape as bb
from bbpscape import cli
from bbpscape.core.result import Result

FIGURES = Path(__file__).parents[2] / "figures"
NAMESPACES = ("data", "eigen", "finite", "laws", "losses", "plots", "spectral", "study")
TITLES = {
    "data": "bb.data: inputs and draws",
    "eigen": "bb.eigen: eigenpairs and spectral densities",
    "finite": "bb.finite: theory at finite N",
    "laws": "bb.laws: laws of curvature",
    "losses": "bb.losses: losses",
    "plots": "bb.plots: figures",
    "spectral": "bb.spectral: spectral methods",
    "study": "bb.study: studies",
}


def public_names() -> dict[str, list[str]]:
    """The public names of each namespace, that of the package itself under ""."""
    own = [name for name in bb.__all__ if name not in NAMESPACES]
    return {"": own} | {one: _listed(getattr(bb, one)) for one in NAMESPACES}


def _listed(space: Any) -> list[str]:
    names = getattr(space, "__all__", None) or [
        name
        for name, value in vars(space).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == space.__name__
    ]
    return [one for one in names if not hasattr(getattr(space, one), "__path__")]


def result_classes() -> list[type[Result]]:
    """Every kind of result of the package."""
    for module in pkgutil.walk_packages(bb.__path__, "bbpscape."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, left = set(), [Result]
    while left:
        below = [
            one for one in left.pop().__subclasses__() if one.__module__.startswith("bbpscape")
        ]
        found.update(below)
        left += below
    return sorted(found, key=lambda one: one.__name__)


def api_pages() -> Iterator[tuple[str, str]]:
    """Name and reStructuredText of each page of the API; an object has one page of its own."""
    names = public_names()
    spaces = "\n".join(f"   {one}" for one in (*NAMESPACES, "results"))
    own = {id(getattr(bb, name)): f"bbpscape.{name}" for name in names[""]}
    yield (
        "index",
        f"{_heading('Python API')}Every public name, as ``import bbpscape as bb`` gives it.\n\n"
        f"{_summary(own.values())}\n"
        f".. toctree::\n   :caption: Namespaces\n   :maxdepth: 1\n\n{spaces}\n",
    )
    for one in NAMESPACES:
        space = getattr(bb, one)
        at = {f"bbpscape.{one}.{name}": id(getattr(space, name)) for name in names[one]}
        known = [own[which] for which in at.values() if which in own]
        new = [name for name, which in at.items() if which not in own]
        own |= {which: name for name, which in at.items() if which not in own}
        said = (space.__doc__ or "").strip().partition("\n\n")[0]
        also = f"Here too:\n\n{_summary(known, pages=False)}" if known else ""
        yield one, f"{_heading(TITLES[one])}{said}\n\n{_summary(new)}{also}"
    classes = [one for one in result_classes() if id(one) not in own]
    yield (
        "results",
        f"{_heading('Results')}What functions return. Each is a :class:`bbpscape.Result`: it has "
        "``summary()``, ``to_dict()``, ``to_dataframe()``, ``plot()`` and ``status``.\n\n"
        + _summary(f"{one.__module__}.{one.__name__}" for one in classes),
    )


def _heading(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n\n"


def _summary(names: Iterable[str], pages: bool = True) -> str:
    """A table of names, each with a page that it leads to."""
    listed = "\n".join(f"   {name}" for name in names)
    option = "   :toctree: names\n" if pages else ""
    return f".. autosummary::\n{option}\n{listed}\n\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command of the shell by its full name."""
    tree = typer.main.get_command(cli.app)
    for name, command in tree.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {sub}", one) for sub, one in inner.items())


def cli_page() -> str:
    """The Markdown of the page of all commands."""
    parts = [
        "# Command line\n",
        "Made from the commands themselves: `bbpscape COMMAND --help` says the same. "
        "What each number of the output means is in [the guide](guide.md).\n",
    ]
    for name, command in commands():
        context = typer.Context(command, info_name=f"bbpscape {name}")
        usage = " ".join((f"bbpscape {name}", *command.collect_usage_pieces(context)))
        parts.append(f"## bbpscape {name}\n\n{_plain(command.help or '')}\n")
        parts.append(f"```text\n{usage}\n```\n")
        shown = [one.get_help_record(context) for one in command.params]
        rows = [(option, text) for option, text in filter(None, shown)]
        if rows:
            parts += ["| option | |", "|---|---|"]
            parts += [f"| `{_cell(option)}` | {_cell(_plain(text))} |" for option, text in rows]
            parts.append("")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """``text`` with what Markdown would read as marks escaped."""
    return re.sub(r"([\\*_\[\]<>$#])", r"\\\1", text)


def figures_page() -> str:
    """``figures/README.md``, its figures those of the gallery."""
    text = (FIGURES / "README.md").read_text(encoding="utf-8")
    text = re.sub(
        r"\(figure(\d+)/figure\.png\)", r"(../made/gallery/paper/plot_figure\1.rst)", text
    )
    return text.replace("[claims.py](claims.py)", "`figures/claims.py`")


def _write(path: Path, text: str) -> None:
    """Only what changed, so that a second build reads no page again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


# Code, emphasis and starred arguments stay; other marks of reStructuredText are mathematics here.
MARKED = re.compile(
    r"(``.*?``|`[^`]*`|(?<![\w*])\*\w[^*\n]*\w\*(?![\w*])|^\s*\*{1,2}\w+(?: :|$)|^\s*\* )"
    r"|[|*]|_\b"
)


def _readable(app: Sphinx, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Stars and bars of formulas stay; ``theory.md`` leads to the page of that name."""
    pages = {path.stem: path for path in Path(app.srcdir).rglob("*.md")}

    def link(match: re.Match[str]) -> str:
        page = pages.get(match[1])
        if page is None:
            return match[0]
        place = page.relative_to(app.srcdir).with_suffix("")
        return f":doc:`{match[1]} </{place}>`"

    for i, line in enumerate(lines):
        if line.startswith("Source:") and any(set(one) == {"-"} for one in lines[:i] if one):
            lines[i:i] = ["Notes", "-----"]
            break
    lines[:] = [
        line if ">>>" in line else MARKED.sub(lambda m: m[1] or "\\" + m[0], line) for line in lines
    ]
    lines[:] = [re.sub(r"`*(?<![\w/])([\w-]+)\.md`*", link, line) for line in lines]


def _make(app: Sphinx, _: Any) -> None:
    reference = Path(app.srcdir) / "reference"
    pages = dict(api_pages())
    for name, text in pages.items():
        _write(reference / "api" / f"{name}.rst", text)
    # A name that is gone leaves no page.
    listed = set(re.findall(r"^   (bbpscape\S+)$", "\n".join(pages.values()), re.M))
    for path in (reference / "api" / "names").glob("*.rst"):
        if path.stem not in listed:
            path.unlink()
    _write(reference / "cli.md", cli_page())
    _write(reference / "figures.md", figures_page())


def setup(app: Sphinx) -> dict[str, Any]:
    # Before Sphinx looks which pages there are.
    app.connect("config-inited", _make)
    app.connect("autodoc-process-docstring", _readable, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
