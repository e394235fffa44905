"""How the teacher's weights lie along the principal components of the inputs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, number, positive_integer
from bbpscape.core.grids import parse_number, rounded

FORMS = "random, source:R or top:K"


@dataclass(frozen=True)
class Profile:
    """(w*·φ_i)² for the components φ_i, by decreasing σ_i: the variances of a Gaussian teacher.

    ``random`` prefers none. ``source:R`` is ∝ i^−R, a source condition. ``top:K`` lies within the
    K first components.
    """

    kind: str = "random"
    value: float = 0.0

    def __str__(self) -> str:
        return self.kind if self.kind == "random" else f"{self.kind}:{self.value!r}"

    @property
    def random(self) -> bool:
        return self.kind == "random"

    @property
    def label(self) -> str:
        return self.kind if self.random else f"{self.kind}:{self.value:g}"

    @property
    def places(self) -> dict[str, float]:
        """Where it stands on the axis of each symbol that it is a point of."""
        symbols = {"random": ("$R$",), "source": ("$R$",), "top": ("$K$",)}
        return dict.fromkeys(symbols[self.kind], self.value)

    def room(self, N: int) -> int:
        """How many components the teacher has; InvalidInput if they are more than N."""
        if self.kind != "top":
            return N
        if self.value > N:
            raise InvalidInput(f"profile top:K needs K of at most N = {N}, got {self.value}")
        return int(self.value)

    def variances(self, N: int) -> NDArray[np.float64]:
        """Shape (N,), of mean 1."""
        if self.kind == "top":
            found = (np.arange(N) < self.room(N)).astype(float)
        else:
            found = np.arange(1, N + 1) ** -float(self.value)
        return found / found.mean()


RANDOM = Profile()


def profile(given: "Profile | str") -> Profile:
    """A profile from its name.

    >>> profile("source:1").variances(2).round(6).tolist()
    [1.333333, 0.666667]
    """
    if isinstance(given, Profile):
        return given
    if isinstance(given, str):
        kind, colon, rest = given.strip().partition(":")
        if given.strip() == "random":
            return RANDOM
        try:
            if kind == "top" and colon:
                return Profile(kind, int(positive_integer("K", parse_number("K", rest))))
            if kind == "source" and colon:
                power = rounded(number("R", parse_number("R", rest), -10.0, 10.0))
                return Profile(kind, power) if power else RANDOM
        except InvalidInput as error:
            raise InvalidInput(f"profile must be {FORMS}, got {given!r}: {error}") from None
    raise InvalidInput(f"profile must be {FORMS}, got {given!r}")
