r"""
Figure 10: Gradient descent, a discontinuous case
==================================================

As figure 9, at a = 2.
"""

from figures.figure10.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure10" / "data.json")
with style():
    figure = plot(data)
figure
