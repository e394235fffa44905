"""A draw whose inputs are made again from the seed, panel by panel, instead of being held."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import positive_integer
from bbpscape.core.memory import require_memory
from bbpscape.model import curvature as _curvature
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import (
    DrawSeed,
    check_size,
    generator_of,
    plant,
    sample_count,
)
from bbpscape.simulation.data.sampler import Sampler
from bbpscape.simulation.multiplied import Multiplied
from bbpscape.simulation.samples import PANEL_ROWS, panel_slices


@dataclass(frozen=True, eq=False)
class Planted:
    """w, w* and their basis, and of every sample λ, y and F."""

    student: NDArray[np.float64]
    teacher: NDArray[np.float64]
    teacher_basis: NDArray[np.float64]
    fields: NDArray[np.float64]
    labels: NDArray[np.float64]
    curvature: NDArray[np.float64]


def planted(
    model: TeacherStudent,
    N: int,
    generator: np.random.Generator,
    mean: NDArray[np.float64] | None,
    project: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> Planted:
    """``plant`` for inputs that are not here: ``project(W)`` is X Wᵀ."""
    # One row in place of X: what is planted does not look at it, but for the labels' noise.
    after = copy.deepcopy(generator)
    clean = plant(model, np.zeros((1, N)), generator, mean)
    fields, labels = project(clean.student), model.teacher_output(project(clean.teacher))
    if not model.labels.clean:
        for width in (int(model.p), model.p_star):
            after.standard_normal((width, N))
        labels = model.labels.apply(labels, after)
    return Planted(
        student=clean.student,
        teacher=clean.teacher,
        teacher_basis=clean.teacher_basis,
        fields=fields,
        labels=labels,
        curvature=_curvature.curvature(model, fields, labels),
    )


class StreamedHessian(Multiplied):
    """The Hessian of ``draw(model, alpha, N, seed, draw)`` with X regenerated at every product.

    The rows of X are consecutive numbers of one stream, so that a panel of them follows from the
    generator's state at its first row; the states are noted in a first pass. Memory: the
    curvatures, M p² numbers, and one panel; each product generates M N normal numbers anew.

    Parameters
    ----------
    model, alpha, N, seed, draw
        As in ``draw``. A seed that is a Generator is advanced as ``draw`` would.

    Raises
    ------
    InvalidInput
        As ``draw``, or if the curvatures would not fit in the memory available.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=2, p_star=1)
    >>> H = bb.data.StreamedHessian(model, alpha=3.0, N=20, seed=0)
    >>> v = np.ones(40)
    >>> np.allclose(H @ v, bb.draw(model, 3.0, 20, seed=0).hessian @ v)
    True
    """

    def __init__(
        self,
        model: TeacherStudent,
        alpha: float,
        N: int,
        seed: DrawSeed = 0,
        draw: int = 0,
    ) -> None:
        self._size = int(positive_integer("N", N))
        samples = sample_count(alpha, self._size)
        p = check_size(model, self._size)
        generator = generator_of(model, alpha, self._size, seed, draw)
        require_memory(
            lambda n: 8 * max(1, round(alpha * n)) * (p * p + 4 * p) + 8 * PANEL_ROWS * n,
            self._size,
        )
        self._sampler = Sampler(model.inputs, self._size, samples, generator)
        self._states = []
        for rows in panel_slices(samples):
            self._states.append((rows, copy.deepcopy(generator.bit_generator.state)))
            generator.standard_normal((rows.stop - rows.start, self._size))
        self._kind = type(generator.bit_generator)

        def project(weights: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.concatenate([x @ weights.T for _, x in self.panels()])

        found = planted(model, self._size, generator, self._sampler.mean, project)
        self.student, self.teacher = found.student, found.teacher
        self.teacher_basis, self.labels = found.teacher_basis, found.labels
        self.curvature: NDArray[np.float64] = found.curvature

    @property
    def p(self) -> int:
        return self.curvature.shape[1]

    @property
    def N(self) -> int:
        return self._size

    @property
    def held(self) -> bool:
        """X is not in memory."""
        return False

    def panels(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """(rows, X[rows]) for consecutive slices of rows, equal to those of ``draw``.

        Yields
        ------
        slice, array
            The rows, and X at them.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.data.StreamedHessian(bb.TeacherStudent(2, 1), 3.0, 20)
        >>> sum(len(part) for _, part in H.panels())
        60
        """
        for rows, state in self._states:
            bits = self._kind()
            bits.state = state
            yield rows, self._sampler.rows(np.random.Generator(bits), rows)
