"""Figure 3: φ(α) at several N, p = p* = 1, where the transition is continuous and where not.

Beside it the theory of sampled labels: the probability that a draw has an outlier, to larger N.
"""

import math

import numpy as np

import bbpscape as bb
from figures import kit
from figures.draws import Draws, Point
from figures.kit import Data, table_of
from figures.largest import on_device

CASES = {"continuous": 0.5, "discontinuous": 2.0}
# None below 1: eigenvalue 0 is there N − M times, and which eigenvector of it is meant is open.
ALPHA = {
    "continuous": [1.1, 1.24, 1.31, 1.38, 1.45, 1.52, 1.66],
    "discontinuous": [1.02, 1.1, 1.19, 1.28, 1.36, 1.44, 1.692],
}
SIZES = {
    "smallest": {
        "N": [60, 180],
        "draws": [60, 60],
        "scaling": [100, 1000],
        "labels": [60, 60],
    },
    "quick": {
        "N": [125, 250, 500],
        "draws": [300, 300, 100],
        "scaling": [100, 1000, 10_000],
        "labels": [400, 400, 200],
    },
    "full": {
        "N": [250, 500, 1000, 2000, 4000],
        "draws": [2000, 2000, 1000, 1000, 216],
        "ends": 400,
        "scaling": [100, 250, 1000, 4000, 10_000, 100_000, 1_000_000],
        "labels": [2000, 2000, 2000, 2000, 1000, 400, 100],
    },
}


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure03", size, {"p": 1, "p_star": 1, "a": CASES, "seed": 0, **s})
    models = {name: bb.TeacherStudent(1, 1, bb.NormalizedSquare(a)) for name, a in CASES.items()}
    points = [
        Point(name, model, N, alpha, _draws(s, name, N, alpha, draws))
        for N, draws in zip(s["N"], s["draws"], strict=True)
        for name, model in models.items()
        for alpha in ALPHA[name]
    ]
    draws = Draws(f"figure03-{size}")
    with on_device(kit.device) as how:
        draws.run(points, **how)
    data.tables["phi"] = draws.table(points)
    data.tables["thresholds"] = table_of([_mark(name, model) for name, model in models.items()])
    half, outlier = [], []
    for name, model in models.items():
        for N, labels in zip(s["scaling"], s["labels"], strict=True):
            row, curve = _outlier(model, N, labels)
            half.append({"case": name, **row})
            outlier += [{"case": name, **point} for point in curve]
    data.tables |= {"half": table_of(half), "outlier": table_of(outlier)}
    return data


def _draws(s: dict, name: str, N: int, alpha: float, draws: int) -> int:
    """At the largest N more at both ends and in the middle: they say most of a crossing."""
    tells = alpha in (ALPHA[name][0], ALPHA[name][3], ALPHA[name][-1])
    return s["ends"] if "ends" in s and tells and s["N"][-1] == N else draws


def _mark(name: str, model: bb.TeacherStudent) -> dict[str, float | str]:
    law = bb.threshold(model)
    zero = law.alpha_0 if law.transition == "discontinuous" else math.nan
    return {"case": name, "alpha_bbp": law.alpha_bbp, "kind": law.transition, "alpha_0": zero}


def _outlier(model: bb.TeacherStudent, N: int, labels: int) -> tuple[dict, list[dict]]:
    """α_½, and over the range in which it rises the fraction of draws with an outlier."""
    half = bb.finite.half_alpha(model, N, draws=min(labels, 400), seed=3)
    there = bb.finite.strengths(model, half.alpha, N, labels, 3)
    width = there.std() / half.slope
    curve = []
    for alpha in half.alpha * np.exp(width * np.linspace(-2.5, 2.5, 11)):
        found = bb.finite.strengths(model, float(alpha), N, labels, 3)
        curve.append({"N": N, "alpha": float(alpha), "probability": (found > 1).mean()})
    row = {
        "N": N,
        "alpha_half": half.alpha,
        "standard_error": half.standard_error,
        "truncated": bb.finite.truncated_threshold(model, N).alpha_bbp,
        "labels": labels,
    }
    return row, curve
