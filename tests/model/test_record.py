"""Models as values: records that read back, names of draws, what a reader is told."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bbpscape.core.checks import InvalidInput
from bbpscape.model.activations import ACTIVATIONS, Activation
from bbpscape.model.labels import Labels
from bbpscape.model.loss import Loss
from bbpscape.model.losses import LOSSES, AbsoluteNormalizedSquare, Huber, NormalizedSquare, Square
from bbpscape.model.teacher_student import TeacherStudent

MODELS = [
    TeacherStudent(),
    TeacherStudent(math.inf, 3, NormalizedSquare(0.1)),
    TeacherStudent(3, 2, "huber", "tanh", Labels(0.1, 0.2), (0.1, 1 / 3, -2.0), 0.1),
    TeacherStudent(2, 2, AbsoluteNormalizedSquare(1 / 3), overlap=((0.1, 0.2), (0.3, 1e-17))),
    TeacherStudent(2, 1, "(y - yhat)**2/(1 + abs(y))", "x**3 - x"),
]


@dataclass(frozen=True)
class Powered(Loss):
    a: float = 0.01
    p: float = 4.0
    name = "powered"

    def value(self, y, y_hat):
        return self.a * abs(y - y_hat) ** self.p

    def derivatives(self, y, y_hat):
        gap, p = y_hat - y, self.p
        return (
            self.a * p * np.sign(gap) * abs(gap) ** (p - 1),
            self.a * p * (p - 1) * abs(gap) ** (p - 2),
        )


@pytest.fixture
def registries(monkeypatch):
    for one in (ACTIVATIONS, LOSSES):
        monkeypatch.setattr(one, "_known", dict(one._known))


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.label())
def test_a_record_reads_back_exactly(model):
    text = json.dumps(model.to_dict(), allow_nan=False)
    again = TeacherStudent.from_dict(json.loads(text))
    assert again == model
    assert json.dumps(again.to_dict()) == text


def test_defaults_are_those_of_the_source():
    assert TeacherStudent() == TeacherStudent(
        2, 1, NormalizedSquare(0.01), ACTIVATIONS["quadratic"]
    )
    assert TeacherStudent(loss="square").loss == Square()
    assert TeacherStudent(loss="huber", activation="erf").activation is ACTIVATIONS["erf"]
    assert TeacherStudent.from_dict({}) == TeacherStudent()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"loss": "hinge"}, "loss must be one of .*'hinge'"),
        ({"activation": "own"}, "activation must be one of .*'own'"),
        ({"alpha": 3}, "alpha is no parameter of a model"),
        ({"loss_parameters": {"q": 1}}, "has no parameter 'q'"),
        ({"p": "two"}, "p must be a positive integer or inf, got 'two'"),
    ],
)
def test_records_that_say_no_model_are_refused(values, message):
    with pytest.raises(InvalidInput, match=message) as error:
        TeacherStudent.from_dict(values)
    assert "\n" not in str(error.value)


def test_objects_of_a_user_are_read_back_once_they_are_listed(registries):
    cube = Activation("cube", lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x)
    model = TeacherStudent(2, 1, Powered(2.0, 6.0), cube)
    record = model.to_dict()
    assert record["loss_parameters"] == {"p": 6.0}
    assert (record["p"], record["a"]) == (2, 2.0)
    with pytest.raises(InvalidInput, match="activation must be one of"):
        TeacherStudent.from_dict(record | {"loss": "square", "loss_parameters": {}})
    with pytest.raises(InvalidInput, match="loss must be one of"):
        TeacherStudent.from_dict(record)
    ACTIVATIONS.add("cube", cube)
    LOSSES.add("powered", Powered)
    assert TeacherStudent.from_dict(record) == model
    assert TeacherStudent(2, 1, "powered", "cube").loss == Powered()


def test_a_listed_name_is_not_taken_by_another_object():
    tanh = Activation("tanh", lambda x: x, lambda x: 1 + 0 * x, lambda x: 0 * x)
    with pytest.raises(InvalidInput, match="'tanh' is not the one that is listed"):
        TeacherStudent(2, 1, "square", tanh)

    class Mine(Square):
        name = "huber"

    with pytest.raises(InvalidInput, match="'huber' is not the one that is listed"):
        TeacherStudent(2, 1, Mine())


def key_of(parameters):
    """How a study has named its cells since its first version."""
    defaults = {
        "a": 0.01,
        "loss": "normalized-square",
        "delta": 1.0,
        "activation": "quadratic",
        "label_noise": 0.0,
        "flip": 0.0,
        "overlap": 0.0,
    }
    kept = {
        name: "inf" if value == math.inf else value
        for name, value in parameters.items()
        if value != defaults.get(name)
    }
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"p": math.inf, "p_star": 2, "a": 3.0},
        {"p": 3, "loss": "huber", "delta": 0.5, "activation": "tanh"},
        {"p": 1, "loss": "huber", "delta": 1.0},
        {"loss": "square", "label_noise": 0.25, "flip": 0.125, "overlap": -0.3},
        {"loss": "absolute-normalized-square", "a": 0.1, "flip": 1.0, "activation": "x**3 - x"},
        {"loss": "(y - yhat)**2", "p_star": 3, "overlap": 0.1},
        {"alpha": 1 / 3 + 1e-14, "N": 20},
    ],
)
def test_an_identity_is_the_name_that_studies_give(parameters):
    values = {"p": 2, "p_star": 1, "alpha": 2.5, "N": 1000} | parameters
    alpha, n = values["alpha"], values["N"]
    model = {k: v for k, v in values.items() if k not in ("alpha", "N")}
    expected = key_of(values | {"alpha": float(f"{alpha:.12g}")})
    assert TeacherStudent.from_dict(model).identity(alpha, n) == expected


def test_an_identity_tells_models_apart():
    names = [one.identity(2.0, 50) for one in MODELS]
    names += [TeacherStudent().identity(2.0), TeacherStudent().identity(2.0, 51)]
    names += [TeacherStudent(2, 1, Powered(0.01, q)).identity(2.0, 50) for q in (4.0, 6.0)]
    assert len(set(names)) == len(names)
    assert TeacherStudent().identity(0.1 + 0.2, 50) == TeacherStudent().identity(0.3, 50.0)
    for one, other in (
        (
            TeacherStudent(loss=NormalizedSquare(0.1 + 0.2)),
            TeacherStudent(loss=NormalizedSquare(0.3)),
        ),
        (TeacherStudent(overlap=0.1 + 0.2), TeacherStudent(overlap=0.3)),
        (
            TeacherStudent(3, 1, Square(), second_layer=(2 / 3, 1 / 7, -0.1)),
            TeacherStudent(3, 1, Square(), second_layer=(0.666666666667, 0.142857142857, -0.1)),
        ),
    ):
        assert one != other
        assert one.identity(1.0, 50) == other.identity(1.0, 50)
    assert TeacherStudent(3, second_layer=(0.333333333333,) * 3) == TeacherStudent(3)
    assert TeacherStudent().identity(0.3, 50) != TeacherStudent().identity(0.3000000001, 50)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (TeacherStudent(), "p = 2, p* = 1, a = 0.01"),
        (TeacherStudent(math.inf, 2), "p = inf, p* = 2, a = 0.01"),
        (
            TeacherStudent(3, 2, "huber", "tanh", Labels(0.1, 0.2), (1.0, 2.0, 3.0), 0.1),
            "p = 3, p* = 2, tanh, huber loss, delta = 1, label noise = 0.1, flip = 0.2, "
            "second layer [1.0, 2.0, 3.0], overlap [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]]",
        ),
        (
            TeacherStudent(1, 1, Powered(2.0, 6.0)),
            "p = 1, p* = 1, powered loss, a = 2, p = 6",
        ),
        (
            TeacherStudent(1, 1, "square", labels=Labels(flip=0.25)),
            "p = 1, p* = 1, square loss, flip = 0.25",
        ),
    ],
)
def test_labels(model, text):
    assert model.label() == text
    assert model.label(alpha=3.0, N=500) == f"{text}, alpha = 3, N = 500"


def test_a_model_with_other_parameters():
    model = TeacherStudent(3, 2, Huber(0.5), "tanh", Labels(0.1, 0.2), None, 0.1)
    assert model.replace() == model
    wide = model.replace(p=4, p_star=1)
    assert wide.overlap_matrix.tolist() == [[0.1] * 4]
    assert model.replace(delta=2.0).loss == Huber(2.0)
    assert model.replace(flip=0.0).labels == Labels(0.1, 0.0)
    assert model.replace(label_noise=0.0).labels == Labels(0.0, 0.2)
    assert model.replace(labels=Labels()).labels == Labels()
    assert model.replace(activation="erf", overlap=0.0).activation.name == "erf"
    assert model.replace(loss="absolute-normalized-square", a=0.3).loss.a == 0.3
    source = TeacherStudent(2, 1, NormalizedSquare(0.5))
    assert source.replace(loss="absolute-normalized-square").loss.a == 0.5
    assert source.replace(p=math.inf).p == math.inf
    assert source.replace(loss="square").loss == Square()
    with pytest.raises(InvalidInput, match="'huber' has no parameter 'a'"):
        model.replace(a=1.0)
    with pytest.raises(InvalidInput, match="alpha is no parameter of a model"):
        model.replace(alpha=1.0)
    with pytest.raises(InvalidInput, match="second_layer"):
        TeacherStudent(2, 1, second_layer=(0.1, 0.2)).replace(p=3)


@settings(max_examples=50, deadline=None)
@given(
    p=st.integers(1, 6),
    p_star=st.integers(1, 4),
    a=st.floats(1e-3, 1e3),
    noise=st.floats(0, 10),
    flip=st.floats(0, 1),
    overlap=st.floats(-0.45, 0.45),
)
def test_any_model_reads_back(p, p_star, a, noise, flip, overlap):
    labels = Labels(noise, flip)
    model = TeacherStudent(p, p_star, AbsoluteNormalizedSquare(a), "erf", labels, None, overlap)
    assert TeacherStudent.from_dict(json.loads(json.dumps(model.to_dict()))) == model
    key = json.loads(model.identity(1.0, 10))
    found = (key.get("flip", 0.0), key.get("overlap", 0.0))
    assert found == pytest.approx((flip, overlap), rel=1e-11, abs=0)
