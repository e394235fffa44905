r"""
Figure 12: Spectral methods beside the Hessian
===============================================

Beyond the paper: overlaps of classical spectral methods on the same data.
"""

from figures.figure12.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure12" / "data.json")
with style():
    figure = plot(data)
figure
