"""
First steps
===========

A model, its threshold, a spectrum, and a comparison with simulated Hessians.
"""

import bbpscape as bb

# %%
# The model: a student of width p = 2, a teacher of width 1, the normalized square loss.

model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.01))
threshold = bb.threshold(model)
threshold

# %%
# Above α_BBP = 1.44 two eigenvalues lie left of the bulk, and their eigenvectors know the
# teacher. How well?

threshold.plot()

# %%
# At α = 3, in theory:

bb.spectrum(model, alpha=3.0).plot()

# %%
# And measured, in ten draws at N = 200:

result = bb.compare(model, alpha=3.0, N=200, draws=10, seed=0)
result

# %%

result.plot()

# %%
# The numbers as a table for further work:

result.to_dataframe()
