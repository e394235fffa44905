"""Figure 12, beyond the paper: spectral methods and the Hessian below what can be known at all."""

import numpy as np

import bbpscape as bb
from figures.kit import Data, table_of

SIZES = {
    "smallest": {"N": 100, "draws": 80, "count": 4, "fine": 8},
    "quick": {"N": 300, "draws": 20, "count": 8, "fine": 40},
    "full": {"N": 1000, "draws": 20, "count": 12, "fine": 80},
}
P, A, SEED = 4, 0.1, 12
FIRST, LAST = 0.3, 3.0


def compute(size: str) -> Data:
    s = SIZES[size]
    model = bb.TeacherStudent(P, 1, bb.NormalizedSquare(A))
    data = Data("figure12", size, {"p": P, "p_star": 1, "a": A, "seed": SEED, **s})
    found = bb.methods(model, np.linspace(FIRST, LAST, s["count"]), s["N"], s["draws"], SEED)
    # One draw at the smallest N carries the theory of the fine grid.
    fine = bb.methods(model, np.linspace(FIRST, LAST, s["fine"]), 10, 1, SEED)
    data.parameters["weak_recovery"] = found.weak_recovery
    data.tables["methods"] = table_of(
        [{"method": m.name, "alpha": m.alpha, "transition": m.transition} for m in found.methods]
    )
    data.tables["theory"] = table_of(
        [
            {"method": m.name, "alpha": alpha, "m2": m2}
            for m in fine.methods
            for alpha, m2 in zip(fine.alpha, m.theory, strict=True)
        ]
    )
    best = bb.bayes_optimal(model, np.linspace(FIRST, LAST, s["fine"])).theory
    data.tables["bayes"] = {
        "alpha": best.alpha.tolist(),
        "message_passing": best.uninformed.tolist(),
        "information_limit": best.information.tolist(),
    }
    data.tables["bayes_jumps"] = table_of(
        [
            {"start": one.start, "alpha": one.alpha, "below": one.q_below, "above": one.q_above}
            for one in best.jumps
        ]
    )
    data.tables["simulation"] = table_of(
        [
            {"method": m.name, "alpha": alpha, "theory": t, "mean": y, "standard_error": e}
            for m in found.methods
            for alpha, t, y, e in zip(
                found.alpha, m.theory, m.measured, m.standard_error, strict=True
            )
        ]
    )
    return data
