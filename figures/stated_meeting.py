"""What figures/README.md states of figure 3, from its data."""

import math
from collections.abc import Iterator, Sequence

from figures.kit import Data, rows
from figures.meeting import (
    Collapse,
    Crossing,
    outlier_crossings,
    phi_collapse,
    phi_crossings,
)
from figures.together import Meeting, phi_meeting

CASES = ("continuous", "discontinuous")


def meeting(data: Data) -> Iterator[str]:
    bbp = {row["case"]: row["alpha_bbp"] for row in rows(data.tables["thresholds"])}
    smooth, jump = bbp["continuous"], bbp["discontinuous"]
    yield f"a = 0.5 (α_BBP = {smooth:.3f}) and a = 2 (α_BBP = {jump:.3f})"
    draws, sizes = (listed(data.parameters[name]) for name in ("draws", "N"))
    yield f"{draws} draws a point at N = {sizes}"
    for case in CASES:
        *successive, widest = phi_crossings(data, case)
        yield f"N cross at {listed([_crossing(one, 2) for one in successive])}"
        kept = listed([f"{100 * one.found:.0f}" for one in successive])
        yield f"{kept} % of resampled draws"
        yield f"those of N = 250 and 4000 at {_crossing(widest, 3)}"
        both, far = (phi_meeting(data, case, corrected) for corrected in (False, True))
        yield f"{_with_error(both)} (χ² = {both.chi2:.1f} for {both.dof})"
        yield f"{far.alpha:.2f} ± {far.standard_error:.2f} (χ² = {far.chi2:.1f} for {far.dof})"
        found = phi_collapse(data, case)
        yield f"{_with_error(found)} (χ² = {found.chi2:.0f} for {found.dof})"
        yield f"{_with_error(phi_collapse(data, case, 1000))} from N ≥ 1000"
        others = [phi_collapse(data, case, power=power).alpha for power in (1 / 6, 1 / 2)]
        yield f"α_c is {min(others):.2f} to {max(others):.2f}"
        away = found.alpha / bbp[case] - 1
        yield f"{100 * abs(away):.0f} % {'below' if away < 0 else 'above'} α_BBP"
        nearest = rows(data.tables["phi"], case=case)
        at = min(nearest, key=lambda row: abs(row["alpha"] - bbp[case]))["alpha"]
        first, *_, last = rows(data.tables["phi"], case=case, alpha=at)
        ends = [f"{one['mean']:.3f} ± {one['standard_error']:.3f}" for one in (first, last)]
        yield f"{' and '.join(ends)} at N = {first['N']} and {last['N']}"
        met = [one for one in outlier_crossings(data, case) if math.isfinite(one.alpha)]
        yield f"meet at {listed([_crossing(one, 3) for one in met])}"
        half = {row["N"]: row for row in rows(data.tables["half"], case=case)}
        told = []
        for N in (1000, 10_000, 100_000, 1_000_000):
            row = half[N]
            told.append(f"{row['alpha_half']:.3f} ± {row['standard_error']:.3f}")
        yield f"{listed(told)} at N = 10³, 10⁴, 10⁵ and 10⁶"


def _crossing(one: Crossing, digits: int) -> str:
    return f"{one.alpha:.{digits}f} ± {one.standard_error:.{digits}f}"


def _with_error(one: Collapse | Meeting) -> str:
    return f"{one.alpha:.3f} ± {one.standard_error:.3f}"


def listed(values: Sequence[object]) -> str:
    """'1, 2 and 3'."""
    *first, last = map(str, values)
    return f"{', '.join(first)} and {last}" if first else last
