"""Families of preprocessings, by name: how each spectral method chooses T(y) for a teacher.

A new method is a ``Family`` added to ``PREPROCESSINGS``; ``weak_recovery`` and ``methods`` then
have it too:

>>> import numpy as np
>>> from bbpscape.theory.spectral.channel import QuadraticTeacher
>>> def bounded(setting, t):
...     return Preprocessing("bounded", lambda y: np.minimum(y, t), (t,), t=t)
>>> family = Family("bounded", bounded, lambda setting: (0.5, 20.0))
>>> family.choose(Setting(QuadraticTeacher(1))).threshold.transition
'continuous'
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from bbpscape.core.checks import InvalidInput
from bbpscape.core.registry import Registry
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.spectral.average import averaged_curvature
from bbpscape.theory.spectral.channel import Channel
from bbpscape.theory.spectral.information import information_limit
from bbpscape.theory.spectral.preprocessing import (
    Preprocessing,
    mondelli_montanari,
    optimal,
    subset,
    trimming,
)
from bbpscape.theory.spectral.threshold import (
    SpectralThreshold,
    best_threshold,
    spectral_threshold,
)


@dataclass(frozen=True)
class Setting:
    """What a method may know before it sees labels.

    ``alpha`` is None if one T must serve at every α, ``student`` is None if there is no student.

    Examples
    --------
    >>> import bbpscape as bb
    >>> bb.spectral.Setting(bb.spectral.QuadraticTeacher(1)).alpha is None
    True
    """

    channel: Channel
    alpha: float | None = None
    student: TeacherStudent | None = None


class Choice(NamedTuple):
    """A T(y) and where D = Σ_μ T(y_μ) x_μ x_μᵀ begins to tell the teacher.

    Examples
    --------
    >>> import bbpscape as bb
    >>> family = bb.spectral.PREPROCESSINGS["optimal"]
    >>> found = family.choose(bb.spectral.Setting(bb.spectral.QuadraticTeacher(1)))
    >>> found.preprocessing.name, round(found.threshold.alpha, 6)
    ('optimal', 0.5)
    """

    preprocessing: Preprocessing
    threshold: SpectralThreshold


@dataclass(frozen=True)
class Family:
    """A way to choose T(y) for a setting, outright or with one free number t > 0.

    Parameters
    ----------
    name : str
    build : callable
        (setting) -> Preprocessing, or None in a setting that the method is not for; with
        ``t_range`` (setting, t) -> Preprocessing.
    t_range : callable, optional
        (setting) -> (low, high), where the t of the lowest threshold is sought.

    Examples
    --------
    >>> import bbpscape as bb
    >>> def bounded(setting, t):
    ...     return bb.Preprocessing("bounded", lambda y: np.minimum(y, t), (t,), t=t)
    >>> import numpy as np
    >>> family = bb.spectral.Family("bounded", bounded, lambda setting: (0.5, 20.0))
    >>> at = bb.spectral.Setting(bb.spectral.QuadraticTeacher(1))
    >>> family.choose(at).threshold.transition
    'continuous'
    """

    name: str
    build: Callable[..., Any]
    t_range: Callable[[Setting], tuple[float, float]] | None = None

    def choose(self, setting: Setting, t: float | None = None) -> Choice | None:
        """T(y) for a setting and its threshold, at a given t or at the best one.

        Parameters
        ----------
        setting : Setting
            What is known.
        t : float, optional
            Of a family with a free number.

        Returns
        -------
        Choice or None
            None if the method is not for this setting.

        Raises
        ------
        InvalidInput
            If t is given and not allowed, or the family has none.

        Examples
        --------
        >>> import bbpscape as bb
        >>> at = bb.spectral.Setting(bb.spectral.QuadraticTeacher(1))
        >>> bb.spectral.PREPROCESSINGS["subset"].choose(at, t=2.0).preprocessing.t
        2.0
        """
        if self.t_range is None:
            if t is not None:
                raise InvalidInput(f"{self.name} has no t, got {t!r}")
            found = self.build(setting)
            if found is None:
                return None
        else:
            if t is None:
                t, _ = best_threshold(
                    setting.channel, partial(self.build, setting), *self.t_range(setting)
                )
            found = self.build(setting, t)
        return Choice(found, spectral_threshold(setting.channel, found))


def _around_the_mean(lowest: float, deviations: float) -> Callable[[Setting], tuple[float, float]]:
    """t from ``lowest``, or where labels are, to ``deviations`` standard deviations above E y."""

    def t_range(setting: Setting) -> tuple[float, float]:
        labels = setting.channel.labels()
        mean = float(labels.weights @ labels.y)
        reach = deviations * math.sqrt(labels.weights @ (labels.y - mean) ** 2)
        return max(lowest, mean - reach), mean + reach

    return t_range


def _average(setting: Setting) -> Preprocessing | None:
    student = setting.student
    if student is None or student.second_layer is not None or math.isinf(student.p):
        return None
    if not student.activation.quadratic:
        return None
    return averaged_curvature(student)


def _tuned(setting: Setting) -> Preprocessing | None:
    """For one α, above the information limit only."""
    alpha = setting.alpha
    if alpha is None or not alpha > information_limit(setting.channel).alpha:
        return None
    return mondelli_montanari(setting.channel, alpha)


PREPROCESSINGS = Registry[Family]("preprocessing")
for one in (
    Family("average Hessian", _average),
    Family("optimal", lambda setting: optimal(setting.channel)),
    Family("trimming", lambda setting, t: trimming(t), _around_the_mean(0.2, 20)),
    Family("subset", lambda setting, t: subset(t), _around_the_mean(0.1, 10)),
    Family("mondelli-montanari", _tuned),
):
    PREPROCESSINGS.add(one.name, one)
