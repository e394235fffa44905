"""Figure 1: m²(α), p = 2, p* = 1, where the transition is continuous and where it is not."""

import numpy as np

import bbpscape as bb
from figures.draws import Draws, Point, mean_m2
from figures.kit import Data, table_of

# Those of the paper.
CASES = {"continuous": 0.7, "discontinuous": 1.5}
ALPHA = [0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7, 3.0, 3.3, 3.6]
LINE = [round(0.6 + 0.15 * i, 2) for i in range(21)]
FEW = [0.9, 1.2, 1.5, 2.1, 3.0]
SIZES = {
    "smallest": {"N": [100, 200], "draws": [16, 8], "alpha": [FEW, FEW], "labels": 40},
    "quick": {"N": [100, 400], "draws": [60, 30], "alpha": [ALPHA, ALPHA], "labels": 60},
    "full": {
        "N": [250, 1000, 4000],
        "draws": [200, 100, 100],
        "alpha": [ALPHA, ALPHA, FEW],
        "labels": 400,
    },
}


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure01", size, {"p": 2, "p_star": 1, "a": CASES, "seed": 0, **s})
    models = {name: bb.TeacherStudent(2, 1, bb.NormalizedSquare(a)) for name, a in CASES.items()}
    thresholds, curves, sampled = [], [], []
    for name, model in models.items():
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
            for alpha in LINE:
                law = bb.finite.finite_size_law(model, alpha, N, s["labels"], seed=1, by="labels")
                m2 = law.m2_lowest
                row = {"case": name, "N": N, "alpha": alpha, "m2": m2.mean}
                sampled.append({**row, "standard_error": m2.standard_error})
    points = [
        Point(name, model, N, alpha, draws)
        for N, draws, alphas in zip(s["N"], s["draws"], s["alpha"], strict=True)
        for name, model in models.items()
        for alpha in alphas
    ]
    draws = Draws(f"figure01-{size}")
    draws.run(points, mean_m2)
    data.tables |= {
        "thresholds": table_of(thresholds),
        "theory": table_of(curves),
        "label_sampled": table_of(sampled),
        "simulation": draws.table(points),
    }
    return data
