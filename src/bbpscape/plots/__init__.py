"""Figures of results: ``plot(result)`` makes one, ``save(figure, path)`` writes it."""

from bbpscape.core.checks import InvalidInput

try:
    import matplotlib  # noqa: F401
except ValueError as error:
    raise InvalidInput(
        f"matplotlib cannot be loaded ({str(error).split(';')[0]}): mend MPLBACKEND or matplotlibrc"
    ) from None

from bbpscape.plots import (
    analysis,
    bayes_optimal,
    descent,
    diagram,
    eigenpairs,
    finite_size,
    methods,
    online,
    overlap,
    photograph,
    progress,
    recovery,
    single,
    spectrum,
    study,
    weak_recovery,
)
from bbpscape.plots.dispatch import plot
from bbpscape.plots.files import check_figure_path, save

__all__ = [
    "analysis",
    "bayes_optimal",
    "check_figure_path",
    "descent",
    "diagram",
    "eigenpairs",
    "finite_size",
    "methods",
    "online",
    "overlap",
    "photograph",
    "plot",
    "progress",
    "recovery",
    "save",
    "single",
    "spectrum",
    "study",
    "weak_recovery",
]
