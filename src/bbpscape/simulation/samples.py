"""What a product with H reads: inputs panel by panel, curvatures, and the units of both."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.backend import Backend

# Rows of X in a panel: 512 × 2000 numbers stay in a 32 MiB cache between the two products.
PANEL_ROWS = 512


@runtime_checkable
class Samples(Protocol):
    """What an operator needs: the curvatures F, and the inputs X panel by panel."""

    @property
    def curvature(self) -> NDArray[np.float64]: ...

    @property
    def N(self) -> int: ...

    @property
    def held(self) -> bool:
        """Whether X is in memory."""
        ...

    def panels(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """(rows, X[rows]) for consecutive slices of PANEL_ROWS rows."""
        ...


class Product(Protocol):
    """V → V H for rows of V, as the eigensolver asks for it."""

    where: Backend
    dtype: str
    p: int
    size: int
    columns: int
    calls: int

    def __call__(self, block: Any) -> Any: ...


class SampleProduct(Product, Protocol):
    """One whose samples can be summed and picked too, as a preconditioner asks for it."""

    curvature: NDArray[np.float64]
    units: Units
    N: int

    def to(self, dtype: str) -> SampleProduct: ...

    def gram(self, weights: NDArray[np.float64], dtype: str) -> Any: ...

    def squares(self, weights: NDArray[np.float64]) -> NDArray[np.float64]: ...

    def rows(self, chosen: NDArray[np.int64]) -> Any: ...


def check_samples(hessian: object) -> Samples:
    """``hessian`` if it is a Hessian, or another object that gives curvatures and panels."""
    if not isinstance(hessian, Samples):
        raise InvalidInput(
            "hessian must be a Hessian(inputs, curvature) or a StreamedHessian, "
            f"got {type(hessian).__name__}"
        )
    return hessian


def panel_slices(samples: int) -> Iterator[slice]:
    """Consecutive slices of PANEL_ROWS rows, the last one shorter."""
    for start in range(0, samples, PANEL_ROWS):
        yield slice(start, min(start + PANEL_ROWS, samples))


@dataclass(frozen=True)
class Units:
    """What F and X are divided by, powers of two: no digit is lost, and H is of order 1 then.

    Single precision ends at 1e38: a loss times 1e25, or inputs in other units, go beyond.
    """

    curvature: float = 1.0
    inputs: float = 1.0

    @classmethod
    def of(cls, samples: Samples) -> Units:
        """max|F|, and the root mean square of |x|: over all rows, or a panel if X is not held."""
        squares, count = 0.0, 0
        for rows, panel in samples.panels():
            squares += float(np.vdot(panel, panel))
            count += rows.stop - rows.start
            if not samples.held:
                break
        size = _power_of_two(math.sqrt(squares / count))
        return cls(cls.of_curvature(samples.curvature).curvature, size)

    @classmethod
    def of_curvature(cls, curvature: NDArray[np.float64]) -> Units:
        """max|F|, and inputs as they are."""
        return cls(_power_of_two(float(abs(curvature).max())))

    @property
    def eigenvalue(self) -> float:
        return self.curvature * self.inputs**2


PLAIN = Units()


def _power_of_two(size: float) -> float:
    return 2.0 ** round(math.log2(size)) if size > 0 else 1.0
