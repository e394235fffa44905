"""
Your own activation
===================

σ(x) = x²/(1 + x²), quadratic near 0 and bounded. Even: the student's sign is not seen.
"""

import bbpscape as bb

model = bb.TeacherStudent(p=1, p_star=1, activation="x**2/(1 + x**2)", loss="square")
bb.overlap_curve(model).plot()
