"""
The threshold against a
=======================

α_BBP falls with a down to a_c, where the transition turns discontinuous, and rises from there.
"""

import matplotlib.pyplot as plt
import numpy as np

import bbpscape as bb

frame = bb.diagram(a=np.geomspace(1e-2, 5, 25), p=[1, 2, 4, 8]).to_dataframe()

figure, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
for (p, part), dash in zip(frame.groupby("p"), ("-", "--", "-.", ":"), strict=True):
    ax.semilogx(part["a"], part["alpha_bbp"], color="black", linestyle=dash, label=f"p = {p:g}")
ax.axhline(0.5, color="grey", linewidth=0.8)
ax.annotate("weak recovery", (0.011, 0.52), color="grey")
ax.set(xlabel="a", ylabel=r"$\alpha_\mathrm{BBP}$", ylim=(0, 3))
ax.legend()
figure
