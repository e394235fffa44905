"""
Continuous and discontinuous
============================

m²(α) on both sides of a_c = 0.83: the overlap grows from 0, or jumps.
"""

import matplotlib.pyplot as plt
import numpy as np

import bbpscape as bb

figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
for ax, a in zip(axes, (0.7, 1.5), strict=True):
    model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=a))
    bb.overlap_curve(model, np.linspace(0.7, 2.5, 80)).plot(ax=ax)
figure
