"""The import rules: each floor imports itself and the floors below, and no files in a circle."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bbpscape

ROOT = Path(bbpscape.__file__).parent
# From the bottom up; experiments and analysis stand beside each other.
BASE = {"core", "model"}
ALLOWED = {
    "core": {"core"},
    "model": BASE,
    "theory": BASE | {"theory"},
    "simulation": BASE | {"simulation"},
    "study": BASE | {"theory", "simulation", "study"},
    "experiments": BASE | {"theory", "simulation", "study", "experiments"},
    "analysis": BASE | {"theory", "simulation", "study", "analysis"},
    "plots": BASE | {"theory", "simulation", "study", "experiments", "analysis", "plots"},
    "explore": BASE | {"theory", "simulation", "study", "experiments", "analysis", "explore"},
}
INSIDE = (*ALLOWED, "cli")
ONLY_IN = {"matplotlib": {"plots"}, "typer": {"cli"}, "rich": set()}


def imports(source: str) -> set[str]:
    """What ``source`` imports when it runs, in functions too: modules and names in them."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return found


def violations(source: str, package: str) -> list[str]:
    """What ``source``, a file of ``package``, imports against the rule."""
    wrong = []
    for name in imports(source):
        first, *rest = name.split(".")
        if first == "bbpscape" and package in ALLOWED and rest[0] not in ALLOWED[package]:
            wrong.append(name)
        if package not in ONLY_IN.get(first, {package}):
            wrong.append(name)
    return sorted(wrong)


def circles(files: dict[str, str]) -> list[list[str]]:
    """Modules that import each other in a circle; ``files`` maps their names to their sources."""
    arrows = {
        name: {target for one in imports(source) if (target := _module(one, files)) != name}
        - {None}
        for name, source in files.items()
    }
    found, done, path = [], set(), []

    def visit(name):
        if name in path:
            found.append([*path[path.index(name) :], name])
        elif name not in done:
            path.append(name)
            for target in sorted(arrows[name]):
                visit(target)
            path.pop()
            done.add(name)

    for name in sorted(files):
        visit(name)
    return found


def _module(name: str, files: dict[str, str]) -> str | None:
    """The file that an imported name comes from; None for another package."""
    parent = name.rpartition(".")[0]
    return name if name in files else parent if parent in files else None


def private(source: str) -> list[str]:
    """Names with an underscore that ``source`` takes from another file of the package."""
    names = [one.split(".") for one in imports(source) if one.startswith("bbpscape.")]
    return [".".join(one) for one in names if any(part.startswith("_") for part in one)]


def sources() -> dict[str, str]:
    return {
        ".".join(("bbpscape", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path.read_text(encoding="utf-8")
        for path in sorted(ROOT.rglob("*.py"))
        if path.name != "__main__.py"
    }


@pytest.mark.parametrize("package", INSIDE)
def test_imports_point_one_way(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        assert violations(path.read_text(encoding="utf-8"), package) == [], path


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("from bbpscape.simulation.hessian import Hessian", "theory"),
        ("import bbpscape.theory.scalar.edges", "simulation"),
        ("from bbpscape.study import store", "theory"),
        ("from bbpscape.experiments.compare import compare", "analysis"),
        ("def f():\n    from bbpscape.plots import plot", "simulation"),
        ("from bbpscape.theory.law import BULK", "model"),
        ("from bbpscape.model.losses import Loss", "core"),
        ("import matplotlib.pyplot", "study"),
        ("import typer", "study"),
    ],
)
def test_a_violation_is_found(source, package):
    assert violations(source, package)


def test_types_alone_are_no_violation():
    assert not violations("if TYPE_CHECKING:\n    from matplotlib.figure import Figure", "core")


def test_no_files_import_each_other_in_a_circle():
    assert circles(sources()) == []


def test_a_circle_is_found():
    files = {
        "bbpscape.a": "from bbpscape.b import x",
        "bbpscape.b": "import numpy\ndef f():\n    from bbpscape import c",
        "bbpscape.c": "import bbpscape.a",
    }
    assert circles(files) == [["bbpscape.a", "bbpscape.b", "bbpscape.c", "bbpscape.a"]]
    assert circles(files | {"bbpscape.c": "if TYPE_CHECKING:\n    import bbpscape.a"}) == []


def test_private_names_stay_at_home():
    assert {name: found for name, text in sources().items() if (found := private(text))} == {}
    assert private("from bbpscape.core.codec import _array") == ["bbpscape.core.codec._array"]


def test_nothing_slow_is_imported_before_it_is_used():
    slow = ("matplotlib", "numba", "pandas", "scipy.stats", "sympy", "torch", "xarray")
    code = f"import sys, bbpscape.cli; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
