r"""
Figure 15: Real inputs as they are
===================================

Beyond the paper: patches, digits and features of cell nuclei, and what of them the theory must
know.
"""

from figures.figure15.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure15" / "data.json")
with style():
    figure = plot(data)
figure
