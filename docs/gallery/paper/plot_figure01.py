r"""
Figure 1: m² against α, continuous and discontinuous
=====================================================

p = 2, p\* = 1. Left the overlap grows from 0, right it jumps. Points: the two lowest
eigenvectors of simulated
Hessians; coloured lines: the label-sampled theory at the same N.
"""

from figures.figure01.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure01" / "data.json")
with style():
    figure = plot(data)
figure
