"""
Inputs of a power law
=====================

Covariance eigenvalues σ_i ∝ i^−β: the teacher's outlier, and those of large components alone.
"""

import bbpscape as bb

law = bb.InputLaw("power:0.5")
model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=0.5), inputs=law)
spectrum = bb.spectrum(model, alpha=4.0, N=500)
spectrum.plot()

# %%
# The same at isotropic inputs, for comparison: the teacher is found later there.

isotropic = model.replace(inputs=bb.InputLaw())
print(bb.threshold(model, N=500).alpha_bbp, bb.threshold(isotropic).alpha_bbp)
