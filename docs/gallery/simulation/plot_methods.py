"""
The Hessian beside spectral methods
===================================

On the same draws: points are measured, lines are theory.
"""

import bbpscape as bb

model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.1))
result = bb.methods(model, alpha=[0.5, 1.0, 1.5, 2.0, 3.0], N=120, draws=3, seed=0)
result.plot()
