"""The teacher–student model at a random initialization."""

import math
from dataclasses import dataclass, field
from typing import Any

from bbpscape.model.checks import InvalidInput, positive_integer
from bbpscape.model.losses import NormalizedSquare

# Wider students than this are p = ∞ to all digits.
WIDEST = 10**9


@dataclass(frozen=True)
class TeacherStudent:
    """y = (1/p*) Σ_l (w*_l·x)²,  ŷ = (1/p) Σ_k (w_k·x)²,  L = Σ_μ ℓ(y_μ, ŷ_μ).

    Inputs are x ~ N(0, I_N/N), the rows of w and w* lie on the sphere of radius √N, and the
    student w is drawn independently of the teacher w*.

    Parameters
    ----------
    p : int or math.inf
        Width of the student. ``inf`` is the limit p → ∞ after N → ∞ (theory only).
    p_star : int
        Width of the teacher.
    loss : NormalizedSquare
        The loss of one sample.

    Raises
    ------
    InvalidInput
        If a width is not a positive integer or the loss is of another type.

    Source: Annesi, Bocchi, Cammarota (2025), arXiv 2510.18435.

    >>> TeacherStudent(p=2, p_star=1, loss=NormalizedSquare(a=0.01)).curvature_unit
    1.0
    """

    p: float
    p_star: int
    loss: NormalizedSquare = field(default_factory=lambda: NormalizedSquare(a=0.01))

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", positive_integer("p", self.p, infinite=True))
        object.__setattr__(self, "p_star", positive_integer("p_star", self.p_star))
        for name in ("p", "p_star"):
            width = getattr(self, name)
            if width != math.inf and width > WIDEST:
                raise InvalidInput(f"{name} must be at most {WIDEST}, got {width!r}")
        if not isinstance(self.loss, NormalizedSquare):
            raise InvalidInput(f"loss must be a NormalizedSquare, got {self.loss!r}")

    @staticmethod
    def check(model: object) -> "TeacherStudent":
        """``model`` if it is one, else InvalidInput."""
        if not isinstance(model, TeacherStudent):
            raise InvalidInput(f"model must be a TeacherStudent, got {type(model).__name__}")
        return model

    @property
    def curvature_unit(self) -> float:
        """2/p, the scale of the curvature; 1 at p = ∞, where eigenvalues are those of (p/2) H."""
        return 1.0 if math.isinf(self.p) else 2.0 / self.p

    def to_dict(self) -> dict[str, Any]:
        """The parameters as plain JSON values; p = ∞ is the string "inf"."""
        return {
            "p": "inf" if math.isinf(self.p) else self.p,
            "p_star": self.p_star,
            "activation": "quadratic",
            "loss": "normalized-square",
            "a": self.loss.a,
        }
