"""
Eigenvalues of a draw and the density
=====================================

One Hessian, diagonalized, over the theory at N → ∞.
"""

import matplotlib.pyplot as plt
import numpy as np

import bbpscape as bb

model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=0.5))
instance = bb.draw(model, alpha=4.0, N=600, seed=1)
eigenvalues = np.linalg.eigvalsh(instance.hessian.dense())
theory = bb.spectrum(model, alpha=4.0)

figure, ax = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
counts, bins = np.histogram(eigenvalues, bins=50, range=(-2, 8))
heights = counts / (eigenvalues.size * np.diff(bins))
ax.stairs(heights, bins, fill=True, color="#d9a441", label="one draw, N = 600")
x = np.linspace(-2, 8, 400)
ax.plot(x, theory.density(x), color="black", label="theory")
for outlier in theory.outliers:
    ax.axvline(outlier.eigenvalue, linestyle="--", color="black", linewidth=1)
ax.set(xlabel=r"$\lambda$", ylabel=r"$\rho(\lambda)$")
ax.legend()
figure
