"""Figure 1: m²(α), p = 2, p* = 1, where the transition is continuous and where it is not."""

import numpy as np

import bbpscape as bb
from figures.kit import Data, run_study, table_of

# Those of the paper.
CASES = {"continuous": 0.7, "discontinuous": 1.5}
SIZES = {
    "smallest": {"N": [100, 200], "draws": [40, 20], "count": 5, "labels": 40},
    "quick": {"N": [100, 400], "draws": [80, 20], "count": 8, "labels": 60},
    "full": {"N": [250, 600], "draws": [100, 40], "count": 11, "labels": 200},
}


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure01", size, {"p": 2, "p_star": 1, "a": CASES, "seed": 1, **s})
    thresholds, curves, sampled = [], [], []
    for name, a in CASES.items():
        model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(a))
        law = bb.threshold(model)
        thresholds.append(
            {
                "case": name,
                "alpha_bbp": law.alpha_bbp,
                "transition": law.transition,
                "m2_jump": law.m2_jump,
            }
        )
        at = np.unique(np.append(np.linspace(0.6, 3.6, 61), law.alpha_bbp * (1 + 1e-9)))
        curve = bb.overlap_curve(model, at)
        curves += [
            {"case": name, "alpha": alpha, "m2": m2}
            for alpha, m2 in zip(curve.alpha, curve.m2, strict=True)
        ]
        for N in s["N"]:
            for alpha in np.linspace(0.6, 3.6, s["count"]):
                found = bb.finite.finite_size_law(model, float(alpha), N, s["labels"], seed=1)
                row = {"case": name, "N": N, "alpha": alpha, "m2": found.m2_lowest.mean}
                sampled.append(row)
        study = bb.Study(
            model,
            {"alpha": f"0.6:3.6:{s['count']}"},
            ["total_m2", "lowest"],
            seed=1,
            zipped=[{"N": s["N"], "draws": s["draws"]}],
            block=4,
        )
        data.tables[name] = run_study(f"figure01-{name}-{size}", study)
    data.tables |= {
        "thresholds": table_of(thresholds),
        "theory": table_of(curves),
        "label_sampled": table_of(sampled),
    }
    return data
