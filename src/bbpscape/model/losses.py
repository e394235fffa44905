"""Losses by name, and from an expression: ℓ(y, ŷ) of a label y and a student's output ŷ."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bbpscape.core.checks import InvalidInput, did_you_mean, positive
from bbpscape.core.registry import Registry
from bbpscape.model.expressions import Expression, Kink, hint, zeros
from bbpscape.model.loss import Loss

# Labels at which the loss of an expression may jump.
MOST_BREAKS = 30
# Functions, a loss's class as a rule, that make a loss from its numbers; users add theirs.
# Names that other programs use.
ELSEWHERE = {
    "mse": "square",
    "l2": "square",
    "squared": "square",
    "quadratic": "square",
    "bce": "logistic",
    "cross-entropy": "logistic",
    "smooth-l1": "huber",
}
LOSSES: Registry[Callable[..., Loss]] = Registry("loss")


@dataclass(frozen=True)
class NormalizedSquare(Loss):
    """ℓ(y, ŷ) = (y − ŷ)² / (2 (a + y)).

    Parameters
    ----------
    a : float
        Loss normalization, a > 0, in the units of the label y; a + y must stay positive.

    Raises
    ------
    InvalidInput
        If ``a`` is not a number from 1e-12 to 1e12.

    References
    ----------
    Annesi, Bocchi, Cammarota (2025), arXiv 2510.18435.

    Examples
    --------
    >>> NormalizedSquare(a=1.0).value(1.0, 3.0)
    1.0
    """

    a: float = 0.01

    name = "normalized-square"
    is_square = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", positive("a", self.a, limit=1e12))

    @property
    def closed_form(self) -> float:
        return self.a

    @property
    def label_scale(self) -> float:
        return self.a

    def value(self, y, y_hat):
        """ℓ(y, ŷ), elementwise over arrays of one shape.

        Parameters
        ----------
        y : array
            Labels.
        y_hat : array
            Outputs of the student.

        Returns
        -------
        array
            ℓ of each.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.NormalizedSquare(a=1.0).value(1.0, 3.0)
        1.0
        """
        return 0.5 * (y - y_hat) ** 2 / (self.a + y)

    def derivatives(self, y, y_hat):
        """(∂ℓ/∂ŷ, ∂²ℓ/∂ŷ²), elementwise over arrays of one shape.

        Parameters
        ----------
        y : array
            Labels.
        y_hat : array
            Outputs of the student.

        Returns
        -------
        (array, array)
            (ŷ − y)/(a + y), and 1/(a + y).

        Examples
        --------
        >>> import bbpscape as bb
        >>> [float(one) for one in bb.NormalizedSquare(a=1.0).derivatives(1.0, 3.0)]
        [1.0, 0.5]
        """
        inverse = 1.0 / (self.a + np.asarray(y))
        return (y_hat - y) * inverse, inverse

    def check_labels(self, low: float, high: float) -> None:
        if self.a + low <= 0:
            instead = "use absolute-normalized-square" + f", or a > {-low:.6g}" * (low > -math.inf)
            raise InvalidInput(
                f"the normalized square loss needs a + y > 0, and y goes down to {low:.6g}: "
                f"{instead}"
            )


@dataclass(frozen=True)
class AbsoluteNormalizedSquare(Loss):
    """ℓ(y, ŷ) = (y − ŷ)² / (2 (a + |y|)), defined for labels of both signs.

    Examples
    --------
    >>> AbsoluteNormalizedSquare(a=1.0).value(-1.0, 1.0)
    1.0
    """

    a: float = 0.01

    name = "absolute-normalized-square"
    label_breaks = (0.0,)
    is_square = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", positive("a", self.a, limit=1e12))

    @property
    def label_scale(self) -> float:
        return self.a

    def value(self, y, y_hat):
        return 0.5 * (y - y_hat) ** 2 / (self.a + abs(y))

    def derivatives(self, y, y_hat):
        inverse = 1.0 / (self.a + abs(np.asarray(y)))
        return (y_hat - y) * inverse, inverse


@dataclass(frozen=True)
class Square(Loss):
    """ℓ(y, ŷ) = (y − ŷ)²/2.

    Examples
    --------
    >>> Square().value(1.0, 3.0)
    2.0
    """

    name = "square"
    is_square = True

    def value(self, y, y_hat):
        return 0.5 * (y - y_hat) ** 2

    def derivatives(self, y, y_hat):
        first = np.asarray(y_hat - y)
        return first, np.ones(first.shape)


@dataclass(frozen=True)
class Logistic(Loss):
    """ℓ(y, ŷ) = log(1 + e^{−y ŷ}).

    Examples
    --------
    >>> float(Logistic().value(0.0, 3.0).round(6))
    0.693147
    """

    name = "logistic"

    def value(self, y, y_hat):
        return np.logaddexp(0.0, -y * y_hat)

    def derivatives(self, y, y_hat):
        y = np.asarray(y)
        s = expit(-y * y_hat)
        return -y * s, y * s * (y * (1 - s))


@dataclass(frozen=True)
class Huber(Loss):
    """ℓ = (y − ŷ)²/2 where |y − ŷ| < δ, δ (|y − ŷ| − δ/2) beyond.

    Examples
    --------
    >>> Huber(delta=1.0).value(0.0, 3.0).tolist()
    2.5
    """

    delta: float = 1.0

    name = "huber"

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


for _one in (NormalizedSquare, AbsoluteNormalizedSquare, Square, Logistic, Huber):
    LOSSES.add(_one.name, _one)


@dataclass(frozen=True)
class ExpressionLoss(Loss):
    """ℓ(y, ŷ) as an expression in y and yhat, differentiated symbolically.

    Examples
    --------
    >>> ExpressionLoss("(y - yhat)**4/12").derivatives(0.0, 2.0)[1].tolist()
    4.0
    """

    text: str

    def __post_init__(self) -> None:
        value = Expression(self.text, ("y", "yhat"))
        first = value.derivative("yhat")
        kinks = value.kinks()
        breaks = {at for one in kinks if one.names == {"y"} for at in zeros(_of_label(one))}
        if len(breaks) > MOST_BREAKS:
            raise InvalidInput(
                f"a loss may jump at {MOST_BREAKS} labels, {self.text!r} does at more"
            )
        parts = {
            "_functions": (value, first, first.derivative("yhat")),
            "_kinks": tuple(one for one in kinks if "yhat" in one.names),
            "_breaks": tuple(sorted(breaks)),
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.text,)

    @property
    def name(self) -> str:
        return self.text

    @property
    def label_breaks(self) -> tuple[float, ...]:
        """Zeros of the kinked functions of y alone."""
        return self._breaks  # type: ignore[attr-defined]

    def kinks(self, y, y_hat):
        return tuple(one(y, y_hat) for one in self._kinks)  # type: ignore[attr-defined]

    def value(self, y, y_hat):
        return self._functions[0](y, y_hat)  # type: ignore[attr-defined]

    def derivatives(self, y, y_hat):
        _, first, second = self._functions  # type: ignore[attr-defined]
        return first(y, y_hat), second(y, y_hat)


def _of_label(kink: Kink) -> Callable[[NDArray], NDArray]:
    return lambda y: kink(y, np.zeros(np.shape(y)))


def loss(text: str | Loss, a: float = 0.01, delta: float = 1.0, **others: float) -> Loss:
    """A loss by name, or from an expression in y and yhat; a Loss is returned as it is.

    Parameters
    ----------
    text : str
        A name in LOSSES, or an expression.
    a, delta : float
        Of the losses that have them: a of the normalized ones, δ of huber.
    **others
        Further numbers of a loss that users registered.

    Returns
    -------
    Loss
        The loss of one sample.

    Raises
    ------
    InvalidInput
        If ``text`` is neither, or the loss lacks one of ``others``.

    Examples
    --------
    >>> loss("square").name, loss("(y - yhat)**2").name
    ('square', '(y - yhat)**2')
    """
    if isinstance(text, Loss):
        return text
    if not isinstance(text, str):
        raise InvalidInput(
            f"loss must be a name, an expression in y and yhat or a Loss, got {text!r}"
        )
    if text in LOSSES:
        make = LOSSES[text]
        known = inspect.signature(make).parameters
        if unknown := [name for name in others if name not in known]:
            raise InvalidInput(f"the loss {text!r} has no parameter {unknown[0]!r}")
        shared = {"a": a, "delta": delta}
        return make(**{k: v for k, v in shared.items() if k in known}, **others)
    if not set(text) & set("()+-*/^ ") or "yhat" not in text:
        near = did_you_mean(text, LOSSES, ELSEWHERE) or hint(text)
        raise InvalidInput(
            f"loss must be one of {', '.join(LOSSES)} or an expression in y and yhat, "
            f"got {text!r}{near}"
        )
    return ExpressionLoss(text)
