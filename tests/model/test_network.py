"""Any activation and loss: F against symbolic differentiation of the loss, and what is refused."""

import itertools
import math
import pickle

import numpy as np
import pytest
import sympy as sp

from bbpscape.core.checks import InvalidInput
from bbpscape.model.activations import ACTIVATIONS, Activation, activation, bounds_of
from bbpscape.model.curvature import curvature
from bbpscape.model.expressions import Expression
from bbpscape.model.labels import Labels
from bbpscape.model.losses import (
    AbsoluteNormalizedSquare,
    ExpressionLoss,
    Huber,
    Logistic,
    NormalizedSquare,
    Square,
    loss,
)
from bbpscape.model.teacher_student import TeacherStudent

X, Y, Z = sp.symbols("x y z", real=True)
# Formulas written again, for sympy to differentiate.
SYMBOLIC_ACTIVATIONS = {
    "quadratic": X**2,
    "sigmoid": 1 / (1 + sp.exp(-X)),
    "tanh": sp.tanh(X),
    "erf": sp.erf(X),
    "relu": sp.Piecewise((X, X > 0), (0, True)),
    "softplus": sp.log(1 + sp.exp(X)),
    "log-cosh": sp.log(sp.cosh(X)),
    "gelu": X * (1 + sp.erf(X / sp.sqrt(2))) / 2,
    "x*sigmoid(2*x)": X / (1 + sp.exp(-2 * X)),
    "max(x, 0.1*x) + sin(x)/3": sp.Piecewise((X, X > 0), (X / 10, True)) + sp.sin(X) / 3,
}
SYMBOLIC_LOSSES = {
    NormalizedSquare(2.5): (Y - Z) ** 2 / (2 * (sp.Rational(5, 2) + Y)),
    AbsoluteNormalizedSquare(0.3): (Y - Z) ** 2 / (2 * (sp.Rational(3, 10) + sp.Abs(Y))),
    Square(): (Y - Z) ** 2 / 2,
    Logistic(): sp.log(1 + sp.exp(-Y * Z)),
    Huber(0.7): sp.Piecewise(
        ((Y - Z) ** 2 / 2, (Y - Z) ** 2 < 0.49),
        (0.7 * (Y - Z - 0.35), Y > Z),
        (0.7 * (Z - Y - 0.35), True),
    ),
    ExpressionLoss("log(1 + (y - yhat)**2)"): sp.log(1 + (Y - Z) ** 2),
}
WEIGHTS = (0.8, -0.5)


def differentiated(activation_text, symbolic_loss):
    """Hessian of ℓ(y, Σ c_k σ(λ_k)) in λ, as a function of (λ, y), by sympy alone."""
    names = sp.symbols("l0 l1", real=True)
    sigma = SYMBOLIC_ACTIVATIONS[activation_text]
    output = sum(c * sigma.subs(X, name) for c, name in zip(WEIGHTS, names, strict=True))
    total = symbolic_loss.subs(Z, output)
    return [
        [
            sp.lambdify((*names, Y), sp.diff(total, a, b), modules=["mpmath", {"Abs": abs}])
            for b in names
        ]
        for a in names
    ]


@pytest.mark.parametrize("one", SYMBOLIC_LOSSES, ids=lambda one: one.name)
@pytest.mark.parametrize("name", SYMBOLIC_ACTIVATIONS)
def test_curvature_is_the_symbolic_hessian(name, one):
    model = TeacherStudent(2, 1, Square(), activation(name), second_layer=WEIGHTS)
    object.__setattr__(model, "loss", one)
    rng = np.random.default_rng(1)
    preactivations, y = 1.3 * rng.standard_normal((4, 2)), rng.uniform(-2, 2, 4)
    F = curvature(model, preactivations, y)
    expected = differentiated(name, SYMBOLIC_LOSSES[one])
    for point, label, measured in zip(preactivations, y, F, strict=True):
        exact = [[float(entry(*point, label)) for entry in row] for row in expected]
        np.testing.assert_allclose(measured, exact, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("one", SYMBOLIC_LOSSES, ids=lambda one: one.name)
def test_loss_values(one):
    f = sp.lambdify((Y, Z), SYMBOLIC_LOSSES[one], modules="mpmath")
    for y, z in itertools.product([-1.1, 0.2, 2.0], [-0.4, 1.7]):
        assert float(one.value(y, z)) == pytest.approx(float(f(y, z)), rel=1e-12)


def test_a_dropped_term_is_seen():
    """The curvature without its diagonal part ℓ′ c σ″ is not the Hessian."""
    model = TeacherStudent(2, 1, Square(), activation("tanh"), second_layer=WEIGHTS)
    point, y = np.array([[0.7, -0.3]]), np.array([0.4])
    slope = np.array(WEIGHTS) * model.activation.first(point[0])
    expected = differentiated("tanh", SYMBOLIC_LOSSES[Square()])
    exact = np.array([[float(entry(*point[0], 0.4)) for entry in row] for row in expected])
    np.testing.assert_allclose(curvature(model, point, y)[0], exact, rtol=1e-12)
    assert abs(np.outer(slope, slope) - exact).max() > 0.1


@pytest.mark.parametrize("one", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_bounds_evenness_and_far_values(one):
    low, high = bounds_of(one.value)
    if math.isfinite(one.bounds[1]):
        assert high == pytest.approx(one.bounds[1], abs=1e-12)
    else:
        assert math.isinf(high)
    assert low == pytest.approx(one.bounds[0], abs=1e-5)
    x = np.array([-700.0, -40.0, 40.0, 700.0])
    for f in (one.value, one.first, one.second):
        assert np.isfinite(f(x)).all()
    assert one.even == np.allclose(one.value(x[:2] / 20), one.value(-x[:2] / 20))
    assert pickle.loads(pickle.dumps(one)) == one


def test_expressions_find_their_kinks_and_parity():
    assert activation("abs(x - 0.5) + relu(x)").breaks == (0.0, 0.5)
    assert activation("x**4 - 2*x**2").even
    assert not activation("x**3").even
    assert ExpressionLoss("(y - yhat)**2/(1 + abs(y))").label_breaks == (0.0,)
    assert ExpressionLoss("(y - yhat)**2/(1 + y**2)").label_breaks == ()


HOSTILE = [
    "__import__('os').system('touch /tmp/bbpscape-hostile')",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "lambda: x",
    "[x for x in (1,)]",
    "exec('1')",
    "open('x')",
    "x if x else 1",
    "x = 1",
    "9**9**9",
    "x**x",
    "x**1e9",
    "exp(exp(exp(9)))",
    "'a'*9",
    "True",
    "x @ x",
    "x < 1",
    "tanh(x, x)",
    "tanh(x=1)",
    "tanh(*x)",
    "f'{x}'",
    "1/0",
    "1e400",
    "x; x",
    "",
    "(" * 200 + "x" + ")" * 200,
    "+".join(["x"] * 200),
    "x\x00",
    "unknown + x",
    "1j*x",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_is_not_an_expression_is_refused(text, tmp_path):
    for build in (lambda: Expression(text, ("x",)), lambda: ExpressionLoss(text)):
        with pytest.raises(InvalidInput) as error:
            build()
        assert "\n" not in str(error.value)


def test_callables_with_wrong_derivatives_are_refused():
    with pytest.raises(InvalidInput, match="σ″ is not the derivative"):
        Activation("cube", lambda x: x**3, lambda x: 3 * x**2, lambda x: 3 * x)
    with pytest.raises(InvalidInput, match="not even"):
        Activation("line", lambda x: x, np.ones_like, np.zeros_like, even=True)
    with pytest.raises(InvalidInput, match="finite"):
        activation("log(x)")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": ACTIVATIONS["tanh"]}, "a \\+ y > 0"),
        ({"labels": Labels(noise=0.1)}, "a \\+ y > 0"),
        ({"labels": Labels(flip=0.1)}, "a \\+ y > 0"),
        ({"second_layer": (1.0,)}, "second_layer"),
        ({"second_layer": (1.0, 0.0)}, "other than 0"),
        ({"overlap": 1.0}, "less than 1"),
        ({"overlap": ((0.1,), (0.2,))}, "shape"),
        ({"loss": 3}, "loss must be"),
        ({"loss": ExpressionLoss("(y - yhat)**2*sqrt(y - 1)")}, "not finite"),
        ({"p": math.inf, "loss": Square()}, "p must be finite"),
    ],
)
def test_models_that_make_no_sense_are_refused(arguments, message):
    values = {"p": 2, "p_star": 1} | arguments
    with pytest.raises(InvalidInput, match=message):
        TeacherStudent(**values)


def test_the_reference_model_is_recognized():
    assert TeacherStudent(2, 1, second_layer=(0.5, 0.5), overlap=((0.0, 0.0),)).is_reference
    assert TeacherStudent(2, 1).to_dict() == {
        "p": 2,
        "p_star": 1,
        "activation": "quadratic",
        "loss": "normalized-square",
        "a": 0.01,
    }
    assert not TeacherStudent(2, 1, overlap=0.1).is_reference
    assert not TeacherStudent(2, 1, "square").is_reference
    assert not TeacherStudent(2, 1, NormalizedSquare(9.0), "erf").is_reference

    class OfAnySign(NormalizedSquare):
        name = "of any sign"

        def check_labels(self, low, high):
            """Every label is allowed."""

    assert TeacherStudent(2, 1, OfAnySign(9.0)).is_reference
    for labels in (Labels(noise=0.1), Labels(flip=0.1)):
        assert not TeacherStudent(2, 1, OfAnySign(9.0), labels=labels).is_reference
    assert not TeacherStudent(2, 1, second_layer=(0.4, 0.6)).is_reference


def test_names_of_losses():
    assert loss("huber", delta=2.0) == Huber(2.0)
    assert loss("absolute-normalized-square", a=2.0) == AbsoluteNormalizedSquare(2.0)
    with pytest.raises(InvalidInput, match="one of"):
        loss("hinge")
