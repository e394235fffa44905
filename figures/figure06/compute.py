"""Figure 6: α_BBP against a and against p, p* = 2."""

from figures import threshold_panels
from figures.kit import Data


def compute(size: str) -> Data:
    return threshold_panels.compute("figure06", size, 2, (0.1, 0.7, 1.0))
