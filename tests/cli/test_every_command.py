"""Every command is its function: options, order, defaults, and where they arrive."""

import dataclasses
import functools
import importlib
import inspect
import json
import re

import pytest

import bbpscape as bb
from bbpscape.cli.tree import COMMANDS, GROUPS, PAGES, Commands

MODEL = {
    "p": "2",
    "p_star": "1",
    "a": "0.01",
    "loss": "normalized-square",
    "delta": "1",
    "activation": "quadratic",
    "teacher": None,
    "label_noise": "0",
    "flip": "0",
    "poisson": None,
    "second_layer": None,
    "overlap": "0",
    "student_gram": None,
    "covariance": "isotropic",
    "radial": "gaussian",
    "mean": "0",
    "profile": "random",
    "metric": "covariance",
}
LAW = {part: MODEL[part] for part in ("covariance", "radial", "mean", "profile", "metric")}
INPUTS = dict.fromkeys(
    ("inputs", "key", "whiten", "equal_norms", "drop_constant", "standardize", "pca")
)
OUTPUTS = ("plot", "save", "csv", "json", "help")
# What only Python can give.
UNSEEN = ("progress", "executor", "preprocessings")
# Small calls, as on the command line and in Python.
CALLS = {
    "threshold": ("--p 1 --a 2", {}),
    "spectrum": ("--p 1 --a 2 --alpha 2 --points 7", {"alpha": 2.0, "points": 7}),
    "overlap-curve": ("--p 1 --a 2 --alpha 1,2", {"alpha": [1.0, 2.0]}),
    "diagram": ("--p 1,2 --p-star 3 --a 0.5,1", {"p": [1, 2], "p_star": 3, "a": [0.5, 1.0]}),
    "finite-size": (
        "--p 1 --a 2 --alpha 1.5 --N 50,80 --draws 2 --seed 3",
        {"alpha": 1.5, "N": [50, 80], "draws": 2, "seed": 3},
    ),
    "weak-recovery": (
        "--p-star 2 --label-noise 0.1 --alpha 2 --teacher u1*u2 --flip 0.1",
        {"p_star": 2, "label_noise": 0.1, "alpha": 2.0, "teacher": "u1*u2", "flip": 0.1},
    ),
    "bayes-optimal": (
        "--p 1 --a 2 --alpha 1,2 --N 20 --draws 2 --seed 3 --start 0.2",
        {"alpha": [1.0, 2.0], "N": 20, "draws": 2, "seed": 3, "start": 0.2},
    ),
    "simulate": (
        "--p 1 --a 2 --alpha 2 --N 20 --draws 2 --seed 3 --k 4 --workers 1",
        {"alpha": 2.0, "N": 20, "draws": 2, "seed": 3, "k": 4, "workers": 1},
    ),
    "cost": ("--p 1 --a 2 --alpha 2 --N 20 --k 4", {"alpha": 2.0, "N": 20, "k": 4}),
    "online": (
        "--p 1 --a 2 --overlap 0 --rate 0.1 --times 0,1 --N 20 --draws 2 --seed 3",
        {"rate": 0.1, "times": [0.0, 1.0], "N": 20, "draws": 2, "seed": 3},
    ),
    "compare": (
        "--p 1 --a 2 --alpha 2 --N 20 --draws 2 --seed 3",
        {"alpha": 2.0, "N": 20, "draws": 2, "seed": 3},
    ),
    "methods": (
        "--p 1 --a 2 --alpha 1,2 --N 20 --draws 2 --seed 3",
        {"alpha": [1.0, 2.0], "N": 20, "draws": 2, "seed": 3},
    ),
    "descend": (
        "--p 1 --a 2 --alpha 2 --N 20 --draws 2 --seed 3 --start hessian --steps 5 --workers 1",
        {"alpha": 2.0, "N": 20, "draws": 2, "seed": 3, "start": "hessian", "workers": 1},
    ),
    "recovery": (
        "--a 2 --alpha 1,2 --N 20 --draws 2 --seed 3 --p 1,2 --start random --steps 5 --workers 1",
        {
            "alpha": [1.0, 2.0], "N": 20, "draws": 2, "seed": 3, "p": [1, 2], "start": ["random"],
            "workers": 1,
        },
    ),
    "hessian-along": (
        "--p 1 --a 2 --alpha 2 --N 20 --at 0,2 --draws 2 --seed 3 --steps 5 --workers 1",
        {"alpha": 2.0, "N": 20, "at": [0, 2], "draws": 2, "seed": 3, "workers": 1},
    ),
    "photograph": (
        "--alpha 2 --side 8 --p 3 --a 2 --seed 3 --steps 5",
        {"alpha": 2.0, "side": 8, "p": 3, "a": 2.0, "seed": 3},
    ),
}  # fmt: skip


def function_of(name):
    return getattr(importlib.import_module(COMMANDS[name]), name.replace("-", "_"))


def shown(value):
    """A default as the help shows it."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, tuple):
        return ",".join(map(shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def expected_options(function):
    """Option and default, in the order of the signature, the parts of a model or rule in place."""
    own = inspect.signature(function).parameters
    found = {}
    for name, one in own.items():
        if name == "model":
            found |= {part: default for part, default in MODEL.items() if part not in own}
        elif name == "rule":
            parts = dataclasses.fields(bb.DescentRule)
            found |= {part.name: shown(part.default) for part in parts if part.name != "snapshots"}
        elif name == "inputs":
            # Rows of one's own are None by default.
            found |= INPUTS if one.default is None else LAW
        elif name not in UNSEEN:
            found[name] = shown(one.default)
    return found


def help_entries(text):
    """Each option and what the help says of it, in one line."""
    listed = re.split(
        r"\n  (?:-h, )?(?=--)", text.partition("Options:")[2].partition("\n\n  NUMBERS")[0]
    )
    entries = (" ".join(entry.split()) for entry in listed[1:])
    return {re.match(r"--([\w-]+)", one)[1].replace("-", "_"): one for one in entries}


def default_of(entry):
    found = re.search(r"\[default: ?(\S+)\]", entry)
    return found and found[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_options_are_those_of_the_function(run, name):
    outputs = list(OUTPUTS)
    status, out, _ = run(name, "--help")
    assert status == 0
    entries = help_entries(out)
    expected = expected_options(function_of(name))
    assert list(entries) == [*expected, *outputs]
    assert {k: default_of(entries[k]) for k in expected} == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(run, name):
    for entry in help_entries(run(name, "--help")[1]).values():
        words = re.sub(r"^--\S+( / --\S+)?( [A-Z,…]+)?", "", entry).partition("[default")[0]
        assert len(words.split()) > 1, entry


def test_a_name_means_what_it_means_in_its_command(run):
    of = {name: help_entries(run(name, "--help")[1])["method"] for name in ("simulate", "descend")}
    assert "auto, dense, iterative" in of["simulate"]
    assert "momentum" in of["descend"]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_given_arrives_in_its_place(run, name, monkeypatch):
    if name == "photograph":
        pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    function, seen, results = function_of(name), [], []

    @functools.wraps(function)
    def recorded(**given):
        seen.append(given)
        results.append(function(**given))
        return results[-1]

    module = importlib.import_module(COMMANDS[name])
    monkeypatch.setattr(module, name.replace("-", "_"), recorded)
    text, expected = CALLS[name]
    status, out, err = run(name, *text.split(), "--json")
    assert (status, err) == (0, "")
    json.loads(out)
    assert max(map(len, results[0].summary().splitlines())) <= 80
    (given,) = seen
    given.pop("progress", None)
    if "model" in given:
        width = {} if name == "recovery" else {"p": 1}
        assert given.pop("model") == bb.TeacherStudent(**width, loss=bb.NormalizedSquare(2.0))
    if "rule" in given:
        assert given.pop("rule") == bb.DescentRule(steps=5)
    if "inputs" in given:
        assert given.pop("inputs") in (None, bb.InputLaw())
    assert given == expected
    for key, value in expected.items():
        assert type(given[key]) is type(value), key


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_a_public_function_of_its_name(name):
    public = {one for space in (bb, bb.eigen, bb.data) for one in dir(space)}
    assert name.replace("-", "_") in public


def test_every_command_is_called_here():
    assert set(CALLS) == set(COMMANDS)
    assert list(Commands()) == [*COMMANDS, *PAGES, *GROUPS]


def test_every_result_has_a_figure():
    kinds = {one.__name__ for one in bb.plots.plot.registry}
    for name in COMMANDS:
        kind = inspect.signature(function_of(name)).return_annotation
        label = kind if isinstance(kind, str) else kind.__name__
        assert label in kinds, name


ALL, WRITTEN = {"--plot", "--save", "--csv", "--json"}, {"--out", "--json"}
# What each command writes; all four but for those that make a file or a page of their own.
WRITES = {
    **dict.fromkeys(COMMANDS, ALL),
    "explore": {"--json"},
    "data patches": WRITTEN,
    "study init": {"--json"},
    "study check": ALL,
    "study run": ALL,
    "study status": ALL,
    "study backup": {"--json"},
    "study export": WRITTEN,
    "study plot": ALL - {"--plot"} | {"--out"},
    "study analyse": ALL,
}


def test_what_every_command_writes():
    commands = Commands()
    groups = {name: commands[name].commands for name in GROUPS}
    found = {name: commands[name] for name in (*COMMANDS, *PAGES)}
    found |= {f"{name} {one}": of[one] for name, of in groups.items() for one in of}
    named = {name: {text for one in of.params for text in one.opts} for name, of in found.items()}
    assert {name: of & (ALL | {"--out"}) for name, of in named.items()} == WRITES


@pytest.mark.parametrize(
    "command",
    [
        "threshold --p 1 --p 2",
        "threshold --save a.json --save b.json",
        "study plot s.toml --out a.png --out b.png",
        "study analyse s.toml --observable m2 --observable phi",
        "data patches --out a.npy --out b.npy",
    ],
)
def test_an_option_of_one_value_is_given_once(run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*command.split())
    option = next(one for one in command.split() if command.split().count(one) == 2)
    assert (status, out, err) == (2, "", f"bbpscape: {option} is given 2 times: give it once\n")
    assert not list(tmp_path.iterdir())
