"""Figure 6 from its data."""

from figures.threshold_panels import plot

__all__ = ["plot"]
