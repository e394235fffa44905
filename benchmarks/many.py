"""Many at once: diagrams of 100 × 100 cells, a network's overlap curve of 100 points, one by one.

    python benchmarks/many.py

Each row is (name, ours, alternative, floor), seconds of one core's time, medians. The alternative
solves some of the cells (or columns of α) one after another, as a loop over ``threshold`` and
``overlap_curve`` would, and is scaled to all of them. The floor is one evaluation of all moments in
every cell, and of a network's M′, of which m² is, at every α: no method can do with less than that.
"""

import functools
import itertools
import statistics
import time

import numpy as np

import bbpscape as bb
from bbpscape.theory.laws.committees import Committees
from bbpscape.theory.route import route

N = 100
A, WIDTHS, ALPHA = np.geomspace(1e-3, 10, N), np.arange(1, N + 1), np.geomspace(0.3, 6, N)
REPEATS, SAMPLED = 5, 100
TANH = bb.TeacherStudent(2, 1, "square", "tanh")
AXES = {
    "diagram a, p": {"a": A, "p": WIDTHS},
    "diagram p*, p": {"a": 0.3, "p_star": WIDTHS, "p": WIDTHS},
    "diagram a, α": {"a": A, "p": 2, "alpha": ALPHA},
    "diagram p, α": {"a": 0.3, "p": WIDTHS, "alpha": ALPHA},
}


def spent(function, repeats=REPEATS):
    """Median CPU seconds of a call, after one that is not counted."""
    function()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        function()
        times.append(time.process_time() - began)
    return statistics.median(times)


def one_by_one(given):
    """Seconds of all cells by single calls, from SAMPLED thresholds, or a tenth of the columns."""
    generator = np.random.default_rng(0)
    fixed = {"a": 0.01, "p_star": 1, **given}
    alphas = fixed.pop("alpha", None)
    count = SAMPLED if alphas is None else N // 10
    picked = [
        {name: generator.choice(np.atleast_1d(value)) for name, value in fixed.items()}
        for _ in range(count)
    ]
    models = [
        bb.TeacherStudent(int(one["p"]), int(one["p_star"]), bb.NormalizedSquare(float(one["a"])))
        for one in picked
    ]

    def solve():
        for model in models:
            if alphas is None:
                bb.threshold(model)
            else:
                for alpha in alphas[::10]:
                    bb.overlap_curve(model, [alpha])

    share = count / N**2 if alphas is None else count * len(alphas[::10]) / N**2
    began = time.process_time()
    solve()
    return (time.process_time() - began) / share


def floor(given):
    fixed = {"p_star": 1, **given}
    alphas = fixed.pop("alpha", np.ones(1))
    grid = np.meshgrid(*(np.atleast_1d(fixed[name]) for name in ("p", "p_star", "a")), alphas)
    laws = Committees.of(*grid[:3])
    s = np.random.default_rng(0).uniform(0.05, 1, len(laws))
    return spent(lambda: laws.moments(s, 2, 2))


def rows():
    found = []
    for name, given in AXES.items():
        ours = spent(functools.partial(bb.diagram, **given, progress=False))
        found.append((name, ours, one_by_one(given), floor(given)))
    return [*found, curve()]


def curve():
    """100 points of m² of tanh, p = 2, with its threshold; the alternative solves ten α alone."""
    alphas = 2.216 * np.linspace(0.03, 3, N)
    ours = spent(lambda: bb.overlap_curve(TANH, alphas), 3)
    way = route(TANH)
    law, A = way.coarse.law, 0.2 * np.eye(2)
    began = time.process_time()
    for alpha in alphas[::10].tolist():
        way.coarse.left(alpha)
    alone = 10 * (time.process_time() - began)
    # At another A each time: what was found at the last one is remembered.
    shrinking = (A * 0.99**k for k in itertools.count())
    least = spent(lambda: law.signal_slope(next(shrinking), A))
    return "overlap curve of tanh", ours, alone, N * least


if __name__ == "__main__":
    print("| | ours | one by one | floor |\n|---|---|---|---|")
    for name, *seconds in rows():
        print(f"| {name} | " + " | ".join(f"{one:.2f} s" for one in seconds) + " |", flush=True)
