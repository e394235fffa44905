"""What is taken from docstrings, with and without importing their module."""

import subprocess
import sys

import pytest

import bbpscape as bb
from bbpscape.cli.docstrings import described, plain, synopsis


def function():
    """First ``line``.

    Second
    paragraph.

    Parameters
    ----------
    alpha, beta : float
        Two
        numbers.
    *others
        Of no type.
    gamma : int, optional
        One ``integer``: or none.

    Returns
    -------
    delta : float
        No parameter.
    """


def test_the_parts_of_a_docstring():
    text, said = described(function)
    assert text == "First line.\n\nSecond paragraph."
    assert said == {
        "alpha": "Two numbers.",
        "beta": "Two numbers.",
        "gamma": "One integer: or none.",
    }


def test_a_function_without_docstring():
    assert described(lambda: None) == ("", {})


@pytest.mark.parametrize("name", ["threshold", "spectrum", "diagram", "compare"])
def test_a_synopsis_is_the_first_line(name):
    found = getattr(bb, name)
    assert synopsis(found.__module__, name) == plain(found.__doc__).partition("\n\n")[0]


def test_a_synopsis_imports_nothing_of_the_module():
    code = (
        "import sys; from bbpscape.cli.docstrings import synopsis; "
        "print(synopsis('bbpscape.theory.threshold', 'threshold')); "
        "assert 'bbpscape.theory.threshold' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "α_BBP" in done.stdout
