"""What is measured of a draw: the subject that its observables are read off."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bbpscape.study.cells import Cell


@dataclass(frozen=True)
class Numerics:
    """How draws are computed: in which precision, where, to which residual, and by what.

    Examples
    --------
    >>> import bbpscape as bb
    >>> bb.study.Numerics(precision="float32").tolerance
    1e-08
    """

    precision: str = "float64"
    device: str = "cpu"
    tolerance: float = 1e-8
    eigensolver: str = "auto"


class Subject(ABC):
    """What observables are read off: the spectrum of a draw, a descent on its loss, or another.

    All observables of one subject share what it prepares. ``parameters`` are those of a point that
    it needs beside the model's.

    Examples
    --------
    A subject of your own, the draw itself, and an observable of it:

    >>> import bbpscape as bb
    >>> class Draw(bb.study.Subject):
    ...     def prepare(self, cell, seed, numerics, below_edge):
    ...         return cell.draw(seed)
    ...     def cost(self, cell, numerics):
    ...         return 1e-3, 10**6
    >>> largest = bb.Observable("largest", lambda one: one.labels.max(), of=Draw())
    >>> axes = {"alpha": 2.0, "N": 20}
    >>> study = bb.Study(bb.TeacherStudent(1, 1), axes, [largest], draws=2, theory=False)
    >>> study.run(workers=1).rows[0].draws
    2
    """

    parameters: ClassVar[tuple[str, ...]] = ()

    def check(self, cell: Cell, numerics: Numerics) -> None:  # noqa: B027, most exist everywhere
        """Refuse a point that has no such subject, or one that is not computed so.

        Parameters
        ----------
        cell : Cell
            The point.
        numerics : Numerics
            How its draws are computed.

        Raises
        ------
        InvalidInput
            If it is refused.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.study.SPECTRUM.check(None, bb.study.Numerics())
        """

    @abstractmethod
    def prepare(
        self, cell: Cell, seed: np.random.SeedSequence, numerics: Numerics, below_edge: bool
    ) -> Any:
        """What ``measure`` of an observable gets of one draw.

        Parameters
        ----------
        cell : Cell
            The point.
        seed : SeedSequence
            Of the draw.
        numerics : Numerics
            How it is computed.
        below_edge : bool
            Whether some observable needs every eigenpair below the left edge at N → ∞.

        Returns
        -------
        object
            A ``MeasuredSpectrum`` or a ``Trajectory``, or what your own subject makes.
        """

    def prepare_all(
        self,
        cell: Cell,
        seeds: Sequence[np.random.SeedSequence],
        numerics: Numerics,
        below_edge: bool,
    ) -> Iterator[Any]:
        """``prepare`` of each draw; a subject that computes many at once says how here.

        Parameters
        ----------
        cell : Cell
            The point.
        seeds : sequence of SeedSequence
            Of the draws.
        numerics, below_edge
            As in ``prepare``.

        Yields
        ------
        object
            Of each draw, in their order.

        Examples
        --------
        >>> import bbpscape as bb
        >>> list(bb.study.SPECTRUM.prepare_all(None, [], bb.study.Numerics(), False))
        []
        """
        for seed in seeds:
            yield self.prepare(cell, seed, numerics, below_edge)

    @abstractmethod
    def cost(self, cell: Cell, numerics: Numerics) -> tuple[float, int]:
        """Predicted (seconds on one core, bytes) of one draw.

        Parameters
        ----------
        cell : Cell
            The point.
        numerics : Numerics
            How it is computed.

        Returns
        -------
        (float, int)
            Seconds and bytes.
        """
