"""What a label says of u ∈ R^{p*}: the law of y with E[u | y] and C_y = E[u uᵀ | y]."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

LARGEST = 60.0  # of a C_y: |u|² at the end of what is integrated over


class Moments(NamedTuple):
    """P(y), shape (n,), and P(y) times E[u | y], shape (n, p*), and E[u uᵀ | y], (n, p*, p*)."""

    density: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    def times(self, factor: float) -> "Moments":
        return Moments(*(factor * one for one in self))

    def plus(self, other: "Moments") -> "Moments":
        return Moments(*(a + b for a, b in zip(self, other, strict=True)))

    def means(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """E[u | y] and C_y; 0 and 1 where the label never comes."""
        p = self.first.shape[1]
        seen = self.density > 0
        safe = np.where(seen, self.density, 1.0)
        first = self.first / safe[:, None]
        second = np.where(seen[:, None, None], self.second / safe[:, None, None], np.eye(p))
        return first, second


class LabelLaw(Protocol):
    """The law of y: densities on a line, and labels of positive probability."""

    @property
    def p_star(self) -> int:
        """Width of the teacher."""

    @property
    def atoms(self) -> NDArray[np.float64]:
        """Labels of positive probability."""

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(y, weights) of a quadrature over all other labels: ∫ P(y) φ(y) dy = Σ weights φ."""

    def continuous(self, y: NDArray) -> Moments:
        """Densities at labels that are no atoms."""

    def mass(self) -> Moments:
        """Probabilities at the atoms."""


@dataclass(frozen=True, eq=False)
class Flipped:
    """−y with probability ``flip`` instead of y."""

    law: LabelLaw
    flip: float

    @property
    def p_star(self) -> int:
        return self.law.p_star

    @property
    def atoms(self) -> NDArray[np.float64]:
        found = self.law.atoms
        return np.unique(np.concatenate([found, -found]) + 0.0)

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        y, weights = self.law.nodes()
        both = np.concatenate([(1 - self.flip) * weights, self.flip * weights])
        return np.concatenate([y, -y]), both

    def continuous(self, y: NDArray) -> Moments:
        straight, turned = self.law.continuous(y), self.law.continuous(-y)
        return straight.times(1 - self.flip).plus(turned.times(self.flip))

    def mass(self) -> Moments:
        found, labels, at = self.law.mass(), self.law.atoms, self.atoms
        p = self.p_star
        total = Moments(np.zeros(at.size), np.zeros((at.size, p)), np.zeros((at.size, p, p)))
        for sign, share in ((1, 1 - self.flip), (-1, self.flip)):
            where = np.searchsorted(at, sign * labels)
            for mine, other in zip(total, found, strict=True):
                np.add.at(mine, where, share * other)
        return total


@dataclass(frozen=True, eq=False)
class Wider:
    """A teacher that reads only the first of p* directions: of the others a label says nothing."""

    law: LabelLaw
    p_star: int

    @property
    def atoms(self) -> NDArray[np.float64]:
        return self.law.atoms

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.law.nodes()

    def continuous(self, y: NDArray) -> Moments:
        return self._padded(self.law.continuous(y))

    def mass(self) -> Moments:
        return self._padded(self.law.mass())

    def _padded(self, of: Moments) -> Moments:
        n, k = of.first.shape
        first, second = np.zeros((n, self.p_star)), np.zeros((n, self.p_star, self.p_star))
        first[:, :k], second[:, :k, :k] = of.first, of.second
        rest = np.arange(k, self.p_star)
        second[:, rest, rest] = of.density[:, None]
        return Moments(of.density, first, second)


@dataclass(frozen=True, eq=False)
class LabelNodes:
    """E[φ(y)] = Σ_i weights_i φ(y_i), with E[u | y_i], (n, p*), and C_y, (n, p*, p*)."""

    y: NDArray[np.float64]
    weights: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    missing: float

    @classmethod
    def of(cls, law: LabelLaw) -> "LabelNodes":
        """All labels; ``missing`` bounds what those left out add to E|C_y|², of which α_c is made.

        They are left out with a probability 1 − E1 and a second moment 1 − E[C_y], so that the
        square of the second over the first is what they add if they are alike.
        """
        y, weights = law.nodes()
        first, second = law.continuous(y).means()
        labels, mass = law.atoms, law.mass()
        at_first, at_second = mass.means()
        weights = np.concatenate([weights, mass.density])
        second = np.concatenate([second, at_second])
        total = float(weights.sum())
        lost = abs(total - 1)
        moved = float(abs(np.tensordot(weights, second, 1) - np.eye(second.shape[1])).max())
        alike = moved / lost if lost > moved / LARGEST else LARGEST
        return cls(
            np.concatenate([y, labels]),
            weights / total,
            np.concatenate([first, at_first]),
            second,
            max(lost, moved * alike),
        )


def conditional(law: LabelLaw, y: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(E[u | y], C_y) of given labels, shapes (n, p*) and (n, p*, p*)."""
    first, second = law.continuous(y).means()
    if law.atoms.size:
        at_first, at_second = law.mass().means()
        where = np.clip(np.searchsorted(law.atoms, y), 0, law.atoms.size - 1)
        hit = law.atoms[where] == y
        first[hit], second[hit] = at_first[where[hit]], at_second[where[hit]]
    return first, second


def no_atoms(p_star: int) -> Moments:
    return Moments(np.zeros(0), np.zeros((0, p_star)), np.zeros((0, p_star, p_star)))
