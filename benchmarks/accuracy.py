"""Accuracy of the theory: thresholds, edges, outliers and overlaps of 72 models.

    python -m benchmarks.accuracy            # minutes
    python -m benchmarks.accuracy --quick    # 8 models

Against ``mpmath_reference``, 30 digits from the equations as written.
"""

import argparse
import itertools
import math
import statistics

import mpmath

from bbpscape import NormalizedSquare, TeacherStudent, threshold
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier
from benchmarks.frame import line
from benchmarks.mpmath_reference import DIGITS, GUARD, Reference

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
ASKED = 1e-10
SURE = 1e-20  # of the reference, between two of its rules


def model_of(p, p_star, a):
    return TeacherStudent(p, p_star, NormalizedSquare(a))


def named(case):
    return "p = {:g}, p* = {}, a = {:g}".format(*case)


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    cases = QUICK if parser.parse_args().quick else GRID
    rows, surest = [], 0.0
    for case in cases:
        found, sure = errors(case)
        surest = max(surest, sure)
        rows.append({"model": named(case)} | found)
    print(f"{len(cases)} models; the reference is sure to {surest:.1g} (asked {SURE:g})\n")
    print(line(("quantity", "models", "worst relative error", "at", "median", "asked")))
    print("|---|---|---|---|---|---|")
    for name in dict.fromkeys(name for row in rows for name in row if name != "model"):
        held = [row for row in rows if name in row]
        worst = max(held, key=lambda row: row[name])
        median = statistics.median(row[name] for row in held)
        missed = "" if worst[name] <= ASKED else ", missed"
        error = f"{worst[name]:.2g}"
        cells = (name, str(len(held)), error, worst["model"], f"{median:.2g}", f"{ASKED:g}{missed}")
        print(line(cells))


if __name__ == "__main__":
    main()
