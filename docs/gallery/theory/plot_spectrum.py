"""
A spectrum and its outlier
==========================

The density of the Hessian's eigenvalues, its edges and the outlier that knows the teacher.
"""

import bbpscape as bb

model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.01))
spectrum = bb.spectrum(model, alpha=3.0)
spectrum.plot()

# %%
# The numbers of it: the outlier is p p\* = 2 times there, with the squared overlap m².

spectrum
