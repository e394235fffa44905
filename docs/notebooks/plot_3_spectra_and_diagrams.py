"""
Spectra and phase diagrams
==========================

What the bulk looks like, where its edge is sharp, and where the teacher is seen.
"""

import numpy as np

import bbpscape as bb

# %%
# Small a: a sharp edge, and a continuous transition.

sharp = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=0.1))
bb.spectrum(sharp, alpha=3.0).plot()

# %%
# Large a: a smooth edge, and an overlap that jumps.

smooth = sharp.replace(loss=bb.NormalizedSquare(a=2.0))
bb.spectrum(smooth, alpha=2.0).plot()

# %%
# Between them lies a_c:

bb.critical_a(1, 1)

# %%
# Everywhere at once, over a and α:

found = bb.diagram(a=np.geomspace(0.05, 5, 20), alpha=np.linspace(0.4, 3, 20), p=1)
found.plot()

# %%
# The numbers of a diagram are a table:

found.to_dataframe().head()

# %%
# What the eigenvectors of the bulk know: the profile is 1 for a random vector.

spectrum = bb.spectrum(sharp, alpha=2.0)
at = spectrum.left_edge.value + np.array([0.05, 0.5, 5.0])
spectrum.overlap_profile(at)
