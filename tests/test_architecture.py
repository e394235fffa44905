"""The import rule: model → theory | simulate → study → plots → cli, and never back."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bbpscape

ROOT = Path(bbpscape.__file__).parent
INSIDE = ("model", "theory", "simulate", "study", "plots", "cli")
ALLOWED = {
    "model": {"model"},
    "theory": {"model", "theory"},
    "simulate": {"model", "simulate"},
    "study": {"model", "theory", "simulate", "study", "output"},
    "plots": {"model", "theory", "study", "plots", "output"},
}
ONLY_IN = {"matplotlib": {"plots"}, "typer": {"cli"}, "rich": {"cli"}}


def violations(source: str, package: str) -> list[str]:
    """What ``source``, a file of ``package``, imports against the rule."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    wrong = []
    for name in names:
        first, *rest = name.split(".")
        if first == "bbpscape" and package in ALLOWED and rest[0] not in ALLOWED[package]:
            wrong.append(name)
        if package not in ONLY_IN.get(first, {package}):
            wrong.append(name)
    return sorted(wrong)


@pytest.mark.parametrize("package", INSIDE)
def test_imports_point_one_way(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        assert violations(path.read_text(encoding="utf-8"), package) == [], path


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("from bbpscape.simulate.hessian import Hessian", "theory"),
        ("import bbpscape.theory.bulk", "simulate"),
        ("from bbpscape.study import compare", "theory"),
        ("def f():\n    from bbpscape.plots import plot", "simulate"),
        ("from bbpscape.theory.law import BULK", "model"),
        ("import matplotlib.pyplot", "study"),
        ("import typer", "study"),
    ],
)
def test_a_violation_is_found(source, package):
    assert violations(source, package)


def test_nothing_slow_is_imported_before_it_is_used():
    slow = ("matplotlib", "pandas", "scipy.stats", "sympy", "torch", "xarray")
    code = f"import sys, bbpscape.cli; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
