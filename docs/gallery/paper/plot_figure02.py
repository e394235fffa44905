r"""
Figure 2: α_BBP against a and p, p\* = 1
=========================================

The threshold falls with a to its least value at a_c(p), where the transition turns
discontinuous, and rises
almost linearly from there. Insets: against the width p of the student.
"""

from figures.figure02.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure02" / "data.json")
with style():
    figure = plot(data)
figure
