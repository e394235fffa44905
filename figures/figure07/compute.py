"""Figure 7: α_BBP of a narrow student, p = 1, as the teacher grows."""

import bbpscape as bb
from figures.kit import Data, table_of

A = (0.01, 0.1, 1.0, 10.0)
SIZES = {"smallest": 6, "quick": 12, "full": 20}


def compute(size: str) -> Data:
    widest = SIZES[size]
    data = Data("figure07", size, {"p": 1, "a": A, "widest": widest})
    records = []
    for a in A:
        for p_star in range(1, widest + 1):
            law = bb.threshold(bb.TeacherStudent(1, p_star, bb.NormalizedSquare(a)))
            records.append(
                {
                    "a": a,
                    "p_star": p_star,
                    "alpha_bbp": law.alpha_bbp,
                    "transition": law.transition,
                    "weak_recovery": law.alpha_weak_recovery,
                }
            )
    data.tables["thresholds"] = table_of(records)
    return data
