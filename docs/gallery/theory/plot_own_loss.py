"""
Your own loss
=============

An expression in y and yhat is enough. Here (y − ŷ)²/(1 + y²), which large
labels hardly move.
"""

import bbpscape as bb

model = bb.TeacherStudent(p=1, p_star=1, loss=bb.loss("(y - yhat)**2/(1 + y**2)"))
threshold = bb.threshold(model)
threshold

# %%
# Its spectrum at twice the threshold:

bb.spectrum(model, alpha=2 * threshold.alpha_bbp).plot()
