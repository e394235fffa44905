r"""
Figure 14: Inputs of a power law
=================================

Beyond the paper: σ_i ∝ i^−β, and others' spectral method on product inputs.
"""

from figures.figure14.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure14" / "data.json")
with style():
    figure = plot(data)
figure
