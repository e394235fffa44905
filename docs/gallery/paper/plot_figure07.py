r"""
Figure 7: A narrow student and a wider teacher
===============================================

p = 1: α_BBP as the teacher's width p\* grows.
"""

from figures.figure07.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure07" / "data.json")
with style():
    figure = plot(data)
figure
