r"""
Figure 6: α_BBP against a and p, p\* = 2
=========================================

As figure 2, for a teacher with two neurons.
"""

from figures.figure06.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure06" / "data.json")
with style():
    figure = plot(data)
figure
