"""Where the draws of a model come from: the law of its inputs, or rows of one's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs, inputs_of, sample
from bbpscape.simulation.data.instance import (
    DrawSeed,
    Instance,
    draw,
    draw_seeds,
    generator_of,
    plant,
)


@dataclass(frozen=True, eq=False)
class Source:
    """Draws of a model, on inputs of its law or on rows of one's own; ``source_of`` makes it.

    Parameters
    ----------
    named : TeacherStudent
        As it was given: with α, N and the seed it names a draw.
    model : TeacherStudent
        With the law of the inputs, that of the rows where there are some.
    inputs : Inputs, optional
        The rows, in the eigenbasis of their covariance. Each draw takes round(αN) of them without
        repeats, then a new teacher and student.
    covariance_by : str
        How their covariance was estimated, in words.

    Examples
    --------
    >>> import bbpscape as bb
    >>> source = bb.data.source_of(bb.TeacherStudent(2, 1))
    >>> one, same = source.draw(2.0, 15, seed=3), bb.draw(source.model, 2.0, 15, seed=3)
    >>> np.array_equal(one.inputs, same.inputs)
    True
    """

    named: TeacherStudent
    model: TeacherStudent
    inputs: Inputs | None = None
    covariance_by: str = ""

    @property
    def description(self) -> str | None:
        """What the rows are; None if inputs follow the model's law."""
        return None if self.inputs is None else self.inputs.description

    def dimension(self, N: int | None, default: int) -> int:
        """N: that of the rows if there are some, else the given one, else ``default``.

        Parameters
        ----------
        N : int or None
            As the user gave it.
        default : int
            Without rows and without N.

        Returns
        -------
        int
            N.

        Raises
        ------
        InvalidInput
            If it is not that of the rows, or no dimension.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.data.source_of(bb.TeacherStudent(2, 1)).dimension(None, 1000)
        1000
        """
        if self.inputs is None:
            return default if N is None else N
        if N is not None and N != self.inputs.N:
            raise InvalidInput(f"N must be that of the inputs, {self.inputs.N}, got {N}")
        return self.inputs.N

    def check(self, alpha: float) -> None:
        """Refuse an α at which a draw would take more rows than there are.

        Parameters
        ----------
        alpha : float
            Samples per dimension.

        Raises
        ------
        InvalidInput
            If round(αN) is more than the number of rows.

        Examples
        --------
        >>> import bbpscape as bb
        >>> rows = np.random.default_rng(0).standard_normal((90, 15))
        >>> bb.data.source_of(bb.TeacherStudent(2, 1), rows).check(6.0)
        """
        if self.inputs is not None:
            self.inputs.check(alpha)

    def seeds(self, alpha: float, N: int, seed: int, draws: int) -> list[np.random.SeedSequence]:
        """The seeds of draws 0, 1, …: ``draw`` takes one in place of an int.

        Parameters
        ----------
        alpha : float
        N : int
        seed : int
        draws : int
            How many.

        Returns
        -------
        list of SeedSequence
            One a draw.

        Examples
        --------
        >>> import bbpscape as bb
        >>> source = bb.data.source_of(bb.TeacherStudent(2, 1))
        >>> seeds = source.seeds(2.0, 15, seed=3, draws=2)
        >>> one, same = source.draw(2.0, 15, seeds[1]), source.draw(2.0, 15, 3, index=1)
        >>> np.array_equal(one.inputs, same.inputs)
        True
        """
        return draw_seeds(self.named, alpha, N, seed, draws)

    def draw(self, alpha: float, N: int, seed: DrawSeed = 0, index: int = 0) -> Instance:
        """Draw ``index`` by ``seed``, as the function ``draw`` has it.

        Parameters
        ----------
        alpha : float
        N : int
        seed : int, Generator or SeedSequence
        index : int
            Of the draw, for an int.

        Returns
        -------
        Instance
            Inputs, teacher and student.

        Raises
        ------
        InvalidInput
            If an argument is not allowed, α is beyond the rows, or the inputs would not fit in the
            memory available.

        Examples
        --------
        >>> import bbpscape as bb
        >>> rows = np.random.default_rng(0).standard_normal((90, 15))
        >>> bb.data.source_of(bb.TeacherStudent(2, 1), rows).draw(2.0, 15).inputs.shape
        (30, 15)
        """
        if self.inputs is None:
            return draw(self.model, alpha, N, seed, index)
        generator = generator_of(self.named, alpha, self.dimension(N, N), seed, index)
        return plant(self.model, sample(self.inputs, alpha, generator), generator)


def source_of(model: TeacherStudent, inputs: object | None = None) -> Source:
    """The source of a model's draws, on ``inputs`` where some are given.

    Parameters
    ----------
    model : TeacherStudent
    inputs : Inputs, rows or file, optional
        As of ``inputs_of``; their covariance and norms become the law of the model.

    Returns
    -------
    Source
        What draws inputs, teachers and students.

    Raises
    ------
    InvalidInput
        If they cannot be read, or the model has a law of the inputs already.

    Examples
    --------
    >>> rows = np.random.default_rng(0).standard_normal((90, 15))
    >>> source = source_of(TeacherStudent(2, 1), rows)
    >>> source.draw(2.0, 15, seed=3).inputs.shape
    (30, 15)
    """
    if inputs is None:
        return Source(model, model)
    own, law = inputs_of(inputs), TeacherStudent.check(model).inputs
    if law.replace(profile="random", metric="covariance") != InputLaw():
        raise InvalidInput(
            "inputs have a law of their own: leave out covariance, radial and mean of the model"
        )
    found = own.law
    theirs = InputLaw(found.covariance, found.radial, 0.0, law.profile, law.metric)
    return Source(model, model.replace(inputs=theirs), own.turned, found.covariance_by)
