"""Figure 9 from its data."""

from figures.descent_panels import plot

__all__ = ["plot"]
