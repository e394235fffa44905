"""Figure 2: α_BBP against a and against p, p* = 1."""

from figures import threshold_panels
from figures.kit import Data


def compute(size: str) -> Data:
    return threshold_panels.compute("figure02", size, 1, (0.1, 0.5, 1.0))
