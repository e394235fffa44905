"""Figure 9: the largest m² reached by gradient descent against α, a continuous case."""

from figures import descent_panels
from figures.kit import Data


def compute(size: str) -> Data:
    return descent_panels.compute("figure09", 0.01, 9, size)
