"""
Why finite N creeps
===================

Where half of the draws have an outlier, against N: towards α_BBP like 1/log N. No matrix is made.
"""

import bbpscape as bb

model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=2.0))
result = bb.finite_size(model, N=[100, 1000, 10_000], draws=30, seed=0)
result.plot()

# %%

result
