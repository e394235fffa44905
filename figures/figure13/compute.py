"""Figure 13, beyond the paper: the signature of the transition along a descent."""

import numpy as np

import bbpscape as bb
from figures.kit import Data, table_of

SIZES = {
    "smallest": {"N": 60, "draws": 20, "steps": 100, "times": 4, "p": 2},
    "quick": {"N": 150, "draws": 20, "steps": 300, "times": 8, "p": 2},
    "full": {"N": 500, "draws": 20, "steps": 1000, "times": 13, "p": 2},
}
CASES = {"continuous": {"a": 0.01, "alpha": 2.5}, "discontinuous": {"a": 2.0, "alpha": 2.5}}
SEED = 13


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure13", size, {"p_star": 1, "cases": CASES, "seed": SEED, **s})
    times = np.unique(np.round(np.geomspace(1, s["steps"], s["times"] - 1)).astype(int))
    records = []
    for name, case in CASES.items():
        model = bb.TeacherStudent(s["p"], 1, bb.NormalizedSquare(case["a"]))
        rule = bb.DescentRule(steps=s["steps"])
        found = bb.hessian_along(
            model, case["alpha"], s["N"], [0, *times.tolist()], s["draws"], SEED, rule=rule
        )
        table = found.columns()
        records += [
            {"case": name, **{column: values[i] for column, values in table.items()}}
            for i in range(len(found.steps))
        ]
    data.tables["hessian"] = table_of(records)
    return data
