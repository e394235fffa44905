r"""
Figure 3: φ against α at several N
===================================

φ is the fraction of draws in which the lowest eigenvector is the one with the largest overlap.
Its curves cross
at α_BBP only where the transition is continuous.
"""

from figures.figure03.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure03" / "data.json")
with style():
    figure = plot(data)
figure
