r"""
Figure 8: Activations other than the square
============================================

The overlap of the lowest eigenvector against α for sigmoid, tanh, ReLU and erf.
"""

from figures.figure08.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure08" / "data.json")
with style():
    figure = plot(data)
figure
