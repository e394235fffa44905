"""The radial law of the inputs: τ, the factor of a sample's squared norm, of mean 1."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, number
from bbpscape.core.grids import parse_list, parse_number, rounded
from bbpscape.model.inputs.scale import ROUNDING, of_mean_one

# Nodes of a law with a density.
NODES = 48
FORMS = "gaussian, chi2:NU, lognormal:S, or atoms:TAU@WEIGHT,TAU@WEIGHT,…"


class Radial(ABC):
    """τ ≥ 0 with E τ = 1: a sample is √τ times a Gaussian one. ``str`` names it."""

    # Whether τ = 1.
    trivial = False

    @property
    @abstractmethod
    def upper(self) -> float:
        """The supremum of τ."""

    @abstractmethod
    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(τ, weights) of a quadrature, exact for atoms."""

    @abstractmethod
    def sample(self, generator: np.random.Generator, size: int) -> NDArray[np.float64]:
        """τ of ``size`` samples."""

    @property
    def simplest(self) -> "Radial":
        """The same law by its shortest name, so that its draws are the same."""
        return self

    @property
    def label(self) -> str:
        """In words, for tables and figures."""
        return str(self)

    @property
    def places(self) -> dict[str, float]:
        """Where it stands on the axis of each symbol that it is a point of."""
        return {}


@dataclass(frozen=True)
class Gaussian(Radial):
    """τ = 1, and nothing is drawn."""

    trivial = True
    upper = 1.0
    places: ClassVar[dict[str, float]] = {"$s$": 0.0}

    def __str__(self) -> str:
        return "gaussian"

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.ones(1), np.ones(1)

    def sample(self, generator: np.random.Generator, size: int) -> NDArray[np.float64]:
        return np.ones(size)


@dataclass(frozen=True)
class ChiSquare(Radial):
    """τ = χ²_ν/ν, of variance 2/ν."""

    nu: float
    upper = math.inf

    def __post_init__(self) -> None:
        object.__setattr__(self, "nu", rounded(number("nu", self.nu, 0.1, 1e6)))

    def __str__(self) -> str:
        return f"chi2:{self.nu!r}"

    @property
    def label(self) -> str:
        return f"chi2:{self.nu:g}"

    @property
    def places(self) -> dict[str, float]:
        return {r"$\nu$": self.nu}

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from scipy.special import roots_genlaguerre, roots_hermitenorm

        if self.nu > 100:
            # Laguerre's weights overflow; the cube root of τ is all but Gaussian there.
            x, weights = roots_hermitenorm(NODES)
            width = 2 / (9 * self.nu)
            tau = np.maximum(1 - width + math.sqrt(width) * x, 0) ** 3
        else:
            x, weights = roots_genlaguerre(NODES, self.nu / 2 - 1)
            tau = 2 * x / self.nu
        weights = weights / weights.sum()
        kept = weights > 1e-18
        tau, weights = tau[kept], weights[kept] / weights[kept].sum()
        return tau / (weights @ tau), weights

    def sample(self, generator: np.random.Generator, size: int) -> NDArray[np.float64]:
        return generator.chisquare(self.nu, size) / self.nu


@dataclass(frozen=True)
class LogNormal(Radial):
    """τ = exp(s ξ − s²/2), ξ standard Gaussian."""

    s: float
    upper = math.inf

    def __post_init__(self) -> None:
        object.__setattr__(self, "s", rounded(number("s", self.s, 1e-6, 3.0)))

    def __str__(self) -> str:
        return f"lognormal:{self.s!r}"

    @property
    def label(self) -> str:
        return f"lognormal:{self.s:g}"

    @property
    def places(self) -> dict[str, float]:
        return {"$s$": self.s}

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from scipy.special import roots_hermitenorm

        x, weights = roots_hermitenorm(NODES)
        weights = weights / weights.sum()
        tau = np.exp(self.s * x - self.s**2 / 2)
        kept = weights > 1e-18
        return tau[kept], weights[kept] / weights[kept].sum()

    def sample(self, generator: np.random.Generator, size: int) -> NDArray[np.float64]:
        return np.exp(self.s * generator.standard_normal(size) - self.s**2 / 2)


@dataclass(frozen=True)
class Atoms(Radial):
    """τ_j of weights w_j, scaled to Σ w_j = 1 and Σ w_j τ_j = 1; equal weights by default.

    >>> Atoms((1.0, 3.0)).tau
    (0.5, 1.5)
    """

    tau: tuple[float, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        tau = real_array("radial", self.tau)
        if tau.ndim != 1:
            raise InvalidInput(f"radial must be a list of tau, got shape {tau.shape}")
        given = np.ones(tau.shape) if self.weights is None else self.weights
        weights = real_array("radial", given)
        if not tau.size or weights.shape != tau.shape:
            raise InvalidInput("radial must have one weight for each tau")
        if tau.min() < 0 or weights.min() <= 0 or not tau.max() > 0:
            raise InvalidInput("radial must have tau of at least 0, weights above 0, and a tau > 0")
        # By increasing τ, each once: a law has one name, and so the same draws however it is given.
        tau, place = np.unique(tau, return_inverse=True)
        weights = np.bincount(place, weights).astype(float)
        total = float(weights.sum())
        weights = weights if abs(total - 1) < ROUNDING else weights / total
        object.__setattr__(self, "tau", tuple(of_mean_one(tau, weights).tolist()))
        object.__setattr__(self, "weights", tuple(weights.tolist()))

    def __repr__(self) -> str:
        return f"Atoms({self.label.removeprefix('atoms:')})"

    def __str__(self) -> str:
        pairs = zip(self.tau, self.weights or (), strict=True)
        return "atoms:" + ",".join(f"{tau!r}@{weight!r}" for tau, weight in pairs)

    @property
    def simplest(self) -> Radial:
        return self if len(self.tau) > 1 else GAUSSIAN

    @property
    def label(self) -> str:
        pairs = zip(self.tau, self.weights or (), strict=True)
        shown = "atoms:" + ",".join(f"{tau:.4g}@{weight:.4g}" for tau, weight in pairs)
        return shown if len(self.tau) <= 4 else f"{len(self.tau)} values"

    @property
    def upper(self) -> float:
        return max(self.tau)

    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.array(self.tau), np.array(self.weights)

    def sample(self, generator: np.random.Generator, size: int) -> NDArray[np.float64]:
        return generator.choice(np.array(self.tau), size, p=self.weights)


GAUSSIAN = Gaussian()


def radial(given: "Radial | str | ArrayLike") -> Radial:
    """A radial law from its name, or from a list of τ of equal weights.

    Raises
    ------
    InvalidInput
        If it is neither.

    >>> radial("atoms:0.4@0.5,1.6@0.5"), radial("chi2:3")
    (Atoms(0.4@0.5,1.6@0.5), ChiSquare(nu=3.0))
    """
    if isinstance(given, Radial):
        return given.simplest
    if not isinstance(given, str):
        values = real_array("radial", given).tolist()
        return Atoms(tuple(values) if isinstance(values, list) else values).simplest
    kind, colon, rest = given.strip().partition(":")
    if given.strip() == "gaussian":
        return GAUSSIAN
    try:
        if kind == "atoms" and colon:
            return _atoms(rest).simplest
        if kind in ("chi2", "lognormal") and colon:
            value = parse_number("radial", rest)
            return ChiSquare(value) if kind == "chi2" else LogNormal(value)
        return Atoms(tuple(parse_list("radial", given))).simplest
    except InvalidInput as error:
        raise InvalidInput(f"radial must be {FORMS}, got {given!r}: {error}") from None


def _atoms(text: str) -> Atoms:
    pairs = [part.partition("@") for part in text.split(",")]
    tau = [parse_number("tau", one) for one, _, _ in pairs]
    weights = [parse_number("weight", one) if at else 1.0 for _, at, one in pairs]
    return Atoms(tuple(tau), tuple(weights))
