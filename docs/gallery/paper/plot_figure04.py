r"""
Figure 4: α₀ against p
=======================

α₀ continues the overlap above the jump linearly down to 0: by the tangent, and by lines over
windows.
"""

from figures.figure04.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure04" / "data.json")
with style():
    figure = plot(data)
figure
