"""Losses ℓ(y, ŷ) of a label y and a student's output ŷ."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bbpscape.core.checks import InvalidInput, positive


class Loss(Protocol):
    """What every loss offers; arrays broadcast."""

    @property
    def name(self) -> str:
        """As the command line calls it."""

    @property
    def label_breaks(self) -> tuple[float, ...]:
        """Labels at which ℓ′ or ℓ″ jumps."""

    def kinks(self, y: Any, y_hat: Any) -> tuple[NDArray, ...]:
        """Functions of (y, ŷ) at whose zeros ℓ′ or ℓ″ jumps with ŷ; none for a smooth loss."""

    def value(self, y, y_hat):
        """ℓ(y, ŷ)."""

    def derivatives(self, y, y_hat):
        """(∂ℓ/∂ŷ, ∂²ℓ/∂ŷ²)."""

    def check_labels(self, low: float, high: float) -> None:
        """InvalidInput if ℓ is not defined for labels from ``low`` to ``high``."""

    def to_dict(self) -> dict[str, Any]:
        """The parameters as plain JSON values."""


class _Smooth:
    """A loss whose derivatives have no jumps in ŷ."""

    def kinks(self, y, y_hat):
        return ()


@dataclass(frozen=True)
class NormalizedSquare(_Smooth):
    """ℓ(y, ŷ) = (y − ŷ)² / (2 (a + y)).

    Parameters
    ----------
    a : float
        Loss normalization, a > 0, in the units of the label y; a + y must stay positive.

    Raises
    ------
    InvalidInput
        If ``a`` is not a number from 1e-12 to 1e12.

    Source: Annesi, Bocchi, Cammarota (2025), arXiv 2510.18435.

    >>> NormalizedSquare(a=1.0).value(1.0, 3.0)
    1.0
    """

    a: float

    name = "normalized-square"
    label_breaks = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", positive("a", self.a, limit=1e12))

    def value(self, y, y_hat):
        """ℓ(y, ŷ), elementwise over arrays of one shape."""
        return 0.5 * (y - y_hat) ** 2 / (self.a + y)

    def derivatives(self, y, y_hat):
        """(∂ℓ/∂ŷ, ∂²ℓ/∂ŷ²), elementwise over arrays of one shape."""
        inverse = 1.0 / (self.a + np.asarray(y))
        return (y_hat - y) * inverse, inverse

    def check_labels(self, low: float, high: float) -> None:
        if self.a + low <= 0:
            raise InvalidInput(
                f"the normalized square loss needs a + y > 0, and y goes down to {low:.6g}: "
                "raise a, or use absolute-normalized-square"
            )

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "a": self.a}


@dataclass(frozen=True)
class AbsoluteNormalizedSquare(_Smooth):
    """ℓ(y, ŷ) = (y − ŷ)² / (2 (a + |y|)), defined for labels of both signs.

    >>> AbsoluteNormalizedSquare(a=1.0).value(-1.0, 1.0)
    1.0
    """

    a: float

    name = "absolute-normalized-square"
    label_breaks = (0.0,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", positive("a", self.a, limit=1e12))

    def value(self, y, y_hat):
        return 0.5 * (y - y_hat) ** 2 / (self.a + abs(y))

    def derivatives(self, y, y_hat):
        inverse = 1.0 / (self.a + abs(np.asarray(y)))
        return (y_hat - y) * inverse, inverse

    def check_labels(self, low: float, high: float) -> None:
        """Every label is allowed."""

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "a": self.a}


@dataclass(frozen=True)
class Square(_Smooth):
    """ℓ(y, ŷ) = (y − ŷ)²/2.

    >>> Square().value(1.0, 3.0)
    2.0
    """

    name = "square"
    label_breaks = ()

    def value(self, y, y_hat):
        return 0.5 * (y - y_hat) ** 2

    def derivatives(self, y, y_hat):
        first = np.asarray(y_hat - y)
        return first, np.ones(first.shape)

    def check_labels(self, low: float, high: float) -> None:
        """Every label is allowed."""

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name}


@dataclass(frozen=True)
class Logistic(_Smooth):
    """ℓ(y, ŷ) = log(1 + e^{−y ŷ}).

    >>> float(Logistic().value(0.0, 3.0).round(6))
    0.693147
    """

    name = "logistic"
    label_breaks = ()

    def value(self, y, y_hat):
        return np.logaddexp(0.0, -y * y_hat)

    def derivatives(self, y, y_hat):
        y = np.asarray(y)
        s = expit(-y * y_hat)
        return -y * s, y * s * (y * (1 - s))

    def check_labels(self, low: float, high: float) -> None:
        """Every label is allowed."""

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name}


@dataclass(frozen=True)
class Huber:
    """ℓ = (y − ŷ)²/2 where |y − ŷ| < δ, δ (|y − ŷ| − δ/2) beyond.

    >>> Huber(delta=1.0).value(0.0, 3.0).tolist()
    2.5
    """

    delta: float = 1.0

    name = "huber"
    label_breaks = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", positive("delta", self.delta, limit=1e12))

    def value(self, y, y_hat):
        size = abs(y - y_hat)
        return np.where(size < self.delta, 0.5 * size**2, self.delta * (size - self.delta / 2))

    def kinks(self, y, y_hat):
        gap = np.asarray(y_hat - y)
        return gap - self.delta, gap + self.delta

    def derivatives(self, y, y_hat):
        gap = np.asarray(y_hat - y)
        inside = np.where(abs(gap) < self.delta, 1.0, 0.0)
        return np.clip(gap, -self.delta, self.delta), inside

    def check_labels(self, low: float, high: float) -> None:
        """Every label is allowed."""

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "delta": self.delta}


@dataclass(frozen=True)
class ExpressionLoss:
    """ℓ(y, ŷ) as an expression in y and yhat, differentiated symbolically.

    >>> ExpressionLoss("(y - yhat)**4/12").derivatives(0.0, 2.0)[1].tolist()
    4.0
    """

    text: str

    def __post_init__(self) -> None:
        # sympy takes long to import, and the other losses need none of it.
        from bbpscape.model.expressions import Expression

        value = Expression(self.text, ("y", "yhat"))
        first = value.derivative("yhat")
        object.__setattr__(self, "_functions", (value, first, first.derivative("yhat")))

    @property
    def name(self) -> str:
        return self.text

    @property
    def label_breaks(self) -> tuple[float, ...]:
        """0, where a kinked function of y alone has its argument there."""
        at = np.array([-2.0, -1e-9, 1e-9, 2.0])
        breaks = set()
        for kink in self._functions[0].kinks():  # type: ignore[attr-defined]
            one, other = kink(at, 0.3), kink(at, 1.7)
            if np.allclose(one, other) and one[1] * one[2] < 0:
                breaks.add(0.0)
        return tuple(breaks)

    def kinks(self, y, y_hat):
        at = np.array([-2.0, 0.1, 2.0])
        functions = self._functions[0].kinks()  # type: ignore[attr-defined]
        mixed = [one for one in functions if not np.allclose(one(at, 0.3), one(at, 1.7))]
        return tuple(np.asarray(one(y, y_hat)) for one in mixed)

    def value(self, y, y_hat):
        return self._functions[0](y, y_hat)  # type: ignore[attr-defined]

    def derivatives(self, y, y_hat):
        _, first, second = self._functions  # type: ignore[attr-defined]
        return first(y, y_hat), second(y, y_hat)

    def check_labels(self, low: float, high: float) -> None:
        y = np.clip(np.tan(np.linspace(-1.45, 1.45, 59)), low, high)
        y_hat = np.linspace(-2.0, 4.0, 13)[:, None]
        values: tuple[NDArray, ...] = (self.value(y, y_hat), *self.derivatives(y, y_hat))
        bad = ~np.logical_and.reduce([np.isfinite(v) for v in values]).all(axis=0)
        if bad.any():
            raise InvalidInput(
                f"the loss {self.text!r} is not finite at y = {y[bad][0]:.4g}, where labels go "
                f"from {low:.4g} to {high:.4g}"
            )

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.text}


LOSSES = ("normalized-square", "absolute-normalized-square", "square", "logistic", "huber")


def loss(text: str, a: float = 0.01, delta: float = 1.0) -> Loss:
    """A loss by name, or from an expression in y and yhat.

    ``a`` is used by the two normalized losses, ``delta`` by huber.

    >>> loss("square").name, loss("(y - yhat)**2").name
    ('square', '(y - yhat)**2')
    """
    if not isinstance(text, str):
        raise InvalidInput(f"loss must be a name or an expression, got {text!r}")
    if text == "normalized-square":
        return NormalizedSquare(a)
    if text == "absolute-normalized-square":
        return AbsoluteNormalizedSquare(a)
    if text == "huber":
        return Huber(delta)
    if text in LOSSES:
        return Square() if text == "square" else Logistic()
    if not set(text) & set("()+-*/ ") or "yhat" not in text:
        raise InvalidInput(
            f"loss must be one of {', '.join(LOSSES)} or an expression in y and yhat, got {text!r}"
        )
    return ExpressionLoss(text)


def is_loss(value: object) -> bool:
    """Whether ``value`` has what a loss offers."""
    methods = ("value", "derivatives", "kinks", "check_labels", "to_dict")
    return all(callable(getattr(value, name, None)) for name in methods) and all(
        hasattr(value, name) for name in ("name", "label_breaks")
    )
