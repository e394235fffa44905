"""
How much can a spectral method know?
====================================

m²(α) of the optimal preprocessing beside trimming and the subset method, in theory.
"""

import matplotlib.pyplot as plt
import numpy as np

import bbpscape as bb

alpha = np.linspace(0.4, 4, 9)
curves = [bb.weak_recovery(1, alpha=float(one)).to_dataframe() for one in alpha]

figure, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
for name, dash in zip(("optimal", "subset", "trimming"), ("-", "--", "-."), strict=True):
    m2 = [float(frame.loc[frame.method == name, "m2_at_alpha"].iloc[0]) for frame in curves]
    ax.plot(alpha, m2, color="black", linestyle=dash, label=name)
ax.axvline(0.5, color="grey", linestyle=":", label="weak recovery")
ax.set(xlabel=r"$\alpha$", ylabel="$m^2$", ylim=(0, 1))
ax.legend()
figure
