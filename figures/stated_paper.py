"""What figures/README.md states of the figures of the paper, 1 to 8, from their data."""

import math
from collections.abc import Iterator

import numpy as np

from figures.claims import activation_gaps, density_gap, lowest_gap, overlap_gaps
from figures.kit import Data, column, rows


def figure01(data: Data) -> Iterator[str]:
    def both(N: int | None) -> tuple[float, np.ndarray]:
        z = np.concatenate([overlap_gaps(data, case, 1.5, N) for case in data.parameters["a"]])
        return abs(z).max(), z

    worst, z = both(None)
    yield (
        f"m² of {z.size} simulated points at α ≥ 1.5 α_BBP is within {up(worst)} standard errors "
        f"of the theory of sampled labels (root mean square {math.sqrt((z**2).mean()):.1f})"
    )
    N = data.parameters["N"][-1]
    yield f"at N = {N} within {up(both(N)[0])} of N → ∞"
    every = np.concatenate([overlap_gaps(data, case, 0.0, None) for case in data.parameters["a"]])
    yield f"nearer to it, and below, it misses by up to {abs(every).max():.1f}"
    yield f"jump {column(data.tables['thresholds'], 'm2_jump')[1]:.4f} at a = 1.5"


def figure02(data: Data) -> Iterator[str]:
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


def figure06(data: Data) -> Iterator[str]:
    yield from _panels(data)
    critical = column(data.tables["minima"], "a_critical")
    yield f"p* = 2: {critical[0]:.3f} … {critical[-1]:.3f}"


def figure07(data: Data) -> Iterator[str]:
    """The least α_BBP over a of a narrow student is the first of the a's, the smallest."""
    for p_star in (2, 3):
        found = rows(data.tables["thresholds"], p_star=p_star)
        told = ", ".join(f"{row['alpha_bbp']:.2f} (a = {row['a']:g})" for row in found)
        yield f"at p = 1, p* = {p_star} α_BBP is {told}"


def figure04(data: Data) -> Iterator[str]:
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
        f"({first['tangent']:.3f} and {_half(first)} at p = 2, {last['tangent']:.3f} and "
        f"{_half(last)} at p = 32)"
    )
    same = rows(data.tables["onset"], a=1.0)
    off = [row["tangent"] / row["alpha_half"] - 1 for row in same if row["p"] > 1]
    yield f"Within {math.ceil(100 * max(map(abs, off)))} % it is also where half"
    yield f"it lies up to {math.ceil(100 * max(off))} % above α_½ at N = {data.parameters['N']}"
    largest = rows(data.tables["sizes"], case="p = 1, a = 2")[-1]
    yield f"{largest['alpha_half']:.3f} ± {largest['standard_error']:.3f} at 10⁷"
    near = rows(data.tables["sizes"], case="p = 2, a = 1")[-1]
    over, error = (
        near["narrow"] - near["alpha_half"],
        math.hypot(near["narrow_error"], near["standard_error"]),
    )
    yield f"above α_½ by {over:.4f} ± {error:.4f}"
    counts = ", ".join(map(str, column(data.tables["sizes"], "draws", case="p = 1, a = 2")))
    yield f"of {counts} draws"
    for case in dict.fromkeys(data.tables["sizes"]["case"]):
        found = rows(data.tables["sizes"], case=case)
        line = ", ".join(_to_error(row["narrow"], row["narrow_error"]) for row in found)
        half = ", ".join(_to_error(row["alpha_half"], row["standard_error"]) for row in found)
        yield f"At {case} it reaches 0 at {line}, and half of the draws have an outlier at {half}"


def _half(row: dict) -> str:
    return _to_error(row["alpha_half"], row["standard_error"])


def _to_error(value: float, error: float) -> str:
    """Three decimals, or four where the error would be 0."""
    digits = 3 if error >= 0.0005 else 4
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def figure05(data: Data) -> Iterator[str]:
    states = [(row["case"], row["alpha"], row["outlier"]) for row in rows(data.tables["states"])]
    gap = max(density_gap(data, case, alpha) for case, alpha, _ in states)
    yield f"≤ {math.ceil(100 * gap) / 100:.2f} at N = {data.parameters['N']}"
    off = max(abs(lowest_gap(data, case, alpha)) for case, alpha, out in states if out is not None)
    yield f"within {up(off)} standard errors of the outlier"


def figure08(data: Data) -> Iterator[str]:
    def alpha(name: str, p: int) -> float:
        return column(data.tables["thresholds"], "alpha_bbp", activation=name, p=p)[0]

    yield (
        f"ReLU, a = 1, p = 1: {alpha('relu', 1):.1f}; erf, a = 50: {alpha('erf', 1):.2f} (p = 1), "
        f"{alpha('erf', 2):.2f} (p = 2)"
    )
    shown = (("relu", 1), ("erf", 1), ("erf", 2))
    z = [abs(activation_gaps(data, name, p, 1.4)).max() for name, p in shown]
    yield f"m² within {up(max(z))} standard errors"
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
    z = column(data.tables["near"], "z", N=250)
    yield f"(N = 250, six draws, within {up(max(map(abs, z)))} standard errors)"
    (far,) = rows(data.tables["near"], N=1000, p=4, alpha=4.0)
    below = (far["theory"] - far["mean"]) / far["standard_error"]
    yield f"still {below:.1f} standard errors below it at α = 4, p = 4"


def up(value: float) -> str:
    """Of a bound: to one decimal, upwards."""
    return f"{math.ceil(10 * value - 1e-9) / 10:.1f}"
