"""
Theory against simulation
=========================

The left edge and the outlier of twenty draws, and how far they are from theory.
"""

import bbpscape as bb

model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.1))
result = bb.compare(model, alpha=2.5, N=200, draws=20, seed=0)
result.plot()

# %%

result
