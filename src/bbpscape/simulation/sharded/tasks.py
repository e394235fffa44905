"""What a worker does with its rows of X."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.limits import available_memory
from bbpscape.model import curvature as _curvature
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.sampler import Sampler
from bbpscape.simulation.operator import Operator
from bbpscape.simulation.samples import Units, panel_slices

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Shard:
    """Rows of X in a precision, and the state of the stream behind them."""

    inputs: NDArray = field(repr=False)
    after: dict[str, Any] = field(repr=False)

    def __sizeof__(self) -> int:
        """Dask asks for it, and takes tasks to where much lies."""
        return self.inputs.nbytes

    def panels(self) -> Iterator[tuple[slice, NDArray]]:
        for rows in panel_slices(len(self.inputs)):
            yield rows, self.inputs[rows]


class Held:
    """Samples of which both X and F are here."""

    held = True

    def __init__(self, shard: Shard, curvature: NDArray[np.float64]) -> None:
        self.curvature, self.N, self.panels = curvature, shard.inputs.shape[1], shard.panels


def drawn(sampler: Sampler, kind: type, state: dict[str, Any], rows: slice) -> Shard:
    """X[rows], from the state of the stream at the first of them."""
    bits = kind()
    bits.state = state
    inputs = sampler.rows(np.random.Generator(bits), rows)
    return Shard(inputs, bits.state)


def state_after(shard: Shard) -> dict[str, Any]:
    """The state of the stream behind the shard."""
    return shard.after


def single(shard: Shard) -> Shard:
    """The same rows in single precision."""
    return Shard(shard.inputs.astype("float32"), {})


def kept(value: T) -> T:
    """What tasks share: it travels once, and is there again when a worker is lost."""
    return value


def projected(shard: Shard, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """X weightsᵀ."""
    return np.concatenate([panel @ weights.T for _, panel in shard.panels()])


def curvature(
    model: TeacherStudent, fields: NDArray[np.float64], labels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """F of the samples."""
    return _curvature.curvature(model, fields, labels)


def product(shard: Shard, F: NDArray[np.float64], block: NDArray, unit: float) -> NDArray:
    """The part of V H that is due to these rows, F in units of ``unit``."""
    return Operator(Held(shard, F), str(shard.inputs.dtype), units=Units(unit))(block)


def stripe(shard: Shard, weights: NDArray[np.float64], columns: slice) -> NDArray:
    """Xᵀ diag(weights) X, its ``columns``, from the row of the first of them on."""
    kind, width = shard.inputs.dtype, columns.stop - columns.start
    total = np.zeros((shard.inputs.shape[1] - columns.start, width), kind)
    for rows, panel in shard.panels():
        scaled = panel[:, columns] * weights[rows, None].astype(kind)
        total += panel[:, columns.start :].T @ scaled
    return total


def squares(shard: Shard, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ_μ weights_μ x_μi²."""
    total = np.zeros(shard.inputs.shape[1])
    for rows, panel in shard.panels():
        total += (panel * panel).T @ weights[rows].astype(panel.dtype)
    return total


def chosen(shard: Shard, index: NDArray[np.int64] | slice) -> NDArray:
    """Some of the rows."""
    return shard.inputs[index]


def add(one: NDArray, other: NDArray) -> NDArray:
    return one + other


def free_bytes() -> int:
    """Of memory, where the worker is."""
    return available_memory()
