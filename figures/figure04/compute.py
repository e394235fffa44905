"""Figure 4: α₀(p), by the tangent and by lines over windows, up to wide students."""

import bbpscape as bb
from figures.kit import Data, table_of

A = (0.3, 1.0, 2.0)
WINDOWS = (0.05, 0.5)
SIZES = {
    "smallest": {"p": [1, 2, 4, 8], "N": 100, "labels": 60},
    "quick": {"p": [1, 2, 4, 8, 16], "N": 1000, "labels": 60},
    "full": {"p": [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32], "N": 1000, "labels": 400},
}


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure04", size, {"p_star": 1, "a": A, "windows": WINDOWS, "seed": 4, **s})
    records = []
    for a in A:
        for p in s["p"]:
            model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(a))
            law, onset = bb.threshold(model), bb.linear_onset(model, WINDOWS)
            half = bb.finite.half_alpha(model, s["N"], s["labels"], seed=4)
            records.append(
                {
                    "a": a,
                    "p": p,
                    "transition": law.transition,
                    "alpha_bbp": law.alpha_bbp,
                    "tangent": law.alpha_0,
                    "narrow": onset.alpha_0[0],
                    "wide": onset.alpha_0[1],
                    "alpha_half": half.alpha,
                    "standard_error": half.standard_error,
                }
            )
    data.tables["onset"] = table_of(records)
    return data
