"""Laws of finitely many curvatures: sums over atoms, and quadrature nodes of a continuous law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.law import BULK


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

    Examples
    --------
    With one atom f = 1 this is the Marchenko–Pastur law:

    >>> float(DiscreteLaw(atoms=[1.0]).moments(-1.0, order=1)[0, 0])
    0.5
    """

    atoms: NDArray[np.float64]
    weights: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    along: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    directions: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        atoms = np.array(self.atoms, dtype=float).ravel()
        if atoms.size == 0 or not np.isfinite(atoms).all():
            raise InvalidInput("atoms must be a non-empty list of finite numbers")
        weights = np.array(self.weights, dtype=float).ravel()
        if weights.size == 0:
            weights = np.full(atoms.size, 1 / atoms.size)
        if weights.shape != atoms.shape or (weights < 0).any() or abs(weights.sum() - 1) > 1e-9:
            raise InvalidInput("weights must be non-negative, one for each atom, and sum to 1")
        for name, values in self.along.items():
            if np.shape(values) != atoms.shape:
                raise InvalidInput(f"along[{name!r}] must have one value for each atom")
        object.__setattr__(self, "atoms", atoms)
        object.__setattr__(self, "weights", weights)

    def support(self, direction: str = BULK) -> tuple[float, float]:
        counted = self.atoms[self.atoms != 0]
        return (float(counted.min()), float(counted.max())) if counted.size else (0.0, 0.0)

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


@dataclass(frozen=True)
class QuadratureLaw:
    """A law given by quadrature nodes and the bounds of its support.

    ``bounds`` are the infimum and supremum of f: the real branch of g ends at their inverses even
    where no node is there, so that an edge comes out smooth. Complex g resolves the density
    down to the distance between neighbouring nodes, |Im g| > |Δ(1/f)|.

    Examples
    --------
    >>> import bbpscape as bb
    >>> nodes = bb.laws.DiscreteLaw([0.5, 1.0])
    >>> law = bb.laws.QuadratureLaw(nodes, bounds=(0.0, 2.0))
    >>> law.support(), float(law.moments(0.0, order=1)[0, 0])
    ((0.0, 2.0), 0.75)
    """

    nodes: DiscreteLaw
    bounds: tuple[float, float]

    def support(self, direction: str = BULK) -> tuple[float, float]:
        return self.bounds

    @property
    def zero_mass(self) -> float:
        return self.nodes.zero_mass

    @property
    def directions(self) -> Mapping[str, float]:
        return self.nodes.directions

    def moments(
        self, g: ArrayLike, order: int, directions: Sequence[str] = (BULK,)
    ) -> NDArray[np.inexact]:
        return self.nodes.moments(g, order, directions)

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        return self.nodes.log_moment(g)
