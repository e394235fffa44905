"""What figures/README.md states of figures 9 and 10, from their data."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from figures.claims import descent_begins, descent_crossing
from figures.descent_panels import widths_of
from figures.kit import Data, column, rows


def descent(case: str) -> Callable[[Data], Iterator[str]]:
    """A row of the table of descents for each p* and p, and how far they have gone."""
    starts = ("random-500", "random-1000", "hessian-500")

    def crossing(data: Data, name: str, *place: Any) -> str:
        found = descent_crossing(data, name, *place) if name in data.tables else (math.nan, 0.0)
        return "{:.2f} ± {:.2f}".format(*found) if math.isfinite(found[0]) else "–"

    def tell(data: Data) -> Iterator[str]:
        for p_star, widths in widths_of(data).items():
            for p in widths:
                law = rows(data.tables["thresholds"], p=p, p_star=p_star, N=500)[0]
                smooth = case.startswith("continuous")
                half = f"{law['alpha_half']:.2f} ± {law['alpha_half_error']:.2f}"
                cells = [case, f"{p_star}", f"{p}", f"{law['alpha_bbp']:.3f}"]
                cells += ["–", "–"] if smooth else [f"{law['alpha_0']:.3f}", half]
                cells.append(f"{descent_begins(data, 'random-500', p, p_star):.2f}")
                cells += [crossing(data, name, p, p_star, 0.25) for name in starts]
                cells.append(crossing(data, "random-500", p, p_star, 0.5, "recovered"))
                yield "| " + " | ".join(cells) + " |"
        a = f"(a = {data.parameters['a']:g})"
        one, longer = data.tables["random-500"], data.tables["random-500-longer"]
        done = column(one, "mean", observable="converged")
        yield f"{100 * np.mean(done):.0f} % of the draws have converged {a}"
        short, long = (
            rows(longer, observable="final_m2", steps=steps)
            for steps in sorted(set(longer["steps"]))
        )
        yield f"by at most {_apart(short, long)} {a}"
        both = [rows(one, observable=name) for name in ("final_m2", "final_m2_frobenius")]
        yield f"by up to {_apart(*both)} {a}"

    return tell


def _apart(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> str:
    """The largest difference of means at one p, p* and α."""
    found = {(row["p"], row["p_star"], row["alpha"]): row["mean"] for row in one}
    return f"{max(abs(r['mean'] - found[r['p'], r['p_star'], r['alpha']]) for r in other):.3f}"
