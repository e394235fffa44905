"""What the page asks for: each view computes results of the library, and sends them as they come.

A message holds a ``part`` of a view: the ``record`` of a result, its ``columns``, or numbers that
are drawn before the result is whole. ``work`` says how far a slow answer is.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, NoConvergence, one_line, positive
from bbpscape.core.codec import encode
from bbpscape.core.grids import parse_grid
from bbpscape.core.result import Result
from bbpscape.experiments.compare import comparisons
from bbpscape.experiments.photograph import photograph
from bbpscape.explore import limits
from bbpscape.explore.state import MOST_STEPS, QUESTIONS, Mistake, State
from bbpscape.explore.words import GRIDS, STARTS, alpha_grid, words
from bbpscape.model.reference import check_reference
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.rule import DescentRule
from bbpscape.study.spectral_start import find_start
from bbpscape.theory.diagram import diagram
from bbpscape.theory.finite.half_point import half_alpha
from bbpscape.theory.finite.law import finite_size_law
from bbpscape.theory.overlap_curve import OverlapCurve
from bbpscape.theory.route import AtOneAlpha, Route, route
from bbpscape.theory.spectrum import spectrum, spectrum_of
from bbpscape.theory.threshold import Threshold, threshold
from bbpscape.theory.weak_recovery import weak_recovery

Send = Callable[[dict[str, Any]], None]

# Of the label-sampled curve: at so many α, from this to that times α_BBP.
FINITE_POINTS, FINITE_RANGE, LABEL_DRAWS = 20, (0.15, 3.0), 40
# Points of a spectrum, and of a first look at it.
POINTS, FEW = 400, 200
# Up to so many α a curve is sent at once; a network's begins with every eighth.
AT_ONCE, COARSE = 100, 8


def part(name: str, found: Result, **others: Any) -> dict[str, Any]:
    """A result as a part of a view."""
    columns = {key: encode(one) for key, one in found.columns().items()}
    return {"part": name, "record": found.to_dict(), "columns": columns, **others}


def bare(found: Any) -> dict[str, Any]:
    """The record of a result without what is derived from it, which takes as long again."""
    kept = [one for one in dataclasses.fields(found) if not one.metadata.get("unrecorded")]
    values = {one.name: encode(getattr(found, one.name)) for one in kept}
    return {"type": type(found).__name__, **values}


def density(state: State, send: Send) -> None:
    """The spectrum at α."""
    model, alpha = state.model, positive("alpha", state.value("alpha"), limit=1e9)
    way, rough = _ways(model, *state.dimension.values())
    if rough is not None:
        first = spectrum_of(rough, alpha, FEW, **state.dimension)
        send({"part": "spectrum", "record": bare(first), "sketch": True})
    found = spectrum_of(way, alpha, POINTS, **state.dimension)
    send({"part": "spectrum", "record": bare(found), "sketch": False})


@functools.lru_cache(maxsize=1)
def _ways(model: TeacherStudent, N: int | None = None) -> tuple[Route, AtOneAlpha | None]:
    """The route of the model that is shown and its sketch, which know what is the same at all α."""
    way = route(model, N)
    return way, way.sketch()


def table(state: State, send: Send) -> None:
    """The spectrum with all that its record derives, to be saved."""
    send(part("spectrum", spectrum(state.model, state.value("alpha"), **state.dimension)))


def simulation(state: State, send: Send) -> None:
    """``compare``, draw by draw: the eigenvalues of each once, and all together at the end."""
    model, sizes = state.model, state.sizes
    limits.check_comparison(model, **sizes)
    found = None
    for found in comparisons(model, **sizes):
        record = found.to_dict(compact=True)
        eigenvalues = found.eigenvalues[-1].tolist()
        send({"part": "draw", "record": record, "eigenvalues": eigenvalues, "of": sizes["draws"]})
    if found is not None:
        send(part("comparison", found))


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
            law = finite_size_law(model, float(alpha), N, LABEL_DRAWS, seed)
            send({"part": "law", "record": law.to_dict()})
    half = half_alpha(model, N, LABEL_DRAWS, seed)
    send({"part": "half", "record": half.to_dict()})


def phases(state: State, send: Send) -> None:
    """The diagram over two parameters, of the source's loss and teacher on any inputs."""
    model = state.model
    check_reference(model, "the phase diagram", any_inputs=True)
    given: dict[str, Any] = {"p": model.p, "p_star": model.p_star, "a": model.normalization}
    given |= {x: parse_grid(x, GRIDS[x][0], whole=x == "p") for x in state.axes if x in GRIDS}
    if "alpha" in state.axes:
        given["alpha"] = parse_grid("alpha", alpha_grid(model.p_star))

    def tell(done: int, total: int) -> None:
        send({"part": "work", "done": done, "of": total})

    found = diagram(**given, inputs=model.inputs, **state.dimension, progress=tell)
    send(part("diagram", found))


def descent(state: State, send: Send) -> None:
    """m² and loss of each draw from three starts, record by record, on the same data."""
    model, sizes = state.model, state.sizes
    rule = DescentRule(steps=state.count("steps", 1, MOST_STEPS))
    limits.check_descent(model, rule, len(STARTS), **sizes)
    starts = [find_start(name).check_model(model) for name in STARTS]
    for index in range(sizes["draws"]):
        one = draw(model, sizes["alpha"], sizes["N"], sizes["seed"], index)
        begins = [start.begin(one) for start in starts]

        def tell(which: int, row: tuple[float, ...], index: int = index) -> None:
            send({"part": "step", "start": STARTS[which], "draw": index, "row": encode(list(row))})

        paths = descend_batch([one] * len(starts), begins, rule, tell=tell)
        for name, path in zip(STARTS, paths, strict=True):
            record = encode(path, compact=True)
            send({"part": "path", "start": name, "draw": index, "record": record})


def picture(state: State, send: Send) -> None:
    """A photograph recovered from its random measurements."""
    model, side = state.model, state.side
    check_reference(model, "the photograph")
    if model.p_star != 1:
        raise Mistake("p_star", "p_star must be 1: one photograph is one teacher")
    alpha, rule = state.value("alpha"), DescentRule(steps=state.count("steps", 1, MOST_STEPS))
    limits.check_descent(model, rule, 4, alpha, side**2, 1, 0, field="side")

    def tell(done: int, total: int) -> None:
        send({"part": "work", "done": done, "of": total})

    given = {"alpha": alpha, "side": side, "p": model.p, "a": model.normalization}
    found = photograph(**given, seed=state.value("seed"), rule=rule, progress=tell)
    send(part("photograph", found))


def said(state: State, send: Send) -> None:
    """Every mistake of a field; the command and the Python of each part."""
    for one in state.mistakes:
        send({"part": "mistake", "field": one.field, "message": str(one)})
    send({"part": "words", **words(state)})


_FUNCTIONS = (density, table, simulation, overlap, finite, phases, descent, picture, said)
VIEWS = dict(zip(QUESTIONS, _FUNCTIONS, strict=True))
