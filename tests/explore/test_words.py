"""What "copy command" and "copy Python" give prints the numbers of the page."""

import contextlib
import io
import json
import shlex

import pytest

import bbpscape as bb
from bbpscape.explore.state import State
from bbpscape.explore.words import words

SMALL = "a=2&p=1&N=30&draws=2&steps=5&side=8&alpha=2"
RICH = (
    "p=2&p_star=2&a=0.3&loss=absolute-normalized-square&label_noise=0.1&alpha=1.7&covariance=power:0.2"
    "&radial=chi2:9&N=40&draws=2&steps=4&seed=5"
)


def python_of(text):
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, "copied", "exec"), names)
    return names["result"]


def same(one, other):
    """Whether two records have the same numbers; ranges of a shell have 12 digits."""
    if isinstance(one, dict):
        assert set(one) == set(other)
        return all(same(one[key], other[key]) for key in one if key != "seconds")
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-9, abs=1e-12)
    return one == other


@pytest.mark.parametrize(
    "part", ["spectrum", "overlap", "comparison", "descent", "diagram", "photograph"]
)
def test_command_and_python_give_the_same(part, run):
    if part == "photograph":
        pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    one = words(State.read(SMALL))[part]
    # Of several commands, as of the Python, the last.
    first, *rest = shlex.split(one["command"].splitlines()[-1])
    assert first == "bbpscape"
    status, out, err = run(*rest, "--json")
    assert (status, err) == (0, "")
    assert same(
        json.loads(out), json.loads(json.dumps(python_of(one["python"]).to_dict(compact=True)))
    )


def test_of_a_model_with_everything_too(run):
    state = State.read(RICH)
    one = words(state)["descent"]
    result = python_of(one["python"])
    assert result.model == state.model
    random, hessian, spectral = one["command"].splitlines()
    assert random == spectral.replace("spectral", "random")
    assert hessian == spectral.replace("spectral", "hessian")
    command = shlex.split(spectral)[1:]
    assert same(
        json.loads(run(*command, "--json")[1]), json.loads(json.dumps(result.to_dict(compact=True)))
    )


def test_a_text_of_the_user_is_one_word_of_a_shell_and_one_of_python():
    state = State.read(
        "loss=%28y-yhat%29**2%2B0*yhat&teacher=max%28u1%2Cu1%29&N=20&draws=1&steps=2"
    )
    found = words(state)["descent"]
    given = shlex.split(found["command"].splitlines()[0])
    assert {"--loss=(y-yhat)**2+0*yhat", "--teacher=max(u1,u1)"} <= set(given)
    first = found["python"].partition("rule")[0]
    names = {}
    exec(compile(first, "copied", "exec"), names)
    assert names["model"] == state.model


def test_there_are_no_words_for_what_the_model_has_no_theory_of():
    assert "diagram" not in words(State.read("loss=huber"))
    assert bb.TeacherStudent().is_reference
