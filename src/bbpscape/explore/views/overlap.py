"""m²(α): at N → ∞, and at N over the labels of draws."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, NoConvergence, one_line
from bbpscape.explore import limits
from bbpscape.explore.state import State
from bbpscape.explore.views.messages import Send, part
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.half_point import half_alpha
from bbpscape.theory.finite.law import finite_size_law
from bbpscape.theory.overlap_curve import OverlapCurve
from bbpscape.theory.route import Route, route
from bbpscape.theory.threshold import Threshold, threshold
from bbpscape.theory.weak_recovery import weak_recovery

# Of the label-sampled curve: at so many α, from this to that times α_BBP.
FINITE_POINTS, FINITE_RANGE, LABEL_DRAWS = 20, (0.15, 3.0), 40
# Up to so many α a curve is sent at once; a network's begins with every eighth.
AT_ONCE, COARSE = 100, 8


def overlap(state: State, send: Send) -> None:
    """m²(α) at N → ∞."""
    model, N = state.model, state.model.inputs.dimension(state.value("N"))
    at = threshold(model, N)
    send(part("threshold", at))
    way = route(model, N)
    count, gap = way.curve_points
    shares = np.unique(np.append(np.linspace(3 / count, 3, count), [1 - gap, 1 + gap]))
    alpha = at.alpha_bbp * shares
    if count > AT_ONCE:
        send(part("curve", OverlapCurve(at, alpha, *way.overlaps(alpha))))
    else:
        _point_by_point(way, at, alpha, send)
    if at.alpha_weak_recovery is None:
        send({"part": "weak", **recovery_from(model)})


def _point_by_point(way: Route, at: Threshold, alpha: NDArray[np.float64], send: Send) -> None:
    """The curve of a network, which takes seconds: a few points all over, then those between."""
    found, done = np.zeros((2, len(alpha))), 0
    for run in coarse_first(len(alpha)):
        found[:, run] = way.overlaps(alpha[run])
        for k in run:
            done += 1
            point = {"alpha": float(alpha[k]), "m2": float(found[0, k])}
            send({"part": "point", **point, "done": done, "of": len(alpha)})
    send(part("curve", OverlapCurve(at, alpha, *found)))


def coarse_first(count: int) -> list[list[int]]:
    """0, 1, … in runs, each of which is followed from one to the next: every eighth, then others.

    >>> coarse_first(10)
    [[0, 8], [1, 2, 3, 4, 5, 6, 7, 9]]
    """
    others = [k for k in range(count) if k % COARSE]
    return [list(range(0, count, COARSE)), *([others] if others else [])]


def recovery_from(model: TeacherStudent) -> dict[str, Any]:
    """The α from which the labels tell anything of any teacher, or why it is not known."""
    if not model.inputs.standard:
        return {"alpha": None, "why": "it is known for isotropic Gaussian inputs"}
    try:
        return {"alpha": weak_recovery(model).information_limit.alpha, "why": ""}
    except (InvalidInput, NoConvergence) as error:
        return {"alpha": None, "why": one_line(str(error))}


def finite(state: State, send: Send) -> None:
    """m² of the lowest eigenvector at N, over draws of the labels, and α_½(N)."""
    model, N, seed = state.model, state.value("N"), state.value("seed")
    limits.check_labels(model, N)
    at = threshold(model, model.inputs.dimension(N))
    for alpha in at.alpha_bbp * np.linspace(*FINITE_RANGE, FINITE_POINTS):
        if round(alpha * N) >= 1:
            law = finite_size_law(model, float(alpha), N, LABEL_DRAWS, seed, by="labels")
            send({"part": "law", "record": law.to_dict()})
    half = half_alpha(model, N, LABEL_DRAWS, seed, by="labels")
    send({"part": "half", "record": half.to_dict()})
