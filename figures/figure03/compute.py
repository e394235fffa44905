"""Figure 3: φ(α) at several N, p = p* = 1, where the transition is continuous and where not."""

import math

import bbpscape as bb
from figures.kit import Data, run_study, table_of

CASES = {"continuous": 0.01, "discontinuous": 2.0}
ALPHAS = {"continuous": (2.1, 3.7, 9), "discontinuous": (0.8, 2.4, 9)}
SIZES = {
    "smallest": {
        "N": [60, 180],
        "draws": 40,
        "count": 4,
        "scaling": [100, 1000],
        "labels": 30,
    },
    "quick": {
        "N": [100, 200, 400],
        "draws": 120,
        "count": 7,
        "scaling": [100, 10_000],
        "labels": 60,
    },
    "full": {
        "N": [250, 500, 1000],
        "draws": 200,
        "count": 9,
        "scaling": [100, 1000, 10_000, 100_000, 1_000_000],
        "labels": 100,
    },
}


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure03", size, {"p": 1, "p_star": 1, "a": CASES, "seed": 3, **s})
    marks = []
    for name, a in CASES.items():
        start, stop, _ = ALPHAS[name]
        model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(a))
        study = bb.Study(
            model,
            {"alpha": f"{start}:{stop}:{s['count']}", "N": s["N"]},
            ["phi", "teacher_mass", "total_m2"],
            s["draws"],
            seed=3,
            block=10,
        )
        data.tables[name] = run_study(f"figure03-{name}-{size}", study)
        law = bb.threshold(model)
        marks.append(
            {
                "case": name,
                "alpha_bbp": law.alpha_bbp,
                "kind": law.transition,
                "alpha_0": law.alpha_0 if law.transition == "discontinuous" else math.nan,
            }
        )
    data.tables["thresholds"] = table_of(marks)
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(CASES["discontinuous"]))
    data.tables["half"] = table_of([_half(model, N, s["labels"]) for N in s["scaling"]])
    return data


def _half(model: bb.TeacherStudent, N: int, draws: int) -> dict[str, float]:
    half = bb.finite.half_alpha(model, N, draws=draws, seed=3)
    truncated = bb.finite.truncated_threshold(model, N)
    return {
        "N": N,
        "alpha_half": half.alpha,
        "standard_error": half.standard_error,
        "truncated": truncated.alpha_bbp,
    }
