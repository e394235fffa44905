"""What README.md and docs/ say can be done: every Python block runs, every command is one."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import typer
from tests import doc_pages

import bbpscape as bb
from bbpscape import cli
from bbpscape.cli.output import Output, Served

ROOT = Path(__file__).parents[1]
MADE = ("made", "api")  # by `make docs`, as the two pages below
PAGES = [ROOT / "README.md"] + [
    page
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if not set(MADE) & set(page.parts) and page.name not in ("cli.md", "figures.md")
]
SOURCES = [*PAGES, ROOT / "Makefile", ROOT / "figures" / "README.md"]
# The examples are of a size that shows something; a test needs less.
SMALLER = (
    (r"N=(300|400)\b", "N=40"),
    (r"draws=20\b", "draws=2"),
    (r"np.linspace\(1, 5, 50\)", "np.linspace(1, 5, 5)"),
    (r"\bmodel, 3.0, 300\b", "model, 3.0, 40"),
    (r"\bmodel, 8.0, 300\b", "model, 8.0, 40"),
    (r"ProcessPoolExecutor\(2\)", "ProcessPoolExecutor(1)"),
)
# Options of other programs.
FOREIGN = {
    "--wheel-dir",
    "--no-index",
    "--find-links",
    "--interface",
    "--no-dashboard",
    "--nworkers",
    "--nthreads",
    "--speed",
    "--quick",
    "--cpu-time",
}
STUDY = """
draws = 2
observables = ["lowest"]
[model]
p = 1
p_star = 1
a = 2.0
[axes]
alpha = [1.0, 2.0]
N = [20, 40]
"""


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def commands(page: Path) -> list[str]:
    """The command lines of a page: indented, in a recipe, or in a block of the shell."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"^[ \t]+(?:@?\$\(BIN\)/)?bbpscape ([^\n]*)$", text, re.M)
    found += re.findall(r"^bbpscape ([^\n]*)$", text, re.M)
    return [re.sub(r"\$\(\w+\)", "10", one.partition("#")[0].strip()) for one in found]


SHOWING = [
    one
    for one in PAGES
    if {"console", "text"} & {b.kind for b in doc_pages.blocks(one.read_text(encoding="utf-8"))}
]
OTHERS = [one for one in PAGES if blocks(one) and one not in SHOWING]


@pytest.mark.parametrize("page", SHOWING, ids=lambda one: one.name)
def test_a_page_shows_what_is_printed(page, run, tmp_path, monkeypatch):
    """Its consoles and Python are run; what it shows of them is what they print."""
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    if "torch" in text:
        pytest.importorskip("torch", reason="torch is an optional extra")
    for block, shown, printed in doc_pages.outputs(text, run, {"__name__": "__main__"}):
        assert doc_pages.same(shown, printed), f"{block.kind}:\n{shown}\n{printed}"


def test_what_is_shown_has_the_digits_that_it_shows():
    same = doc_pages.same
    assert same("alpha 1.4400  kind\n", " alpha  1.4401 kind")
    assert not same("alpha 1.4400", "alpha 1.4403")
    assert not same("3 draws", "4 draws")
    assert same("error 3e-15", "error 8e-15")
    assert not same("error 3e-5", "error 8e-5")
    assert not same("alpha 1.4", "beta 1.4")
    assert same("N = 1,000", "N = 1,000")
    assert same("done 3 under 1 s", "done 3 2.1 s")
    assert not same("done 3 under 1 s", "done 4 2 s")


@pytest.mark.parametrize("page", OTHERS, ids=lambda one: one.name)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).standard_normal((400, 12))
    np.save(tmp_path / "patches.npy", rows)
    (tmp_path / "first.toml").write_text(STUDY, encoding="utf-8")
    # What a page registers is gone with it.
    families = bb.spectral.PREPROCESSINGS
    monkeypatch.setattr(families, "_known", dict(families))
    names = {"__name__": "__main__"}
    for block in blocks(page):
        if "dask_jobqueue" in block:
            compile(block, page.name, "exec")
            continue
        for pattern, less in SMALLER:
            block = re.sub(pattern, less, block)
        exec(compile(block, page.name, "exec"), names)


CALLED = [(page, one) for page in SOURCES for one in commands(page)]


@pytest.mark.parametrize(("page", "text"), CALLED, ids=[f"{p.name}: {t}" for p, t in CALLED])
def test_a_command_line_is_one(page, text, run, tmp_path, monkeypatch):
    """Its options exist and its values are read; nothing is computed or written."""
    monkeypatch.setattr("bbpscape.cli.derive.call", lambda *_, **__: None)
    monkeypatch.setattr(Output, "check", lambda _: None)
    for kind in (Output, Served):
        monkeypatch.setattr(kind, "write", lambda *_: None)
    first, *rest = shlex.split(text)
    if first in ("study", "data"):
        command = typer.main.get_command(cli.app).commands[first].commands[rest[0]]
        command.make_context(rest[0], rest[1:])
        return
    assert run(first, *rest) == (0, "", "")


def known_options() -> set[str]:
    tree = typer.main.get_command(cli.app)
    found, left = set(), [tree]
    while left:
        command = left.pop()
        for one in command.params:
            found.update(one.opts, one.secondary_opts)
        left += getattr(command, "commands", {}).values()
    return found | {"--help"}


def test_every_option_that_is_named_exists():
    known = known_options()
    for page in PAGES:
        named = set(re.findall(r"(?<![\w-])--[a-zA-Z][\w-]*", page.read_text(encoding="utf-8")))
        assert named - FOREIGN <= known, page.name


def test_every_name_of_the_package_exists():
    for page in PAGES:
        for name in re.findall(r"\bbb\.([A-Za-z_][\w.]*\w)", page.read_text(encoding="utf-8")):
            found = bb
            for part in name.split("."):
                assert hasattr(found, part), f"{page.name}: bb.{name}"
                found = getattr(found, part)


def test_links_lead_somewhere():
    for page in SOURCES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_citation_is_of_this_version():
    for page in ("CITATION.cff", "docs/project/cite.md"):
        found = re.findall(
            r"^ *version\W+([\d.]+\d)", (ROOT / page).read_text(encoding="utf-8"), re.M
        )
        assert found == [bb.__version__], page


def test_there_is_something_to_test():
    assert len(CALLED) > 30
    assert sum(len(blocks(page)) for page in PAGES) > 5
