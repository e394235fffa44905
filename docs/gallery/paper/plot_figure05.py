r"""
Figure 5: The bulk and its outliers
====================================

Density in theory and eigenvalues of a large Hessian, below and above α_BBP, for both kinds of
transition.
"""

from figures.figure05.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure05" / "data.json")
with style():
    figure = plot(data)
figure
