"""The import rule: each floor imports itself and the floors below, never back."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bbpscape

ROOT = Path(bbpscape.__file__).parent
ALLOWED = {
    "core": {"core"},
    "model": {"core", "model"},
    "theory": {"core", "model", "theory"},
    "simulation": {"core", "model", "simulation"},
    "study": {"core", "model", "theory", "simulation", "study"},
    "experiments": {"core", "model", "theory", "simulation", "study", "experiments"},
    "analysis": {"core", "model", "theory", "simulation", "study", "analysis"},
    "plots": {
        "core",
        "model",
        "theory",
        "simulation",
        "study",
        "experiments",
        "analysis",
        "plots",
    },
}
INSIDE = (*ALLOWED, "cli")
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
        ("from bbpscape.simulation.hessian import Hessian", "theory"),
        ("import bbpscape.theory.scalar.edges", "simulation"),
        ("from bbpscape.study import store", "theory"),
        ("def f():\n    from bbpscape.plots import plot", "simulation"),
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
