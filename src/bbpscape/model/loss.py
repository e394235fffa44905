"""What a loss is: ℓ(y, ŷ) of a label y and a student's output ŷ, and what it says of itself."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput

# What a subclass with another formula does not inherit: it holds for the parent's formula alone.
ANSWERS = ("name", "closed_form", "label_scale", "is_square")
FORMULA = ("value", "derivatives")
# Where derivatives are examined: generic points, so that none lies at a kink.
LABELS = np.array([-3.17, -1.23, -0.31, 0.013, 0.41, 1.37, 3.71])
OUTPUTS = np.array([-2.93, -1.07, -0.19, 0.23, 0.57, 1.61, 2.87, 4.19])
STEP, ACCURACY = 1e-5, 1e-5
NAME_KINKS = "name its kinks in kinks(y, y_hat)"
# Jumps are looked for in COARSE pieces of the outputs, the worst of them then in CLOSER ones.
COARSE, CLOSER, TIMES = 400, 30, 5


class Loss(ABC):
    """ℓ(y, ŷ) with ∂ℓ/∂ŷ and ∂²ℓ/∂ŷ²; a subclass with these two methods works everywhere.

    A subclass is a value: two losses of one class with equal attributes are equal. One that
    redefines ``value`` or ``derivatives`` of a parent inherits neither the parent's name nor what
    the parent says of its formula (``closed_form``, ``label_scale``, ``is_square``), and states
    them itself where they hold.

    Examples
    --------
    >>> class Quartic(Loss):
    ...     def value(self, y, y_hat):
    ...         return (y - y_hat) ** 4 / 12
    ...     def derivatives(self, y, y_hat):
    ...         return (y_hat - y) ** 3 / 3, (y_hat - y) ** 2
    >>> Quartic().name, Quartic().closed_form, Quartic() == Quartic()
    ('Quartic', None, True)
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        formula = min(_depth(cls, name) for name in FORMULA)
        for name in ANSWERS:
            if _depth(cls, name) > formula:
                setattr(cls, name, vars(Loss)[name])

    @abstractmethod
    def value(self, y, y_hat):
        """ℓ(y, ŷ); arrays broadcast.

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
        >>> bb.loss("huber").value(0.0, 3.0).item()
        2.5
        """

    @abstractmethod
    def derivatives(self, y, y_hat):
        """(∂ℓ/∂ŷ, ∂²ℓ/∂ŷ²); arrays broadcast.

        Parameters
        ----------
        y : array
            Labels.
        y_hat : array
            Outputs of the student.

        Returns
        -------
        (array, array)
            The first and the second.

        Examples
        --------
        >>> import bbpscape as bb
        >>> [float(one) for one in bb.loss("square").derivatives(1.0, 3.0)]
        [2.0, 1.0]
        """

    @property
    def name(self) -> str:
        """As the command line calls it."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, float]:
        """The numbers that it has, by the names of its constructor's arguments."""
        return {
            name: value
            for name, value in vars(self).items()
            if isinstance(value, int | float) and not name.startswith("_")
        }

    @property
    def label_breaks(self) -> tuple[float, ...]:
        """Labels at which ℓ′ or ℓ″ jumps."""
        return ()

    @property
    def closed_form(self) -> float | None:
        """a, where ℓ = (y − ŷ)²/(2 (a + y)), whose theory has closed forms; else None."""
        return None

    @property
    def label_scale(self) -> float | None:
        """How far from the labels the nearest pole of ℓ in y lies; None if ℓ has no pole."""
        return None

    @property
    def is_square(self) -> bool:
        """Whether ℓ = ℓ″ (y − ŷ)²/2 with an ℓ″ of y alone."""
        return False

    def kinks(self, y: Any, y_hat: Any) -> tuple[NDArray, ...]:
        """Functions of (y, ŷ) at whose zeros ℓ′ or ℓ″ jumps with ŷ; none for a smooth loss.

        Parameters
        ----------
        y : array
            Labels.
        y_hat : array
            Outputs of the student.

        Returns
        -------
        tuple of arrays
            One a kink.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.loss("square").kinks(0.0, 1.0), len(bb.loss("huber").kinks(0.0, 1.0))
        ((), 2)
        """
        return ()

    def check_labels(self, low: float, high: float) -> None:
        """Refuse labels for which ℓ is not defined.

        Parameters
        ----------
        low, high : float
            Infimum and supremum of the labels.

        Raises
        ------
        InvalidInput
            If ℓ is not defined for some label between them.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.NormalizedSquare(a=1.0).check_labels(0.0, float("inf"))
        """
        y = np.clip(np.tan(np.linspace(-1.45, 1.45, 59)), low, high)
        y_hat = np.linspace(-2.0, 4.0, 13)[:, None]
        bad = ~np.isfinite(_all(self, y, y_hat)).all(axis=(0, 1))
        if bad.any():
            raise InvalidInput(
                f"the loss {self.name!r} is not finite at y = {y[bad][0]:.4g}, where labels go "
                f"from {low:.4g} to {high:.4g}"
            )

    def replace(self, **parameters: float) -> Self:
        """The same loss with other numbers.

        Parameters
        ----------
        **parameters : float
            Names and values, as ``a=0.1``.

        Returns
        -------
        Loss
            Another.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.NormalizedSquare(a=1.0).replace(a=0.1)
        NormalizedSquare(a=0.1)
        """
        if unknown := [name for name in parameters if name not in self.parameters]:
            raise InvalidInput(f"the loss {self.name!r} has no parameter {unknown[0]!r}")
        return type(self)(**{**self.parameters, **parameters})

    def to_dict(self) -> dict[str, Any]:
        """Its name and numbers as plain JSON values.

        Returns
        -------
        dict
            As a record has it.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.NormalizedSquare(a=1.0).to_dict()
        {'name': 'normalized-square', 'a': 1.0}
        """
        return {"name": self.name, **self.parameters}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.parameters.items())))


def examine(loss: Loss, low: float, high: float) -> None:
    """InvalidInput unless ``loss`` is one for labels from ``low`` to ``high``; once for each loss.

    Its derivatives are held against central differences away from its kinks, these against where
    the derivatives jump, and its answers ``is_square`` and ``closed_form`` against its formula.
    """
    try:
        _examine(loss, low, high)
    except TypeError:
        if type(loss).__hash__ is None:
            raise InvalidInput(
                f"the loss {loss.name!r} must not change: make its class a frozen dataclass"
            ) from None
        raise


@functools.lru_cache(maxsize=1024)
def _examine(loss: Loss, low: float, high: float) -> None:
    loss.check_labels(low, high)
    y, y_hat = np.unique(np.clip(LABELS, low, high))[:, None], OUTPUTS
    here, above, below = (_all(loss, y, y_hat + shift) for shift in (0.0, STEP, -STEP))
    smooth = _smooth(loss, y, y_hat - 2 * STEP, y_hat + 2 * STEP)
    for order, name in ((0, "∂ℓ/∂ŷ"), (1, "∂²ℓ/∂ŷ²")):
        slope = (above[order] - below[order]) / (2 * STEP)
        # Differences lose digits of the value, and one label may be far steeper than another.
        size = abs(here[order + 1]).max(axis=1) + 1e-4 * abs(here[order]).max(axis=1)
        wrong = smooth & ~(abs(slope - here[order + 1]) <= ACCURACY * size[:, None])
        why = f"{name} is not the derivative that differences give: mend it, or {NAME_KINKS}"
        _refuse(loss, wrong, y, why)
    gap = y_hat - y
    if loss.is_square:
        wrong = ~np.isclose(here[1], here[2] * gap, rtol=1e-9, atol=0.0)
        wrong |= ~np.isclose(here[0], here[2] * gap**2 / 2, rtol=1e-9, atol=0.0)
        _refuse(loss, wrong, y, "is_square is true, and it is not ℓ″(y) (y − ŷ)²/2")
    else:
        _find_jumps(loss, y)
    if loss.closed_form is not None:
        wrong = ~np.isclose(here[1], gap / (loss.closed_form + y), rtol=1e-9, atol=0.0)
        _refuse(loss, wrong, y, f"it is not (y − ŷ)²/(2 (a + y)) with a = {loss.closed_form}")


def _all(loss: Loss, y: NDArray, y_hat: NDArray) -> NDArray[np.float64]:
    """ℓ, ℓ′ and ℓ″, along the first axis."""
    with np.errstate(all="ignore"):
        found = (loss.value(y, y_hat), *loss.derivatives(y, y_hat))
    shape = np.broadcast_shapes(y.shape, y_hat.shape)
    try:
        return np.array([np.broadcast_to(np.asarray(one, dtype=float), shape) for one in found])
    except (TypeError, ValueError):
        raise InvalidInput(
            f"the loss {loss.name!r} must return numbers of the shape of its arguments"
        ) from None


def _find_jumps(loss: Loss, y: NDArray) -> None:
    """Look closer and closer, at each label, where ℓ′ or ℓ″ changes most: a jump does not fade."""
    # Twice the labels: for ℓ′ the first half of the rows, for ℓ″ the second.
    labels, orders = np.vstack([y, y]), np.repeat([1, 2], y.size)
    rows = np.arange(orders.size)
    low = np.full(labels.shape, OUTPUTS[0])
    width = OUTPUTS[-1] - OUTPUTS[0]
    changes, size = [], np.zeros(orders.size)
    for pieces in (COARSE, *[CLOSER] * TIMES):
        at = low + width * np.linspace(0.0, 1.0, pieces + 1)
        values = np.nan_to_num(_all(loss, labels, at)[orders, rows], posinf=0.0, neginf=0.0)
        steps = abs(np.diff(values, axis=1))
        widest = steps.argmax(axis=1)
        changes.append(steps[rows, widest])
        size = np.maximum(size, abs(values).max(axis=1))
        low, width = at[rows, widest][:, None], width / pieces
    before, last = changes[-2:]
    # What grows is a pole, which is no kink.
    bad = (last > before / 2) & (last < 2 * before) & (last > 1e-6 * size)
    bad &= _smooth(loss, labels, low - STEP, low + STEP)[:, 0]
    if bad.any():
        where = f"y = {labels[bad][0, 0]:.4g}, y_hat = {low[bad][0, 0]:.4g}"
        raise InvalidInput(f"the loss {loss.name!r} jumps at {where}: {NAME_KINKS}")


def _smooth(loss: Loss, y: NDArray, low: NDArray, high: NDArray) -> NDArray[np.bool_]:
    """Where no kink lies between the outputs ``low`` and ``high``."""
    kept = np.ones(np.broadcast_shapes(y.shape, low.shape), dtype=bool)
    for one, other in zip(loss.kinks(y, low), loss.kinks(y, high), strict=True):
        kept &= np.broadcast_to(np.sign(one) * np.sign(other) > 0, kept.shape)
    return kept


def _refuse(loss: Loss, wrong: NDArray[np.bool_], y: NDArray, why: str) -> None:
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        where = f"y = {y[i, 0]:.4g}, y_hat = {OUTPUTS[j]:.4g}"
        raise InvalidInput(f"the loss {loss.name!r} at {where}: {why}")


def _depth(cls: type, name: str) -> int:
    """How far up its ancestry ``cls`` has ``name`` from."""
    return next(i for i, one in enumerate(cls.__mro__) if name in vars(one))
