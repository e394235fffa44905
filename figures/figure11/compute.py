"""Figure 11, beyond the paper: label noise. Thresholds against the noise, and m² against α."""

import numpy as np

import bbpscape as bb
from figures.kit import Data, mean_m2, run_study, table_of

# y + noise can be negative: the loss divides by a + |y|.
A = 0.1
SIZES = {
    "smallest": {"N": 80, "draws": 20, "count": 4, "levels": 2, "fine": 5, "widths": [1, 2]},
    "quick": {"N": 150, "draws": 20, "count": 6, "levels": 5, "fine": 12, "widths": [1, 2, 4]},
    "full": {"N": 500, "draws": 40, "count": 10, "levels": 11, "fine": 40, "widths": [1, 2, 4]},
}
SHOWN = [0.0, 0.3, 1.0]


def _model(p: int, noise: float) -> bb.TeacherStudent:
    return bb.TeacherStudent(
        p, 1, bb.losses.AbsoluteNormalizedSquare(A), labels=bb.Labels(noise=noise)
    )


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure11", size, {"p_star": 1, "a": A, "shown": SHOWN, "seed": 11, **s})
    noises = np.linspace(0.0, 1.0, s["levels"])
    data.tables["thresholds"] = table_of(
        [
            {"p": p, "noise": noise, "alpha_bbp": bb.threshold(_model(p, noise)).alpha_bbp}
            for p in s["widths"]
            for noise in noises
        ]
    )
    weak = [
        bb.spectral.information_limit(bb.spectral.QuadraticTeacher(1, noise)).alpha
        for noise in noises
    ]
    data.tables["weak_recovery"] = {"noise": noises.tolist(), "alpha": weak}
    theory = []
    for noise in SHOWN:
        curve = bb.overlap_curve(_model(2, noise), np.linspace(0.5, 5.0, s["fine"]))
        theory += [
            {"noise": noise, "alpha": alpha, "m2": m2}
            for alpha, m2 in zip(curve.alpha, curve.m2, strict=True)
        ]
    data.tables["theory"] = table_of(theory)
    study = bb.Study(
        _model(2, 0.0),
        {"N": s["N"], "label_noise": SHOWN, "alpha": f"0.5:5.0:{s['count']}"},
        ["total_m2", "lowest"],
        s["draws"],
        seed=11,
        block=10,
        theory=False,
    )
    data.tables["simulation"] = mean_m2(run_study(f"figure11-{size}", study), 2)
    return data
