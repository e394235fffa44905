"""Functions given as text: read by a whitelist, differentiated symbolically, never executed.

The text is parsed into Python's syntax tree, and every node of it must be a number, a known name,
one of + − * / **, or a call of a listed function; sympy objects are built from that tree by hand
and evaluated by walking them. Nothing in the text is ever run.
"""

import ast
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from scipy import special

from bbpscape.core.checks import InvalidInput

MAX_LENGTH = 300
MAX_NODES = 120
MAX_EXPONENT = 20
MAX_NUMBER = 1e12


class _Step(sympy.Function):
    """1 where x > 0, else 0; its derivative is 0 at every generic point."""

    def fdiff(self, argindex=1):
        return sympy.Integer(0)


class _Relu(sympy.Function):
    def fdiff(self, argindex=1):
        return _Step(self.args[0])


class _Sign(sympy.Function):
    def fdiff(self, argindex=1):
        return sympy.Integer(0)


class _Abs(sympy.Function):
    def fdiff(self, argindex=1):
        return _Sign(self.args[0])


class _Sigmoid(sympy.Function):
    def fdiff(self, argindex=1):
        return _Sigmoid(self.args[0]) * _Sigmoid(-self.args[0])


class _Softplus(sympy.Function):
    def fdiff(self, argindex=1):
        return _Sigmoid(self.args[0])


class _LogCosh(sympy.Function):
    def fdiff(self, argindex=1):
        return sympy.tanh(self.args[0])


# Where one of these has its argument at 0, a function or its derivative jumps.
KINKED = (_Step, _Relu, _Sign, _Abs)


def _log_cosh(x: NDArray) -> NDArray:
    return np.logaddexp(x, -x) - math.log(2)


FUNCTIONS: Mapping[str, tuple[Callable, Callable]] = {
    "abs": (_Abs, np.abs),
    "asinh": (sympy.asinh, np.arcsinh),
    "atan": (sympy.atan, np.arctan),
    "cos": (sympy.cos, np.cos),
    "cosh": (sympy.cosh, np.cosh),
    "erf": (sympy.erf, special.erf),
    "exp": (sympy.exp, np.exp),
    "log": (sympy.log, np.log),
    "log_cosh": (_LogCosh, _log_cosh),
    "relu": (_Relu, lambda x: np.maximum(x, 0.0)),
    "sigmoid": (_Sigmoid, special.expit),
    "sign": (_Sign, np.sign),
    "sin": (sympy.sin, np.sin),
    "sinh": (sympy.sinh, np.sinh),
    "softplus": (_Softplus, lambda x: np.logaddexp(0.0, x)),
    "sqrt": (sympy.sqrt, np.sqrt),
    "step": (_Step, lambda x: np.where(x > 0, 1.0, 0.0)),
    "tan": (sympy.tan, np.tan),
    "tanh": (sympy.tanh, np.tanh),
}
PAIRS: Mapping[str, Callable] = {
    "max": lambda a, b: a + _Relu(b - a),
    "min": lambda a, b: a - _Relu(a - b),
}
NUMERIC = dict(FUNCTIONS.values())
CONSTANTS = {"pi": math.pi, "e": math.e}


@dataclass(frozen=True)
class Expression:
    """A function of named real variables, with symbolic derivatives.

    Parameters
    ----------
    text : str
        Numbers, the variables, pi, e, + − * / **, and the functions of ``FUNCTIONS``, max, min.
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
        _tree(self.text, self.variables, self.order)

    def derivative(self, variable: str) -> "Expression":
        """∂/∂variable, as an expression that remembers where it came from."""
        if variable not in self.variables:
            raise InvalidInput(f"variable must be one of {self.variables}, got {variable!r}")
        return Expression(self.text, self.variables, (*self.order, variable))

    def __call__(self, *arguments: ArrayLike) -> NDArray:
        """Its values, elementwise over arrays that broadcast; not finite where it is undefined."""
        arrays = [np.asarray(a) for a in arguments]
        values = dict(zip(self.variables, arrays, strict=True))
        with np.errstate(all="ignore"):
            result = _evaluate(_tree(self.text, self.variables, self.order), values)
        return np.broadcast_to(result, np.broadcast_shapes(*(a.shape for a in arrays))).copy()

    def kinks(self) -> tuple["Kink", ...]:
        """The arguments that jump or have a corner at 0."""
        tree = _tree(self.text, self.variables, self.order)
        found = {node.args[0] for node in sympy.preorder_traversal(tree) if node.func in KINKED}
        return tuple(Kink(inner, self.variables) for inner in sorted(found, key=str))


@dataclass(frozen=True)
class Kink:
    """A sub-expression at whose zeros an expression is not smooth."""

    tree: sympy.Expr
    variables: tuple[str, ...]

    def __call__(self, *arguments: ArrayLike) -> NDArray:
        values = dict(zip(self.variables, map(np.asarray, arguments), strict=True))
        with np.errstate(all="ignore"):
            return np.asarray(_evaluate(self.tree, values))


@functools.lru_cache(maxsize=256)
def _tree(text: str, variables: tuple[str, ...], order: tuple[str, ...]) -> sympy.Expr:
    if order:
        symbol = sympy.Symbol(order[-1], real=True)
        return sympy.diff(_tree(text, variables, order[:-1]), symbol)
    if not isinstance(text, str):
        raise InvalidInput(f"an expression must be text, got {text!r}")
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"an expression must have at most {MAX_LENGTH} characters")
    try:
        parsed = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise InvalidInput(f"not an expression in {', '.join(variables)}: {text!r}") from None
    if sum(1 for _ in ast.walk(parsed)) > 3 * MAX_NODES:
        raise InvalidInput(f"an expression must have at most {MAX_NODES} operations")
    return _build(parsed.body, variables)


def _build(node: ast.AST, variables: tuple[str, ...]) -> sympy.Expr:
    """The sympy tree of a syntax tree; constants are folded in floating point."""
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput(f"an expression holds numbers and names, not {value!r}")
        return _number(value)
    if isinstance(node, ast.Name):
        if node.id in variables:
            return sympy.Symbol(node.id, real=True)
        if node.id in CONSTANTS:
            return sympy.Float(CONSTANTS[node.id])
        allowed = ", ".join((*variables, *CONSTANTS))
        raise InvalidInput(f"an expression may use the names {allowed}, got {node.id!r}")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _build(node.operand, variables)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        return _operation(node, variables)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        name, count = node.func.id, len(node.args)
        if (name in FUNCTIONS and count == 1) or (name in PAIRS and count == 2):
            inner = [_build(one, variables) for one in node.args]
            build = FUNCTIONS[name][0] if name in FUNCTIONS else PAIRS[name]
            if all(one.is_number for one in inner):
                # sympy would keep towers such as exp(exp(9)) exact.
                return _number(_constant(name, [float(one) for one in inner]))
            return build(*inner)
        raise InvalidInput(
            f"an expression may call {', '.join((*FUNCTIONS, *PAIRS))}, "
            f"got {name} with {count} arguments"
        )
    raise InvalidInput(
        f"an expression is made of numbers, names, + - * / ** and listed functions, "
        f"not of {type(node).__name__}"
    )


def _operation(node: ast.BinOp, variables: tuple[str, ...]) -> sympy.Expr:
    left, right = _build(node.left, variables), _build(node.right, variables)
    if isinstance(node.op, ast.Pow):
        if not right.is_number or abs(float(right)) > MAX_EXPONENT:
            raise InvalidInput(f"an exponent must be a number of at most {MAX_EXPONENT}")
        if float(right) == round(float(right)):
            right = sympy.Integer(round(float(right)))
        if left.is_number:
            return _number(_constant("**", [float(left), float(right)]))
        # sympy writes (x**2)**0.5 as its own Abs, whose derivatives are not functions.
        return (left**right).replace(sympy.Abs, _Abs)
    if left.is_number and right.is_number:
        left, right = sympy.Float(float(left)), sympy.Float(float(right))
    if isinstance(node.op, ast.Add):
        return left + right
    if isinstance(node.op, ast.Sub):
        return left - right
    if isinstance(node.op, ast.Mult):
        return left * right
    if isinstance(node.op, ast.Div):
        if right.is_zero:
            raise InvalidInput("an expression must not divide by 0")
        return left / right
    raise InvalidInput(f"an expression may use + - * / **, not {type(node.op).__name__}")


def _constant(name: str, values: list[float]) -> float:
    with np.errstate(all="ignore"):
        if name == "**":
            return float(np.power(np.float64(values[0]), np.float64(values[1])))
        if name in PAIRS:
            return max(values) if name == "max" else min(values)
        return float(FUNCTIONS[name][1](np.float64(values[0])))


def _number(value: float) -> sympy.Expr:
    if not abs(value) <= MAX_NUMBER:
        raise InvalidInput(f"numbers of an expression must be at most {MAX_NUMBER:g}, got {value}")
    small = isinstance(value, int) or (float(value).is_integer() and abs(value) < 100)
    return sympy.Integer(int(value)) if small else sympy.Float(float(value))


def _evaluate(tree: sympy.Expr, values: Mapping[str, NDArray]) -> NDArray:
    """The value of a sympy tree, each of its distinct nodes evaluated once."""
    known: dict[sympy.Expr, NDArray] = {}

    def walk(node: sympy.Expr) -> NDArray:
        if node not in known:
            known[node] = step(node)
        return known[node]

    def step(node: sympy.Expr) -> NDArray:
        if node.is_Symbol:
            return values[node.name]
        if node.is_number and not node.args:
            return np.asarray(float(node))
        if node.is_Add or node.is_Mul:
            combine = np.add if node.is_Add else np.multiply
            return functools.reduce(combine, (walk(one) for one in node.args))
        if node.is_Pow:
            base, power = node.args
            if not power.is_number:
                return np.exp(walk(power) * np.log(walk(base)))
            if power.is_Integer:
                return _integer_power(walk(base), int(power))
            return np.power(walk(base), float(power))
        if node.func in NUMERIC:
            return NUMERIC[node.func](walk(node.args[0]))
        raise InvalidInput(f"no numerical value for {node.func.__name__}")

    return walk(tree)


def _integer_power(base: NDArray, power: int) -> NDArray:
    return np.power(base, power) if power >= 0 else 1.0 / np.power(base, -power)
