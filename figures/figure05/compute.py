"""Figure 5: the bulk and its outliers, theory against eigenvalues, below and above α_BBP."""

import numpy as np

import bbpscape as bb
from figures.kit import Data, table_of

P = 1
CASES = {"continuous": (0.01, (2.0, 5.0)), "discontinuous": (2.0, (1.3, 3.0))}
BINS = 80
SIZES = {
    "smallest": {"N": 200, "draws": 20},
    "quick": {"N": 400, "draws": 20},
    "full": {"N": 2000, "draws": 20},
}
# How far to the right of the left edge each panel reaches.
SPAN = {"continuous": 6.0, "discontinuous": 3.0}


def compute(size: str) -> Data:
    s = SIZES[size]
    data = Data("figure05", size, {"p": P, "p_star": 1, "a": CASES, "seed": 5, **s})
    states, densities, histograms, lowest = [], [], [], []
    for case, (a, alphas) in CASES.items():
        model = bb.TeacherStudent(P, 1, bb.NormalizedSquare(a))
        for alpha in alphas:
            theory = bb.spectrum(model, alpha)
            name = {"case": case, "alpha": alpha}
            outlier = theory.outliers[0] if theory.outliers else None
            states.append(
                name
                | {
                    "edge": theory.left_edge.value,
                    "edge_kind": theory.left_edge.kind,
                    "atom": theory.atom,
                    "outlier": outlier.eigenvalue if outlier else None,
                    "m2": outlier.m2 if outlier else None,
                }
            )
            edge = theory.left_edge.value
            lowest_value = outlier.eigenvalue if outlier else edge
            left, right = lowest_value - SPAN[case] / 3, edge + SPAN[case]
            at = np.linspace(left, right, 401)
            density = np.where(at < theory.left_edge.value, 0.0, theory.density(at))
            densities += [
                name | {"eigenvalue": x, "rho": y} for x, y in zip(at, density, strict=True)
            ]
            edges = np.linspace(left, right, BINS + 1)
            counts = np.zeros(BINS)
            for draw in range(s["draws"]):
                instance = bb.draw(model, alpha, s["N"], 5, draw)
                hessian = bb.Hessian(instance.inputs, instance.curvature)
                values = np.linalg.eigvalsh(hessian.dense())
                counts += np.histogram(values, edges)[0]
                lowest += [name | {"draw": draw, "eigenvalue": x} for x in values[: P + 1]]
            rho = counts / (s["draws"] * P * s["N"] * np.diff(edges))
            histograms += [
                name | {"left": x, "right": y, "rho": value, "count": int(n)}
                for x, y, value, n in zip(edges, edges[1:], rho, counts, strict=False)
            ]
    data.tables = {
        "states": table_of(states),
        "theory": table_of(densities),
        "histogram": table_of(histograms),
        "lowest": table_of(lowest),
    }
    return data
