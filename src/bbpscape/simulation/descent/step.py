"""The step of a descent that is safe at a student."""

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.seeds import stream
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.descent.rule import LANCZOS_STEPS
from bbpscape.simulation.eigen.lanczos import spectral_measures


def safe_step(instance: Instance, student: NDArray[np.float64]) -> float:
    """1/λ_max of the Hessian at ``student``, half of what is stable there.

    λ_max is the largest Ritz value of 15 Lanczos steps. Where no curvature is positive it is that
    of largest size.
    """
    hessian = instance.at(student).hessian
    start = stream("largest eigenvalue").standard_normal((1, student.size))
    (measure,) = spectral_measures(hessian, start, LANCZOS_STEPS)
    largest = float(measure.nodes.max())
    if largest <= 0:
        largest = float(abs(measure.nodes).max())
    return 1 / largest if largest > 0 else 1.0
