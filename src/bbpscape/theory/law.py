"""The curvature law: all that the theory needs to know of a model.

A rotation-invariant law is the joint law of the eigenvalues f of the per-sample curvature and of
weights w that say how much of the sample lies along a *direction*. The theory sees it only through
the resolvent moments m_k^w(g) = E[w (f/(1 − g f))^k], with dm_k/dg = k m_{k+1}.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput

BULK = "bulk"
TEACHER = "teacher"


class CurvatureLaw(Protocol):
    """What every rotation-invariant law offers the theory."""

    def support(self, direction: str = BULK) -> tuple[float, float]:
        """Infimum and supremum of the f that count in a direction; either may be infinite."""

    @property
    def zero_mass(self) -> float:
        """P(f = 0)."""

    @property
    def directions(self) -> Mapping[str, float]:
        """Directions other than the bulk, each with the multiplicity of its outliers."""

    def moments(
        self, g: ArrayLike, order: int, directions: Sequence[str] = (BULK,)
    ) -> NDArray[np.inexact]:
        """m_k^w(g) = E[w (f/(1 − g f))^k] for k = 1 … order.

        ``g`` is real with 1 − g f > 0 on the support, or complex with Im g ≤ 0 (where real values
        outside that set are the limit from below). Shape: (directions, order, \\*g.shape); units of
        f to the k.
        """

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        """E[log(1 − g f)] over the bulk, the branch that is continuous from g → 0."""


@dataclass(frozen=True)
class DiscreteLaw:
    """f takes the values ``atoms``: E[w φ(f)] = Σ_i weights_i φ(atoms_i).

    Parameters
    ----------
    atoms : array of shape (n,)
        Curvatures f_i.
    weights : array of shape (n,), optional
        Probabilities (1/n each by default).
    along : mapping from a direction to an array of shape (n,)
        E[w | f_i] for each direction, times the same probabilities.
    directions : mapping from a direction to its multiplicity

    With one atom f = 1 this is the Marchenko–Pastur law:

    >>> float(DiscreteLaw(atoms=[1.0]).moments(-1.0, order=1)[0, 0])
    0.5
    """

    atoms: NDArray[np.float64]
    weights: NDArray[np.float64] = None  # type: ignore[assignment]
    along: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    directions: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        atoms = np.array(self.atoms, dtype=float).ravel()
        if atoms.size == 0 or not np.isfinite(atoms).all():
            raise InvalidInput("atoms must be a non-empty list of finite numbers")
        weights = np.full(atoms.size, 1 / atoms.size) if self.weights is None else self.weights
        weights = np.array(weights, dtype=float).ravel()
        if weights.shape != atoms.shape or (weights < 0).any() or abs(weights.sum() - 1) > 1e-9:
            raise InvalidInput("weights must be non-negative, one for each atom, and sum to 1")
        for name, values in self.along.items():
            if np.shape(values) != atoms.shape:
                raise InvalidInput(f"along[{name!r}] must have one value for each atom")
        object.__setattr__(self, "atoms", atoms)
        object.__setattr__(self, "weights", weights)

    def support(self, direction: str = BULK) -> tuple[float, float]:
        return float(self.atoms.min()), float(self.atoms.max())

    @property
    def zero_mass(self) -> float:
        return float(self.weights[self.atoms == 0].sum())

    def moments(
        self, g: ArrayLike, order: int, directions: Sequence[str] = (BULK,)
    ) -> NDArray[np.inexact]:
        g = np.asarray(g)
        rows = np.stack(
            [self.weights if d == BULK else self.weights * self.along[d] for d in directions]
        )
        result = np.empty((len(directions), order, g.size), dtype=np.result_type(g, float))
        for i, value in enumerate(g.ravel()):
            # At g = 1/f the moments are infinite, or NaN where f has no weight in a direction.
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = self.atoms / (1 - value * self.atoms)
                power = ratio.copy()
                for k in range(order):
                    result[:, k, i] = rows @ power
                    power *= ratio
        return result.reshape(len(directions), order, *g.shape)

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        g = np.asarray(g)
        values = []
        for value in g.ravel():
            argument = 1 - value * self.atoms + 0j
            # On the real axis beyond 1/f the limit is from Im g < 0.
            phase = np.where(
                (argument.imag == 0) & (argument.real < 0),
                np.pi * np.sign(self.atoms),
                np.angle(argument),
            )
            values.append(self.weights @ (np.log(abs(argument)) + 1j * phase))
        return np.reshape(values, g.shape)
