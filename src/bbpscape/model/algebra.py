"""Formulas as graphs: like terms collected, differentiated by their rules, evaluated on arrays.

Equal nodes are one object, so that a derivative shares what its formula consists of: it grows by a
few nodes for each node, however deeply functions are nested. Nothing here asks for a sign.
"""

import math
import weakref
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import special


class Node:
    """A number, a variable, a sum, a product, a power or a function of such; see the builders.

    ``head`` is "number", "variable", "+", "*", "**", "where" or the name of a function, ``parts``
    are its arguments, ``leaf`` the number or the name that it is.
    """

    __slots__ = ("__weakref__", "head", "leaf", "parts")

    def __init__(self, head: str, parts: tuple["Node", ...], leaf: float | str) -> None:
        self.head, self.parts, self.leaf = head, parts, leaf

    @property
    def value(self) -> float | None:
        """The number that it is, None for all else."""
        return float(self.leaf) if self.head == "number" else None

    def nodes(self) -> Iterator["Node"]:
        """Every node of the graph once, arguments first."""
        seen: set[int] = set()
        waiting = [(self, False)]
        while waiting:
            node, done = waiting.pop()
            if done:
                yield node
            elif id(node) not in seen:
                seen.add(id(node))
                waiting.append((node, True))
                waiting += [(part, False) for part in reversed(node.parts)]


# The identities in a key stand for parts that the node itself keeps alive.
_nodes: "weakref.WeakValueDictionary[tuple, Node]" = weakref.WeakValueDictionary()


def _node(head: str, parts: tuple[Node, ...] = (), leaf: float | str = "") -> Node:
    key = (head, tuple(map(id, parts)), leaf)
    found = _nodes.get(key)
    if found is None:
        found = _nodes[key] = Node(head, parts, leaf)
    return found


def number(value: float) -> Node:
    return _node("number", leaf=float(value) + 0.0)


def variable(name: str) -> Node:
    return _node("variable", leaf=name)


ZERO, ONE = number(0.0), number(1.0)


def add(*terms: Node) -> Node:
    """The sum, like terms collected."""
    constant, shares = 0.0, dict[Node, float]()
    for term in terms:
        for one in term.parts if term.head == "+" else (term,):
            share, rest = _split(one)
            if rest is ONE:
                constant += share
            else:
                shares[rest] = shares.get(rest, 0.0) + share
    kept = [multiply(number(share), rest) for rest, share in shares.items() if share]
    kept += [number(constant)] if constant or not kept else []
    return kept[0] if len(kept) == 1 else _node("+", tuple(kept))


def multiply(*factors: Node) -> Node:
    """The product, powers of one base collected."""
    constant, powers = 1.0, dict[Node, float]()
    for factor in factors:
        for one in factor.parts if factor.head == "*" else (factor,):
            if one.value is not None:
                constant *= one.value
            else:
                base, exponent = _base(one)
                powers[base] = powers.get(base, 0.0) + exponent
    if constant == 0:
        return ZERO
    kept = [power(base, exponent) for base, exponent in powers.items() if exponent]
    if not kept:
        return number(constant)
    if constant != 1:
        kept.insert(0, number(constant))
    return kept[0] if len(kept) == 1 else _node("*", tuple(kept))


def power(base: Node, exponent: float) -> Node:
    """base to a constant exponent; (u²)^½ is |u|."""
    if exponent in (0, 1):
        return base if exponent else ONE
    if base.value is not None:
        with np.errstate(all="ignore"):
            return number(np.power(np.float64(base.value), exponent))
    if base.head == "**":
        inner, first = _base(base)
        if float(exponent).is_integer():
            return power(inner, first * exponent)
        if float(first).is_integer() and first % 2 == 0:
            return power(function("abs", inner), first * exponent)
    if base.head == "abs" and float(exponent).is_integer() and exponent % 2 == 0:
        return power(base.parts[0], exponent)
    return _node("**", (base,), float(exponent))


def function(name: str, *arguments: Node) -> Node:
    """A function of FUNCTIONS; a number where all arguments are."""
    values = [one.value for one in arguments]
    if all(value is not None for value in values):
        with np.errstate(all="ignore"):
            return number(FUNCTIONS[name](*map(np.float64, values)))
    if name == "sqrt":
        return power(arguments[0], 0.5)
    if name in ("max", "min") and arguments[0] is arguments[1]:
        return arguments[0]
    return _node(name, arguments)


def minus(node: Node) -> Node:
    return multiply(number(-1.0), node)


def where(condition: Node, one: Node, other: Node) -> Node:
    """``one`` where ``condition`` is above 0, else ``other``."""
    return one if one is other else _node("where", (condition, one, other))


def _split(term: Node) -> tuple[float, Node]:
    """Its number and what is left."""
    if term.value is not None:
        return term.value, ONE
    if term.head == "*" and (share := term.parts[0].value) is not None:
        return share, multiply(*term.parts[1:])
    return 1.0, term


def _base(node: Node) -> tuple[Node, float]:
    return (node.parts[0], float(node.leaf)) if node.head == "**" else (node, 1.0)


FUNCTIONS: Mapping[str, Callable] = {
    "abs": np.abs,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "cos": np.cos,
    "cosh": np.cosh,
    "erf": special.erf,
    "exp": np.exp,
    "log": np.log,
    "log_cosh": lambda x: np.logaddexp(x, -x) - math.log(2),
    "max": np.maximum,
    "min": np.minimum,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": special.expit,
    "sign": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "softplus": lambda x: np.logaddexp(0.0, x),
    "sqrt": np.sqrt,
    "step": lambda x: np.where(x > 0, 1.0, 0.0),
    "tan": np.tan,
    "tanh": np.tanh,
}
# f′ of f(u), as a graph; 0 at every generic point for jumps.
DERIVATIVES: Mapping[str, Callable[[Node], Node]] = {
    "abs": lambda u: function("sign", u),
    "asinh": lambda u: power(add(power(u, 2), ONE), -0.5),
    "atan": lambda u: power(add(power(u, 2), ONE), -1),
    "cos": lambda u: minus(function("sin", u)),
    "cosh": lambda u: function("sinh", u),
    "erf": lambda u: multiply(number(2 / math.sqrt(math.pi)), function("exp", minus(power(u, 2)))),
    "exp": lambda u: function("exp", u),
    "log": lambda u: power(u, -1),
    "log_cosh": lambda u: function("tanh", u),
    "relu": lambda u: function("step", u),
    "sigmoid": lambda u: multiply(function("sigmoid", u), function("sigmoid", minus(u))),
    "sign": lambda u: ZERO,
    "sin": lambda u: function("cos", u),
    "sinh": lambda u: function("cosh", u),
    "softplus": lambda u: function("sigmoid", u),
    "step": lambda u: ZERO,
    "tan": lambda u: add(power(function("tan", u), 2), ONE),
    "tanh": lambda u: add(ONE, minus(power(function("tanh", u), 2))),
}


def differentiate(formula: Node, name: str) -> Node:
    """∂/∂name, one rule for each node."""
    found: dict[Node, Node] = {}
    for node in formula.nodes():
        found[node] = _rule(node, [found[part] for part in node.parts], name)
    return found[formula]


def _rule(node: Node, slopes: list[Node], name: str) -> Node:
    parts = node.parts
    if node.head == "variable":
        return ONE if node.leaf == name else ZERO
    if all(slope is ZERO for slope in slopes):
        return ZERO
    if node.head == "+":
        return add(*slopes)
    if node.head == "*":
        return add(
            *(multiply(slope, *parts[:i], *parts[i + 1 :]) for i, slope in enumerate(slopes))
        )
    if node.head == "**":
        exponent = float(node.leaf)
        return multiply(number(exponent), power(parts[0], exponent - 1), slopes[0])
    if node.head in ("max", "min", "where"):
        return where(switch(node), *slopes[-2:])
    return multiply(DERIVATIVES[node.head](parts[0]), slopes[0])


def switch(node: Node) -> Node:
    """What is above 0 where the first of two alternatives holds."""
    if node.head == "where":
        return node.parts[0]
    one, other = node.parts if node.head == "max" else node.parts[::-1]
    return add(one, minus(other))


def kinks(formula: Node) -> list[Node]:
    """At whose zeros the formula or its derivative jumps."""
    found: dict[Node, None] = {}
    for node in formula.nodes():
        if node.head in ("max", "min", "where"):
            found[switch(node)] = None
        elif node.head in ("step", "relu", "sign", "abs"):
            found[node.parts[0]] = None
    return list(found)


def singularities(formula: Node) -> list[Node]:
    """At whose zeros it or a derivative diverges: bases of powers and of logarithms."""
    found: dict[Node, None] = {}
    for node in formula.nodes():
        if node.head == "log" or (node.head == "**" and not _polynomial(float(node.leaf))):
            found[node.parts[0]] = None
        elif node.head == "tan":
            found[function("cos", node.parts[0])] = None
    return list(found)


def _polynomial(exponent: float) -> bool:
    return exponent > 0 and exponent.is_integer()


def names(formula: Node) -> set[str]:
    """The variables that it depends on."""
    return {str(node.leaf) for node in formula.nodes() if node.head == "variable"}


def evaluate(formula: Node, values: Mapping[str, NDArray]) -> NDArray:
    """Its value at arrays that broadcast; not finite where it is undefined."""
    found: dict[Node, NDArray] = {}
    with np.errstate(all="ignore"):
        for node in formula.nodes():
            found[node] = _apply(node, [found[part] for part in node.parts], values)
    return found[formula]


def _apply(node: Node, parts: list[NDArray], values: Mapping[str, NDArray]) -> NDArray:
    if node.head == "number":
        return np.asarray(node.value)
    if node.head == "variable":
        return values[str(node.leaf)]
    if node.head in ("+", "*"):
        combine, result = np.add if node.head == "+" else np.multiply, parts[0]
        for part in parts[1:]:
            result = combine(result, part)
        return result
    if node.head == "**":
        return _raised(parts[0], float(node.leaf))
    if node.head == "where":
        return np.where(parts[0] > 0, parts[1], parts[2])
    return FUNCTIONS[node.head](*parts)


def _raised(base: NDArray, exponent: float) -> NDArray:
    if exponent == 0.5:
        return np.sqrt(base)
    if not exponent.is_integer():
        return np.power(base, exponent)
    raised = np.power(base, int(abs(exponent)))
    return raised if exponent > 0 else 1.0 / raised
