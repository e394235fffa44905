"""What figures/README.md states of the figures beyond the paper, 11 to 17, from their data."""

import math
from collections.abc import Iterator

import numpy as np

from figures.claims import online_gaps, online_hessian_gaps
from figures.kit import Data, column, rows
from figures.stated_meeting import listed
from figures.stated_paper import up


def figure11(data: Data) -> Iterator[str]:
    levels = (0.0, 0.5, 1.0)

    def three(p: int) -> str:
        found = {row["noise"]: row["alpha_bbp"] for row in rows(data.tables["thresholds"], p=p)}
        return ", ".join(f"{found[level]:.3f}" for level in levels) + f" (p = {p})"

    yield "α_BBP " + ", ".join(three(p) for p in data.parameters["widths"])
    weak = {row["noise"]: row["alpha"] for row in rows(data.tables["weak_recovery"])}
    yield "weak recovery " + ", ".join(f"{weak[level]:.3g}" for level in levels)


def figure12(data: Data) -> Iterator[str]:
    at = {row["method"]: row["alpha"] for row in rows(data.tables["methods"])}
    yield (
        f"begin at {at['Hessian']:.3f} (Hessian), {at['average Hessian']:.3f} (its average over "
        f"students), {at['optimal']:.3g} (optimal), {at['subset']:.3f} (subset), "
        f"{at['trimming']:.3f} (trimming)"
    )
    jumps = rows(data.tables["bayes_jumps"])
    yield f"perfect from {jumps[0]['alpha']:.4f}"


def figure13(data: Data) -> Iterator[str]:
    parts = []
    for case, a in (("continuous", "0.01"), ("discontinuous", "2")):
        found = rows(data.tables["hessian"], case=case)
        half = next(row for row in found if row["m2"] < found[0]["m2"] / 2)
        parts.append((found[0]["m2"], half["step"], a, half["student_m2"]))
    (m, s, a, q), (m2, s2, a2, q2) = parts
    yield f"from {m:.3f} to below half in {s} steps (a = {a}) and from {m2:.3f} in {s2} (a = {a2})"
    yield f"(m² {q:.2f} and {q2:.2f})"
    high = max(row["m2"] for row in rows(data.tables["hessian"], case="continuous"))
    yield f"after a rise to {high:.2f}"
    yield f"at the same m², keeps it at {found[0]['theory_m2']:.2f}"


def figure14(data: Data) -> Iterator[str]:
    theory = data.tables["theory"]

    def fall(p: int) -> str:
        found = {row["beta"]: row["alpha_bbp"] for row in rows(theory, p=p)}
        return f"from {found[0.0]:.3f} to {found[0.8]:.3f}"

    yield f"{fall(1)} at β = 0.8 (p = 1), {fall(2)} (p = 2)"
    draws = rows(data.tables["draws"])
    betas = listed([f"{row['beta']:g}" for row in draws])
    measured = listed([f"{row['measured']:.3f} ± {row['standard_error']:.3f}" for row in draws])
    yield f"at β = {betas} it is {measured}"
    for name, z in (("theory", "z"), ("finite_size", "z_finite_size")):
        values = listed([f"{row[name]:.3f}" for row in draws])
        yield f"{values} (z {listed([f'{row[z]:+.1f}' for row in draws])})"


def figure15(data: Data) -> Iterator[str]:
    def three(theory: str) -> str:
        here = rows(data.tables["distance"], theory=theory)
        found = {row["kind"]: row["distance"] for row in here}
        return ", ".join(f"{found[kind]:.3f}" for kind in data.parameters["kinds"])

    yield (
        f"isotropic {three('isotropic')}; with their covariance {three('covariance')}; with their "
        f"norms too {three('norms')}"
    )
    kept = []
    for kind in data.parameters["kinds"]:
        far = {row["theory"]: row["distance"] for row in rows(data.tables["distance"], kind=kind)}
        kept.append(f"{100 * (1 - far['norms'] / far['isotropic']):.0f}")
    yield f"explain {kept[0]}, {kept[1]} and {kept[2]} % of the distance"
    (below,) = rows(data.tables["below"])
    yield f"the first one of the patches holds {100 * below['first']:.0f} % of their variance"
    measured = f"{below['mean']:.3f} ± {below['standard_error']:.3f}"
    law = below["theory"]
    yield f"{100 * law:.0f} % quantile: {measured} against {law:.3f} at α = {below['alpha']:g}"
    yield f"standard errors to {max(column(data.tables['distance'], 'error')):.3f}"


def figure16(data: Data) -> Iterator[str]:
    z = np.concatenate([online_gaps(data, case) for case in data.parameters["cases"]])
    yield (
        f"within {up(abs(z).max())} standard errors ({z.size} values, root mean square "
        f"{math.sqrt((z**2).mean()):.1f})"
    )
    z = np.concatenate([online_hessian_gaps(data, case) for case in data.parameters["cases"]])
    yield f"within {up(abs(z).max())} ({z.size} values, {math.sqrt((z**2).mean()):.1f})"

    def ends(case: str) -> tuple[list[float], list[float]]:
        """m² of the lowest eigenvectors, and the student's own, at the start and at the end."""
        seen = rows(data.tables["hessian"], case=case)
        own = [row["mean"] for row in rows(data.tables["order"], case=case, name="m2")]
        return [seen[i]["m2_measured"] for i in (0, -1)], [own[i] for i in (0, -1)]

    (first, last), own = ends("p = 2, quadratic")
    yield (
        f"m² of the lowest eigenvectors {first:.2f} at the start and {last:.2f} at t = "
        f"{max(data.tables['hessian']['t']):g}, the student's own {own[0]:.2f} and {own[1]:.2f}"
    )
    (first, last), own = ends("p = 3, tanh")
    yield f"{first:.2f} to {last:.2f} while the student's rises to {own[1]:.2f} (p = 3, tanh)"


def figure17(data: Data) -> Iterator[str]:
    levels, law = data.parameters["levels"], data.tables["law"]
    low, middle, high = (levels.index(level) for level in (0.05, 0.5, 0.95))
    jumps = {row["kappa"]: row for row in rows(data.tables["toy"], ratio=1.0)}
    yield "m² at α_BBP is " + ", ".join(
        f"{row['mean']:.3f} ± {row['standard_error']:.3f} ({row['theory']:.3f}) at κ = {kappa:g}"
        for kappa, row in jumps.items()
        if kappa > 3
    )
    smooth = [row for row in rows(data.tables["toy"]) if row["kappa"] < 3 and row["ratio"] >= 1.25]
    z = [abs(row["mean"] - row["theory"]) / row["standard_error"] for row in smooth]
    yield f"within {up(max(z))} standard errors from 1.25 α_BBP on"
    at = [row["m2"] for row in rows(law, source="labels", place="at")]
    yield "5 to 95 % of draws " + ", ".join(f"{m2[high] - m2[low]:.4f}" for m2 in at)
    below = rows(law, source="labels", place="below")
    yield "is " + ", ".join(f"{row['probability']:.2f}" for row in below) + " at N = 10³ … 10⁷"
    yield "median m² " + ", ".join(f"{row['m2'][middle]:.3f}" for row in below)
    for place in ("at", "above"):
        found = rows(law, source="simulation", place=place)
        labels = [rows(law, source="labels", place=place)[i] for i in (0, 1)]
        yield (
            f"{found[0]['m2'][middle]:.3f} and {found[1]['m2'][middle]:.3f}, by labels "
            f"{labels[0]['m2'][middle]:.3f} (N = 10³) and {labels[1]['m2'][middle]:.3f} (10⁴)"
        )
