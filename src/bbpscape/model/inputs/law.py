"""The law of the inputs: covariance, norms, mean, and where the teacher lies in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from bbpscape.core.checks import InvalidInput, choice, number
from bbpscape.core.short import short
from bbpscape.model.inputs.covariance import ISOTROPIC, Covariance, covariance
from bbpscape.model.inputs.estimate import estimate_inputs
from bbpscape.model.inputs.profile import RANDOM, Profile, profile
from bbpscape.model.inputs.radial import GAUSSIAN, Radial, radial

METRICS = ("covariance", "sphere")
# The names of its parts, in the order in which they are told.
PARTS = ("covariance", "radial", "mean", "profile", "metric")
LONGEST_MEAN = 1e4


@dataclass(frozen=True, init=False)
class InputLaw:
    """x = √τ Σ^½ ξ/√N + μ/√N: elliptical inputs of covariance Σ, radial law τ and mean μ.

    Parameters
    ----------
    covariance : Covariance, text, eigenvalues or matrix
        Σ, scaled to a mean eigenvalue of 1: "isotropic", "power:BETA" (σ_i ∝ i^−β at each N),
        "product:GAMMA" (Marchenko–Pastur), a list of eigenvalues, or a symmetric matrix.
    radial : Radial, text or list
        τ ≥ 0, scaled to mean 1: "gaussian" (τ = 1), "chi2:NU" (χ²_ν/ν), "lognormal:S",
        "atoms:0.4@0.5,1.6@0.5", or a list of τ.
    mean : float
        |μ|; μ has a random direction, and is so short (a sample has |x|² ≈ 1, its mean |μ|²/N) that
        labels and outputs do not feel it.
    profile : Profile or text
        The teacher's weights along the principal components: "random", "source:R" (squares ∝ i^−R)
        or "top:K".
    metric : str
        Lengths of the weights: "covariance" for w·Σw = N, so that preactivations have variance 1
        at τ = 1; "sphere" for |w|² = N.

    Raises
    ------
    InvalidInput
        If a part is not allowed.

    Examples
    --------
    >>> InputLaw("power:0.5", mean=2).label
    ['covariance power:0.5', 'mean 2']
    """

    covariance: Covariance
    radial: Radial
    mean: float
    profile: Profile
    metric: str

    def __init__(
        self,
        covariance: Covariance | str | ArrayLike = ISOTROPIC,
        radial: Radial | str | ArrayLike = GAUSSIAN,
        mean: float = 0.0,
        profile: Profile | str = RANDOM,
        metric: str = "covariance",
    ) -> None:
        given = {
            "covariance": _covariance(covariance),
            "radial": _radial(radial),
            "mean": number("mean", mean, 0.0, LONGEST_MEAN),
            "profile": _profile(profile),
            "metric": choice("metric", metric, METRICS),
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)
        if self.covariance.isotropic and not self.profile.random:
            raise InvalidInput(
                f"profile {self.profile.label} needs a covariance with principal components, "
                "got isotropic inputs"
            )

    def __repr__(self) -> str:
        return short(self, STANDARD)

    @classmethod
    def of_data(
        cls, rows: ArrayLike, profile: Profile | str = RANDOM, metric: str = "covariance"
    ) -> InputLaw:
        """The law of given inputs, as if they were elliptical: Σ, τ and |μ| of ``rows``.

        Σ is that of the rows, shrunk towards the identity (Ledoit and Wolf 2004) where there are
        fewer than five a dimension; τ is x·Σ⁻¹x/N, its spread without that of Gaussian inputs.
        What chance explains is left out.

        Parameters
        ----------
        rows : array, shape (n, N)
        profile, metric
            As of any law.

        Raises
        ------
        InvalidInput
            If there are fewer than 3 rows, or they do not vary.

        Examples
        --------
        >>> import bbpscape as bb
        >>> import numpy as np
        >>> rows = np.random.default_rng(0).standard_normal((2000, 5)) * [1, 1, 1, 1, 3]
        >>> bool(bb.InputLaw.of_data(rows).components(5) < 3)  # 5 if they were alike
        True
        """
        found = estimate_inputs(rows)
        return cls(found.covariance, found.radial, found.mean, profile, metric)

    @property
    def standard(self) -> bool:
        """Whether x ~ N(0, I/N), the inputs of the source."""
        return self.covariance.isotropic and self.radial.trivial and self.mean == 0

    @property
    def preactivations_known(self) -> bool:
        """Whether preactivations have variance 1 at every N, at τ = 1."""
        return self.metric == "covariance" or self.covariance.isotropic

    @property
    def label(self) -> list[str]:
        """What differs from standard inputs, in words."""
        standard = STANDARD.to_dict()
        return [
            f"{name} {getattr(value, 'label', value) if name != 'mean' else f'{value:g}'}"
            for name, value in ((name, getattr(self, name)) for name in PARTS)
            if self.to_dict()[name] != standard[name]
        ]

    def replace(self, **parts: Any) -> InputLaw:
        """The law with other parts.

        Parameters
        ----------
        **parts
            Names and values, as ``mean=2.0``.

        Returns
        -------
        InputLaw
            Another.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.InputLaw("power:0.5").replace(mean=2.0)
        InputLaw(covariance=PowerLaw(beta=0.5), mean=2.0)
        """
        return type(self)(**{name: getattr(self, name) for name in PARTS} | parts)

    def dimension(self, N: int) -> int | None:
        """``N`` if the theory of these inputs belongs to a dimension, or None.

        Parameters
        ----------
        N : int
            Dimension.

        Returns
        -------
        int or None
            A power law has other eigenvalues at each N.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.InputLaw("power:0.5").dimension(100), bb.InputLaw("product:2").dimension(100)
        (100, None)
        """
        return N if self.covariance.needs_dimension or not self.profile.random else None

    def components(self, N: int) -> float:
        """(Σσ²)²/Σσ⁴: how many principal components count in an outlier, N of isotropic inputs.

        Parameters
        ----------
        N : int
            Dimension.

        Returns
        -------
        float
            From 1 to N.

        Examples
        --------
        >>> InputLaw("isotropic").components(100), round(InputLaw("power:1").components(100), 1)
        (100.0, 2.5)
        """
        square = self.covariance.values(N) ** 2
        return float(square.sum() ** 2 / (square**2).sum())

    def to_dict(self) -> dict[str, Any]:
        """Its parts as plain JSON values.

        Returns
        -------
        dict
            What ``from_dict`` reads.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.InputLaw("power:0.5").to_dict()["covariance"]
        'power:0.5'
        """
        return {
            name: value if isinstance(value, float) else str(value)
            for name, value in ((name, getattr(self, name)) for name in PARTS)
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> InputLaw:
        """The law that ``to_dict`` wrote down.

        Parameters
        ----------
        values : mapping
            Parts by name.

        Returns
        -------
        InputLaw
            The same law.

        Examples
        --------
        >>> import bbpscape as bb
        >>> law = bb.InputLaw("power:0.5", "chi2:5")
        >>> bb.InputLaw.from_dict(law.to_dict()) == law
        True
        """
        return cls(**values)


# The arguments of the constructor hide the functions of their names.
_covariance, _radial, _profile = covariance, radial, profile
STANDARD = InputLaw()
