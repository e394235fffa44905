"""Study files: what they mean, what is refused and how it is said; nothing in them runs."""

import builtins
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bbpscape as bb
from bbpscape.study.axes import axis_values
from bbpscape.study.cells import Cell
from bbpscape.study.definition import Definition
from bbpscape.study.example import EXAMPLE
from bbpscape.study.observables import OBSERVABLES
from bbpscape.study.schema import Keys
from bbpscape.study.study import Study
from bbpscape.study.toml import parse_keys

BASE = {"model": {"p": 2, "p_star": 1}, "axes": {"alpha": [1.0, 2.0], "N": [20, 30, 40]}}


def test_the_example_is_a_study_and_names_every_key():
    definition = Definition.define(parse_keys(EXAMPLE))
    assert definition.size == 27
    for name, field in Keys.model_fields.items():
        assert (field.alias or name) in EXAMPLE
    measured = [name for name, one in OBSERVABLES.items() if one.measure is not None]
    assert all(f"# {name} " in EXAMPLE for name in measured)


def test_every_combination_is_a_cell():
    cells = list(Definition.define({**BASE, "draws": 3}).cells())
    assert [(c.alpha, c.N, n) for c, n in cells] == [
        (alpha, N, 3) for alpha in (1.0, 2.0) for N in (20, 30, 40)
    ]


def test_zipped_axes_go_together_with_their_draws():
    zipped = [{"N": [20, 40], "a": [1.0, 2.0], "draws": [9, 4]}]
    definition = Definition.define({"model": {"p": 1, "p_star": 1, "alpha": 1.0}, "zipped": zipped})
    found = [(c.N, c.parameters["a"], n) for c, n in definition.cells()]
    assert found == [(20, 1.0, 9), (40, 2.0, 4)]


@pytest.mark.parametrize(
    ("name", "given", "values"),
    [
        ("alpha", 2, [2.0]),
        ("alpha", [2, 1.5], [2.0, 1.5]),
        ("alpha", {"start": 0.1, "stop": 0.7, "count": 7}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        ("a", {"start": 0.01, "stop": 100, "count": 5, "log": True}, [0.01, 0.1, 1.0, 10.0, 100.0]),
        ("N", {"start": 100, "stop": 1000, "count": 4, "log": True}, [100, 215, 464, 1000]),
        ("overlap", {"start": -0.2, "stop": 0.2, "count": 3}, [-0.2, 0.0, 0.2]),
        ("p", ["inf", 2], [math.inf, 2]),
        ("loss", ["square", "huber"], ["square", "huber"]),
    ],
)
def test_axes(name, given, values):
    found = axis_values(name, given)
    assert found == tuple(values)
    assert [type(one) for one in found] == [type(one) for one in values]


def test_a_finer_or_longer_range_keeps_every_value():
    """Else an extension would compute them again; linspace alone does not."""
    short, raw = axis_values("alpha", {"start": 0.1, "stop": 1.3, "count": 13}), []
    for stop, count in ((2.5, 25), (1.3, 25), (1.3, 37), (3.1, 61)):
        assert set(short) <= set(axis_values("alpha", {"start": 0.1, "stop": stop, "count": count}))
        raw.append(set(np.linspace(0.1, 1.3, 13)) <= set(np.linspace(0.1, stop, count)))
    assert not all(raw)


def test_a_cell_is_its_parameters_and_not_how_they_are_written():
    one = Definition.define({**BASE, "model": {"p": 2, "p_star": 1, "a": 0.01, "overlap": -0.0}})
    other = Definition.define(BASE)
    assert [c for c, _ in one.cells()] == [c for c, _ in other.cells()]
    assert len({c.key for c, _ in one.cells()}) == 6
    for cell, _ in one.cells():
        assert Cell.read(cell.key) == cell


def test_theory_stands_at_the_samples_there_are():
    cell = Cell.of({"p": 1, "p_star": 1, "alpha": 1.111, "N": 20})
    assert cell.theory().alpha == 22 / 20
    assert "N" not in cell.theory().parameters
    third = Cell.of({"p": 1, "p_star": 1, "alpha": 1 / 3, "N": 30}).theory()
    assert third.alpha == 10 / 30
    assert Cell.read(third.key) == third


def test_a_model_has_every_parameter():
    values = {"p": 2, "p_star": 1, "alpha": 1.0, "N": 20, "loss": "huber", "delta": 0.5}
    cell = Cell.of(
        {**values, "activation": "tanh", "label_noise": 0.1, "flip": 0.2, "overlap": 0.3}
    )
    model = cell.model
    assert (model.loss.name, model.loss.delta, model.activation.name) == ("huber", 0.5, "tanh")
    assert (model.labels.noise, model.labels.flip) == (0.1, 0.2)
    assert model.overlap_matrix.tolist() == [[0.3, 0.3]]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"sed": 1}, ["sed is no key", "seed"]),
        ({"seed": -1}, ["seed", "greater than or equal to 0", "-1"]),
        ({"seed": 1.5}, ["seed", "integer", "1.5"]),
        ({"draws": True}, ["draws", "integer", "True"]),
        ({"draws": "many"}, ["draws", "integer", "'many'"]),
        ({"block": 0}, ["block", "greater than or equal to 1", "0"]),
        ({"theory": "yes"}, ["theory", "boolean", "'yes'"]),
        ({"precision": "float16"}, ["precision", "'float64' or 'float32'", "'float16'"]),
        ({"device": "tpu"}, ["device", "'cpu'", "'tpu'"]),
        ({"tolerance": 1.0}, ["tolerance", "0.1", "1.0"]),
        ({"tolerance": "1e-8"}, ["tolerance", "a number"]),
        ({"observables": ["m3"]}, ["observables", "'m3'", "total_m2"]),
        ({"observables": []}, ["observables", "at least one"]),
        ({"observables": "m2"}, ["observables", "'m2'"]),
        ({"model": {"p": 2}}, ["p_star must be given"]),
        ({"model": {"p": 2, "p_star": 1, "q": 3}}, ["q is no parameter", "alpha"]),
        ({"model": {"p": 2, "p_star": 1, "N": 20}}, ["N stands in more than one"]),
        ({"model": {"p": 2, "p_star": 1, "a": "1"}}, ["a must be a number", "'1'"]),
        ({"model": {"p": "inf", "p_star": 1}}, ["p must be finite", "inf"]),
        ({"model": {"p": 2, "p_star": 20}}, ["N must be above p_star = 20", "20"]),
        ({"model": {"p": 2, "p_star": 1, "flip": 2.0}}, ["flip", "0 to 1", "2.0"]),
        ({"model": {"p": 2, "p_star": 1, "loss": "sqare"}}, ["loss", "huber", "'sqare'"]),
        ({"axes": {"alpha": [], "N": 20}}, ["alpha", "1 to 100000 values"]),
        ({"axes": {"alpha": [1.0, 1], "N": 20}}, ["alpha", "twice"]),
        ({"axes": {"alpha": {"start": 1}, "N": 20}}, ["alpha", "start", "stop", "count"]),
        ({"axes": {"alpha": {"start": 1, "stop": 2, "count": 1}, "N": 20}}, ["count", "2 to"]),
        ({"axes": {"alpha": {"start": 2, "stop": 1, "count": 3}, "N": 20}}, ["start < stop"]),
        ({"axes": {"alpha": 1e-9, "N": 20}}, ["alpha", "1/N"]),
        ({"axes": {"alpha": math.nan, "N": 20}}, ["alpha", "finite", "nan"]),
        ({"axes": {"alpha": 10**400, "N": 20}}, ["alpha", "1e308"]),
        ({"axes": {"alpha": 1.0, "N": 20.5}}, ["N", "positive integer", "20.5"]),
        ({"axes": 3}, ["axes", "dictionary", "3"]),
        ({"zipped": [{"a": [1.0], "delta": [1.0, 2.0]}]}, ["one length", "'delta': 2"]),
        ({"zipped": [{"draws": [-1]}]}, ["draws must be from 0"]),
        ({"draws": 0, "theory": False}, ["nothing to compute"]),
    ],
)
def test_a_mistake_names_key_value_and_what_is_allowed(change, parts):
    with pytest.raises(bb.InvalidInput) as stop:
        Definition.define({**BASE, **change})
    message = str(stop.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message


def test_every_mistake_is_named_at_once():
    with pytest.raises(bb.InvalidInput, match="seed.*; draws"):
        Definition.define({**BASE, "seed": -1, "draws": -1})


def test_a_grid_has_its_limit():
    values = list(range(1, 2001))
    with pytest.raises(bb.InvalidInput, match="at most 1000000 cells"):
        Definition.define({"model": {"p": 1, "p_star": 1}, "axes": {"alpha": values, "N": values}})


def test_files(tmp_path):
    path = tmp_path / "s.toml"
    with pytest.raises(bb.InvalidInput, match="a study must be a file, and there is no file"):
        Study.load(path)
    with pytest.raises(bb.InvalidInput, match=r"end in \.toml"):
        Study.load(tmp_path / "s.json")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(bb.InvalidInput, match="UTF-8"):
        Study.load(path)
    path.write_text("seed = \n")
    with pytest.raises(bb.InvalidInput, match="no TOML.*line 1"):
        Study.load(path)
    path.write_text("a = " + "[" * 100_000)
    with pytest.raises(bb.InvalidInput, match="no TOML"):
        Study.load(path)
    path.write_text("#" * 1_000_001)
    with pytest.raises(bb.InvalidInput, match="at most"):
        Study.load(path)


HOSTILE = [
    "__import__('os').system('touch PWNED')",
    "(lambda: open('PWNED', 'w'))()",
    "().__class__.__mro__[1].__subclasses__()",
    "exec('open(\\'PWNED\\', \\'w\\')')",
    "y.__class__ + yhat",
    "yhat + eval('1')",
    "[x for x in (yhat,)][0]",
    "f'{yhat.__init__}' + (y)",
    "open('PWNED','w') + yhat",
    "$(touch PWNED) + yhat",
    "'; DROP TABLE points; -- (yhat)",
    "{{ yhat.__globals__ }}",
    "!!python/object/apply:os.system ['touch PWNED'] + (yhat)",
    "yhat**y**" + "9**" * 50 + "9",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["loss", "activation"])
def test_hostile_text_is_refused_and_never_run(tmp_path, monkeypatch, text, name):
    monkeypatch.chdir(tmp_path)
    used = []
    for function in ("eval", "exec", "open", "__import__"):
        real = getattr(builtins, function)

        def watched(*args, _name=function, _real=real, **kwargs):
            if "PWNED" in repr(args):
                used.append((_name, args))
            return _real(*args, **kwargs)

        monkeypatch.setattr(builtins, function, watched)
    with pytest.raises(bb.InvalidInput):
        Definition.define({**BASE, "model": {"p": 2, "p_star": 1, name: text}})
    monkeypatch.undo()
    assert not used
    assert not (tmp_path / "PWNED").exists()


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["inf", "float64", "cpu", "m2", *HOSTILE[:4]]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["p", "alpha", "N", "start", "stop", "count"]), inner)
    ),
    max_leaves=6,
)
keys = st.sampled_from([f.alias or n for n, f in Keys.model_fields.items()] + ["other"])


def outcome(read, *args):
    """(what was read, None), or (None, the message of the refusal)."""
    try:
        return read(*args), None
    except bb.InvalidInput as error:
        return None, str(error)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(keys, plain, max_size=4), st.booleans())
def test_any_value_is_accepted_or_refused_in_one_line(values, based):
    definition, message = outcome(Definition.define, {**BASE, **values} if based else values)
    if definition is None:
        assert "\n" not in message
    else:
        assert Definition.from_dict(definition.to_dict()) == definition


def parsed(text):
    return Definition.define(parse_keys(text))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.integers(0, len(EXAMPLE)))
def test_any_text_is_accepted_or_refused_in_one_line(text, position):
    _, message = outcome(parsed, EXAMPLE[:position] + text + EXAMPLE[position:])
    assert "\n" not in (message or "")


def test_the_sources_evaluate_nothing():
    """No eval, exec, compile, pickle or import by name in what reads a study."""
    folder = os.path.dirname(sys.modules["bbpscape.study.definition"].__file__)
    pattern = r"\b(eval|exec|compile|pickle|__import__|import_module|shelve|yaml)\b *[(.]"
    found = subprocess.run(
        ["grep", "-rnE", "--include=*.py", pattern, folder], capture_output=True, text=True
    )
    assert found.stdout == ""
