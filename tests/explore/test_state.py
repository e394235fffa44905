"""The state of the page: texts of an address, their models, and mistakes by their fields."""

import math

import pytest

import bbpscape as bb
from bbpscape.explore import limits
from bbpscape.explore.state import FIELDS, Mistake, State, default, text_of, value_of
from bbpscape.explore.story import STOPS
from bbpscape.model.parameters import PARAMETERS

MODELS = [
    bb.TeacherStudent(),
    bb.TeacherStudent(math.inf, 2, bb.NormalizedSquare(0.1 + 0.2)),
    bb.TeacherStudent(3, 2, "huber", "tanh", overlap=[[0.2, 0.1, 0], [0, 0, 0.3]]),
    bb.TeacherStudent(2, 1, "(y - yhat)**4", "x**2 + x", teacher="sign(u1)"),
    bb.TeacherStudent(2, 1, "square", labels=bb.Labels(noise=0.5), second_layer=[0.5, -0.25]),
    bb.TeacherStudent(2, 1, inputs=bb.InputLaw("power:0.5", "chi2:8", 1.5)),
    bb.TeacherStudent(2, 1, "square", labels=bb.Labels(poisson=True)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.label())
def test_an_address_says_a_model_to_the_last_bit(model):
    state = State.of(model, alpha=1 / 3, N=77)
    again = State.read(state.query)
    assert again.model == model
    assert (again.value("alpha"), again.value("N"), again.value("seed")) == (1 / 3, 77, 0)


def test_what_is_as_at_the_start_is_not_in_the_address():
    assert State.of(bb.TeacherStudent(), alpha=3.0, N=300, draws=10, seed=0).query == ""


@pytest.mark.parametrize("one", FIELDS, ids=lambda one: one.name)
def test_a_default_is_read_as_itself(one):
    start = default(one)
    assert value_of(one, "" if start is None else text_of(start)) == start


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("a=-1", "a"),
        ("a=nan", "a"),
        ("p=2.5", "p"),
        ("p=1e400", "p"),
        ("alpha=0,5", "alpha"),
        ("N=0", "N"),
        ("seed=-1", "seed"),
        ("draws=x", "draws"),
        ("loss=__import__('os')", "loss"),
        ("activation=x.__class__", "activation"),
        ("teacher=eval(u1)", "teacher"),
        ("flip=2", "flip"),
        ("poisson=maybe", "poisson"),
        ("covariance=/etc/passwd.npy", "covariance"),
        ("second_layer=1,2,3", "second_layer"),
        ("overlap=0.9;0.9", "overlap"),
        ("overlap=1e308", "overlap"),
        ("label_noise=1e308", "label_noise"),
        ("activation=0", "activation"),
        ("teacher=2", "teacher"),
        ("teacher=u1*u2", "teacher"),
        ("p=−1", "p"),
        ("a=" + "9" * 400, "a"),
        ("loss=" + "sin(" * 300 + "y" + ")" * 300, "loss"),
        ("metric=cube", "metric"),
        ("p=<script>", "p"),
    ],
)
def test_a_mistake_is_one_line_of_its_field(query, field):
    state = State.read(query)
    with pytest.raises(Mistake) as caught:
        _ = state.model, state.sizes
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


def test_an_address_too_long_is_refused():
    with pytest.raises(Mistake, match="4000"):
        State.read("a=" + 5000 * "1")


def test_an_object_that_an_address_cannot_say_is_refused():
    own = bb.Activation("mine", lambda x: x**2, lambda x: 2 * x, lambda x: 2 + 0 * x)
    with pytest.raises(bb.InvalidInput):
        State.of(bb.TeacherStudent(activation=own))


def test_every_parameter_of_a_model_has_a_field():
    names = {one.name for one in FIELDS}
    for model in MODELS:
        assert set(model.to_dict()) <= names
    assert {"alpha", "N", "draws", "seed"} <= names <= set(PARAMETERS)


def test_the_story_says_numbers_of_the_library():
    states = [State(stop.texts) for stop in STOPS]
    sharp, _, smooth, wide, finite = (bb.threshold(one.model) for one in states)
    assert f"{sharp.alpha_bbp:.3f}" in STOPS[1].hint
    assert f"an overlap, here of {smooth.m2_jump:.2f}" in STOPS[2].text
    assert f"α_BBP = {finite.alpha_bbp:.2f}" in STOPS[4].hint
    assert sharp.transition == wide.transition == "continuous"
    assert smooth.transition == finite.transition == "discontinuous"
    assert states[4].value("alpha") < finite.alpha_bbp < states[2].value("alpha")
    # Of wide students at a → 0: the least with which anything can be known.
    limit = bb.threshold(states[3].model.replace(p=math.inf)).alpha_bbp
    assert limit == pytest.approx((0.01 + 1) / 2)
    assert wide.alpha_weak_recovery == 0.5
    for one in states[4:]:
        limits.check_comparison(one.model, **one.sizes | {"N": 1000})
