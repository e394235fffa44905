"""Figure 14, beyond the paper: inputs of a power law, and others' spectral method on products."""

import csv
from typing import Any

import numpy as np

import bbpscape as bb
from figures.kit import HERE, Data, Table, mean_m2, run_study, table_of

A, LEVEL, SEED = 0.5, 1 / 3, 14
SIZES = {
    "smallest": {"N": 100, "draws": 12, "fine": 4, "beta": [0.0, 0.6, 1.2], "alpha": [2, 4, 8]},
    "quick": {"N": 200, "draws": 16, "fine": 13, "beta": [0, 0.4, 0.8, 1.2], "alpha": [2, 4, 6, 8]},
    "full": {
        "N": 400,
        "draws": 24,
        "fine": 25,
        "beta": [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2],
        "alpha": [2, 3, 4, 5, 6, 8],
    },
}
WIDTHS, SHOWN = (1, 2), 6.0
# From this β on few components count, and each draw has a theory of its own.
STEEP = 0.8
GAMMAS = (0.5, 1.0)
SOURCE = (
    "Maillard, Krzakala, Lu, Zdeborová, Construction of optimal spectral methods in phase "
    "retrieval (2021): mean and standard deviation over 10 instances of the overlap q"
)


def _model(p: int, beta: float) -> bb.TeacherStudent:
    inputs = bb.InputLaw(f"power:{float(beta)!r}")
    return bb.TeacherStudent(p, 1, bb.NormalizedSquare(A), inputs=inputs)


def crossing(alpha: np.ndarray, m2: np.ndarray, level: float = LEVEL) -> float:
    """The first α at which m², between points by straight lines, rises to the level; NaN if none.

    Where it is above the level at the first α already, there is none either.
    """
    for i in range(1, len(alpha)):
        if m2[i - 1] < level <= m2[i]:
            share = (level - m2[i - 1]) / (m2[i] - m2[i - 1])
            return float(alpha[i - 1] + share * (alpha[i] - alpha[i - 1]))
    return float("nan")


def compute(size: str) -> Data:
    s = SIZES[size]
    shown = SHOWN if SHOWN in s["alpha"] else 4.0
    given = {"p_star": 1, "a": A, "seed": SEED, "widths": WIDTHS, "shown": shown, "source": SOURCE}
    data = Data("figure14", size, given | s)
    betas = np.unique(np.round(np.append(np.linspace(0, 1.2, s["fine"]), s["beta"]), 9))
    data.tables["theory"] = table_of(
        [_at(p, float(beta), s["N"], s["alpha"]) for p in WIDTHS for beta in betas]
    )
    simulated = []
    for p in WIDTHS:
        study = bb.Study(
            _model(p, 0.0),
            {
                "N": s["N"],
                "covariance": [
                    str(bb.InputLaw(f"power:{float(b)!r}").covariance) for b in s["beta"]
                ],
                "alpha": s["alpha"],
            },
            ["total_m2"],
            s["draws"],
            seed=SEED,
            block=8,
            theory=False,
        )
        found = mean_m2(run_study(f"figure14-{size}-{p}", study), p)
        names = found.pop("covariance")
        found["beta"] = [0.0 if one == "isotropic" else float(one[6:]) for one in names]
        rows = zip(*(found[n] for n in ("beta", "alpha", "mean", "standard_error")), strict=True)
        simulated += [
            dict(zip(("p", "beta", "alpha", "mean", "standard_error"), (p, *row), strict=True))
            for row in rows
        ]
    data.tables["simulation"] = table_of(simulated)
    steep = [beta for beta in s["beta"] if beta >= STEEP]
    data.tables["draws"] = table_of([_draws(beta, shown, s) for beta in steep])
    data.tables["measured"] = _measured()
    data.tables["product"] = _product(np.linspace(0.17, 2.65, 60 if size == "full" else 12))
    return data


def _at(p: int, beta: float, N: int, alphas: list[float]) -> dict[str, float]:
    """α_BBP, α of m² = LEVEL, and m² at each α of the simulation."""
    model = _model(p, beta)
    fine = np.unique(np.append(np.linspace(1, 8, 29), alphas))
    curve = bb.overlap_curve(model, fine, N)
    m2 = {f"m2_{a:g}": float(curve.m2[np.flatnonzero(fine == a)[0]]) for a in alphas}
    at = crossing(fine, curve.m2)
    return {"p": p, "beta": beta, "alpha_bbp": curve.threshold.alpha_bbp, "alpha_level": at, **m2}


def _draws(beta: float, alpha: float, s: dict[str, Any]) -> dict[str, float | None]:
    """m² beside N → ∞ and the theory of each draw's own weights, p = 2."""
    found = bb.compare(_model(2, beta), alpha, s["N"], 2 * s["draws"], SEED, progress=False)
    (row,) = (row for row in found.rows if row.quantity == "its m2")
    names = ("theory", "finite_size", "measured", "standard_error", "z", "z_finite_size")
    return {"beta": beta, **{name: getattr(row, name) for name in names}}


def _measured() -> Table:
    """The numbers of others as they gave them."""
    found = []
    for gamma in GAMMAS:
        path = HERE / "figure14" / f"spectral_product_gamma_{gamma:.1f}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                numbers = {name: float(row[name]) for name in ("alpha", "q_mean", "q_std")}
                found.append({"gamma": gamma, **numbers})
    return table_of(found)


def _product(alphas: np.ndarray) -> Table:
    """m² of the largest eigenvector of Σ T(y) x xᵀ, T = 1 − 1/y, on inputs that are products."""
    channel = bb.spectral.QuadraticTeacher(1)
    method = bb.spectral.optimal(channel)
    measured = _measured()
    found = []
    for gamma in GAMMAS:
        law = bb.InputLaw(f"product:{gamma}")
        own = [a for a, g in zip(measured["alpha"], measured["gamma"], strict=True) if g == gamma]
        for alpha in np.unique(np.append(alphas, own)):
            m2 = bb.spectral.spectral_overlap(channel, method, float(alpha), law).m2
            found.append({"gamma": gamma, "alpha": float(alpha), "m2": m2})
    return table_of(found)
