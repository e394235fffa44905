"""The finite-N law along a list of N, beside the N → ∞ threshold and the truncated theory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.finite_size import FiniteSizeLaw, finite_size_law, sizes
from bbpscape.theory.finite.half_point import HalfPoint, half_alpha
from bbpscape.theory.finite.truncated import TruncatedThreshold, truncated_threshold
from bbpscape.theory.threshold import Threshold, threshold


@dataclass(frozen=True)
class FiniteSizeScaling:
    """One entry for each N, in the order given: the ``laws`` at ``alpha``, where half of the draws
    have an outlier, and the threshold of the truncated theory; with the N → ∞ ``threshold``."""

    threshold: Threshold
    alpha: float
    N: tuple[int, ...]
    laws: tuple[FiniteSizeLaw, ...]
    half: tuple[HalfPoint, ...]
    truncated: tuple[TruncatedThreshold, ...]

    @property
    def model(self) -> TeacherStudent:
        return self.threshold.model

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "threshold": self.threshold.to_dict(),
            "alpha": self.alpha,
            "N": list(self.N),
            "laws": [law.to_dict() for law in self.laws],
            "half": [point.to_dict() for point in self.half],
            "truncated": [point.to_dict() for point in self.truncated],
        }


def finite_size_scaling(
    model: TeacherStudent,
    N: Sequence[int],
    alpha: float | None = None,
    draws: int = 100,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> FiniteSizeScaling:
    """``finite_size_law``, ``half_alpha`` and ``truncated_threshold`` at every N.

    Parameters are theirs; ``alpha`` is α_BBP by default, and ``progress`` is called with the number
    of N that are done. Draw i has the same labels at every N, as far as they go.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.
    """
    if len(N) == 0:
        raise InvalidInput("N must list at least one dimension")
    at = threshold(model)
    chosen = at.alpha_bbp if alpha is None else alpha
    for n in N:
        sizes(model, chosen, n)
    laws, half, truncated = [], [], []
    for done, n in enumerate(N, start=1):
        laws.append(finite_size_law(model, chosen, n, draws, seed, workers))
        half.append(half_alpha(model, n, draws, seed, workers))
        truncated.append(truncated_threshold(model, n))
        if progress is not None:
            progress(done)
    listed = tuple(law.N for law in laws)
    return FiniteSizeScaling(at, float(chosen), listed, tuple(laws), tuple(half), tuple(truncated))
