"""The observables there are, and the values of some of them: on a draw, and at N → ∞."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.instance import sample_count
from bbpscape.study.cells import Cell
from bbpscape.study.descent_observables import DESCENT as DESCENT
from bbpscape.study.observable import OBSERVABLES as OBSERVABLES
from bbpscape.study.observable import Observable as Observable
from bbpscape.study.spectrum import SPECTRUM as SPECTRUM
from bbpscape.study.spectrum import limit
from bbpscape.study.spectrum_observables import ALPHA_BBP, EDGE
from bbpscape.study.subject import Numerics, Subject
from bbpscape.theory.finite.draws import drawn_by
from bbpscape.theory.finite.one_draw import draw_cost, predict_draw, start_of


def observable(given: object) -> Observable:
    """An observable itself, or the registered one of this name, that can be measured."""
    found = given if isinstance(given, Observable) else OBSERVABLES.get_known(given)
    if found.measure is None:
        raise InvalidInput(
            f"{found.name} is a value of theory alone, and stands beside every study: leave it out"
        )
    return found


def symbol(name: str) -> str:
    """What an axis says of a name in a table, with mathtext."""
    return OBSERVABLES[name].symbol if name in OBSERVABLES else name.replace("_", " ")


def subjects(observables: Sequence[Observable]) -> tuple[Subject, ...]:
    """What the observables are read off, each once."""
    return tuple(dict.fromkeys(one.of for one in observables))


def theory_values(cell: Cell, observables: Sequence[Observable]) -> dict[str, float]:
    """The limits N → ∞ of ``observables`` that have one, the left edge, and α_BBP.

    Raises
    ------
    NoConvergence
        If an edge, an outlier or the threshold could not be found.
    """
    model, at = cell.model, limit(cell.model, cell.alpha, cell.dimension)
    values = {
        one.name: float(one.theory(model, at))
        for one in (*observables, EDGE, ALPHA_BBP)
        if one.theory is not None
    }
    # At p = ∞ the sum over p p* eigenvectors is infinite, and no number to keep.
    return {name: value for name, value in values.items() if math.isfinite(value)}


def finite_values(
    cell: Cell, seed: int, draws: range, observables: Sequence[Observable]
) -> dict[str, list[float]]:
    """What theory at finite N has for ``draws`` of ``observables``: those of
    ``finite.finite_size_law`` with this seed.

    Raises
    ------
    NoConvergence
        If a draw could not be solved.
    """
    model, N, M = cell.model, cell.N, sample_count(cell.alpha, cell.N)
    by = drawn_by(model, N, M)
    start = start_of(model, M / N, by)
    found = [predict_draw(model, N, M, seed, draw, start, by) for draw in draws]
    return {
        one.name: [float(one.finite(model, draw)) for draw in found]
        for one in observables
        if one.finite is not None
    }


def finite_cost(cell: Cell) -> tuple[float, int]:
    """Predicted (seconds, bytes) of one draw of ``finite_values``."""
    M = sample_count(cell.alpha, cell.N)
    return draw_cost(M, drawn_by(cell.model, cell.N, M))


def draw_values(
    cell: Cell,
    seed: np.random.SeedSequence,
    observables: Sequence[Observable],
    numerics: Numerics | None = None,
) -> dict[str, float | None]:
    """``values_of_draws`` of one draw."""
    found = values_of_draws(cell, [seed], observables, numerics)
    return {name: values[0] for name, values in found.items()}


def values_of_draws(
    cell: Cell,
    seeds: Sequence[np.random.SeedSequence],
    observables: Sequence[Observable],
    numerics: Numerics | None = None,
) -> dict[str, list[float | None]]:
    """``observables`` on each draw, None where one is undecided.

    Raises
    ------
    NoConvergence
        If an eigenpair did not converge, one was missed, or a value is not finite.
    InvalidInput
        If a draw does not fit in memory, or a subject has another number of results than of draws.
    """
    numerics = Numerics() if numerics is None else numerics
    values: dict[str, list[float | None]] = {one.name: [] for one in observables}
    for subject in subjects(observables):
        read = [one for one in observables if one.of == subject]
        needs_edge = any(one.needs_edge for one in read)
        found = subject.prepare_all(cell, seeds, numerics, needs_edge)
        # One more at most: what never ends shows as well.
        for prepared in itertools.islice(found, len(seeds) + 1):
            for one in read:
                values[one.name].append(one.value(prepared))
        count = len(values[read[0].name])
        if count != len(seeds):
            more = "more" if count > len(seeds) else str(count)
            raise InvalidInput(
                f"prepare_all of {type(subject).__name__} must give one result a draw, got {more} "
                f"for {len(seeds)}"
            )
    return values
