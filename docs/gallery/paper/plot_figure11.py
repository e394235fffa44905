r"""
Figure 11: Label noise
=======================

Beyond the paper: thresholds against the variance of the noise on the labels, and m² against α.
"""

from figures.figure11.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure11" / "data.json")
with style():
    figure = plot(data)
figure
