"""Accuracy and speed of the theory: thresholds, edges, outliers, densities, the law at finite N.

    python benchmarks/theory.py                  # everything; the 72 references take minutes
    python benchmarks/theory.py --quick          # 8 models, fewer repetitions, smaller N
    python benchmarks/theory.py accuracy --json  # one section, as JSON

Accuracy is against ``mpmath_reference``, 30 digits from the equations as written. Times are medians
over repetitions, each beside an alternative in the same run; set OPENBLAS_NUM_THREADS=1. On a busy
machine --cpu-time counts processor time in place of wall time, except where threads are measured.
"""

import argparse
import itertools
import json
import math
import os
import platform
import statistics
import sys
import time

import mpmath
import numpy as np
import scipy
from mpmath_reference import DIGITS, GUARD, Reference
from scipy.integrate import dblquad, quad
from scipy.optimize import brentq
from scipy.special import gammaln, roots_genlaguerre
from scipy.stats import chi

from bbpscape import (
    InputLaw,
    NormalizedSquare,
    TeacherStudent,
    spectrum,
    threshold,
)
from bbpscape.theory.finite.law import finite_size_law
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.route import route
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.scalar.transition import SINGLE, transition

INF = math.inf
GRID = list(itertools.product((1, 2, 5, 50, 500, INF), (1, 2, 5), (1e-4, 1e-2, 1.0, 100.0)))
QUICK = [
    (1, 1, 1e-4),
    (1, 5, 100.0),
    (2, 1, 1e-2),
    (2, 1, 1.0),
    (5, 2, 1.0),
    (50, 5, 1e-2),
    (500, 2, 1e-4),
    (INF, 1, 1e-2),
]
# α/α_BBP at which edges are compared, and outliers above 1.
RATIOS = (0.5, 1.3, 3.0)
TIMED = [case for case in GRID if case[1] == 1]
# Models and α/α_BBP of the densities.
DENSITIES = [
    ((1, 1, 1e-2), 2.0),
    ((2, 1, 1e-2), 2.0),
    ((2, 1, 1.0), 0.5),
    ((2, 1, 1.0), 2.0),
    ((50, 1, 1.0), 2.0),
    ((INF, 1, 1.0), 2.0),
]
POINTS = 1000
ASKED = 1e-10
CLOCK = time.perf_counter


def model_of(p, p_star, a):
    return TeacherStudent(p, p_star, NormalizedSquare(a))


def named(case):
    return "p = {:g}, p* = {}, a = {:g}".format(*case)


def median_time(function, repetitions, clock=None):
    """(median seconds, last result)."""
    clock, times = clock or CLOCK, []
    for _ in range(repetitions):
        start = clock()
        result = function()
        times.append(clock() - start)
    return statistics.median(times), result


def relative(value, exact):
    with mpmath.workdps(DIGITS + GUARD):
        return float(abs(mpmath.mpf(value) / exact - 1))


def errors(case):
    """Relative errors of one model against the reference, and how far the reference is sure."""
    reference, model = Reference(*case), model_of(*case)
    law, at = CommitteeLaw(model), threshold(model)
    exact, point = reference.transition()
    found = {
        "alpha_BBP": relative(at.alpha_bbp, exact),
        "eigenvalue at alpha_BBP": relative(at.eigenvalue, reference.eigenvalue(exact, point)),
    }
    if (at.transition == "discontinuous") != (point.s == 1):
        raise AssertionError(f"{named(case)}: the kinds of the transition differ")
    if point.s == 1:
        found["m2 at alpha_BBP"] = relative(at.m2_jump, reference.m2(exact, point))
    sure = reference.disagreement(point)
    for ratio in RATIOS:
        alpha = ratio * float(exact)
        edge, exact_edge = left_edge(law, alpha), reference.edge(alpha)
        value = reference.eigenvalue(alpha, exact_edge)
        found[f"left edge at {ratio:g} alpha_BBP"] = relative(edge.value, value)
        if ratio > 1:
            outlier = left_outlier(law, alpha, edge, TEACHER)
            exact_outlier = reference.outlier(alpha, exact_edge)
            value = reference.eigenvalue(alpha, exact_outlier)
            found[f"outlier at {ratio:g} alpha_BBP"] = relative(outlier.eigenvalue, value)
            value = reference.m2(alpha, exact_outlier)
            found[f"m2 at {ratio:g} alpha_BBP"] = relative(outlier.m2, value)
            sure = max(sure, reference.disagreement(exact_outlier))
    return found, sure


def accuracy(quick):
    start, rows, surest = time.perf_counter(), [], 0.0
    cases = QUICK if quick else GRID
    for case in cases:
        found, sure = errors(case)
        surest = max(surest, sure)
        rows.append({"model": named(case), "reference check": sure} | found)
    worst = []
    for name in dict.fromkeys(name for row in rows for name in row):
        if name != "model":
            held = [row for row in rows if name in row]
            row = max(held, key=lambda row: row[name])
            asked = 1e-20 if name == "reference check" else ASKED
            worst.append(
                {
                    "quantity": name,
                    "models": len(held),
                    "worst relative error": row[name],
                    "at": row["model"],
                    "median": statistics.median(row[name] for row in held),
                    "asked": asked,
                    "met": row[name] <= asked,
                }
            )
    return {
        "title": f"Accuracy over {len(cases)} models against mpmath",
        "rows": worst,
        "models": rows,
        "seconds": time.perf_counter() - start,
    }


def straightforward_means(case, s, tolerance=ASKED):
    """(T, K) at g = −s p/2 by scipy's dblquad over x = √(p r), v = √(p* y), chi distributed.

    The tails beyond probability 1e-18 are cut, as quad over (0, ∞) misses narrow densities.
    """
    p, p_star, a = case
    norm_y = (1 - p_star / 2) * math.log(2) - gammaln(p_star / 2)
    y_limits = chi.ppf(1e-18, p_star), chi.isf(1e-18, p_star)
    options = {"epsabs": tolerance, "epsrel": tolerance}

    def density(x, width, norm):
        return math.exp(norm + (width - 1) * math.log(x) - x * x / 2)

    def at(r, y, share, power):
        total = 0.0
        for c, weight in ((1.0, 1 - share), (3.0, share)):
            h = (c * r - y) / (a + y)
            total += weight * (h / (1 + s * h)) ** power
        return total

    if math.isinf(p):

        def mean(function):
            def integrand(v):
                return density(v, p_star, norm_y) * function(1.0, v * v / p_star, 0.0)

            return quad(integrand, *y_limits, limit=200, **options)[0]
    else:
        norm_r = (1 - p / 2) * math.log(2) - gammaln(p / 2)

        def mean(function):
            def integrand(x, v):
                weight = density(x, p, norm_r) * density(v, p_star, norm_y)
                return weight * function(x * x / p, v * v / p_star, 1 / p)

            r_limits = chi.ppf(1e-18, p), chi.isf(1e-18, p)
            return dblquad(integrand, *y_limits, *r_limits, **options)[0]

    strength = s * mean(lambda r, y, share: (1 - y) * at(r, y, share, 1))
    return strength, s**2 * mean(lambda r, y, share: at(r, y, share, 2))


def straightforward_threshold(case):
    """α_BBP: T = K by brentq in s, or s = 1 where T > K at the end."""
    strength, flatness = straightforward_means(case, 1.0)
    if strength >= flatness:
        return 1 / strength

    def difference(s):
        strength, flatness = straightforward_means(case, s)
        return strength / flatness - 1

    s = brentq(difference, 0.01, 1.0, xtol=ASKED, rtol=ASKED)
    return 1 / straightforward_means(case, s)[0]


def alpha_alone(model):
    """α_BBP without all else that ``threshold`` gives, as the straightforward program has it."""
    law = CommitteeLaw(model)
    return transition(law, SINGLE).alpha


def one_threshold(quick):
    rows, medians = [], []
    for case in TIMED[::5] if quick else TIMED:
        model = model_of(*case)
        seconds, found = median_time(lambda model=model: threshold(model), 11 if quick else 51)
        bare, _ = median_time(lambda model=model: alpha_alone(model), 11 if quick else 51)
        slow, value = median_time(
            lambda case=case: straightforward_threshold(case), 1 if quick else 3
        )
        exact, _ = Reference(*case).transition()
        rows.append(
            {
                "model": named(case),
                "kind": found.transition,
                "threshold, ms": 1e3 * seconds,
                "met (3 ms)": seconds <= 3e-3,
                "α_BBP alone, ms": 1e3 * bare,
                "error": relative(found.alpha_bbp, exact),
                "dblquad in brentq, s": slow,
                "its error": relative(value, exact),
                "ratio": slow / seconds,
                "met (500)": slow / seconds >= 500,
                "ratio, α_BBP alone": slow / bare,
            }
        )
    for kind in ("continuous", "discontinuous"):
        held = [row for row in rows if row["kind"] == kind]
        middle = {"model": f"median of {len(held)}", "kind": kind}
        for name in rows[0]:
            if name not in middle and "met" not in name:
                middle[name] = statistics.median(row[name] for row in held)
        medians.append(middle)
    return {"title": "One threshold", "rows": [*rows, *medians]}


def fixed_point_density(case, alpha, eigenvalues, eta, nodes, steps=3000, tolerance=1e-8):
    """ρ by g ← 1/(z − α E⟨f/(1 − g f)⟩) at z = λ + iη, on a Gauss–Laguerre grid in r and y.

    All points at once, each until g moves by less than ``tolerance``; with the number that do not.
    """
    p, p_star, a = case

    def rule(width):
        x, w = roots_genlaguerre(nodes, width / 2 - 1)
        return 2 * x / width, w / w.sum()

    y, y_weights = rule(p_star)
    unit, share = (1.0, 0.0) if math.isinf(p) else (2 / p, 1 / p)
    r, r_weights = (np.ones(1), np.ones(1)) if math.isinf(p) else rule(p)
    f, weights = [], []
    for c, weight in ((1, 1 - share), (3, share)):
        if weight:
            f.append(unit * ((c * r[:, None] - y) / (a + y)).ravel())
            weights.append(weight * (r_weights[:, None] * y_weights).ravel())
    f, weights = np.concatenate(f), np.concatenate(weights)
    f, weights = f[weights > 1e-16], weights[weights > 1e-16]
    z = eigenvalues + 1j * eta
    g, active = 1 / z, np.arange(z.size)
    for _ in range(steps):
        kernel = g[active, None] * f
        np.subtract(1, kernel, out=kernel)
        np.divide(f, kernel, out=kernel)
        new = 1 / (z[active] - alpha * (kernel @ weights))
        moved = abs(new - g[active]) > tolerance * abs(new)
        g[active] = new
        active = active[moved]
        if not active.size:
            break
    return -g.imag / np.pi, active.size


def density(quick):
    rows = []
    for case, ratio in DENSITIES[::3] if quick else DENSITIES:
        model = model_of(*case)
        alpha = ratio * threshold(model).alpha_bbp
        seconds, found = median_time(
            lambda model=model, alpha=alpha: spectrum(model, alpha, POINTS), 3 if quick else 15
        )
        again, _ = median_time(
            lambda found=found: found.density(found.eigenvalue), 3 if quick else 15
        )
        row = {
            "model": named(case),
            "alpha/alpha_BBP": ratio,
            "spectrum, ms": 1e3 * seconds,
            "met (50 ms)": seconds <= 0.05,
            "density again, ms": 1e3 * again,
        }
        for eta, nodes in ((1e-2, 40),) if quick else ((1e-2, 40), (1e-3, 100)):
            eta_here = eta * model.curvature_unit
            slow, (rho, left) = median_time(
                lambda: fixed_point_density(case, alpha, found.eigenvalue, eta_here, nodes),  # noqa: B023
                1,
            )
            name = f"η = {eta:g}, {nodes} nodes"
            row[f"fixed point at {name}: s"] = slow
            # The fixed point broadens the atom at 0 into a Lorentzian.
            atom = found.atom * eta_here / np.pi / (found.eigenvalue**2 + eta_here**2)
            difference = abs(rho - atom - found.rho)
            row[f"L1 error at η = {eta:g}"] = float(np.trapezoid(difference, found.eigenvalue))
            row[f"ratio at η = {eta:g}"] = slow / seconds
            row[f"not converged at η = {eta:g}"] = left
        rows.append(row)
    return {"title": f"A density of {POINTS} points", "rows": rows}


def finite_size(quick):
    """100 draws at N = 1e6, on one thread and on all; at N = 1e5 if ``quick``."""
    model, N = model_of(1, 1, 2.0), 10**5 if quick else 10**6
    rows = []
    for workers in (1, None):
        seconds, law = median_time(
            lambda workers=workers: finite_size_law(model, 1.7, N, draws=100, workers=workers),
            1,
            time.perf_counter,
        )
        rows.append(
            {
                "N": N,
                "draws": law.draws,
                "workers": workers or os.cpu_count(),
                "seconds": seconds,
                "met (60 s at N = 1e6)": None if quick else seconds <= 60,
                "P(outlier)": law.probability,
            }
        )
    return {"title": "The law at finite N: p = 1, p* = 1, a = 2, α = 1.7", "rows": rows}


def fixed_point_structured(way, alpha, eigenvalues, eta, steps=2000, tolerance=1e-8):
    """ρ by Γ ← Σ w_i σ_i/(z − σ_i α m_1(Γ)) at z = λ + iη, all points at once."""
    law, population = way.fine.law, way.population
    sigma, weights, z = population.sigma, population.weights, eigenvalues + 1j * eta
    gamma, s = 1 / z, np.zeros(z.size, dtype=complex)
    active = np.arange(z.size)
    for _ in range(steps):
        s[active] = alpha * law.moments(gamma[active], 1)[0, 0]
        pole = 1 / (z[active, None] - s[active, None] * sigma)
        new = (gamma[active] + pole @ (weights * sigma)) / 2
        moved = abs(new - gamma[active]) > tolerance * abs(new)
        gamma[active] = new
        active = active[moved]
        if not active.size:
            break
    g = (1 / (z[:, None] - s[:, None] * sigma)) @ weights
    return -g.imag / np.pi, active.size


def bisected_threshold(way, low, high, accuracy=1e-10):
    """α_BBP by bisection: the edge and the outliers of each α, anew."""
    while high / low - 1 > accuracy:
        middle = math.sqrt(low * high)
        known = any(one.direction == TEACHER for one in way.level(1.4).left(middle)[1])
        low, high = (low, middle) if known else (middle, high)
    return high


def structured(quick):
    """A covariance of 2000 eigenvalues: a threshold, and a spectrum of 1000 points."""
    N, rows = 2000, []
    for case in QUICK[2:4] if quick else [(1, 1, 0.5), (2, 1, 0.5), (2, 1, 2.0)]:
        model = model_of(*case).replace(inputs=InputLaw("power:0.5"))
        seconds, at = median_time(lambda model=model: threshold(model, N), 5 if quick else 21)
        way = route(model, N)
        slow, other = median_time(
            lambda way=way, at=at: bisected_threshold(way, 0.7 * at.alpha_bbp, 1.4 * at.alpha_bbp),
            1,
        )
        alpha = 3 * at.alpha_bbp
        density_time, found = median_time(
            lambda model=model, alpha=alpha: spectrum(model, alpha, POINTS, N), 2 if quick else 7
        )
        eta = 1e-2 * model.curvature_unit
        some = found.eigenvalue[:: POINTS // 100]
        fixed, (rho, left) = median_time(
            lambda way=way, alpha=alpha, some=some, eta=eta: fixed_point_structured(
                way, alpha, some, eta
            ),
            1,
        )
        rows.append(
            {
                "model": named(case),
                "threshold, ms": 1e3 * seconds,
                "met (20 ms)": seconds <= 0.02,
                "bisection, ms": 1e3 * slow,
                "ratio": slow / seconds,
                "difference": abs(other / at.alpha_bbp - 1),
                "spectrum, s": density_time,
                "met (0.5 s)": density_time <= 0.5,
                "fixed point at 100 points, η = 0.01: s": fixed,
                "L1 difference": float(np.trapezoid(abs(rho - found.rho[:: POINTS // 100]), some)),
                "not converged": left,
            }
        )
    return {"title": f"A power law of β = 0.5, N = {N}", "rows": rows}


SECTIONS = {
    "accuracy": accuracy,
    "threshold": one_threshold,
    "density": density,
    "finite-size": finite_size,
    "structured": structured,
}


def cell(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def show(section):
    names = list(dict.fromkeys(name for row in section["rows"] for name in row))
    print(f"\n{section['title']}\n\n| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in section["rows"]:
        print("| " + " | ".join(cell(row.get(name, "")) for name in names) + " |")
    if "seconds" in section:
        print(f"\n{section['seconds']:.0f} s")
    sys.stdout.flush()


def main():
    global CLOCK
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cpu-time", action="store_true")
    args = parser.parse_args()
    CLOCK = time.process_time if args.cpu_time else time.perf_counter
    if unknown := set(args.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    results = {
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, Python "
        f"{platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}",
        "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", "default"),
        "load": os.getloadavg()[0],
        "clock": CLOCK.__name__,
        "quick": args.quick,
    }
    if not args.json:
        print("; ".join(f"{name}: {value}" for name, value in results.items()))
    for name in args.sections or SECTIONS:
        results[name] = SECTIONS[name](args.quick)
        if not args.json:
            show(results[name])
    if args.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
