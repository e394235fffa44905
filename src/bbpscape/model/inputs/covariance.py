"""The spectrum of the inputs' covariance Σ, scaled to a mean eigenvalue of 1."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, number
from bbpscape.core.grids import parse_list, parse_number, rounded
from bbpscape.core.npy import read_npy
from bbpscape.model.inputs.scale import of_mean_one

Population = tuple[NDArray[np.float64], NDArray[np.float64]]

# Nodes of the Marchenko–Pastur law, whose sums converge exponentially, and its aspects.
PRODUCT_NODES = 400
LEAST_ASPECT, LARGEST_ASPECT = 1e-3, 1e6
STEEPEST = 10.0
# Of the theory, whose sums over the components take minutes beyond.
LARGEST_N = 1e6
# Largest over smallest positive eigenvalue.
CONDITION = 1e14
# Lists from this length on are spectra of a matrix.
LONG = 20
# A matrix is symmetric, and has no eigenvalue below 0, up to this share of its largest one.
ROUNDING = 1e-10
FORMS = "isotropic, power:BETA, product:GAMMA, or eigenvalues with commas"


class Covariance(ABC):
    """Eigenvalues σ_i ≥ 0 of Σ with (1/N) Σ_i σ_i = 1, by decreasing size.

    A covariance is a value: ``str`` names it, and ``covariance`` reads that name.
    """

    # Whether it is Σ = 1, whether each eigenvalue is that of one principal component, and whether
    # its spectrum is one of a dimension.
    isotropic = False
    single = False
    needs_dimension = False

    def check(self, N: int) -> None:  # noqa: B027, most exist at every N
        """InvalidInput if there is no such Σ at dimension N."""

    @abstractmethod
    def values(self, N: int) -> NDArray[np.float64]:
        """σ_1 ≥ … ≥ σ_N at dimension N."""

    @abstractmethod
    def population(self, N: int | None) -> Population:
        """(σ, weights): the eigenvalues of the theory, by decreasing size, and their shares.

        Raises InvalidInput where the spectrum is that of a dimension, and ``N`` is None.
        """

    @property
    def simplest(self) -> "Covariance":
        """The same law by its shortest name, so that its draws are the same."""
        return self

    @property
    def label(self) -> str:
        """In words, for tables and figures."""
        return str(self)

    @property
    def places(self) -> dict[str, float]:
        """Where it stands on the axis of each symbol that it is a point of, as power laws of β."""
        return {}


@dataclass(frozen=True)
class Isotropic(Covariance):
    """Σ = 1."""

    isotropic = True
    places: ClassVar[dict[str, float]] = {r"$\beta$": 0.0}

    def __str__(self) -> str:
        return "isotropic"

    def values(self, N: int) -> NDArray[np.float64]:
        return np.ones(N)

    def population(self, N: int | None) -> Population:
        return np.ones(1), np.ones(1)


@dataclass(frozen=True)
class PowerLaw(Covariance):
    """σ_i ∝ i^−β, i = 1 … N. Its largest eigenvalue grows with N: it belongs to a given N.

    >>> PowerLaw(1.0).values(2).round(6).tolist()
    [1.333333, 0.666667]
    """

    beta: float
    single = True
    needs_dimension = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", rounded(number("beta", self.beta, 0.0, STEEPEST)))

    def __str__(self) -> str:
        return f"power:{self.beta!r}"

    @property
    def simplest(self) -> Covariance:
        return self if self.beta else ISOTROPIC

    @property
    def label(self) -> str:
        return f"power:{self.beta:g}"

    @property
    def places(self) -> dict[str, float]:
        return {r"$\beta$": self.beta}

    def values(self, N: int) -> NDArray[np.float64]:
        sigma = np.arange(1, N + 1) ** -self.beta
        return sigma / sigma.mean()

    def population(self, N: int | None) -> Population:
        if N is None:
            raise InvalidInput(
                f"N must be given: the covariance {self.label} belongs to a dimension"
            )
        number("N", N, 1, LARGEST_N)
        return self.values(N), np.full(N, 1 / N)


@dataclass(frozen=True)
class Product(Covariance):
    """Σ = WᵀW/k of a Gaussian W of shape (k, N), k = γN: inputs that are products of two matrices.

    Its spectrum is the law of Marchenko and Pastur: 1 + c + 2 √c cos θ with c = 1/γ, of density
    (2/π) sin²θ/σ in θ from 0 to π, and a mass 1 − γ at 0 where γ < 1. At finite N it is taken at
    the law's quantiles.
    """

    gamma: float

    def __post_init__(self) -> None:
        gamma = rounded(number("gamma", self.gamma, LEAST_ASPECT, LARGEST_ASPECT))
        object.__setattr__(self, "gamma", gamma)

    def __str__(self) -> str:
        return f"product:{self.gamma!r}"

    @property
    def label(self) -> str:
        return f"product:{self.gamma:g}"

    @property
    def places(self) -> dict[str, float]:
        return {r"$\gamma$": self.gamma}

    def _at(self, theta: NDArray) -> NDArray[np.float64]:
        # (1 − √c)² + 4 √c cos²(θ/2) keeps all digits next to 0.
        root = 1 / math.sqrt(self.gamma)
        return (1 - root) ** 2 + 4 * root * np.cos(theta / 2) ** 2

    def population(self, N: int | None) -> Population:
        theta = math.pi * (np.arange(PRODUCT_NODES) + 0.5) / PRODUCT_NODES
        sigma = self._at(theta)
        weights = 2 * np.sin(theta) ** 2 / sigma / PRODUCT_NODES
        rest = max(0.0, 1 - self.gamma)
        if rest:
            return np.append(sigma, 0.0), np.append(weights * self.gamma / weights.sum(), rest)
        return sigma, weights / weights.sum()

    def values(self, N: int) -> NDArray[np.float64]:
        theta = np.linspace(0, math.pi, 20_001)
        middle = (theta[1:] + theta[:-1]) / 2
        mass = np.append(0.0, np.cumsum(np.sin(middle) ** 2 / self._at(middle)))
        rank = min(N, round(self.gamma * N))
        share = (np.arange(rank) + 0.5) / rank
        sigma = self._at(np.interp(share, mass / mass[-1], theta))
        return np.append(sigma, np.zeros(N - rank)) * (N / sigma.sum())


@dataclass(frozen=True)
class Eigenvalues(Covariance):
    """A list of n eigenvalues, each with the share 1/n: of Σ at any N that n divides.

    >>> Eigenvalues((1.0, 3.0)).values(4).tolist()
    [1.5, 1.5, 0.5, 0.5]
    """

    given: tuple[float, ...]

    def __post_init__(self) -> None:
        sigma = real_array("covariance", self.given)
        if sigma.ndim != 1 or not sigma.size:
            raise InvalidInput(f"covariance must be a list of eigenvalues, got {sigma.shape}")
        if sigma.min() < 0 or sigma.max() <= 0:
            raise InvalidInput(
                f"covariance must have eigenvalues of at least 0, and one above it, got "
                f"{sigma.min():.6g} to {sigma.max():.6g}"
            )
        if sigma[sigma > 0].min() < sigma.max() / CONDITION:
            raise InvalidInput(
                f"covariance must have eigenvalues within {CONDITION:g} of each other, or 0"
            )
        object.__setattr__(self, "given", tuple(of_mean_one(np.sort(sigma)[::-1]).tolist()))

    def __repr__(self) -> str:
        return f"Eigenvalues({self.label})"

    def __str__(self) -> str:
        return ",".join(map(repr, self.given))

    @property
    def simplest(self) -> Covariance:
        return self if self.given[0] > self.given[-1] else ISOTROPIC

    @property
    def single(self) -> bool:  # type: ignore[override]
        """A long list is the spectrum of a matrix, a short one has levels of many components."""
        return len(self.given) >= LONG

    @property
    def label(self) -> str:
        shown = ",".join(f"{one:g}" for one in self.given)
        return shown if len(self.given) <= 4 else f"{len(self.given)} eigenvalues"

    def check(self, N: int) -> None:
        if N % len(self.given):
            raise InvalidInput(
                f"N must be a multiple of the covariance's {len(self.given)} eigenvalues, got {N}"
            )

    def values(self, N: int) -> NDArray[np.float64]:
        self.check(N)
        return np.repeat(self.given, N // len(self.given))

    def population(self, N: int | None) -> Population:
        if self.single:
            return np.array(self.given), np.full(len(self.given), 1 / len(self.given))
        sigma, counts = np.unique(self.given, return_counts=True)
        return sigma[::-1].copy(), counts[::-1] / counts.sum()


ISOTROPIC = Isotropic()


def covariance(given: "Covariance | str | ArrayLike") -> Covariance:
    """A covariance from its name, its eigenvalues, or the N × N matrix (of which those are taken).

    Raises
    ------
    InvalidInput
        If a name is none of isotropic, power:BETA, product:GAMMA or eigenvalues with commas, a
        matrix is not symmetric, or an eigenvalue is negative.

    >>> covariance("power:0.5"), covariance(np.diag([1.0, 3.0])).label
    (PowerLaw(beta=0.5), '1.5,0.5')
    """
    if isinstance(given, Covariance):
        return given.simplest
    if isinstance(given, str):
        return _named(given).simplest
    array = real_array("covariance", given)
    if array.ndim == 1:
        return Eigenvalues(tuple(array.tolist())).simplest
    size = abs(array).max(initial=0.0)
    if (
        array.ndim != 2
        or array.shape[0] != array.shape[1]
        or abs(array - array.T).max() > ROUNDING * size
    ):
        raise InvalidInput(
            f"covariance must be eigenvalues or a symmetric matrix, got shape {array.shape}"
        )
    sigma = np.linalg.eigvalsh(array)
    sigma[abs(sigma) < ROUNDING * size] = 0.0
    return Eigenvalues(tuple(sigma.tolist())).simplest


def _named(text: str) -> Covariance:
    kind, colon, rest = text.strip().partition(":")
    if text.strip() == "isotropic":
        return ISOTROPIC
    try:
        if kind == "product" and colon:
            return Product(parse_number("gamma", rest))
        if kind == "power" and colon:
            return PowerLaw(parse_number("beta", rest))
    except InvalidInput as error:
        raise InvalidInput(f"covariance must be {FORMS}, got {text!r}: {error}") from None
    try:
        values = parse_list("covariance", text)
    except InvalidInput:
        raise InvalidInput(f"covariance must be {FORMS}, got {text!r}") from None
    return Eigenvalues(tuple(values))


def read_covariance(name: str, text: str) -> Covariance:
    """The covariance that a text of the command line stands for: its name, or a .npy file."""
    if text.endswith(".npy"):
        return covariance(read_npy(name, text))
    if Path(text).suffix and Path(text).is_file():
        raise InvalidInput(
            f"{name} must be a .npy file of eigenvalues or of the matrix, got {text!r}"
        )
    return covariance(text)
