"""What figures/README.md states in numbers, each from the data of its figure: ``statements()``.

The page has to hold every text as it is written here.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from figures.claims import (
    activation_gaps,
    density_gap,
    lowest_gap,
    online_gaps,
    online_hessian_gaps,
    overlap_gaps,
)
from figures.kit import HERE, Data, column, rows
from figures.stated_descents import descent
from figures.stated_meeting import listed, meeting


def read(number: int) -> Data:
    return Data.read(HERE / f"figure{number:02d}" / "data.json")


def statements() -> Iterator[tuple[int, str]]:
    """(number of the figure, text)."""
    for number, tell in TOLD.items():
        for text in tell(read(number)):
            yield number, text


def _figure01(data: Data) -> Iterator[str]:
    def both(N: int | None) -> tuple[float, np.ndarray]:
        z = np.concatenate([overlap_gaps(data, case, 1.5, N) for case in data.parameters["a"]])
        return abs(z).max(), z

    worst, z = both(None)
    yield (
        f"m² of {z.size} simulated points at α ≥ 1.5 α_BBP is within {_up(worst)} standard errors "
        f"of the theory of sampled labels (root mean square {math.sqrt((z**2).mean()):.1f})"
    )
    N = data.parameters["N"][-1]
    yield f"at N = {N} within {_up(both(N)[0])} of N → ∞"
    yield f"jump {column(data.tables['thresholds'], 'm2_jump')[1]:.4f} at a = 1.5"


def _figure02(data: Data) -> Iterator[str]:
    over_p = data.tables["over_p"]

    def alpha(a: float, p: int | str) -> float:
        return column(over_p, "alpha_bbp", a=a, p=p)[0]

    yield ", ".join(f"{alpha(0.5, p):.3f}" for p in range(1, 6)) + " (p = 1 … 5)"
    yield f"discontinuous {alpha(0.5, 6):.3f} (6) … {alpha(0.5, 64):.3f} (64)"
    yield f"{alpha(1.0, 2):.3f} (2) … {alpha(1.0, 64):.3f} (64)"
    critical = column(data.tables["minima"], "a_critical")
    yield f"p* = 1: a_c = {critical[0]:.3f} … {critical[-1]:.3f}"
    yield from _panels(data)


def _panels(data: Data) -> Iterator[str]:
    """What figures 2 and 6 state together."""
    p_star, over_a, minima = data.parameters["p_star"], data.tables["over_a"], data.tables["minima"]
    limit = [(row["a"], row["alpha_bbp"]) for row in rows(over_a, p="inf")]
    off = max(abs(alpha / (p_star * (a + 1) / 2) - 1) for a, alpha in limit)
    yield f"to {10 ** math.ceil(math.log10(off)):.0e}".replace("e-0", "e-") + (
        f" at {len(limit)} values of a, both p*"
    )
    slopes = []
    for p in minima["p"]:
        (a, alpha), (b, beta) = [(row["a"], row["alpha_bbp"]) for row in rows(over_a, p=p)][-2:]
        slopes.append((beta - alpha) / (b - a) / (p_star / 2) - 1)
    yield f"slope at a = 10 within {math.ceil(100 * max(slopes))} % of p*/2"
    apart = np.subtract(minima["a_minimum"], minima["a_critical"]) / minima["a_critical"]
    yield "at a_c to ten digits" if abs(apart).max() < 1e-10 else "at a_c, but not to ten digits"


def _figure06(data: Data) -> Iterator[str]:
    yield from _panels(data)
    critical = column(data.tables["minima"], "a_critical")
    yield f"p* = 2: {critical[0]:.3f} … {critical[-1]:.3f}"


def _figure07(data: Data) -> Iterator[str]:
    """The least α_BBP over a of a narrow student is the first of the a's, the smallest."""
    for p_star in (2, 3):
        found = rows(data.tables["thresholds"], p_star=p_star)
        told = ", ".join(f"{row['alpha_bbp']:.2f} (a = {row['a']:g})" for row in found)
        yield f"at p = 1, p* = {p_star} α_BBP is {told}"


def _figure04(data: Data) -> Iterator[str]:
    def at(a: float, p: int) -> dict:
        return rows(data.tables["onset"], a=a, p=p)[0]

    yield (
        f"to {at(0.3, 32)['tangent']:.3f} (a = 0.3), {at(1.0, 32)['tangent']:.3f} (a = 1), "
        f"{at(2.0, 32)['tangent']:.3f} (a = 2)"
    )
    wide = at(2.0, 32)
    yield f"give {wide['narrow']:.2f} to {wide['wide']:.2f}"
    yield f"needs no window: {wide['tangent']:.3f} there"
    first, last = at(1.0, 2), at(1.0, 32)
    yield (
        f"({first['tangent']:.3f} and {first['alpha_half']:.3f} at p = 2, "
        f"{last['tangent']:.3f} and {last['alpha_half']:.3f} at p = 32)"
    )
    for case in dict.fromkeys(data.tables["sizes"]["case"]):
        found = rows(data.tables["sizes"], case=case)
        line = ", ".join(f"{row['narrow']:.3f} ± {row['narrow_error']:.3f}" for row in found)
        half = ", ".join(f"{row['alpha_half']:.3f} ± {row['standard_error']:.3f}" for row in found)
        yield f"At {case} it reaches 0 at {line}, and half of the draws have an outlier at {half}"


def _figure05(data: Data) -> Iterator[str]:
    states = [(row["case"], row["alpha"], row["outlier"]) for row in rows(data.tables["states"])]
    gap = max(density_gap(data, case, alpha) for case, alpha, _ in states)
    yield f"≤ {math.ceil(100 * gap) / 100:.2f} at N = {data.parameters['N']}"
    off = max(abs(lowest_gap(data, case, alpha)) for case, alpha, out in states if out is not None)
    yield f"within {_up(off)} standard errors of the outlier"


def _figure08(data: Data) -> Iterator[str]:
    def alpha(name: str, p: int) -> float:
        return column(data.tables["thresholds"], "alpha_bbp", activation=name, p=p)[0]

    yield (
        f"ReLU, a = 1, p = 1: {alpha('relu', 1):.1f}; erf, a = 50: {alpha('erf', 1):.2f} (p = 1), "
        f"{alpha('erf', 2):.2f} (p = 2)"
    )
    shown = (("relu", 1), ("erf", 1), ("erf", 2))
    z = [abs(activation_gaps(data, name, p, 1.4)).max() for name, p in shown]
    yield f"m² within {_up(max(z))} standard errors"
    yield from _tanh(data)


def _tanh(data: Data) -> Iterator[str]:
    law = {row["case"]: row for row in rows(data.tables["wide"])}
    yield (
        f"α_BBP is {law['p = 2']['alpha_bbp']:.4f} at p = 2 (continuous), "
        f"{law['p = 3']['alpha_bbp']:.4f} at p = 3 (jump of m² {law['p = 3']['m2_jump']:.4f}) and "
        f"{law['p = 4']['alpha_bbp']:.4f} at p = 4 (jump {law['p = 4']['m2_jump']:.3f}); "
        f"{law['p = 4, |y|']['alpha_bbp']:.4f} there with |y|"
    )
    for p in (3, 4):
        cells = []
        for N in (250, 1000):
            found = rows(data.tables["near"], p=p, N=N)
            cells.append(", ".join(f"{r['mean']:.3f} ± {r['standard_error']:.3f}" for r in found))
        found = rows(data.tables["near"], p=p, N=250)
        for name in ("finite", "theory"):
            cells.append(", ".join(f"{row[name]:.3f}" for row in found))
        yield f"| {p} | " + " | ".join(cells) + " |"


def _figure11(data: Data) -> Iterator[str]:
    levels = (0.0, 0.5, 1.0)

    def three(p: int) -> str:
        found = {row["noise"]: row["alpha_bbp"] for row in rows(data.tables["thresholds"], p=p)}
        return ", ".join(f"{found[level]:.3f}" for level in levels) + f" (p = {p})"

    yield "α_BBP " + ", ".join(three(p) for p in data.parameters["widths"])
    weak = {row["noise"]: row["alpha"] for row in rows(data.tables["weak_recovery"])}
    yield "weak recovery " + ", ".join(f"{weak[level]:.3g}" for level in levels)


def _figure12(data: Data) -> Iterator[str]:
    at = {row["method"]: row["alpha"] for row in rows(data.tables["methods"])}
    yield (
        f"begin at {at['Hessian']:.3f} (Hessian), {at['average Hessian']:.3f} (its average over "
        f"students), {at['optimal']:.3g} (optimal), {at['subset']:.3f} (subset), "
        f"{at['trimming']:.3f} (trimming)"
    )
    jumps = rows(data.tables["bayes_jumps"])
    yield f"perfect from {jumps[0]['alpha']:.4f}"


def _figure13(data: Data) -> Iterator[str]:
    parts = []
    for case, a in (("continuous", "0.01"), ("discontinuous", "2")):
        found = rows(data.tables["hessian"], case=case)
        half = next(row for row in found if row["m2"] < found[0]["m2"] / 2)
        parts.append((found[0]["m2"], half["step"], a, half["student_m2"]))
    (m, s, a, q), (m2, s2, a2, q2) = parts
    yield f"from {m:.3f} to below half in {s} steps (a = {a}) and from {m2:.3f} in {s2} (a = {a2})"
    yield f"(m² {q:.2f} and {q2:.2f})"


def _figure14(data: Data) -> Iterator[str]:
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


def _figure15(data: Data) -> Iterator[str]:
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


def _figure16(data: Data) -> Iterator[str]:
    z = np.concatenate([online_gaps(data, case) for case in data.parameters["cases"]])
    yield (
        f"within {_up(abs(z).max())} standard errors ({z.size} values, root mean square "
        f"{math.sqrt((z**2).mean()):.1f})"
    )
    z = np.concatenate([online_hessian_gaps(data, case) for case in data.parameters["cases"]])
    yield f"within {_up(abs(z).max())} ({z.size} values, {math.sqrt((z**2).mean()):.1f})"


def _figure17(data: Data) -> Iterator[str]:
    levels, law = data.parameters["levels"], data.tables["law"]
    low, middle, high = (levels.index(level) for level in (0.05, 0.5, 0.95))
    jumps = {row["kappa"]: row for row in rows(data.tables["toy"], ratio=1.0)}
    yield "m² at α_BBP is " + ", ".join(
        f"{row['mean']:.3f} ± {row['standard_error']:.3f} ({row['theory']:.3f}) at κ = {kappa:g}"
        for kappa, row in jumps.items()
        if kappa > 3
    )
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


def _up(value: float) -> str:
    """Of a bound: to one decimal, upwards."""
    return f"{math.ceil(10 * value - 1e-9) / 10:.1f}"


TOLD: dict[int, Callable[[Data], Iterator[str]]] = {
    1: _figure01,
    2: _figure02,
    3: meeting,
    4: _figure04,
    5: _figure05,
    6: _figure06,
    7: _figure07,
    8: _figure08,
    9: descent("continuous, a = 0.01"),
    10: descent("discontinuous, a = 2"),
    11: _figure11,
    12: _figure12,
    13: _figure13,
    14: _figure14,
    15: _figure15,
    16: _figure16,
    17: _figure17,
}
