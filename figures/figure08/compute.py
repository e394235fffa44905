"""Figure 8: overlap of the lowest eigenvector against α, activations other than the square."""

import numpy as np

import bbpscape as bb
from figures.figure08 import tanh
from figures.kit import Data, run_study, table_of

# a + y has to be positive: labels of tanh and erf have both signs.
CASES = {
    "sigmoid": {"a": 1.0, "p": [1, 2], "alpha": [1.0, 12.0]},
    "tanh": {"a": 50.0, "p": [1, 2], "alpha": [0.8, 6.0]},
    "relu": {"a": 1.0, "p": [1], "alpha": [10.0, 110.0]},
    "erf": {"a": 50.0, "p": [1, 2], "alpha": [0.8, 6.0]},
}
SIZES = {
    "smallest": {"N": 60, "draws": 24, "count": 4, "fine": 8, "widest": 1},
    "quick": {"N": 100, "draws": 24, "count": 6, "fine": 12, "widest": 2},
    "full": {"N": 400, "draws": 40, "count": 10, "fine": 60, "widest": 4},
}


def compute(size: str) -> Data:
    s = SIZES[size]
    cases = {
        name: case | {"p": [p for p in case["p"] if p <= s["widest"]]}
        for name, case in CASES.items()
    }
    data = Data("figure08", size, {"p_star": 1, "cases": cases, "seed": 8, **s})
    thresholds, theory = [], []
    for name, case in cases.items():
        start, stop = case["alpha"]
        for p in case["p"]:
            model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(case["a"]), bb.activation(name))
            curve = bb.overlap_curve(model, np.linspace(start, stop, s["fine"]))
            law = curve.threshold
            thresholds.append(
                {
                    "activation": name,
                    "p": p,
                    "alpha_bbp": law.alpha_bbp,
                    "transition": law.transition,
                    "m2_jump": law.m2_jump,
                }
            )
            theory += [
                {"activation": name, "p": p, "alpha": alpha, "m2": m2}
                for alpha, m2 in zip(curve.alpha, curve.m2, strict=True)
            ]
        study = bb.Study(
            bb.TeacherStudent(1, 1, bb.NormalizedSquare(case["a"]), name),
            {"N": s["N"], "p": case["p"], "alpha": f"{start}:{stop}:{s['count']}"},
            ["m2", "lowest"],
            s["draws"],
            seed=8,
            block=10,
            theory=False,
        )
        table = run_study(f"figure08-{name}-{size}", study)
        if "p" not in table:
            table["p"] = case["p"] * len(table["alpha"])
        data.tables[name] = table
    data.tables |= {"thresholds": table_of(thresholds), "theory": table_of(theory)}
    if s["widest"] > 2:
        data.tables["wide"] = table_of(list(tanh.thresholds()))
        data.tables["near"] = table_of([row for p in (3, 4) for row in tanh.overlaps(p)])
    return data
