"""Teachers: y = φ(u) of the teacher's preactivations u, before noise."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.registry import Registry
from bbpscape.model.activations import ACTIVATIONS, Activation, activation
from bbpscape.model.expressions import Expression, Kink
from bbpscape.model.teacher_facts import Facts, Value, examine_teacher

Kinks = Callable[[NDArray], tuple[NDArray, ...]]
Law = Callable[[NDArray], tuple[NDArray, NDArray, NDArray]]

# An expression in x is one of an activation.
UNIT = re.compile(r"\bx\b")
VARIABLE = re.compile(r"\bu([1-9][0-9]*)\b")
# Variables of an expression.
MOST_VARIABLES = 64


def _smooth(u: NDArray) -> tuple[NDArray, ...]:
    return ()


@dataclass(frozen=True)
class Teacher:
    """y = φ(u), for u of shape (..., p*) and y of shape (...).

    Parameters
    ----------
    name : str
        As records, labels and figures call it.
    value : callable, array of shape (..., p_star) to array of shape (...)
        φ.
    p_star : int, optional
        How many preactivations φ reads; a model may have more, of which it reads the first. All of
        them by default.
    kinks : callable, array of shape (..., p_star) to tuple of arrays of shape (...)
        Functions of u at whose zeros φ or a derivative of it jumps or diverges: quadratures split
        there. None by default.
    bounds : (float, float), optional
        Infimum and supremum of φ; found numerically by default.
    law : callable, optional
        The inverse image of exact labels: y of shape (n,) to the density of y, of shape (n,),
        E[u | y], (n, p_star), and E[u uᵀ | y], (n, p_star, p_star). Where it is known, losses with
        kinks are split at the labels themselves.
    unit : Activation, optional
        σ of a committee, φ = (1/p*) Σ_l σ(u_l).

    Raises
    ------
    InvalidInput
        If an argument is of another type.

    Examples
    --------
    >>> product = Teacher("product", lambda u: u[..., 0] * u[..., 1], p_star=2)
    >>> float(product(np.array([2.0, 3.0, 5.0])))
    6.0
    """

    name: str
    value: Value = field(repr=False)
    p_star: int | None = None
    kinks: Kinks = field(default=_smooth, repr=False)
    bounds: tuple[float, float] | None = field(default=None, repr=False)
    law: Law | None = field(default=None, repr=False)
    unit: Activation | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"the name of a teacher must be a text, got {self.name!r}")
        for name in ("value", "kinks"):
            if not callable(getattr(self, name)):
                raise InvalidInput(f"{name} of the teacher {self.name!r} must be callable")
        if self.p_star is not None:
            object.__setattr__(self, "p_star", positive_integer("p_star", self.p_star))
        if self.bounds is not None:
            low, high = self.bounds
            if not low < high:
                raise InvalidInput(f"bounds of the teacher {self.name!r} must increase")

    def __call__(self, u: NDArray) -> NDArray[np.float64]:
        """y of preactivations of shape (..., p*), of which it reads the first ``p_star``."""
        return np.asarray(self.value(np.asarray(u)[..., : self.p_star]), dtype=float)

    @property
    def quadratic(self) -> bool:
        """Whether y = |u|²/p* itself, for which much has a closed form."""
        return self.unit is not None and self.unit.quadratic

    def reads(self, p_star: int) -> int:
        """How many of ``p_star`` preactivations it reads.

        Parameters
        ----------
        p_star : int
            How many there are.

        Returns
        -------
        int
            From 1 to p_star.

        Raises
        ------
        InvalidInput
            If there are too few.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.teacher("u1*u2").reads(3), bb.teacher("tanh").reads(3)
        (2, 3)
        """
        if self.p_star is not None and self.p_star > p_star:
            raise InvalidInput(
                f"the teacher {self.name!r} reads {self.p_star} preactivations: "
                f"p_star must be at least {self.p_star}, got {p_star}"
            )
        return p_star if self.p_star is None else self.p_star

    def range(self, p_star: int) -> tuple[float, float]:
        """Infimum and supremum of y.

        Parameters
        ----------
        p_star : int
            How many preactivations there are.

        Returns
        -------
        (float, float)
            Either may be infinite.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.teacher("sign(u1*u2)").range(2)
        (-1.0, 1.0)
        """
        facts = self.facts(p_star)
        return facts.low, facts.high

    def facts(self, p_star: int) -> Facts:
        """Range and symmetries of y as a function of ``p_star`` preactivations.

        Those that it does not read are not exchanged with, or rotated into, those that it reads.

        Parameters
        ----------
        p_star : int
            How many preactivations there are.

        Returns
        -------
        Facts
            The range, and which symmetries hold.

        Raises
        ------
        InvalidInput
            If y is no function of them.

        Examples
        --------
        >>> import bbpscape as bb
        >>> facts = bb.teacher("u1*u2").facts(2)
        >>> facts.low, facts.high
        (-inf, inf)
        """
        if self.unit is None:
            reads = self.reads(p_star)
            found = _facts(self, reads)
            if reads == p_star:
                return found
            return dataclasses.replace(found, exchangeable=False, rotations=False)
        even = self.unit.even
        return Facts(*self.unit.bounds, even, even, True, self.quadratic or (even and p_star == 1))

    def scaled(self, factor: float) -> Teacher:
        """φ(c u).

        Parameters
        ----------
        factor : float
            c.

        Returns
        -------
        Teacher
            Another.

        Examples
        --------
        >>> import bbpscape as bb
        >>> float(bb.teacher("u1*u2").scaled(2.0)(np.array([1.0, 3.0])))
        12.0
        """
        return Teacher(
            f"{self.name} of {factor!r} u",
            lambda u: self.value(factor * np.asarray(u)),
            self.p_star,
            lambda u: self.kinks(factor * np.asarray(u)),
            self.bounds,
        )


@functools.lru_cache(maxsize=1024)
def _facts(teacher: Teacher, p_star: int) -> Facts:
    return examine_teacher(teacher.name, teacher.value, teacher.kinks, p_star, teacher.bounds)


@dataclass(frozen=True)
class _Mean:
    """(1/p*) Σ_l σ(u_l)."""

    activation: Activation

    def __call__(self, u: NDArray) -> NDArray:
        return self.activation.value(np.asarray(u)).mean(axis=-1)


@dataclass(frozen=True)
class _Breaks:
    """u_l − b for every l and every break b of an activation."""

    activation: Activation

    def __call__(self, u: NDArray) -> tuple[NDArray, ...]:
        return tuple(u[..., i] - b for i in range(u.shape[-1]) for b in self.activation.breaks)


@dataclass(frozen=True)
class _Formula:
    """An expression of u1, u2, … along the last axis of u."""

    expression: Expression | Kink

    def __call__(self, u: NDArray) -> NDArray:
        return self.expression(*np.moveaxis(np.asarray(u, dtype=float), -1, 0))


@dataclass(frozen=True)
class _Formulas:
    parts: tuple[Kink, ...]

    def __call__(self, u: NDArray) -> tuple[NDArray, ...]:
        return tuple(_Formula(one)(u) for one in self.parts)


def committee(unit: Activation) -> Teacher:
    """y = (1/p*) Σ_l σ(u_l), the source's teacher for σ(x) = x².

    >>> float(committee(ACTIVATIONS["quadratic"])(np.array([1.0, 3.0])))
    5.0
    """
    kinks = _Breaks(unit) if unit.breaks else _smooth
    return Teacher(unit.name, _Mean(unit), None, kinks, unit.bounds, unit=unit)


# Users add theirs.
TEACHERS: Registry[Teacher] = Registry("teacher")


def teacher(value: str | Activation | Teacher) -> Teacher:
    """A teacher by the name of a listed one, by an activation or its name, or by an expression.

    Parameters
    ----------
    value : str, Teacher or Activation

    Returns
    -------
    Teacher
        y = φ(u).

    Raises
    ------
    InvalidInput
        If the text is none of these.

    Examples
    --------
    >>> teacher("sign(u1*u2)").p_star, teacher("tanh").unit.name
    (2, 'tanh')
    """
    if isinstance(value, Teacher):
        return value
    if isinstance(value, Activation):
        return committee(value)
    if not isinstance(value, str):
        raise InvalidInput(
            "teacher must be an expression in u1, u2, …, an activation, the name of a listed "
            f"teacher, or a Teacher, got {value!r}"
        )
    if value in TEACHERS:
        return TEACHERS[value]
    if value in ACTIVATIONS:
        return committee(ACTIVATIONS[value])
    return committee(activation(value)) if UNIT.search(value) else _of_text(value)


@functools.lru_cache(maxsize=256)
def _of_text(text: str) -> Teacher:
    widths = [int(one) for one in VARIABLE.findall(text)]
    count = max(widths, default=1)
    if count > MOST_VARIABLES:
        raise InvalidInput(f"a teacher may read u1 … u{MOST_VARIABLES}, got u{count}")
    expression = Expression(text, tuple(f"u{i}" for i in range(1, count + 1)))
    poles = expression.singularities()
    # Where a pole meets a zero, labels take every value.
    zeros = (Kink(expression.formula, expression.variables),) if poles else ()
    parts = tuple(dict.fromkeys((*expression.kinks(), *poles, *zeros)))
    return Teacher(text, _Formula(expression), count, _Formulas(parts) if parts else _smooth)
