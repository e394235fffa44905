r"""
Figure 16: The signature while a student learns from fresh data
===============================================================

Beyond the paper: one-pass SGD, and the Hessian on data that the student has not seen.
"""

from figures.figure16.plot import plot
from figures.kit import HERE, Data, style

data = Data.read(HERE / "figure16" / "data.json")
with style():
    figure = plot(data)
figure
