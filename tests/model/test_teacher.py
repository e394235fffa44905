"""Teachers: expressions, committees and objects; their range, symmetries, records and refusals."""

import json
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.model.activations import ACTIVATIONS
from bbpscape.model.teacher import TEACHERS, Teacher, committee, teacher

INF = math.inf
RANDOM = np.random.default_rng(0)
PEAK = 1 / (2 * math.e)
# text, p*, range, and (even, signs, exchangeable, rotations).
FACTS = [
    ("u1*u2", 2, (-INF, INF), "e-x-"),
    ("sign(u1*u2)", 2, (-1, 1), "e-x-"),
    ("u1/u2", 2, (-INF, INF), "e---"),
    ("1/(u1 - u2)", 2, (-INF, INF), "----"),
    ("max(u1, u2)", 2, (-INF, INF), "--x-"),
    ("u1**2 + 2*u2**2", 2, (0, INF), "es--"),
    ("(u1**2 + u2**2)/2", 2, (0, INF), "esxr"),
    ("u1*u2*exp(-u1**2 - u2**2)", 2, (-PEAK, PEAK), "e-x-"),
    ("tanh(u1*u2*u3)", 3, (-1, 1), "--x-"),
    ("abs(u1)", 1, (0, INF), "esxr"),
    ("exp(u1)", 1, (0, INF), "--xr"),
    ("log(u1**2)", 1, (-INF, INF), "esxr"),
    ("step(u1 - 0.5)", 1, (0, 1), "--x-"),
]


@pytest.mark.parametrize(("text", "p_star", "ends", "names"), FACTS, ids=lambda one: str(one))
def test_facts_are_found(text, p_star, ends, names):
    found = teacher(text).facts(p_star)
    assert (found.low, found.high) == pytest.approx(ends, rel=1e-9, abs=1e-9)
    flags = (found.even, found.signs, found.exchangeable)
    assert flags == tuple(one in names for one in "esx")
    if p_star > 1:
        assert found.rotations == ("r" in names)


def test_what_is_not_read_is_neither_exchanged_nor_rotated():
    found = teacher("u1**2 + u2**2")
    assert found.facts(2).rotations
    assert found.facts(2).exchangeable
    wider = found.facts(3)
    assert not wider.rotations
    assert not wider.exchangeable
    assert wider.even
    assert wider.signs
    assert (wider.low, wider.high) == (0, INF)


def test_a_committee_is_the_default_and_follows_the_activation():
    model = bb.TeacherStudent(2, 3, "square", "tanh")
    u = np.random.default_rng(0).standard_normal((5, 3))
    assert np.array_equal(model.teacher_output(u), np.tanh(u).mean(axis=1))
    assert not model.own_teacher
    assert model == bb.TeacherStudent(2, 3, "square", "tanh", teacher="tanh")
    assert model.replace(activation="erf").teacher.unit is ACTIVATIONS["erf"]
    assert "teacher" not in model.to_dict()
    other = bb.TeacherStudent(2, 3, "square", "quadratic", teacher=ACTIVATIONS["tanh"])
    assert other.own_teacher
    assert not bb.TeacherStudent(teacher="tanh", loss="square").is_reference
    assert other.replace(activation="erf").teacher.unit is ACTIVATIONS["tanh"]


def test_an_expression_reads_the_first_preactivations():
    model = bb.TeacherStudent(2, 3, "square", teacher="u1/u2")
    assert model.teacher_output(np.array([1.0, 2.0, 7.0])) == 0.5
    assert model.replace(p_star=2).teacher == model.teacher
    with pytest.raises(InvalidInput, match=r"reads 2 preactivations: p_star must be at least 2"):
        model.replace(p_star=1)


@pytest.mark.parametrize(
    "model",
    [
        bb.TeacherStudent(2, 2, "square", teacher="u1*u2"),
        bb.TeacherStudent(3, 2, "huber", "tanh", bb.Labels(0.1, 0.2), teacher="sign(u1*u2)"),
        bb.TeacherStudent(1, 1, "square", labels=bb.Labels(poisson=True)),
        bb.TeacherStudent(1, 1, "square", "tanh", teacher="quadratic"),
        bb.TeacherStudent(1, 2, "square", "tanh", teacher="x**3"),
    ],
    ids=lambda one: one.label(),
)
def test_a_record_reads_back_exactly(model):
    text = json.dumps(model.to_dict(), allow_nan=False)
    again = bb.TeacherStudent.from_dict(json.loads(text))
    assert again == model
    assert json.dumps(again.to_dict()) == text
    assert model.identity(2, 50) != model.replace(labels=bb.Labels(0.5)).identity(2, 50)


def test_labels_of_models_and_names_of_draws_say_the_teacher():
    model = bb.TeacherStudent(2, 2, "square", teacher="u1*u2", labels=bb.Labels(0.1))
    assert "teacher u1*u2" in model.label()
    assert '"teacher":"u1*u2"' in model.identity(2, 50)
    counts = bb.TeacherStudent(1, 1, "square", labels=bb.Labels(poisson=True))
    assert "Poisson labels" in counts.label()


def test_an_object_of_the_user():
    ratio = Teacher("ratio", lambda u: u[..., 0] / (1 + u[..., 1] ** 2), p_star=2)
    model = bb.TeacherStudent(2, 2, "square", teacher=ratio)
    assert model.teacher.facts(2).even is False
    instance = bb.draw(model, 2.0, 40)
    u = instance.inputs @ instance.teacher.T
    assert np.array_equal(instance.labels, u[:, 0] / (1 + u[:, 1] ** 2))
    with pytest.raises(InvalidInput):
        bb.TeacherStudent.from_dict(model.to_dict())
    TEACHERS.add("ratio", ratio)
    try:
        assert bb.TeacherStudent.from_dict(model.to_dict()) == model
        with pytest.raises(InvalidInput, match="not the one that is listed"):
            bb.TeacherStudent(2, 2, "square", teacher=Teacher("ratio", lambda u: u[..., 0]))
    finally:
        TEACHERS._known.pop("ratio")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("u3", "reads 3 preactivations: p_star must be at least 3, got 2"),
        ("1", "has the label 1 whatever u"),
        ("sign(u1**2)", "has the label 1 whatever u"),
        ("u1 - u1", "has the label 0 whatever u"),
        ("sqrt(u1)", "not finite at u ="),
        ("exp(exp(u1**2))", "not finite at u ="),
        ("1j*u1", "numbers and names"),
        ("u1*v", "may use the names u1, pi, e, got 'v'"),
        ("u1/0", "must not divide by 0"),
        ("u65", "may read u1 … u64"),
        ("", "not an expression"),
        ("u1+" * 120 + "u1", "at most 300 characters"),
        (3, "teacher must be an expression in u1, u2"),
        (Teacher("c", lambda u: 1j * u[..., 0]), "real arrays"),
        (Teacher("s", lambda u: u), "of shape"),
        (Teacher("r", lambda u: u[..., 0] + RANDOM.random()), "other labels for the same u"),
        (Teacher("f", lambda u: float(u[0])), "fails on preactivations"),
    ],
    ids=str,
)
def test_what_is_no_teacher_is_refused_in_one_line(value, message):
    with pytest.raises(InvalidInput, match=r".*") as caught:
        bb.TeacherStudent(2, 2, "square", teacher=value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_poisson_labels():
    labels, generator = bb.Labels(poisson=True), np.random.default_rng(3)
    y = labels.apply(np.full(40_000, 1.7), generator)
    assert abs(y.mean() - 1.7) < 4 * math.sqrt(1.7 / y.size)
    assert np.array_equal(y, np.floor(y))
    k = np.arange(60)
    mass = labels.density(k, 1.7)
    assert mass.sum() == pytest.approx(1, abs=1e-12)
    assert mass @ k == pytest.approx(1.7, abs=1e-12)
    assert abs((y == 0).mean() - math.exp(-1.7)) < 4 * 0.5 / math.sqrt(y.size)
    assert labels.density([-1, 0.5, 0], 0.0).tolist() == [0.0, 0.0, 1.0]
    with pytest.raises(InvalidInput, match="nowhere negative"):
        bb.TeacherStudent(1, 1, "square", teacher="u1", labels=labels)


def test_density_of_noisy_and_flipped_labels():
    found = bb.Labels(0.25, 0.1).density(1.0, 0.5)
    gauss = [math.exp(-(gap**2) / 0.5) / math.sqrt(0.5 * math.pi) for gap in (0.5, 1.5)]
    assert found == pytest.approx(0.9 * gauss[0] + 0.1 * gauss[1], rel=1e-14)
    with pytest.raises(InvalidInput, match="no density"):
        bb.Labels().density(1.0, 1.0)


def test_a_scaled_teacher():
    twice = committee(ACTIVATIONS["quadratic"]).scaled(2.0)
    assert twice(np.array([1.0, 3.0])) == 20.0
