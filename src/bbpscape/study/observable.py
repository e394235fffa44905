"""An observable: a number of a draw, how it is measured, and its limit at N → ∞."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bbpscape.core.checks import InvalidInput, NoConvergence
from bbpscape.core.registry import Registry
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.study.spectrum import SPECTRUM, Limit
from bbpscape.study.subject import Subject

Seconds = Callable[[TeacherStudent, int, int], float]


@dataclass(frozen=True)
class Observable:
    """A number of a draw, under its name in studies, tables and figures.

    Parameters
    ----------
    name : str
        Letters, digits and underscores.
    measure : function, or None
        Gives the number from what ``of`` prepares of a draw, or None if it cannot be decided.
        None in place of the function: theory alone has it.
    theory : function, optional
        (model, limit) to the value at N → ∞; ``limit`` is the left end of the spectrum there, with
        ``edge``, ``outliers``, ``lowest``, ``m2`` and ``total_m2``.
    symbol : str, optional
        What an axis says, with mathtext; the name by default.
    meaning : str
        One line for a reader.
    of : Subject
        What it is read off: ``SPECTRUM``, whose draws are each a ``MeasuredSpectrum``, or
        ``DESCENT``, where they are each a ``Trajectory``.
    needs_edge : bool
        Whether it needs every eigenpair below the left edge at N → ∞.
    cost : float, or function of (model, N, M)
        Seconds of a draw beside those of ``of``: a multiple of these, or as the function has it.
    finite : function, optional
        (model, draw) to what theory at finite N has for one draw; ``draw.at(slice(0, k))`` is the
        mean eigenvalue and the mean m² of its k lowest.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.

    Examples
    --------
    >>> spacing = Observable("spacing", lambda one: one.eigenvalues[1] - one.eigenvalues[0])
    >>> spacing.symbol
    'spacing'
    """

    name: str
    measure: Callable[[Any], float | None] | None
    theory: Callable[[TeacherStudent, Limit], float] | None = None
    symbol: str = ""
    meaning: str = ""
    of: Subject = SPECTRUM
    needs_edge: bool = False
    cost: float | Seconds = 0.0
    finite: Callable[[TeacherStudent, Any], float] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[A-Za-z]\w*", self.name, re.ASCII):
            raise InvalidInput(
                f"the name of an observable must be letters, digits and _, got {self.name!r}"
            )
        kinds = (("measure", self.measure), ("theory", self.theory), ("finite", self.finite))
        for what, function in kinds:
            if function is not None and not callable(function):
                raise InvalidInput(f"{what} of {self.name} must be a function, got {function!r}")
        if self.measure is None and self.theory is None:
            raise InvalidInput(f"the observable {self.name} has neither a measure nor a theory")
        if not isinstance(self.of, Subject):
            raise InvalidInput(f"of must be a Subject such as SPECTRUM, got {self.of!r}")
        fixed = isinstance(self.cost, numbers.Real) and not isinstance(self.cost, bool)
        if not callable(self.cost) and not (fixed and 0 <= self.cost < math.inf):
            raise InvalidInput(
                f"cost must be a number of at least 0 or a function, got {self.cost!r}"
            )
        object.__setattr__(self, "symbol", self.symbol or self.name.replace("_", " "))

    def value(self, prepared: Any) -> float | None:
        """The number of a draw, or None if it could not be decided.

        Parameters
        ----------
        prepared : object
            What ``of`` prepares of a draw.

        Returns
        -------
        float or None
            The number.

        Raises
        ------
        NoConvergence
            If it is not finite.

        Examples
        --------
        >>> import bbpscape as bb
        >>> first = bb.Observable("first", lambda one: one["m2"][0])
        >>> first.value({"m2": [0.25]})
        0.25
        """
        found = None if self.measure is None else self.measure(prepared)
        if found is None:
            return None
        try:
            number = float(found)
        except (TypeError, ValueError):
            raise InvalidInput(
                f"{self.name} must measure a number or None, got {found!r}"
            ) from None
        if not math.isfinite(number):
            raise NoConvergence(f"{self.name} is {number}")
        return number

    def seconds(self, model: TeacherStudent, N: int, M: int, subject: float) -> float:
        """Seconds of a draw beside the ``subject``'s own.

        Parameters
        ----------
        model : TeacherStudent
        N, M : int
            Dimension and samples.
        subject : float
            Seconds that the subject takes.

        Returns
        -------
        float
            Predicted.

        Examples
        --------
        >>> import bbpscape as bb
        >>> twice = bb.Observable("twice", lambda one: 0.0, cost=2.0)
        >>> twice.seconds(bb.TeacherStudent(1, 1), 100, 300, subject=0.5)
        1.0
        """
        return self.cost(model, N, M) if callable(self.cost) else self.cost * subject


# By name, as study files have them; each is added where it is implemented, and users add theirs.
OBSERVABLES: Registry[Observable] = Registry("observable")
