"""Functions given as text: read by a whitelist, differentiated symbolically, never executed.

The text is parsed into Python's syntax tree, and every node of it must be a number, a known name,
one of + − * / **, or a call of a listed function; a graph of the package's own is built from that
tree by hand and evaluated by walking it. Nothing in the text is ever run.
"""

import ast
import functools
import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, did_you_mean
from bbpscape.core.report import counted
from bbpscape.model import algebra
from bbpscape.model.algebra import FUNCTIONS, Node

MAX_LENGTH = 300
MOST_OPERATIONS = 120
MAX_EXPONENT = 20
MAX_NUMBER = 1e12
CONSTANTS = {"pi": math.pi, "e": math.e}
PAIRS = ("max", "min")
CALLED = {"ln": "log", "arctan": "atan", "fabs": "abs", "maximum": "max", "minimum": "min"}
# Signs of other notations, and what they are here.
ELSEWHERE = {
    "^": "powers as **",
    "−": "the minus as a plain -",
    "–": "the minus as a plain -",
    "·": "products as *",
    "×": "products as *",
    "ŷ": "the student's output as yhat",
    "|": "abs(x) for |x|",
    "π": "pi",
}
PREFIXED = re.compile(r"\b(np|numpy|math|torch|jnp|sp|tf|F)\.([A-Za-z_]\w*)")
OPERATIONS = (ast.BinOp, ast.UnaryOp, ast.Call)


@dataclass(frozen=True)
class Expression:
    """A function of named real variables, with symbolic derivatives.

    Parameters
    ----------
    text : str
        Numbers, the variables, pi, e, + − * / **, and the functions of ``FUNCTIONS``.
    variables : tuple of str
        Names that stand for arguments, in the order of a call.

    Raises
    ------
    InvalidInput
        If the text is not such an expression, in one line that names what is not allowed.

    >>> f = Expression("x**3 + tanh(2*x)", ("x",))
    >>> float(f(0.5).round(6)), float(f.derivative("x")(0.0))
    (0.886594, 2.0)
    """

    text: str
    variables: tuple[str, ...]
    order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.formula  # noqa: B018, read once: it refuses what is not allowed

    @property
    def formula(self) -> Node:
        return _formula(self.text, self.variables, self.order)

    def derivative(self, variable: str) -> "Expression":
        """∂/∂variable, as an expression that remembers where it came from."""
        if variable not in self.variables:
            raise InvalidInput(f"variable must be one of {self.variables}, got {variable!r}")
        return Expression(self.text, self.variables, (*self.order, variable))

    def __call__(self, *arguments: ArrayLike) -> NDArray:
        """Its values, elementwise over arrays that broadcast; not finite where it is undefined."""
        return _values(self.formula, self.variables, arguments)

    def kinks(self) -> tuple["Kink", ...]:
        """The arguments that jump or have a corner at 0."""
        return tuple(Kink(inner, self.variables) for inner in algebra.kinks(self.formula))

    def singularities(self) -> tuple["Kink", ...]:
        """The sub-expressions at whose zeros it, or a derivative, diverges."""
        return tuple(Kink(inner, self.variables) for inner in algebra.singularities(self.formula))


@dataclass(frozen=True)
class Kink:
    """A sub-expression at whose zeros an expression is not smooth."""

    formula: Node
    variables: tuple[str, ...]

    def __call__(self, *arguments: ArrayLike) -> NDArray:
        return _values(self.formula, self.variables, arguments)

    @property
    def names(self) -> set[str]:
        """The variables that it depends on."""
        return algebra.names(self.formula)


def hint(text: str) -> str:
    """What to write in place of what other notations write so, "" where nothing is known.

    >>> hint("y^2"), hint("np.tanh(x)")
    ('; write powers as **', '; write tanh(x) for np.tanh(x)')
    """
    for sign, instead in ELSEWHERE.items():
        if sign in text:
            return f"; write {instead}"
    if found := PREFIXED.search(text):
        return f"; write {found[2]}(x) for {found[1]}.{found[2]}(x)"
    return ""


def zeros(function: Callable[[NDArray], NDArray], reach: float = 12.0) -> list[float]:
    """Where a function of one variable changes its sign, from −reach to reach; 1e-14 is 0."""
    x = np.linspace(-reach - 0.03, reach + 0.01, 24_041)
    y = np.sign(function(x))
    found = [float(at) for at in x[1:-1][(y[1:-1] == 0) & (y[:-2] * y[2:] < 0)]]
    for i in np.flatnonzero(y[1:] * y[:-1] < 0):
        low, high = x[i], x[i + 1]
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if np.sign(function(middle)) == y[i] else (low, middle)
        found.append(float(f"{high:.15g}") if abs(high) > 1e-14 else 0.0)
    return sorted(set(found))


def _values(formula: Node, variables: tuple[str, ...], arguments: tuple[ArrayLike, ...]) -> NDArray:
    arrays = [np.asarray(one) for one in arguments]
    result = algebra.evaluate(formula, dict(zip(variables, arrays, strict=True)))
    return np.broadcast_to(result, np.broadcast_shapes(*(one.shape for one in arrays))).copy()


@functools.lru_cache(maxsize=256)
def _formula(text: str, variables: tuple[str, ...], order: tuple[str, ...]) -> Node:
    if order:
        return algebra.differentiate(_formula(text, variables, order[:-1]), order[-1])
    if not isinstance(text, str):
        raise InvalidInput(f"an expression must be text, got {text!r}")
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"an expression must have at most {MAX_LENGTH} characters")
    try:
        with warnings.catch_warnings():
            # Python warns of texts such as 1if x, which are refused below.
            warnings.simplefilter("ignore")
            parsed = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        said = f"not an expression in {', '.join(variables)}: {text!r}{hint(text)}"
        raise InvalidInput(said) from None
    if found := hint(text):
        raise InvalidInput(f"{text!r} is no expression{found}")
    if sum(isinstance(one, OPERATIONS) for one in ast.walk(parsed)) > MOST_OPERATIONS:
        raise InvalidInput(f"an expression must have at most {MOST_OPERATIONS} operations")
    return _build(parsed.body, variables)


def _build(node: ast.AST, variables: tuple[str, ...]) -> Node:
    """The graph of a syntax tree; constants are folded in floating point."""
    built = _built(node, variables)
    if built.value is not None and not abs(built.value) <= MAX_NUMBER:
        raise InvalidInput(
            f"numbers of an expression must be at most {MAX_NUMBER:g}, got {built.value:g}"
        )
    return built


def _built(node: ast.AST, variables: tuple[str, ...]) -> Node:
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.Name):
        if node.id in variables:
            return algebra.variable(node.id)
        if node.id in CONSTANTS:
            return algebra.number(CONSTANTS[node.id])
        allowed = ", ".join((*variables, *CONSTANTS))
        near = did_you_mean(node.id, variables)
        raise InvalidInput(f"an expression may use the names {allowed}, got {node.id!r}{near}")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _build(node.operand, variables)
        return algebra.minus(inner) if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        return _operation(node, variables)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        name, count = node.func.id, len(node.args)
        if name in FUNCTIONS and count == (2 if name in PAIRS else 1):
            return algebra.function(name, *(_build(one, variables) for one in node.args))
        raise InvalidInput(
            f"an expression may call {', '.join(FUNCTIONS)}, got {name} with "
            f"{counted(count, 'argument')}"
            f"{'' if name in FUNCTIONS else did_you_mean(name, FUNCTIONS, CALLED)}"
        )
    raise InvalidInput(
        "an expression is made of numbers, names, + - * / ** and listed functions, "
        f"not of {type(node).__name__}"
        + "; write decimals with a point"
        * isinstance(node, ast.Tuple)
    )


def _constant(value: object) -> Node:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"an expression holds numbers and names, not {value!r}")
    if not abs(value) <= MAX_NUMBER:
        raise InvalidInput(f"numbers of an expression must be at most {MAX_NUMBER:g}, got {value}")
    return algebra.number(value)


def _operation(node: ast.BinOp, variables: tuple[str, ...]) -> Node:
    left, right = _build(node.left, variables), _build(node.right, variables)
    if isinstance(node.op, ast.Pow):
        if right.value is None or abs(right.value) > MAX_EXPONENT:
            raise InvalidInput(f"an exponent must be a number of at most {MAX_EXPONENT}")
        return algebra.power(left, right.value)
    if isinstance(node.op, ast.Add):
        return algebra.add(left, right)
    if isinstance(node.op, ast.Sub):
        return algebra.add(left, algebra.minus(right))
    if isinstance(node.op, ast.Mult):
        return algebra.multiply(left, right)
    if isinstance(node.op, ast.Div):
        if right.value == 0:
            raise InvalidInput("an expression must not divide by 0")
        return algebra.multiply(left, algebra.power(right, -1.0))
    raise InvalidInput(f"an expression may use + - * / **, not {type(node.op).__name__}")
