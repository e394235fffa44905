r"""
Figure 17: Why a smooth edge makes the overlap jump
===================================================

Beyond the paper: laws whose edge has any exponent, and the law of the jump over draws.
"""

from figures.figure17.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure17" / "data.json")
with style():
    figure = plot(data)
figure
