"""What figures/README.md states of figures 9 and 10, from their data."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from figures.claims import descent_begins, descent_crossing
from figures.descent_panels import widths_of
from figures.kit import Data, column, rows

RANDOM = ("random-500", "random-1000", "random-2000")
QUARTER = 0.25


def descent(case: str) -> Callable[[Data], Iterator[str]]:
    """A row of the table of descents for each p* and p, and what the text says of all."""

    def tell(data: Data) -> Iterator[str]:
        for p_star, widths in widths_of(data).items():
            for p in widths:
                yield _row(data, case, p, p_star)
        a = f"(a = {data.parameters['a']:g})"
        for text in (*_ends(data), *_choices(data), *_ranges(data)):
            yield f"{text} {a}"

    return tell


def _row(data: Data, case: str, p: int, p_star: int) -> str:
    law = rows(data.tables["thresholds"], p=p, p_star=p_star, N=500)[0]
    smooth = case.startswith("continuous")
    half = f"{law['alpha_half']:.2f} ± {law['alpha_half_error']:.2f}"
    cells = [case, f"{p_star}", f"{p}", f"{law['alpha_bbp']:.3f}"]
    cells += ["–", "–"] if smooth else [f"{law['alpha_0']:.3f}", half]
    cells.append(f"{descent_begins(data, 'random-500', p, p_star):.2f}")
    for name in (*RANDOM, "hessian-500"):
        alpha = column(data.tables[name], "alpha", p=p, p_star=p_star)
        value, error = _quarter(data, name, p, p_star)
        never = f"> {max(alpha):g}" if alpha else "–"
        cells.append(f"{value:.2f} ± {error:.2f}" if math.isfinite(value) else never)
    cells.append("{:g} to {:g}".format(*_bracket(data, p, p_star)))
    return "| " + " | ".join(cells) + " |"


def _bracket(data: Data, p: int, p_star: int) -> tuple[float, float]:
    """The last α of the grid up to which fewer than half of the draws come to 0.9, and the next."""
    found = rows(data.tables["random-500"], observable="recovered", p=p, p_star=p_star)
    found.sort(key=lambda row: row["alpha"])
    first = next(i for i, row in enumerate(found) if row["mean"] >= 0.5)
    return found[first - 1]["alpha"], found[first]["alpha"]


def _quarter(
    data: Data, name: str, p: int, p_star: int, logit: bool = False
) -> tuple[float, float]:
    return descent_crossing(data, name, p, p_star, QUARTER, logit=logit)


def _ends(data: Data) -> Iterator[str]:
    """How far descents have gone."""
    done = [
        {(row["p"], row["p_star"], row["alpha"]): row["mean"]
         for row in rows(data.tables[name], observable="converged")}
        for name in RANDOM
    ]  # fmt: skip
    shared = set.intersection(*map(set, done))
    told = [100 * np.mean([each[cell] for cell in shared]) for each in done]
    yield "{:.0f}, {:.0f} and {:.0f} % have converged".format(*told)
    longer = rows(data.tables["random-500-longer"], observable="final_m2")
    short, long = ([r for r in longer if r["steps"] == steps] for steps in (4000, 16000))
    yield f"by at most {_apart(short, long):.3f}"
    last = []
    for name in RANDOM:
        found = rows(data.tables[name], observable="final_m2")
        last += [row["mean"] for row in found if row["alpha"] == 4.25 * row["p_star"]]
    yield f"m² > {math.floor(100 * min(last)) / 100:.2f} at α = 4.25 p*"


def _choices(data: Data) -> Iterator[str]:
    """What the two definitions of m² and gradient flow change."""
    norms = ("final_m2", "final_m2_frobenius")
    both = [[rows(data.tables[table], observable=name) for name in norms] for table in RANDOM]
    yield f"by up to {max(_apart(*one) for one in both):.3f}"
    steps, flow = (
        rows(data.tables[name], observable="final_m2") for name in ("random-500", "random-500-flow")
    )
    yield f"by up to {_apart(steps, flow):.2f}"
    moved = []
    for p in (1, 2, 4):
        gd, by_flow = (_quarter(data, name, p, 1)[0] for name in ("random-500", "random-500-flow"))
        moved.append(abs(by_flow - gd))
    yield f"by at most {max(moved):.2f}"


def _ranges(data: Data) -> Iterator[str]:
    """Of the table, over widths."""
    quarters = [_quarter(data, name, p, 1)[0] for name in RANDOM for p in (2, 4, 8)]
    known = [one for one in quarters if math.isfinite(one)]
    yield f"at {min(known):.2f} to {max(known):.2f}"
    begins = [descent_begins(data, "random-2000", p, 1) for p in (1, 2, 4, 8)]
    yield ", ".join(f"{one:g}" if math.isfinite(one) else "none" for one in begins)
    moved = [
        abs(_quarter(data, name, p, p_star, logit=True)[0] - _quarter(data, name, p, p_star)[0])
        for name in RANDOM
        for p_star, widths in widths_of(data).items()
        for p in widths
    ]
    yield f"by up to {np.nanmax(moved):.2f}"
    law = {(r["p"], r["p_star"]): r for r in rows(data.tables["thresholds"], N=500)}
    for name in ("alpha_bbp", "alpha_quarter"):
        ratios = [_quarter(data, "hessian-500", *at)[0] / row[name] for at, row in law.items()]
        yield f"at {min(ratios):.2f} to {max(ratios):.2f} times"


def _apart(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> float:
    """The largest difference of means at one p, p* and α."""
    names = ("p", "p_star", "alpha")
    found = {tuple(row[name] for name in names): row["mean"] for row in one}
    return max(abs(row["mean"] - found[tuple(row[name] for name in names)]) for row in other)
