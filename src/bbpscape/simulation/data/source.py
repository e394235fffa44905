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
    """

    named: TeacherStudent
    model: TeacherStudent
    inputs: Inputs | None = None
    covariance_by: str = ""

    @property
    def description(self) -> str | None:
        """What the rows are, None of inputs of the model's law."""
        return None if self.inputs is None else self.inputs.description

    def dimension(self, N: int | None, default: int) -> int:
        """N: that of the rows where there are some, else ``default`` where none is given."""
        if self.inputs is None:
            return default if N is None else N
        if N is not None and N != self.inputs.N:
            raise InvalidInput(f"N must be that of the inputs, {self.inputs.N}, got {N}")
        return self.inputs.N

    def check(self, alpha: float) -> None:
        """InvalidInput where a draw would take more rows than there are."""
        if self.inputs is not None:
            self.inputs.check(alpha)

    def seeds(self, alpha: float, N: int, seed: int, draws: int) -> list[np.random.SeedSequence]:
        """The seeds of draws 0, 1, …: ``draw`` takes one in place of an int."""
        return draw_seeds(self.named, alpha, N, seed, draws)

    def draw(self, alpha: float, N: int, seed: DrawSeed = 0, index: int = 0) -> Instance:
        """Draw ``index`` by ``seed``, as the function ``draw`` has it.

        Raises
        ------
        InvalidInput
            If an argument is not allowed, α is beyond the rows, or the inputs would not fit in the
            memory available.
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
