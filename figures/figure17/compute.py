"""Figure 17, beyond the paper: why a smooth edge makes the overlap jump, and the law of the jump
over draws."""

import numpy as np

import bbpscape as bb
from bbpscape.core.statistics import mean_and_error
from bbpscape.simulation.dice.draw import DicedDraw
from figures.figure17.power_edge import PowerEdge, of_samples, simulate
from figures.kit import Data, table_of

KAPPAS, OMEGA, OMEGAS = (0.5, 2.0, 4.0, 6.0), 1.0, (0.5, 1.0, 4.0)
RATIOS = (0.6, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0)  # α/α_BBP of the toy's simulation
A, PLACES = 2.0, {"below": 0.75, "at": 1.0, "above": 1.25}  # the paper's model, α/α_BBP
HALF = "half"  # the fourth place: α_½(N)
SEED, JUST = 17, 1e-9
LEVELS = [0.01, *np.linspace(0.05, 0.95, 19).round(2).tolist(), 0.99]
# Draws of labels, and diced ones, by N.
SIZES = {
    "smallest": {
        "N": 300,
        "draws": 8,
        "ratios": [1.0, 2.0],
        "grid": 3,
        "fine": 9,
        "labels": {1000: 40, 10_000: 20},
        "diced": {100: 12},
    },
    "quick": {
        "N": 1000,
        "draws": 40,
        "ratios": RATIOS,
        "grid": 14,
        "fine": 45,
        "labels": {10**3: 400, 10**5: 60},
        "diced": {1000: 40},
    },
    "full": {
        "N": 4000,
        "draws": 24,
        "ratios": RATIOS,
        "grid": 14,
        "fine": 45,
        "labels": {10**3: 1000, 10**4: 1000, 10**5: 400, 10**6: 100, 10**7: 40},
        "diced": {1000: 60, 4000: 24},
    },
}


def compute(size: str) -> Data:
    s = SIZES[size]
    given = {"kappas": KAPPAS, "omega": OMEGA, "p": 1, "p_star": 1, "a": A, "places": PLACES}
    data = Data("figure17", size, {**given, "levels": LEVELS, "seed": SEED, **s})
    data.tables |= {"transitions": table_of(list(_transitions(s["grid"])))}
    data.tables |= {"edges": table_of(list(_edges()))}
    data.tables |= {"curves": table_of(list(_curves(s["fine"])))}
    found = [_toy(k, r, s["N"], s["draws"]) for k in KAPPAS for r in s["ratios"]]
    data.tables["toy"] = table_of(found)
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(A))
    half = {N: bb.finite.half_alpha(model, N, n, SEED).alpha for N, n in s["labels"].items()}
    half |= {N: bb.finite.half_alpha(model, N, 4 * n, SEED).alpha for N, n in s["diced"].items()}
    found = []
    for place in (*PLACES, HALF):
        ratio, alpha_bbp = PLACES.get(place), bb.threshold(model).alpha_bbp
        at = {N: half[N] if ratio is None else ratio * alpha_bbp for N in half}
        found += [_labels(model, place, at[N], N, draws) for N, draws in s["labels"].items()]
        found += [_diced(model, place, at[N], N, draws) for N, draws in s["diced"].items()]
    data.tables["law"] = table_of(found)
    return data


def _transitions(count: int):
    """By search and in closed form, with κ about κ_c = 1 + 2/ω, at which the jump begins."""
    for omega in OMEGAS:
        critical = 1 + 2 / omega
        for kappa in [*np.linspace(0.25, 10, count), critical - 0.05, critical + 0.05]:
            law = PowerEdge(float(kappa), omega)
            found, (alpha, jump) = bb.threshold(law), law.transition
            yield {
                "omega": omega,
                "kappa": kappa,
                "alpha_bbp": found.alpha_bbp,
                "transition": found.transition,
                "m2_jump": found.m2_jump,
                "alpha_closed": alpha,
                "jump_closed": jump,
            }


def _edges():
    """ρ above the left edge, at the transition (by JUST below, where ρ_u is finite)."""
    for kappa in KAPPAS:
        law = PowerEdge(kappa, OMEGA)
        bulk = bb.spectrum(law, bb.threshold(law).alpha_bbp * (1 - JUST), 2)
        depths = np.geomspace(2e-4, 0.3, 25)
        for depth, rho in zip(depths, bulk.density(bulk.left_edge.value + depths), strict=True):
            yield {"kappa": kappa, "kind": bulk.left_edge.kind, "depth": depth, "rho": rho}


def _curves(count: int):
    ratios = np.unique([*np.linspace(0.4, 2.6, count), 1 - JUST, 1 + JUST])
    for kappa in KAPPAS:
        law = PowerEdge(kappa, OMEGA)
        m2 = bb.overlap_curve(law, ratios * bb.threshold(law).alpha_bbp).m2
        yield from ({"kappa": kappa, "ratio": r, "m2": v} for r, v in zip(ratios, m2, strict=True))


def _toy(kappa: float, ratio: float, N: int, draws: int) -> dict[str, float]:
    """m² of the lowest eigenvector, and of the outlier by the samples of the same draws."""
    law = PowerEdge(kappa, OMEGA)
    alpha, found = ratio * bb.threshold(law).alpha_bbp, []
    for draw in range(draws):
        generator = np.random.default_rng([SEED, draw])
        s, w = law.sample(round(alpha * N), generator)
        found.append((of_samples(s, w, N), simulate(s, w, N, generator)[1]))
    (sampled, _), (mean, error) = (mean_and_error(column) for column in np.transpose(found))
    row = {"kappa": kappa, "ratio": ratio, "mean": mean, "standard_error": error}
    return row | {
        "theory": float(bb.overlap_curve(law, [alpha * (1 + JUST)]).m2[0]),
        "sampled": sampled,
    }


def _labels(model, place: str, alpha: float, N: int, draws: int) -> dict[str, object]:
    """The law over draws of labels: m² and the gap are 0 in a draw without an outlier."""
    found = bb.finite.finite_size_law(model, alpha, N, draws, SEED)
    outlier = found.samples["outlier"]
    gap = np.where(np.isfinite(outlier), found.samples["left_edge"] - outlier, 0.0)
    row = {"source": "labels", "place": place, "N": N, "alpha": alpha, "draws": draws}
    row |= {"probability": found.probability}
    return row | _law(np.nan_to_num(found.samples["m2"]), found.samples["m2_lowest"], gap)


def _diced(model, place: str, alpha: float, N: int, draws: int) -> dict[str, object]:
    """The law over simulated draws: m² of the lowest, and its distance to the next eigenvalue."""
    seeds = np.random.SeedSequence([SEED, N]).spawn(draws)
    found = [DicedDraw(model, alpha, N, seed).lowest(2) for seed in seeds]
    m2 = np.array([one.m2[0] for one in found])
    gap = np.array([one.eigenvalues[1] - one.eigenvalues[0] for one in found])
    row = {"source": "simulation", "place": place, "N": N, "alpha": alpha, "draws": draws}
    return row | {"probability": np.nan} | _law(m2, m2, gap)


def _law(m2, lowest, gap) -> dict[str, list[float]]:
    """Quantiles at LEVELS."""
    every = {"m2": m2, "m2_lowest": lowest, "gap": gap}
    return {
        name: [float(f"{one:.4g}") for one in np.quantile(values, LEVELS)]
        for name, values in every.items()
    }
