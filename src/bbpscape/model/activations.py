"""Activations σ of a neuron, each with its first and second derivative."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from bbpscape.core.checks import InvalidInput, did_you_mean
from bbpscape.core.registry import Registry
from bbpscape.model.expressions import Expression, zeros

Function = Callable[[NDArray], NDArray]

# Where expressions and callables are examined.
REACH = 50.0
FAR, FARTHER = 1e3, 1e6
MOST_BREAKS = 30


@dataclass(frozen=True)
class Activation:
    """σ, σ′ and σ″ as functions of arrays.

    Parameters
    ----------
    name : str
    value, first, second : callable, arrays to arrays
        σ, σ′ and σ″. At a kink, σ″ is that of the generic points around it: a kink adds nothing to
        the Hessian of an empirical loss.
    breaks : tuple of floats
        Where σ, σ′ or σ″ jumps: quadratures split there.
    even : bool
        σ(−x) = σ(x).
    bounds : (float, float), optional
        Infimum and supremum of σ; found numerically by default.

    Raises
    ------
    InvalidInput
        If a function is not callable or does not return finite numbers, or ``first`` or ``second``
        is not the derivative of the one before.

    Examples
    --------
    >>> cube = Activation("cube", lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x)
    >>> cube.bounds
    (-inf, inf)
    """

    name: str
    value: Function = field(repr=False)
    first: Function = field(repr=False)
    second: Function = field(repr=False)
    breaks: tuple[float, ...] = field(default=(), repr=False)
    even: bool = field(default=False, repr=False)
    bounds: tuple[float, float] = field(default=None, repr=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for name in ("value", "first", "second"):
            if not callable(getattr(self, name)):
                raise InvalidInput(f"{name} of an activation must be callable, got {self.name!r}")
        object.__setattr__(self, "breaks", tuple(sorted(float(b) for b in self.breaks)))
        x = np.append(np.linspace(-4.03, 4.01, 41), 0.0)
        values = [np.asarray(f(x)) for f in (self.value, self.first, self.second)]
        if any(v.shape != x.shape or not np.isfinite(v).all() for v in values):
            raise InvalidInput(f"activation {self.name}: σ, σ′ and σ″ must be finite everywhere")
        self._check_derivatives(x)
        mirrored = np.asarray(self.value(-x))
        if self.even and not np.allclose(values[0], mirrored, rtol=1e-12, atol=1e-12):
            raise InvalidInput(f"activation {self.name} is not even")
        if self.bounds is None:
            object.__setattr__(self, "bounds", bounds_of(self.value))

    @property
    def quadratic(self) -> bool:
        """Whether σ is x² itself, for which much has a closed form."""
        return (self.value, self.first, self.second) == (_square, _twice, _two)

    def _check_derivatives(self, x: NDArray) -> None:
        """Central differences away from the breaks."""
        step = 1e-5
        far = np.ones(x.size, dtype=bool)
        for b in self.breaks:
            far &= abs(x - b) > 2 * step
        at = x[far]
        for low, high, name in ((self.value, self.first, "σ′"), (self.first, self.second, "σ″")):
            slope = (np.asarray(low(at + step)) - np.asarray(low(at - step))) / (2 * step)
            exact = np.asarray(high(at))
            wrong = ~np.isclose(slope, exact, rtol=1e-5, atol=1e-5 * (1 + abs(exact).max()))
            if wrong.any():
                raise InvalidInput(
                    f"activation {self.name}: {name} is not the derivative at "
                    f"x = {at[wrong][0]:.3g}; name its kinks in breaks"
                )


def bounds_of(function: Function) -> tuple[float, float]:
    """Infimum and supremum over the real line; infinite where they still move far from 0."""
    x = np.linspace(-REACH, REACH, 40_001)
    # A window about each far point, so that an oscillation shows its extremes there too.
    window = np.linspace(1.0, 1.1, 2_001)
    with np.errstate(all="ignore"):
        near = np.asarray(function(x), dtype=float)
        low, high = float(near.min()), float(near.max())
        for sign in (-1, 1):
            inner, outer = (
                np.asarray(function(sign * far * window), dtype=float) for far in (FAR, FARTHER)
            )
            # Where the value overflows, the end of the grid says to which side.
            end = math.copysign(math.inf, near[0 if sign < 0 else -1])
            inner, outer = (np.where(np.isfinite(v), v, end) for v in (inner, outer))
            low, high = min(low, float(inner.min())), max(high, float(inner.max()))
            if outer.max() > high + 1e-3 * (1 + abs(high)):
                high = math.inf
            if outer.min() < low - 1e-3 * (1 + abs(low)):
                low = -math.inf
    return low, high


def _sech2(x: ArrayLike) -> NDArray:
    fall = np.exp(-2 * abs(np.asarray(x)))
    return 4 * fall / (1 + fall) ** 2


def _gauss(x: ArrayLike) -> NDArray:
    return np.exp(-(np.asarray(x) ** 2) / 2) / math.sqrt(2 * math.pi)


def _square(x: NDArray) -> NDArray:
    return np.asarray(x) ** 2


def _twice(x: NDArray) -> NDArray:
    return 2.0 * np.asarray(x)


def _two(x: NDArray) -> NDArray:
    return np.full(np.shape(x), 2.0)


def _sigmoid_first(x: NDArray) -> NDArray:
    return special.expit(x) * special.expit(-np.asarray(x))


def _sigmoid_second(x: NDArray) -> NDArray:
    return -_sigmoid_first(x) * np.tanh(np.asarray(x) / 2)


def _tanh_second(x: NDArray) -> NDArray:
    return -2 * np.tanh(x) * _sech2(x)


def _erf_first(x: NDArray) -> NDArray:
    return 2 / math.sqrt(math.pi) * np.exp(-(np.asarray(x) ** 2))


def _erf_second(x: NDArray) -> NDArray:
    return -2 * np.asarray(x) * _erf_first(x)


def _relu(x: NDArray) -> NDArray:
    return np.maximum(x, 0.0)


def _step(x: NDArray) -> NDArray:
    return np.where(np.asarray(x) > 0, 1.0, 0.0)


def _zero(x: NDArray) -> NDArray:
    return np.zeros(np.shape(x))


def _softplus(x: NDArray) -> NDArray:
    return np.logaddexp(0.0, x)


def _log_cosh(x: NDArray) -> NDArray:
    return np.logaddexp(x, -np.asarray(x)) - math.log(2)


def _gelu(x: NDArray) -> NDArray:
    return np.asarray(x) * special.ndtr(x)


def _gelu_first(x: NDArray) -> NDArray:
    return special.ndtr(x) + np.asarray(x) * _gauss(x)


def _gelu_second(x: NDArray) -> NDArray:
    return (2 - np.asarray(x) ** 2) * _gauss(x)


QUADRATIC = Activation("quadratic", _square, _twice, _two, even=True, bounds=(0.0, math.inf))
SIGMOID = Activation("sigmoid", special.expit, _sigmoid_first, _sigmoid_second, bounds=(0.0, 1.0))
TANH = Activation("tanh", np.tanh, _sech2, _tanh_second, bounds=(-1.0, 1.0))
ERF = Activation("erf", special.erf, _erf_first, _erf_second, bounds=(-1.0, 1.0))
RELU = Activation("relu", _relu, _step, _zero, breaks=(0.0,), bounds=(0.0, math.inf))
SOFTPLUS = Activation("softplus", _softplus, special.expit, _sigmoid_first, bounds=(0.0, math.inf))
LOG_COSH = Activation("log-cosh", _log_cosh, np.tanh, _sech2, even=True, bounds=(0.0, math.inf))
GELU = Activation("gelu", _gelu, _gelu_first, _gelu_second, bounds=(-0.16997120747990369, math.inf))
# Users add theirs.
# Names that other programs use.
ELSEWHERE = {"square": "quadratic", "logistic": "sigmoid", "logcosh": "log-cosh", "swish": "gelu"}
ACTIVATIONS: Registry[Activation] = Registry("activation")
for _one in (QUADRATIC, SIGMOID, TANH, ERF, RELU, SOFTPLUS, LOG_COSH, GELU):
    ACTIVATIONS.add(_one.name, _one)


def activation(text: str | Activation) -> Activation:
    """An activation by name, or from an expression in x such as "x**3 - 3*x".

    Parameters
    ----------
    text : str or Activation
        Its name, or an expression in x; an Activation is returned as it is.

    Returns
    -------
    Activation
        With its first two derivatives.

    Raises
    ------
    InvalidInput
        If the text is neither, or the expression is not finite on the real line.

    Examples
    --------
    >>> activation("tanh").name, float(activation("x*sigmoid(2*x)").first(0.0))
    ('tanh', 0.5)
    """
    if isinstance(text, Activation):
        return text
    if not isinstance(text, str):
        raise InvalidInput(
            f"activation must be a name, an expression in x or an Activation, got {text!r}"
        )
    if text in ACTIVATIONS:
        return ACTIVATIONS[text]
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", text) and text != "x":
        raise InvalidInput(
            f"activation must be one of {', '.join(ACTIVATIONS)} or an expression in x, "
            f"got {text!r}{did_you_mean(text, ACTIVATIONS, ELSEWHERE)}"
        )
    value = Expression(text, ("x",))
    first = value.derivative("x")
    second = first.derivative("x")
    x = np.random.default_rng(0).uniform(0, 4, 50)
    even = bool(np.allclose(value(x), value(-x), rtol=1e-13, atol=0.0))
    return Activation(text, value, first, second, _breaks(value), even)


def _breaks(value: Expression) -> tuple[float, ...]:
    """Zeros of the arguments of kinked functions, within the reach of a Gaussian."""
    found = {at for kink in value.kinks() for at in zeros(kink)}
    if len(found) > MOST_BREAKS:
        raise InvalidInput(f"an activation may have {MOST_BREAKS} kinks, {value.text!r} has more")
    return tuple(sorted(found))
