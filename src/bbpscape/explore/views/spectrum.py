"""The spectrum at α."""

import functools

from bbpscape.core.checks import positive
from bbpscape.explore.state import State
from bbpscape.explore.views.messages import Send, bare, part
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.route import AtOneAlpha, Route, route
from bbpscape.theory.spectrum import spectrum, spectrum_of

# Points of a spectrum, and of a first look at it.
POINTS, FEW = 400, 200


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
