"""
A smooth edge
=============

Beyond a_c the density vanishes like exp(−A/(λ − λ₋)): a line if ln ρ is drawn against 1/(λ − λ₋).
"""

import matplotlib.pyplot as plt
import numpy as np

import bbpscape as bb

model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=2.0))
spectrum = bb.spectrum(model, alpha=1.2)
edge = spectrum.left_edge
gap = np.geomspace(0.027, 0.055, 60)

figure, ax = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
ax.semilogy(1 / gap, spectrum.density(edge.value + gap), color="black", label="density")
reference = spectrum.density(edge.value + gap[0]) * np.exp(-edge.rate * (1 / gap - 1 / gap[0]))
ax.semilogy(1 / gap, reference, "--", color="grey", label=f"slope −A, A = {edge.rate:.3g}")
ax.set(xlabel=r"$1/(\lambda - \lambda_-)$", ylabel=r"$\rho(\lambda)$")
ax.legend()
figure
