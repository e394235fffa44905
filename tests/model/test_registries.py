"""A loss and an activation that a user lists are found by name wherever a name is taken."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.model.activations import ACTIVATIONS, Activation
from bbpscape.model.loss import Loss
from bbpscape.model.losses import LOSSES
from bbpscape.study.definition import Definition


@dataclass(frozen=True)
class Welsch(Loss):
    """(1 − e^{−(y − ŷ)²/2})."""

    a: float = 0.01
    name = "welsch"

    def value(self, y, y_hat):
        return 1 - np.exp(-((y - y_hat) ** 2) / 2)

    def derivatives(self, y, y_hat):
        gap = y_hat - y
        fall = np.exp(-(gap**2) / 2)
        return gap * fall, (1 - gap**2) * fall


SWISH = Activation(
    "swish",
    lambda x: x / (1 + np.exp(-x)),
    lambda x: (1 + np.exp(-x) * (1 + x)) / (1 + np.exp(-x)) ** 2,
    lambda x: np.exp(-x) * (2 - x + (2 + x) * np.exp(-x)) / (1 + np.exp(-x)) ** 3,
    bounds=(-0.2784645427610738, np.inf),
)


@pytest.fixture
def listed(monkeypatch):
    for one in (ACTIVATIONS, LOSSES):
        monkeypatch.setattr(one, "_known", dict(one._known))
    LOSSES.add("welsch", Welsch)
    ACTIVATIONS.add("swish", SWISH)


def test_by_name_in_python(listed):
    assert bb.loss("welsch", a=2.0) == Welsch(2.0)
    assert bb.activation("swish") is SWISH
    model = bb.TeacherStudent(2, 1, "welsch", "swish")
    assert (model.loss, model.activation) == (Welsch(), SWISH)
    assert bb.TeacherStudent.from_dict(model.to_dict()) == model
    assert bb.TeacherStudent().replace(loss="welsch", a=0.5).loss == Welsch(0.5)


def test_by_name_in_a_study(listed):
    values = {"p": 2, "p_star": 1, "loss": "welsch", "a": 0.5, "activation": "swish"}
    definition = Definition.define({"model": values, "axes": {"alpha": [2.0], "N": [20]}})
    (cell,) = (cell for cell, _ in definition.cells())
    assert cell.model == bb.TeacherStudent(2, 1, Welsch(0.5), SWISH)


def test_by_name_in_a_command(listed, run):
    options = ("--loss", "welsch", "--activation", "swish", "--alpha", "2", "--N", "20")
    status, out, err = run("simulate", *options, "--json")
    assert (status, err) == (0, "")
    model = json.loads(out)["model"]
    assert (model["loss"], model["activation"]) == ("welsch", "swish")


def test_what_is_not_listed_is_refused_with_the_names_there_are(listed):
    with pytest.raises(InvalidInput, match="activation must be one of quadratic, .*swish or an"):
        bb.activation("swosh")
    with pytest.raises(InvalidInput, match="loss must be one of .*welsch or an expression"):
        bb.loss("welch")
    with pytest.raises(InvalidInput, match="there is a loss 'welsch' already"):
        LOSSES.add("welsch", Loss)
