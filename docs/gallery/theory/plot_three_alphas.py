"""
Three α in one figure
=====================

The density below, at and above the transition. ``plot(ax=ax)`` draws into axes of your own.
"""

import matplotlib.pyplot as plt

import bbpscape as bb

model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=0.1))
at = bb.threshold(model).alpha_bbp

figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
for ax, factor in zip(axes, (0.5, 1.0, 2.0), strict=True):
    bb.spectrum(model, alpha=factor * at).plot(ax=ax)
    ax.get_legend().remove()
    ax.set_title(f"{factor:g} α_BBP")
figure
