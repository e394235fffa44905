"""
Your loss and teacher
=====================

A loss from an expression and from a class, an activation, labels with noise, a student that knows
something: each is a part of one model, and everything works on it.
"""

from dataclasses import dataclass

import bbpscape as bb

# %%
# A loss is an expression in y and yhat; it is differentiated symbolically.

model = bb.TeacherStudent(p=1, p_star=1, loss=bb.loss("(y - yhat)**2/(1 + y**2)"))
bb.threshold(model)

# %%
# Or a class with two methods. Its derivatives are held against differences once.


@dataclass(frozen=True)
class Weighted(bb.Loss):
    name = "weighted"

    def value(self, y, y_hat):
        return (y - y_hat) ** 2 / (1 + y**2)

    def derivatives(self, y, y_hat):
        return 2 * (y_hat - y) / (1 + y**2), 2 / (1 + y**2) + 0 * y_hat


own = bb.TeacherStudent(p=1, p_star=1, loss=Weighted())
print(bb.threshold(own).alpha_bbp, "is the same number")

# %%
# Noise on the labels moves the threshold, and the limit of what can be known at all:

for noise in (0.0, 0.2, 0.5):
    noisy = model.replace(labels=bb.Labels(noise=noise))
    at = bb.threshold(noisy)
    print(f"noise {noise}: α_BBP = {at.alpha_bbp:.3f}")

# %%
# A student that has an overlap with the teacher already:

knowing = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=0.5), overlap=0.3)
bb.spectrum(knowing, alpha=2.0).plot()

# %%
# And the simulation of any of them:

bb.compare(model, alpha=4.0, N=150, draws=8, seed=0)
