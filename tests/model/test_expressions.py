"""Formulas in text against mpmath's own derivatives of the same text, and how far they grow."""

import math
import pickle
import time
import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bbpscape.core.checks import InvalidInput
from bbpscape.model.activations import activation
from bbpscape.model.algebra import DERIVATIVES, FUNCTIONS
from bbpscape.model.expressions import Expression, zeros
from bbpscape.model.losses import ExpressionLoss
from bbpscape.model.teacher_student import TeacherStudent

MP = {
    "abs": abs,
    "asinh": mpmath.asinh,
    "atan": mpmath.atan,
    "cos": mpmath.cos,
    "cosh": mpmath.cosh,
    "erf": mpmath.erf,
    "exp": mpmath.exp,
    "log": mpmath.log,
    "log_cosh": lambda x: mpmath.log(mpmath.cosh(x)),
    "max": max,
    "min": min,
    "relu": lambda x: max(x, 0),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "sign": mpmath.sign,
    "sin": mpmath.sin,
    "sinh": mpmath.sinh,
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "sqrt": mpmath.sqrt,
    "step": lambda x: 1 if x > 0 else 0,
    "tan": mpmath.tan,
    "tanh": mpmath.tanh,
    "pi": mpmath.pi,
    "e": mpmath.e,
}


def exact(text, order, **values):
    """∂ˣ of a text by mpmath, in 50 digits."""
    with mpmath.workdps(50):
        x = mpmath.mpf(values.pop("x"))
        rest = {name: mpmath.mpf(value) for name, value in values.items()}

        def function(at):
            return eval(text, {"__builtins__": {}}, MP | rest | {"x": at})

        return float(mpmath.diff(function, x, order, h=mpmath.mpf(10) ** -12))


@pytest.mark.parametrize("name", DERIVATIVES)
def test_every_function_has_its_derivatives(name):
    text = f"{name}(0.7*x + 0.2)*x"
    f = Expression(text, ("x",))
    for order in range(3):
        at = 0.83 if name == "log" else -0.83
        assert float(f(at)) == pytest.approx(exact(text, order, x=at), rel=1e-12, abs=1e-13)
        assert float(f(0.41)) == pytest.approx(exact(text, order, x=0.41), rel=1e-12, abs=1e-13)
        f = f.derivative("x")


def test_the_functions_that_are_listed_are_those_that_have_derivatives():
    assert set(FUNCTIONS) == {*DERIVATIVES, "sqrt", "max", "min"}


ATOMS = st.sampled_from(["x", "y", "x", "2", "0.3", "1.7"])
FORMULAS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({''.join(t)})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]}/(1.3 + {t[1]}**2))"),
        st.tuples(inner, st.sampled_from("234")).map(lambda t: f"({t[0]}**{t[1]})"),
        inner.map(lambda t: f"sqrt(0.5 + {t}**2)"),
        inner.map(lambda t: f"({t}**2)**0.5"),
        st.tuples(st.sampled_from(["tanh", "sin", "erf", "relu", "abs", "log_cosh"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(st.sampled_from(["max", "min"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(FORMULAS, st.floats(-2, 2), st.floats(-2, 2))
def test_any_formula_has_its_derivatives(text, x, y):
    f = Expression(text, ("x", "y"))
    # Not within the reach of mpmath's differences of a kink.
    assume(all(abs(float(kink(x, y))) > 1e-6 for kink in f.kinks()))
    for order in range(3):
        reference = exact(text, order, x=x, y=y)
        assume(abs(reference) < 1e6)
        assert float(f(x, y)) == pytest.approx(reference, rel=1e-8, abs=1e-8)
        f = f.derivative("x")


def nested(name, depth):
    text = "x"
    for i in range(depth):
        text = f"{name}({text},{i + 1}*x+{i})"
    return text


@pytest.mark.parametrize("name", ["max", "min"])
def test_nesting_does_not_double_a_formula(name):
    f = Expression(nested(name, 20), ("x",))
    sizes = [sum(1 for _ in g.formula.nodes()) for g in (f, f.derivative("x"))]
    assert sizes[0] < 130
    assert sizes[1] < 3 * sizes[0]
    x = np.linspace(-3, 3, 101)
    lines = [x, *((i + 1) * x + i for i in range(20))]
    expected = lines[0]
    for line in lines[1:]:
        expected = (np.maximum if name == "max" else np.minimum)(expected, line)
    np.testing.assert_allclose(f(x), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "tanh(" * 30 + "x" + ")" * 30,
        "sqrt(1+(" * 20 + "x" + ")**2)" * 20,
        "abs(1-" * 30 + "x" + ")" * 30,
        "(x**2*(1+x)**4)**0.5" * 1 + "*(x**2*(2-x)**6)**0.3*((x-1)**2*(x+3)**2)**(1/3)",
    ],
)
def test_deep_formulas_take_no_time(text):
    start = time.process_time()
    f = Expression(text, ("x",)).derivative("x").derivative("x")
    f(np.linspace(-2, 2, 1001))
    assert sum(1 for _ in f.formula.nodes()) < 3000
    assert time.process_time() - start < 0.5


def test_too_many_operations_are_refused_in_a_line():
    with pytest.raises(InvalidInput, match="at most 120 operations"):
        Expression("+".join(["x"] * 150), ("x",))
    with pytest.raises(InvalidInput, match="at most 300 characters"):
        Expression("+".join(["x"] * 151), ("x",))
    assert float(Expression("+".join(["x"] * 121), ("x",))(0.5)) == 60.5
    with pytest.raises(InvalidInput, match="at most 120 operations"):
        Expression("+".join(["x"] * 122), ("x",))


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("x - x", 1e300, 0.0),
        ("x**2/x", 0.0, 0.0),
        ("x/x", 0.0, 1.0),
        ("exp(x)**2/exp(x)", 500.0, math.exp(500.0)),
        ("2*x - x - x + 3", 0.7, 3.0),
        ("sqrt(x**2)", -3.0, 3.0),
        ("sqrt(x)**2", 3.0, 3.0),
        ("abs(x)**2", -3.0, 9.0),
        ("(x**-2)**0.5", -4.0, 0.25),
        ("(x**3)**2", -2.0, 64.0),
        ("x**-3", -2.0, -0.125),
        ("(x**4)**0.25", -2.0, 2.0),
        ("-x**2", 3.0, -9.0),
        ("2**0.5*x", 1.0, 2**0.5),
        ("max(1, 2)*x + min(1, 2)", 3.0, 7.0),
        ("max(x, x)", 3.0, 3.0),
        ("0*exp(x)", 1000.0, 0.0),
        ("pi*e + 0*x", 9.0, math.pi * math.e),
        ("+x", 2.0, 2.0),
    ],
)
def test_values(text, x, value):
    assert float(Expression(text, ("x",))(x)) == pytest.approx(value, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    "text", ["1.1e12*x", "1e7**2 + x", "exp(30)*x", "sqrt(0 - 1)*x", "x*log(0)"]
)
def test_numbers_too_large_are_refused(text):
    with pytest.raises(InvalidInput, match="numbers of an expression must be at most 1e.12, got"):
        Expression(text, ("x",))
    assert float(Expression("1e12*x", ("x",))(2.0)) == 2e12


@pytest.mark.parametrize("text", ["x/0", "1/(x - x)", "0/(2 - 2)"])
def test_a_division_by_0_is_refused(text):
    with pytest.raises(InvalidInput, match="an expression must not divide by 0"):
        Expression(text, ("x",))


def test_an_odd_power_keeps_its_sign():
    for text in ("(x**3)**0.5", "(x**3)**(1/3)", "sqrt(x)"):
        values = Expression(text, ("x",))(np.array([-2.0, 2.0]))
        assert np.isnan(values).tolist() == [True, False]


def test_like_terms_and_powers_are_one():
    one, other = (Expression(t, ("x",)).formula for t in ("x*2 + x", "3*x"))
    assert one is other
    assert Expression("(x + 1)*(1 + x)*x**3/x", ("x",)).formula.head == "*"
    assert Expression("x**0.5*x**0.5", ("x",)).formula.head == "variable"
    assert Expression("3*x - x*3", ("x",)).formula.value == 0


def test_constants_keep_the_shape_of_the_arguments():
    for text in ("(y - min(yhat, 1e6))**2", "y + yhat", "(y - yhat)**2", "yhat*3"):
        one = ExpressionLoss(text)
        y, y_hat = np.zeros((3, 1)), np.zeros(4)
        for part in (one.value(y, y_hat), *one.derivatives(y, y_hat), *one.kinks(y, y_hat)):
            assert part.shape == (3, 4)
    TeacherStudent(2, 1, "(y - min(yhat, 1e6))**2")


def test_kinks_of_a_loss():
    one = ExpressionLoss("abs(y - 1)*yhat**2 + relu(yhat - y) + max(yhat, 0.5)*step(y + 2)")
    assert one.label_breaks == (-2.0, 1.0)
    found = sorted(float(kink) for kink in one.kinks(0.25, 0.75))
    assert found == pytest.approx([0.25, 0.5])
    assert ExpressionLoss("(y - yhat)**2").kinks(0.0, 0.0) == ()
    with pytest.raises(InvalidInput, match="jump at 30 labels"):
        ExpressionLoss("abs(sin(20*y))*(y - yhat)**2")
    with pytest.raises(InvalidInput, match="may have 30 kinks"):
        activation("abs(sin(20*x))")


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda x: x - 0.125, [0.125]),
        (lambda x: x * (x - 1) * (x + 2.5), [-2.5, 0.0, 1.0]),
        (lambda x: x**2, []),
        (lambda x: np.maximum(x, 0.0), []),
        (lambda x: x - 13, []),
        (lambda x: x - np.linspace(-12.03, 12.01, 24_041)[500], [-11.53]),
    ],
)
def test_zeros(function, found):
    assert zeros(function) == pytest.approx(found, abs=1e-13)


def test_python_says_nothing_of_a_text():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for text in ("1if x else x", "0x1for x", "'\\d' + x", "(x)(1)", "1 (x)", "x is 3"):
            with pytest.raises(InvalidInput):
                Expression(text, ("x",))
    assert said == []


def test_expressions_go_to_other_processes():
    one = ExpressionLoss("abs(y - 1)*(y - yhat)**2")
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert again.label_breaks == one.label_breaks == (1.0,)
    sigma = pickle.loads(pickle.dumps(activation("max(x, 0.1*x)")))
    assert sigma == activation("max(x, 0.1*x)")
    assert float(sigma.first(-1.0)) == 0.1


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("foo(x)", "foo with 1 argument"),
        ("max(x)", "max with 1 argument"),
        ("exp(x, x)", "exp with 2 arguments"),
    ],
)
def test_a_wrong_call_is_named_with_the_number_of_its_arguments(text, got):
    with pytest.raises(InvalidInput, match=rf"got {got}\b"):
        Expression(text, ("x",))
