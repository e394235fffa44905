"""Figure 10: the largest m² reached by gradient descent against α, a discontinuous case."""

from figures import descent_panels
from figures.kit import Data


def compute(size: str) -> Data:
    return descent_panels.compute("figure10", 2.0, 10, size)
