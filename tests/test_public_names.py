"""The public names: one list, each imported when it is first asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bbpscape as bb

ROOT = Path(bb.__file__).parent
STUBS = sorted(ROOT.rglob("__init__.pyi"))
NAMESPACES = ("data", "eigen", "finite", "laws", "losses", "plots", "spectral", "study")
# What takes long to import, and is imported where it is first used.
SLOW = (
    "numpy", "scipy", "scipy.optimize", "scipy.stats", "sympy", "pandas", "xarray", "pyarrow",
    "matplotlib", "pydantic", "psutil", "typer", "rich", "torch", "threadpoolctl",
)  # fmt: skip


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has after ``code``."""
    code += "; import sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def names(stub: Path) -> list[str]:
    """The names that a stub lists."""
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return [alias.name for node in imports for alias in node.names]


def test_the_package_alone_imports_nothing_slow():
    modules = loaded("import bbpscape")
    assert "bbpscape" in modules
    assert modules.isdisjoint(SLOW)
    assert not {one for one in modules if one.startswith("bbpscape.")}


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("InvalidInput", SLOW[1:]),
        ("TeacherStudent", ("scipy.stats", "matplotlib", "pydantic", "typer", "pandas")),
        ("draw", ("scipy.stats", "matplotlib", "pydantic", "typer", "pandas", "sympy")),
    ],
)
def test_a_name_brings_what_it_needs(name, absent):
    assert loaded(f"import bbpscape; bbpscape.{name}").isdisjoint(absent)


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_every_listed_name_is_there(stub):
    package = ".".join(("bbpscape", *stub.parent.relative_to(ROOT).parts))
    listed = names(stub)
    assert listed
    assert len(set(listed)) == len(listed)
    code = f"from importlib import import_module as find; it = find({package!r}); "
    loaded(
        f"{code}assert it.__all__ == {sorted(listed)}; [getattr(it, name) for name in it.__all__]"
    )


def test_about_forty_names_and_the_namespaces():
    listed = names(ROOT / "__init__.pyi")
    assert 30 <= len(listed) <= 56
    assert set(NAMESPACES) <= set(listed)
    for name in NAMESPACES:
        assert getattr(bb, name).__doc__


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="thresold"):
        _ = bb.thresold


KINDS = """
import importlib, pkgutil
import bbpscape as bb
from bbpscape.core import result
try:
    bb.Result.from_dict({"type": "no kind"})
except bb.InvalidInput:
    known = set(result._kinds)
for module in pkgutil.walk_packages(bb.__path__, "bbpscape."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(len(known), sorted(set(result._kinds) - known))
"""


def test_records_of_all_kinds_are_known_in_a_fresh_process():
    """Whatever was imported before."""
    found = subprocess.run(
        [sys.executable, "-c", KINDS], capture_output=True, text=True, check=True
    )
    count, missing = found.stdout.split(maxsplit=1)
    assert int(count) > 30
    assert missing.strip() == "[]"
