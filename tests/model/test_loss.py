"""Losses of a user's own: what they inherit, what they are asked, and wrong ones refused."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import brentq

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.model.activations import ACTIVATIONS, QUADRATIC, Activation
from bbpscape.model.loss import Loss, examine
from bbpscape.model.losses import (
    LOSSES,
    AbsoluteNormalizedSquare,
    ExpressionLoss,
    Huber,
    Logistic,
    NormalizedSquare,
    Square,
    loss,
)
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.descent.gradient import BatchGradient
from bbpscape.theory.laws.network.label_law import label_nodes


@dataclass(frozen=True)
class SteeplyNormalized(NormalizedSquare):
    """(y − ŷ)²/(2 (a + y)²): the parent's formula once more over a + y."""

    def value(self, y, y_hat):
        return super().value(y, y_hat) / (self.a + y)

    def derivatives(self, y, y_hat):
        first, second = super().derivatives(y, y_hat)
        return first / (self.a + y), second / (self.a + y)


@dataclass(frozen=True)
class Cauchy(Square):
    def value(self, y, y_hat):
        return np.log1p((y - y_hat) ** 2) / 2

    def derivatives(self, y, y_hat):
        gap = y_hat - y
        return gap / (1 + gap**2), (1 - gap**2) / (1 + gap**2) ** 2


class Quartic(Loss):
    def __init__(self, a=1.0):
        self.a = a

    def value(self, y, y_hat):
        return self.a * (y - y_hat) ** 4 / 12

    def derivatives(self, y, y_hat):
        return self.a * (y_hat - y) ** 3 / 3, self.a * (y_hat - y) ** 2


def threshold_by_hand(slope):
    """The transition of p = 2, p* = 1 from ℓ′ = slope(y)(r − y), by plain sums.

    At the left edge 1/g² = α E f²/(1 + g f)², and the outlier is there where
    α E (y − 1) f/(1 + g f) = −1/g; F has the eigenvalues ℓ′ and ℓ′ + 2 r ℓ″, and r is exponential.
    """
    u = (np.arange(1500) + 0.5) * 0.006
    mass = np.exp(-(u**2) / 2)
    t, weights = np.polynomial.legendre.leggauss(150)
    t, weights = (t + 1) / 2, weights / 2
    r = 50 * t**4
    weights = weights * 200 * t**3 * np.exp(-r)
    y = u[:, None] ** 2
    w = (mass / mass.sum())[:, None] * weights / 2
    f = np.array([slope(y) * (r - y), slope(y) * (3 * r - y)])

    def alpha(g):
        return 1 / (g**2 * (w * (f / (1 + g * f)) ** 2).sum())

    def excess(g):
        return g * alpha(g) * (w * (y - 1) * f / (1 + g * f)).sum() + 1

    return alpha(brentq(excess, 1e-3, 0.999 / -f.min(), xtol=1e-14))


def test_a_subclass_with_another_formula_has_its_own_threshold():
    one = SteeplyNormalized(1.0)
    assert (one.closed_form, one.label_scale, one.is_square) == (None, None, False)
    assert one.name == "SteeplyNormalized"
    model = TeacherStudent(2, 1, one)
    assert not model.is_reference
    found = bb.threshold(model).alpha_bbp
    assert found == pytest.approx(threshold_by_hand(lambda y: 1 / (1 + y) ** 2), rel=1e-5)
    assert found == pytest.approx(2.534636903, rel=1e-8)
    # The parent's is far from it; the sums by hand give the parent's where they are given its ℓ′.
    parent = bb.threshold(TeacherStudent(2, 1, NormalizedSquare(1.0))).alpha_bbp
    assert parent == pytest.approx(1.01838, rel=1e-5)
    parent = bb.threshold(TeacherStudent(2, 1, NormalizedSquare(0.1))).alpha_bbp
    assert parent == pytest.approx(threshold_by_hand(lambda y: 1 / (0.1 + y)), rel=1e-5)


def test_a_subclass_with_another_formula_descends_along_its_own_gradient():
    model = TeacherStudent(2, 1, Cauchy())
    instance = bb.draw(model, 4.0, 30, np.random.default_rng(3))
    student = instance.student
    value, gradient = BatchGradient([instance])(student[None])
    outputs = ((instance.inputs @ student.T) ** 2).mean(axis=1)
    gap = outputs - instance.labels
    assert value[0] == pytest.approx(np.log1p(gap**2).sum() / 2, rel=1e-12)
    slopes = (gap / (1 + gap**2))[:, None] * (instance.inputs @ student.T)
    np.testing.assert_allclose(gradient[0], slopes.T @ instance.inputs, rtol=1e-10, atol=1e-12)
    parent = BatchGradient(
        [bb.draw(TeacherStudent(2, 1, Square()), 4.0, 30, np.random.default_rng(3))]
    )(student[None])[0]
    assert parent[0] == pytest.approx((gap**2).sum() / 2, rel=1e-12)
    assert parent[0] > 3 * value[0]


@pytest.mark.parametrize("one", [Square(), NormalizedSquare(0.3), AbsoluteNormalizedSquare(0.3)])
def test_what_is_a_square_is_computed_as_one(one):
    instance = bb.draw(TeacherStudent(2, 1, one), 4.0, 30, np.random.default_rng(3))
    value, _ = BatchGradient([instance])(instance.student[None])
    outputs = ((instance.inputs @ instance.student.T) ** 2).mean(axis=1)
    assert value[0] == pytest.approx(one.value(instance.labels, outputs).sum(), rel=1e-12)


def test_an_attribute_a_changes_no_quadrature():
    class Renamed(Quartic):
        def __init__(self):
            self.b = 1.0

        a = property(lambda self: self.b)

    labels = bb.Labels(noise=0.3)
    for model in (
        lambda one: TeacherStudent(2, 1, one, "tanh"),
        lambda one: TeacherStudent(2, 1, one, "tanh", labels),
    ):
        nodes = [label_nodes(model(one), 1.0) for one in (Quartic(1e-3), Quartic(5.0), Renamed())]
        for one in nodes[1:]:
            np.testing.assert_array_equal(one.y, nodes[0].y)
            np.testing.assert_array_equal(one.weights, nodes[0].weights)


def test_a_scale_of_the_labels_gathers_the_nodes():
    near, far = (
        np.sort(label_nodes(TeacherStudent(2, 1, NormalizedSquare(a), "log-cosh"), 1.0).y)[:5]
        for a in (1e-6, 1.0)
    )
    assert near.max() < far.max() / 10


def test_what_a_subclass_states_itself_holds():
    @dataclass(frozen=True)
    class Stated(NormalizedSquare):
        name = "stated"
        is_square = True

        @property
        def label_scale(self):
            return self.a / 2

        def value(self, y, y_hat):
            return 3 * (y - y_hat) ** 2 / (2 * (self.a + y))

        def derivatives(self, y, y_hat):
            return 3 * (y_hat - y) / (self.a + y), 3 / (self.a + y)

    one = Stated(1.0)
    assert (one.name, one.label_scale, one.is_square, one.closed_form) == (
        "stated",
        0.5,
        True,
        None,
    )
    examine(one, 0.0, np.inf)


def test_another_value_alone_resets_the_answers():
    class Shifted(NormalizedSquare):
        def value(self, y, y_hat):
            return super().value(y, y_hat) + y

    one = Shifted(1.0)
    assert (one.closed_form, one.is_square, one.name) == (None, False, "Shifted")
    examine(one, 0.0, np.inf)


def test_a_formula_from_beside_the_parent_resets_its_answers_too():
    class Formula:
        def value(self, y, y_hat):
            return (y - y_hat) ** 4 / 12

        def derivatives(self, y, y_hat):
            return (y_hat - y) ** 3 / 3, (y_hat - y) ** 2

    class Mixed(Formula, NormalizedSquare):
        pass

    assert (Mixed(1.0).closed_form, Mixed(1.0).is_square) == (None, False)


def test_a_subclass_that_keeps_the_formula_keeps_its_answers():
    class Named(NormalizedSquare):
        name = "named"

    assert (Named(0.5).closed_form, Named(0.5).is_square) == (0.5, True)
    assert TeacherStudent(2, 1, Named(0.5)).normalization == 0.5
    assert bb.threshold(TeacherStudent(2, 1, Named(1.0))).alpha_bbp == pytest.approx(
        bb.threshold(TeacherStudent(2, 1, NormalizedSquare(1.0))).alpha_bbp, rel=1e-14
    )


class Wrong(Loss):
    """ℓ = ŷ³/6 + (y − ŷ)²/2 with errors that a keyword adds."""

    def __init__(self, first=0.0, second=0.0, value=0.0):
        self.first, self.second, self.shift = first, second, value

    def value(self, y, y_hat):
        return y_hat**3 / 6 + (y - y_hat) ** 2 / 2 + self.shift * y_hat

    def derivatives(self, y, y_hat):
        return (
            y_hat**2 / 2 + y_hat - y + self.first * y,
            y_hat + 1 + self.second * y_hat**2 + 0 * y,
        )


@pytest.mark.parametrize(
    ("error", "name"),
    [({"value": 1e-3}, "∂ℓ/∂ŷ"), ({"first": -1e-3}, "∂ℓ/∂ŷ"), ({"second": 1e-3}, "∂²ℓ/∂ŷ²")],
)
def test_wrong_derivatives_are_refused(error, name):
    TeacherStudent(2, 1, Wrong())
    with pytest.raises(InvalidInput, match=f"Wrong.*{name} is not the derivative") as caught:
        TeacherStudent(2, 1, Wrong(**error))
    assert "\n" not in str(caught.value)


def test_kinks_are_named():
    class Named(Huber):
        pass

    class Unnamed(Huber):
        kinks = Loss.kinks

    # A kink at a point where the derivative is examined, and one beside all of them.
    for delta in (float(4.19 - 0.41), 0.7, 0.05):
        examine(Named(delta), -np.inf, np.inf)
        with pytest.raises(InvalidInput, match=r"name its kinks in kinks\(y, y_hat\)") as error:
            examine(Unnamed(delta), 0.41, 0.41)
        at = float(str(error.value).partition("y_hat = ")[2].partition(":")[0])
        assert min(abs(at - 0.41 + delta), abs(at - 0.41 - delta)) < 1e-3


@pytest.mark.parametrize(
    "text",
    [
        "tanh(1000*(y - yhat))",
        "sqrt((y - yhat)**2 + 1e-8)",
        "exp(3*yhat) + y",
        "y*yhat",
        "1/(yhat + 1.0123)",
    ],
)
def test_what_is_steep_or_has_a_pole_is_no_jump(text):
    examine(ExpressionLoss(text), 0.0, np.inf)


def test_a_jump_of_the_slope_is_seen():
    class Pinball(Loss):
        def value(self, y, y_hat):
            return np.maximum(0.3 * (y - y_hat), 0.7 * (y_hat - y))

        def derivatives(self, y, y_hat):
            return np.where(y_hat > y, 0.7, -0.3), 0.0 * (y + y_hat)

    with pytest.raises(InvalidInput, match="jumps at"):
        TeacherStudent(2, 1, Pinball())


def test_a_loss_that_may_change_is_refused():
    @dataclass
    class Loose(Loss):
        weight: float = 1.0
        value, derivatives = Square.value, Square.derivatives

    with pytest.raises(InvalidInput, match="'Loose' must not change: make its class a frozen"):
        TeacherStudent(2, 1, Loose())


def test_wrong_answers_are_refused():
    class NoSquare(Quartic):
        is_square = True

    class NotTheSource(SteeplyNormalized):
        closed_form = 1.0

    with pytest.raises(InvalidInput, match="is_square is true"):
        TeacherStudent(2, 1, NoSquare())
    with pytest.raises(InvalidInput, match="with a = 1"):
        TeacherStudent(2, 1, NotTheSource(1.0))


def test_shapes_and_values_of_a_loss():
    class Flat(Square):
        def derivatives(self, y, y_hat):
            return np.ones(3), np.ones(3)

    class Infinite(Square):
        def value(self, y, y_hat):
            return (y - y_hat) ** 2 / y

        def derivatives(self, y, y_hat):
            return 2 * (y_hat - y) / y, 2 / y + 0 * y_hat

    with pytest.raises(InvalidInput, match="shape"):
        TeacherStudent(2, 1, Flat())
    with pytest.raises(InvalidInput, match="not finite at y = 0"):
        TeacherStudent(2, 1, Infinite())


def test_a_loss_is_examined_once():
    calls = []

    class Counted(Quartic):
        def value(self, y, y_hat):
            calls.append(1)
            return super().value(y, y_hat)

        def derivatives(self, y, y_hat):
            return super().derivatives(y, y_hat)

    TeacherStudent(2, 1, Counted())
    before = len(calls)
    TeacherStudent(3, 1, Counted())
    assert len(calls) == before > 0
    TeacherStudent(3, 1, Counted(2.0))
    assert len(calls) > before


def test_losses_are_values():
    assert Quartic(2.0) == Quartic(2.0) != Quartic(3.0)
    assert len({Quartic(2.0), Quartic(2.0), Quartic(3.0)}) == 2
    assert pickle.loads(pickle.dumps(Quartic(2.0))) == Quartic(2.0)
    assert SteeplyNormalized(1.0) != NormalizedSquare(1.0)
    assert Quartic(2.0).to_dict() == {"name": "Quartic", "a": 2.0}
    assert Quartic(2.0).replace(a=3.0) == Quartic(3.0)
    assert ExpressionLoss("(y - yhat)**2").parameters == {}
    with pytest.raises(InvalidInput, match="'square' has no parameter 'a'"):
        Square().replace(a=1.0)


@pytest.mark.parametrize("name", LOSSES)
def test_listed_losses_are_losses(name):
    one = loss(name)
    examine(one, 0.0, np.inf)
    assert one.name == name
    assert loss(one) is one


def test_a_registered_loss_is_found_by_name(monkeypatch):
    monkeypatch.setattr(LOSSES, "_known", dict(LOSSES._known))

    @dataclass(frozen=True)
    class Power(Loss):
        a: float = 0.01
        scale: float = 2.0
        name = "power"

        def value(self, y, y_hat):
            return self.scale * (y - y_hat) ** 4 / 12

        def derivatives(self, y, y_hat):
            return self.scale * (y_hat - y) ** 3 / 3, self.scale * (y_hat - y) ** 2

    LOSSES.add("power", Power)
    assert loss("power", a=3.0) == Power(3.0)
    assert loss("power", scale=5.0) == Power(scale=5.0)
    with pytest.raises(InvalidInput, match="no parameter 'steep'"):
        loss("power", steep=1.0)
    with pytest.raises(InvalidInput, match="one of .*power"):
        loss("hinge")


def test_quadratic_is_asked_of_the_activation():
    assert QUADRATIC.quadratic
    assert pickle.loads(pickle.dumps(QUADRATIC)).quadratic
    own = Activation("quadratic", lambda x: x**2, lambda x: 2 * x, lambda x: 2 + 0 * x)
    assert not own.quadratic
    assert [name for name, one in ACTIVATIONS.items() if one.quadratic] == ["quadratic"]


def test_logistic_has_no_pole():
    assert Logistic().label_scale is None
    assert AbsoluteNormalizedSquare(0.2).label_scale == 0.2
    assert AbsoluteNormalizedSquare(0.2).closed_form is None
