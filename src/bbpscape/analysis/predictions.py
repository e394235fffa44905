"""What theory says of a transition at N → ∞ and at finite N, to set beside a study."""

from collections.abc import Sequence
from dataclasses import dataclass

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.draws import LABELS, with_labels
from bbpscape.theory.finite.half_point import HalfPoint, half_alpha
from bbpscape.theory.onset import linear_onset
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.threshold import threshold


@dataclass(frozen=True)
class Predictions:
    """α_BBP, α₀ and its kind; the onset of the N → ∞ curve over each window; α_½ at each N.

    What could not be had is None, or not there, and ``missing`` says why.
    """

    alpha_bbp: float | None
    transition: str | None
    alpha_0: float | None
    m2_jump: float | None
    linear_onset: dict[float, float]
    half: tuple[HalfPoint, ...]
    missing: dict[str, str]


def predictions(
    model: TeacherStudent,
    sizes: Sequence[int],
    windows: Sequence[float],
    label_draws: int,
    seed: int,
) -> Predictions:
    """The predictions for ``model`` at ``sizes``; ``windows`` are those of ``linear_onset``."""
    missing: dict[str, str] = {}
    at, lines, half = None, {}, []
    try:
        # Inputs that belong to a dimension have one threshold each.
        at = threshold(model, model.inputs.dimension(sizes[0]) if len(sizes) == 1 else None)
    except (InvalidInput, NoConvergence) as error:
        missing["alpha_bbp"] = str(error)
    if windows and not model.is_reference:
        missing["linear_onset"] = "the curve of m2 is for the quadratic reference model"
    elif windows and at is not None:
        try:
            lines = dict(zip(windows, linear_onset(model, windows).alpha_0, strict=True))
        except (InvalidInput, NoConvergence) as error:
            missing["linear_onset"] = str(error)
    by = LABELS if with_labels(model) else None
    for n in sizes if label_draws else ():
        try:
            half.append(half_alpha(model, n, label_draws, seed, by=by))
        except (InvalidInput, NoConvergence) as error:
            missing[f"half_alpha at N = {n}"] = str(error)
    return Predictions(
        alpha_bbp=None if at is None else at.alpha_bbp,
        transition=None if at is None else at.transition,
        alpha_0=None if at is None else at.alpha_0,
        m2_jump=None if at is None else at.m2_jump,
        linear_onset=lines,
        half=tuple(half),
        missing=missing,
    )
