"""
Gradient descent from a random start
====================================

m² and the loss of four draws, until they converge.
"""

import bbpscape as bb

model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.1))
result = bb.descend(model, alpha=3.0, N=60, draws=4, seed=0, workers=1)
result.plot()

# %%

result
