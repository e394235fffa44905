"""
A density without diagonalization
=================================

Lanczos from random vectors: products with the Hessian alone, which need not be formed.
"""

import matplotlib.pyplot as plt
import numpy as np

import bbpscape as bb

model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.5))
instance = bb.draw(model, alpha=3.0, N=800, seed=0)
at = np.linspace(-2, 5, 200)
measured = bb.eigen.spectral_density(instance.hessian, at, width=0.4, probes=8)

figure, ax = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
table = measured.to_dataframe()
ax.plot(table.iloc[:, 0], table.iloc[:, 1], color="#0072b2", label="Lanczos, width 0.4")
ax.plot(at, bb.spectrum(model, alpha=3.0).density(at), "k--", linewidth=1, label="theory")
ax.set(xlabel=r"$\lambda$", ylabel=r"$\rho(\lambda)$")
ax.legend()
figure
