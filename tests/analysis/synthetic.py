"""Studies whose draws are made up, so that crossings, limits and onsets are known."""

from pathlib import Path

import numpy as np

from bbpscape.analysis.curves import Curve
from bbpscape.study.cells import Cell
from bbpscape.study.definition import Definition
from bbpscape.study.results import StudyResults
from bbpscape.study.rows import Row

ALPHAS = np.linspace(0.8, 2.4, 9)


def curve(N, means, draws, seed, spread=None, alphas=ALPHAS):
    """Gaussian draws about ``means``, or draws of 0 and 1 without a ``spread``."""
    generator = np.random.default_rng([seed, N])
    rows = []
    for mean in means:
        if spread is None:
            rows.append((generator.random(draws) < mean).astype(float))
        else:
            rows.append(mean + spread * generator.standard_normal(draws))
    return Curve(N, np.asarray(alphas), tuple(rows))


def sigmoids(sizes, crossing, draws, seed, shift=0.0):
    """Curves of 0 and 1 of slope ~ N^(1/2), through one point, or each ``shift`` lower."""
    return [
        curve(
            n,
            1 / (1 + np.exp(-((n / 250) ** 0.5) * 3 * (ALPHAS - crossing) + shift * i)),
            draws,
            seed,
        )
        for i, n in enumerate(sizes)
    ]


def resampled(curves, count=200, seed=0):
    return [one.resampled(np.random.default_rng([seed, one.N]), count) for one in curves]


def study(curves, observable="phi", a=2.0, theory=()):
    """A study of p = p* = 1 with these curves; ``theory`` are pairs (alpha, value)."""
    alphas = sorted({alpha for one in curves for alpha in one.alphas.tolist()})
    definition = Definition.define(
        {
            "observables": [observable],
            "model": {"p": 1, "p_star": 1, "a": a},
            "axes": {"alpha": alphas, "N": [one.N for one in curves]},
        }
    )
    rows = []
    for one in curves:
        cells = [
            Cell.of({"p": 1, "p_star": 1, "a": a, "alpha": alpha, "N": one.N})
            for alpha in one.alphas.tolist()
        ]
        rows += [
            Row(cell, observable, "simulation", values, None)
            for cell, values in zip(cells, one.draws, strict=True)
        ]
        limits = dict(theory)
        rows += [
            Row(cell, observable, "theory", np.array([limits[cell.alpha]]), None)
            for cell in cells
            if cell.alpha in limits
        ]
    return StudyResults(Path("made-up.sqlite"), definition, tuple(rows))
