r"""
Figure 13: The signature along a descent
=========================================

Beyond the paper: how fast descent uses up the downhill directions that know the teacher.
"""

from figures.figure13.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure13" / "data.json")
with style():
    figure = plot(data)
figure
