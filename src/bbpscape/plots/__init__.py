"""Figures of results: ``plot(result)`` makes one, ``save(figure, path)`` writes it."""

from bbpscape.plots import (
    analysis,
    descent,
    diagram,
    finite_size,
    methods,
    overlap,
    photograph,
    recovery,
    spectrum,
    study,
)
from bbpscape.plots.dispatch import plot
from bbpscape.plots.files import check_figure_path, save

__all__ = [
    "analysis",
    "check_figure_path",
    "descent",
    "diagram",
    "finite_size",
    "methods",
    "overlap",
    "photograph",
    "plot",
    "recovery",
    "save",
    "spectrum",
    "study",
]
