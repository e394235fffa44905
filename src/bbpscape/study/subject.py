"""What is measured of a draw: the subject that its observables are read off."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bbpscape.study.cells import Cell


@dataclass(frozen=True)
class Numerics:
    """How draws are computed: in which precision, where, and to which residual."""

    precision: str = "float64"
    device: str = "cpu"
    tolerance: float = 1e-8


class Subject(ABC):
    """What observables are read off: the spectrum of a draw, a descent on its loss, or another.

    All observables of one subject share what it prepares. ``parameters`` are those of a point that
    it needs beside the model's.
    """

    parameters: ClassVar[tuple[str, ...]] = ()

    def check(self, cell: Cell) -> None:  # noqa: B027, most exist everywhere
        """InvalidInput if there is no such subject at this point."""

    @abstractmethod
    def prepare(
        self, cell: Cell, seed: np.random.SeedSequence, numerics: Numerics, below_edge: bool
    ) -> Any:
        """What ``measure`` gets of one draw; with all that is ``below_edge`` where one asks."""

    @abstractmethod
    def cost(self, cell: Cell, numerics: Numerics) -> tuple[float, int]:
        """(seconds on one core, bytes) of one draw, as predicted."""
