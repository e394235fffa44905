"""What a figure of a study draws: the lines of an observable, and what tells them apart."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.study.axes import PARAMETERS, places
from bbpscape.study.results import StudyResults
from bbpscape.study.rows import Row
from bbpscape.study.store import FINITE, SIMULATION, THEORY

MOST_LINES = 12
MARKERS = "os^Dv<>Pp*hX"
DASHES: tuple[Any, ...] = ("-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 1)))
THEORY_COLOUR = "#404040"
TRANSITION = "alpha_bbp"

Curves = dict[tuple[Any, ...], list[tuple[float, Row]]]


@dataclass(frozen=True)
class Choice:
    """The lines of a figure: points of simulation and theory by the values of ``others``."""

    observable: str
    x: str
    label: str
    varying: list[str]
    others: list[str]
    simulated: Curves
    theory: Curves
    # Theory at finite N beside simulated lines.
    finite: Curves
    # α_BBP of the lines, where the axis is α.
    transitions: dict[tuple[Any, ...], float]
    # Whether the theory is that of each N, and no limit.
    sized: bool

    @property
    def names(self) -> list[str]:
        """What tells the lines apart. The limit N → ∞ is one line, whatever N it stands beside."""
        return self.others if self.simulated or self.sized else without_size(self.others)

    @property
    def lines(self) -> Curves:
        return self.simulated or self.theory

    @property
    def grouped(self) -> bool:
        """Whether lines of several N stand beside one theory each."""
        return bool(self.simulated) and not self.sized and len(self.others) > 1 and self._has_size

    @property
    def _has_size(self) -> bool:
        return "N" in self.others

    def group(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """What a line has in common with those of its colour: all but N, or all."""
        if not self.grouped:
            return key
        named = zip(self.others, key, strict=True)
        return tuple(value for name, value in named if name != "N")

    @property
    def colours(self) -> dict[tuple[Any, ...], Any]:
        """By group."""
        groups = list(dict.fromkeys(map(self.group, self.lines)))
        shades = mpl.colormaps["viridis"](np.linspace(0, 0.8, len(groups)))
        return dict(zip(groups, map(tuple, shades.tolist()), strict=True))

    @property
    def markers(self) -> dict[tuple[Any, ...], str]:
        """By line: of each N one, or of each line."""
        if not self.grouped:
            return dict(zip(self.lines, MARKERS, strict=False))
        at = self.others.index("N")
        sizes = sorted({key[at] for key in self.lines})
        return {key: MARKERS[sizes.index(key[at])] for key in self.lines}

    def theory_style(self, key: tuple[Any, ...]) -> dict[str, Any]:
        """Colour and dashes of a line of theory; dark where one stands beside all N."""
        groups = list(self.colours)
        if key not in groups:
            return {"color": THEORY_COLOUR, "linestyle": "-"}
        dashes = DASHES[groups.index(key) % len(DASHES)]
        return {"color": self.colours[key], "linestyle": dashes}


def without_size(names: list[str]) -> list[str]:
    return [name for name in names if name != "N"]


def choose(study: StudyResults, observable: str | None, x: str | None) -> Choice:
    varying = _varying(study)
    known_places = {name: places(name, _values(study, name)) for name in varying}
    numerical = {name: one for name, one in known_places.items() if one is not None}
    if x is None:
        x = "alpha" if "alpha" in numerical else next(iter(numerical), None)
    if x is None or x not in numerical:
        raise InvalidInput(
            f"x must be an axis with several values: {', '.join(numerical) or 'none'}; got {x!r}"
        )
    known = list(dict.fromkeys(row.observable for row in study.rows))
    observable = known[0] if observable is None and known else observable
    if observable is None or observable not in known:
        raise InvalidInput(f"observable must be one of {', '.join(known)}, got {observable!r}")
    others = [name for name in varying if name != x]
    label, at = numerical[x]
    simulated = _curves(study, observable, SIMULATION, (x, at), others)
    sized = any(row.cell.dimension is not None for row in study.rows)
    told = others if sized else without_size(others)
    theory = _curves(study, observable, THEORY, (x, at), told)
    finite = _curves(study, observable, FINITE, (x, at), others)
    finite = {key: points for key, points in finite.items() if key in simulated}
    found = _curves(study, TRANSITION, THEORY, (x, at), told)
    transitions = {
        key: float(points[0][1].mean)
        for key, points in found.items()
        if x == "alpha" and points[0][1].mean is not None
    }
    most = max(len(simulated), len(theory))
    if most > MOST_LINES:
        raise InvalidInput(
            f"a figure has at most {MOST_LINES} lines, got {most}: "
            f"select some values of {', '.join(others)}"
        )
    return Choice(
        observable, x, label, varying, others, simulated, theory, finite, transitions, sized
    )


def _varying(study: StudyResults) -> list[str]:
    """The parameters with several values, the narrower ones first."""
    seen: dict[str, set[Any]] = defaultdict(set)
    for row in study.rows:
        for name, value in row.cell.parameters.items():
            seen[name].add(value)
    return [name for name in PARAMETERS if len(seen[name]) > 1]


def _values(study: StudyResults, name: str) -> list[Any]:
    found = (row.cell.parameters.get(name) for row in study.rows)
    return [one for one in dict.fromkeys(found) if one is not None]


def _curves(
    study: StudyResults,
    observable: str,
    source: str,
    x: tuple[str, dict[Any, float]],
    others: list[str],
) -> Curves:
    """``x`` is a parameter, and where its values stand."""
    name, at = x
    curves: Curves = defaultdict(list)
    for row in study.rows:
        if row.observable == observable and row.source == source:
            values = row.cell.parameters
            key = tuple(values.get(other) for other in others)
            curves[key].append((float(at[values[name]]), row))
    return {key: sorted(curves[key], key=lambda pair: pair[0]) for key in sorted(curves)}
