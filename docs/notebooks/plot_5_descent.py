"""
Descent and the photograph
==========================

Does the Hessian at the start say where gradient descent goes?
"""

import bbpscape as bb

model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.1))

# %%
# From a random start, above α_BBP:

random = bb.descend(model, alpha=3.0, N=60, draws=5, seed=0, workers=1)
random.plot()

# %%
# From the lowest eigenvectors of the Hessian, on the same data:

bb.descend(model, alpha=3.0, N=60, draws=5, seed=0, start="hessian", workers=1)

# %%
# The signature fades on the way: the Hessian after some steps.

bb.hessian_along(model, alpha=2.5, N=60, at=[0, 3, 10, 30], draws=4, seed=0, workers=1)

# %%
# A photograph from the squares of its projections, 16 × 16 pixels to be quick.

rule = bb.DescentRule(steps=400)
bb.photograph(alpha=3.0, side=16, p=4, rule=rule, seed=0).plot()
