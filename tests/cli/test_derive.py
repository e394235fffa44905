"""A command from a function: which options it has, what reaches the function, what is printed."""

import functools
import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import typer

import bbpscape as bb
from bbpscape.cli.derive import call, command, options
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed

MODEL = {
    "p": 2,
    "p_star": 1,
    "a": 0.01,
    "loss": "normalized-square",
    "delta": 1.0,
    "activation": "quadratic",
    "teacher": None,
    "label_noise": 0.0,
    "flip": 0.0,
    "poisson": False,
    "second_layer": None,
    "overlap": 0.0,
    "student_gram": None,
    "covariance": "isotropic",
    "radial": "gaussian",
    "mean": 0.0,
    "profile": "random",
    "metric": "covariance",
}


@result
class Toy(Result):
    model: bb.TeacherStudent
    given: dict[str, object]


def toy(
    model: bb.TeacherStudent,
    alpha: float = 3.0,
    N: int | None = None,
    sizes: Sequence[int] = (1, 10),
    seed: Seed = 0,
    path: str | Path | None = None,
    rule: bb.DescentRule | None = None,
    *,
    keep: bool = False,
    whole: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Toy:
    """What it is ``for``.

    And more of it, in
    two lines.

    Parameters
    ----------
    N, sizes : int
        Dimension
        of inputs.
    seed : int
        Of the toy.
    keep : bool
        Whether it is kept.

    Raises
    ------
    InvalidInput
        If alpha is below 0.
    """
    if alpha < 0:
        raise bb.InvalidInput(f"alpha must be positive, got {alpha}")
    for done in range(3):
        if progress is not None:
            progress(done + 1, 3)
    return Toy(model, {"alpha": alpha, "N": N, "sizes": list(sizes), "keep": keep, "rule": rule})


@pytest.fixture
def use(monkeypatch, run):
    """Run the command of a function in place of the command line."""

    def use(function, *arguments, **more):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command()(command(function, **more))
        monkeypatch.setattr("bbpscape.cli.app", app)
        return run(*arguments)

    return use


def recorder(function, seen):
    """``function``, which also tells ``seen`` how it was called."""

    @functools.wraps(function)
    def recorded(*args, **kwargs):
        seen.append((args, kwargs))
        return function(*args, **kwargs)

    return recorded


def test_options_are_the_arguments_in_order():
    rule = [one.name for one in options(bb.DescentRule)]
    assert rule[:2] == ["method", "sphere"]
    assert "snapshots" not in rule
    names = [one.name for one in options(toy)]
    assert names == [*MODEL, "alpha", "N", "sizes", "seed", "path", *rule, "keep", "whole"]
    defaults = {one.name: one.default for one in options(toy)}
    assert {name: defaults[name] for name in MODEL} == MODEL
    assert (defaults["alpha"], defaults["sizes"], defaults["steps"]) == (3.0, (1, 10), 2000)


def test_an_argument_of_its_own_name_stands_for_that_of_the_block():
    def widths(model: bb.TeacherStudent, p: Sequence[int] = (1, 2)) -> Toy:
        return Toy(model, {"p": list(p)})

    assert [one.name for one in options(widths)] == [*(n for n in MODEL if n != "p"), "p"]
    made = call(widths, {"p": [3, 4], "a": 0.5})
    assert made.given == {"p": [3, 4]}
    assert made.model == bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5))


def test_what_is_not_given_is_not_passed(use):
    seen = []
    assert use(recorder(toy, seen))[0] == 0
    (_, given), *_ = seen
    assert set(given) == {"model", "rule", "progress"}
    assert given["model"] == bb.TeacherStudent()
    assert given["rule"] == bb.DescentRule()


def test_what_is_given_is_read_by_its_type(use, tmp_path):
    seen = []
    arguments = ("--N", "1e3", "--sizes", "2:8:3", "--seed", 2**60 + 1, "--path", tmp_path / "x")
    arguments += ("--steps", "7", "--sphere", "--keep", "--no-whole", "--a", "0.5", "--p", "inf")
    status, _, err = use(recorder(toy, seen), *arguments)
    assert (status, err) == (0, "")
    (_, given), *_ = seen
    assert callable(given.pop("progress"))
    assert given == {
        "model": bb.TeacherStudent(float("inf"), 1, bb.NormalizedSquare(0.5)),
        "N": 1000,
        "sizes": [2, 5, 8],
        "seed": 2**60 + 1,
        "path": tmp_path / "x",
        "rule": bb.DescentRule(steps=7, sphere=True),
        "keep": True,
        "whole": False,
    }


def test_the_help_is_the_docstring(use):
    status, out, _ = use(toy, "--help")
    assert status == 0
    text = " ".join(out.split())
    assert "What it is for. And more of it, in two lines. Options:" in text
    assert "--N INTEGER Input dimension." in text
    assert "--sizes INTEGERS Dimension of inputs. [default: 1,10]" in text
    assert "--alpha NUMBER Samples per dimension" in text
    assert "--keep Whether it is kept." in text
    assert "--seed INTEGER Of the toy. [default: 0]" in text
    assert "--whole / --no-whole" in text or "--whole/--no-whole" in text
    for absent in ("progress", "Raises", "Parameters", "``"):
        assert absent not in out


def test_the_summary_or_one_json_object(use):
    status, out, err = use(toy, "--alpha", "2.5")
    assert (status, err) == (0, "")
    expected = toy(bb.TeacherStudent(), 2.5, rule=bb.DescentRule())
    assert out == expected.summary() + "\n"
    status, out, err = use(toy, "--alpha", "2.5", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == expected.to_dict(compact=True)
    assert out.count("\n") == 1


def test_an_argument_without_a_default_stands_by_its_place(use):
    def named(path: Path, alpha: float = 1.0) -> Toy:
        """Say a name."""
        return Toy(bb.TeacherStudent(), {"path": str(path), "alpha": alpha})

    assert json.loads(use(named, "here", "--alpha", "2", "--json")[1])["given"] == {
        "path": "here",
        "alpha": 2.0,
    }
    status, out, err = use(named)
    assert (status, out) == (2, "")
    assert "PATH" in err


def test_a_type_that_no_option_can_give_is_an_error_of_ours():
    def wrong(function: Callable[[float], float] = np.sin) -> None:
        """It takes a function."""

    with pytest.raises(TypeError, match="no option can stand for"):
        command(wrong)


def test_the_command_has_the_name_and_only_keywords():
    made = command(toy)
    assert made.__name__ == "toy"
    kinds = {one.kind for one in inspect.signature(made).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
