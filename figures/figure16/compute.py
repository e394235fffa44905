"""Figure 16, beyond the paper: the signature of the transition while a student learns from fresh
data, which it sees once; beside figure 13, where it descends on one set of data."""

import numpy as np

import bbpscape as bb
from figures.kit import Data, table_of

SIZES = {
    "smallest": {"N": 100, "draws": 12, "points": 9, "cases": ["p = 1, quadratic"], "times": 2},
    "quick": {"N": 150, "draws": 12, "points": 30, "cases": None, "times": 3},
    "full": {"N": 300, "draws": 24, "points": 60, "cases": None, "times": 6},
}
# Widths, loss, activation, overlaps at the start, rate, α of the Hessian, and the times of it.
CASES = {
    "p = 1, quadratic": (1, 1, "normalized-square", 0.5, "quadratic", [[0.1]], 0.05, 4.0,
                         [0.0, 2.0, 5.0, 10.0, 20.0, 40.0]),
    "p = 2, quadratic": (2, 1, "normalized-square", 2.0, "quadratic", [[0.12, -0.06]], 0.3, 6.0,
                         [0.0, 2.0, 4.0, 8.0, 16.0, 32.0]),
    "p = 3, tanh": (3, 1, "square", None, "tanh", [[0.1, 0.05, -0.05]], 1.0, 20.0,
                    [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]),
    "p = p* = 2, erf": (2, 2, "square", None, "erf", [[0.2, -0.1], [0.05, 0.1]], 1.0, 30.0,
                        [0.0, 0.5, 1.0, 2.0, 4.0, 8.0]),
}  # fmt: skip
SEED = 16


def model_of(case: str) -> bb.TeacherStudent:
    """The model of a case, its student at t = 0."""
    p, p_star, loss, a, activation, overlap = CASES[case][:6]
    chosen = bb.losses.Square() if a is None else bb.NormalizedSquare(a)
    assert chosen.name == loss
    return bb.TeacherStudent(p, p_star, chosen, activation, overlap=overlap)


def compute(size: str) -> Data:
    s = SIZES[size]
    names = s["cases"] or list(CASES)
    given = {name: dict(zip(("rate", "alpha"), CASES[name][6:8], strict=True)) for name in names}
    data = Data("figure16", size, {**s, "cases": given, "seed": SEED})
    lines, order, hessian = [], [], []
    for name, case in given.items():
        model, every = model_of(name), CASES[name][8]
        times = every[: s["times"]]
        dense = np.unique([*np.linspace(0, every[-1], s["points"]), *times]).tolist()
        line = bb.online(model, case["rate"], dense)
        known = zip(line.times, line.m2, line.m2_frobenius, line.loss, strict=True)
        lines += [
            {"case": name, "t": t, "m2": m2, "m2_frobenius": frobenius, "loss": loss}
            for t, m2, frobenius, loss in known
        ]
        found = bb.online(
            model, case["rate"], times, s["N"], s["draws"], SEED, hessian=times, alpha=case["alpha"]
        )
        order += [{"case": name, **row} for row in rows_of(found)]
        for one in found.hessian:
            row = {"case": name, "t": one.time, "copies": one.copies, "edge": one.edge}
            row |= {"outlier": one.outlier, "m2": one.m2}
            for key, value in (("outlier", one.measured), ("m2", one.measured_m2)):
                row[f"{key}_measured"], row[f"{key}_error"] = value.mean, value.standard_error
            hessian.append(row)
    data.tables |= {"line": table_of(lines), "order": table_of(order), "hessian": table_of(hessian)}
    return data


def rows_of(found):
    """Every order parameter, m² and the loss at every time: theory, mean, standard error."""
    sample = found.sample
    p, p_star = found.gram.shape[1], found.overlap.shape[1]
    for i, t in enumerate(found.times.tolist()):
        for name in ("loss", "m2", "m2_frobenius"):
            one = getattr(sample, name)[i]
            yield row_of(t, name, getattr(found, name)[i], one.mean, one.standard_error)
        for name, shape in (("gram", (p, p)), ("overlap", (p_star, p))):
            theory, mean, error = (
                getattr(owner, key)[i]
                for owner, key in ((found, name), (sample, name), (sample, f"{name}_error"))
            )
            for j, k in np.ndindex(shape):
                if name == "overlap" or j <= k:
                    label = f"{name}_{j + 1}{k + 1}"
                    yield row_of(t, label, theory[j, k], mean[j, k], error[j, k])


def row_of(t, name, theory, mean, error):
    return {"t": t, "name": name, "theory": theory, "mean": mean, "standard_error": error}
