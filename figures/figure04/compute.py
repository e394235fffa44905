"""Figure 4: α₀(p), by the tangent and by lines over windows, up to wide students; and α₀(N) by a
line through the m² of label-sampled draws, the paper's definition, beside where half have an
outlier."""

import numpy as np
from numpy.typing import NDArray

import bbpscape as bb
from figures.kit import Data, table_of

A = (0.3, 1.0, 2.0)
WINDOWS = (0.05, 0.5)
SEED, RESAMPLES = 4, 400
CASES = {"p = 1, a = 2": (1, 2.0), "p = 2, a = 1": (2, 1.0)}
SIZES = {
    "smallest": {"p": [1, 2, 4, 8], "N": 100, "labels": 60, "sizes": {1000: 40, 10_000: 20}},
    "quick": {"p": [1, 2, 4, 8, 16], "N": 1000, "labels": 60, "sizes": {1000: 200, 10**5: 20}},
    "full": {
        "p": [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32],
        "N": 1000,
        "labels": 400,
        "sizes": {10**3: 2000, 10**4: 800, 10**5: 400, 10**6: 100, 10**7: 40},
    },
}


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure04", size, {"p_star": 1, "a": A, "windows": WINDOWS, "seed": SEED, **s})
    records = []
    for a in A:
        for p in s["p"]:
            model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(a))
            law, onset = bb.threshold(model), bb.linear_onset(model, WINDOWS)
            half = bb.finite.half_alpha(model, s["N"], s["labels"], SEED, by="labels")
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
    sizes = [_at(case, N, draws) for case in CASES for N, draws in s["sizes"].items()]
    data.tables["sizes"] = table_of(sizes)
    return data


def _at(case: str, N: int, draws: int) -> dict[str, object]:
    """α₀ by the line through mean m² over each window above α_BBP, and α_½, at one N."""
    p, a = CASES[case]
    model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(a))
    law, half = bb.threshold(model), bb.finite.half_alpha(model, N, draws, SEED, by="labels")
    row = {"case": case, "N": N, "draws": draws}
    row |= {"alpha_bbp": law.alpha_bbp, "tangent": law.alpha_0}
    row |= {"alpha_half": half.alpha, "standard_error": half.standard_error}
    for name, window in zip(("narrow", "wide"), WINDOWS, strict=True):
        alphas = law.alpha_bbp * np.array([1, 1 + window / 2, 1 + window])
        # The draws keep their labels as α grows: (3, draws).
        m2 = np.array(
            [
                bb.finite.finite_size_law(model, x, N, draws, SEED, by="labels").samples[
                    "m2_lowest"
                ]
                for x in alphas
            ]
        )
        chosen = np.random.default_rng(SEED).integers(draws, size=(RESAMPLES, draws))
        again = [_zero(alphas, m2[:, one].mean(axis=1)) for one in chosen]
        row |= {name: _zero(alphas, m2.mean(axis=1)), f"{name}_error": float(np.std(again))}
    return row


def _zero(alphas: NDArray, m2: NDArray) -> float:
    """Where the least-squares line through the points reaches 0."""
    slope, level = np.polyfit(alphas, m2, 1)
    return float(-level / slope)
