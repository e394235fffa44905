r"""
Figure 9: Gradient descent, a continuous case
==============================================

The largest m² that descent reaches in 2000 steps, against α, for several widths; lines mark
α_BBP.
"""

from figures.figure09.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure09" / "data.json")
with style():
    figure = plot(data)
figure
