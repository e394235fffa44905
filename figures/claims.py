"""The numbers by which the data of the figures support or refute the paper's claims."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figures.kit import Data, Table, column, rows, table_of

RESAMPLES = 2000
FLOOR = 4.0  # standard errors by which a descent has to leave the floor to have begun


def gaps(found: Iterable[dict[str, Any]], theory: Table | None = None) -> NDArray[np.float64]:
    """(simulation − theory)/standard error of rows with ``alpha``, ``mean``, ``standard_error``.

    The theory is interpolated in the columns ``alpha`` and ``m2``, or each row's ``theory``.
    """
    found = list(found)
    mean, error = (np.array([row[name] for row in found]) for name in ("mean", "standard_error"))
    if theory is None:
        expected = np.array([row["theory"] for row in found])
    else:
        expected = np.interp([row["alpha"] for row in found], theory["alpha"], theory["m2"])
    return (mean - expected) / error


def overlap_gaps(data: Data, case: str, beyond: float, N: int | None = None) -> NDArray[np.float64]:
    """Figure 1: gaps of the m² of a case at α ≥ ``beyond`` · α_BBP.

    Those of one N are from the limit N → ∞; without ``N``, those of every N are from the theory of
    sampled labels at that N, whose error is in them.
    """
    (law,) = rows(data.tables["thresholds"], case=case)
    theory = table_of(rows(data.tables["theory"], case=case))
    found = [
        row
        for row in rows(data.tables["simulation"], case=case)
        if row["alpha"] >= beyond * law["alpha_bbp"] and N in (None, row["N"])
    ]
    if N is not None:
        return gaps(found, theory)
    sampled = {(r["N"], r["alpha"]): r for r in rows(data.tables["label_sampled"], case=case)}
    for row in found:
        there = sampled[row["N"], row["alpha"]]
        row["theory"] = there["m2"]
        row["standard_error"] = math.hypot(row["standard_error"], there["standard_error"])
    return gaps(found)


def density_gap(data: Data, case: str, alpha: float) -> float:
    """Figure 5: ∫ |histogram − ρ| dλ, the theory averaged over each bin."""
    theory = rows(data.tables["theory"], case=case, alpha=alpha)
    x, rho = (np.array([row[k] for row in theory], float) for k in ("eigenvalue", "rho"))
    cumulative = np.concatenate([[0.0], np.cumsum((rho[1:] + rho[:-1]) / 2 * np.diff(x))])
    bins = rows(data.tables["histogram"], case=case, alpha=alpha)
    left, right, height = (np.array([row[k] for row in bins]) for k in ("left", "right", "rho"))
    mass = np.interp(right, x, cumulative) - np.interp(left, x, cumulative)
    return float(np.abs(mass - height * (right - left)).sum())


def lowest_gap(data: Data, case: str, alpha: float) -> float:
    """Figure 5: (mean lowest eigenvalue − outlier)/standard error."""
    (state,) = rows(data.tables["states"], case=case, alpha=alpha)
    found = rows(data.tables["lowest"], case=case, alpha=alpha)
    every: dict[int, float] = {}
    for row in found:
        every[row["draw"]] = min(row["eigenvalue"], every.get(row["draw"], math.inf))
    values = np.array(list(every.values()))
    error = values.std(ddof=1) / math.sqrt(values.size)
    return float((values.mean() - state["outlier"]) / error)


def activation_gaps(data: Data, name: str, p: int, beyond: float) -> NDArray[np.float64]:
    """Figure 8: gaps of the lowest eigenvector's m² at α ≥ ``beyond`` · α_BBP."""
    (law,) = rows(data.tables["thresholds"], activation=name, p=p)
    theory = {
        key: column(data.tables["theory"], key, activation=name, p=p) for key in ("alpha", "m2")
    }
    found = rows(data.tables[name], observable="m2", p=p)
    return gaps([row for row in found if row["alpha"] >= beyond * law["alpha_bbp"]], theory)


def descent_crossing(
    data: Data, name: str, p: int, p_star: int, level: float, logit: bool = False
) -> tuple[float, float]:
    """Figures 9 and 10: α at which the mean final m² first rises through ``level``.

    Straight lines between the points, or between their log m²/(1 − m²) if ``logit``; its error is
    the spread over Gaussian resamples of the means. NaN where the level is not crossed, or nothing
    is there.
    """
    found = _along(data, name, p, p_star)
    if not found:
        return math.nan, math.nan
    x, y, e = (np.array([row[k] for row in found]) for k in ("alpha", "mean", "standard_error"))
    if logit:
        y = np.clip(y, 1e-9, 1 - 1e-9)
        y, level = np.log(y / (1 - y)), math.log(level / (1 - level))

    def cross(values: NDArray[np.float64]) -> float:
        above = values >= level
        if above[0] or not above.any():
            return math.nan
        i = int(above.argmax())
        return float(
            x[i - 1] + (level - values[i - 1]) / (values[i] - values[i - 1]) * (x[i] - x[i - 1])
        )

    if logit:
        return cross(y), math.nan
    generator = np.random.default_rng(0)
    samples = [cross(y + e * generator.standard_normal(y.size)) for _ in range(RESAMPLES // 4)]
    return cross(y), float(np.nanstd(samples))


def descent_begins(data: Data, name: str, p: int, p_star: int) -> float:
    """Figures 9 and 10: the first α whose final m² is above the first point's by FLOOR errors."""
    first, *others = _along(data, name, p, p_star)
    for row in others:
        error = math.hypot(row["standard_error"], first["standard_error"])
        if row["mean"] > first["mean"] + FLOOR * error:
            return float(row["alpha"])
    return math.nan


def _along(data: Data, name: str, p: int, p_star: int) -> list[dict[str, Any]]:
    found = rows(data.tables[name], observable="final_m2", p=p, p_star=p_star)
    return sorted(found, key=lambda row: row["alpha"])


def online_gaps(data: Data, case: str) -> NDArray[np.float64]:
    """Figure 16: (simulation − theory)/standard error of Q, m and the loss.

    All times but the first, where Q and m are those of the theory exactly.
    """
    found = [row for row in rows(data.tables["order"], case=case) if row["t"] > 0]
    return gaps([row for row in found if not row["name"].startswith("m2")])


def online_hessian_gaps(data: Data, case: str) -> NDArray[np.float64]:
    """Figure 16: those of the outliers and of their m², where the theory has some."""
    found = [row for row in rows(data.tables["hessian"], case=case) if row["outlier"] < row["edge"]]
    return np.array(
        [
            (row[f"{key}_measured"] - row[key]) / row[f"{key}_error"]
            for row in found
            for key in ("outlier", "m2")
        ]
    )
