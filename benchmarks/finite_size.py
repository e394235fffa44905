"""The finite-N law against full diagonalization, the table of finite-size.md, and its speed.

    python benchmarks/finite_size.py            # accuracy: N up to 1500
    python benchmarks/finite_size.py --speed    # seconds per draw, beside the generic solve

Predictions are means over 2000 draws of the labels alone, independent of the draws diagonalized.
"""

import argparse
import math
import time

import numpy as np

from bbpscape import NormalizedSquare, TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen.diagonalize import all_eigenvalues_and_lowest, teacher_overlap
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.finite.draws import sample_labels
from bbpscape.theory.finite.label_sampled import solve_labels
from bbpscape.theory.finite.label_solve import solve_labels_fast
from bbpscape.theory.finite.law import finite_size_law
from bbpscape.theory.finite.network_draw import solve_network

PREDICTED = 2000
# (p, p*, a, N, alpha, draws)
CASES = [
    (1, 1, 2.0, 400, 0.8, 200),
    (1, 1, 2.0, 400, 1.2, 200),
    (1, 1, 2.0, 400, 1.69, 200),
    (1, 1, 2.0, 400, 2.2, 200),
    (1, 1, 2.0, 1500, 0.8, 80),
    (1, 1, 2.0, 1500, 1.2, 80),
    (1, 1, 2.0, 1500, 1.69, 80),
    (1, 1, 2.0, 1500, 2.2, 80),
    (2, 1, 0.01, 250, 1.0, 60),
    (2, 1, 0.01, 250, 1.5, 60),
    (2, 1, 0.01, 250, 3.0, 60),
    (3, 1, 1.0, 200, 0.6, 60),
    (3, 1, 1.0, 200, 0.9, 60),
    (3, 1, 1.0, 200, 1.5, 60),
    (1, 2, 4.0, 400, 2.0, 100),
    (1, 2, 4.0, 400, 4.0, 100),
]


def measure(model, alpha, N, draws):
    """Lowest eigenvalues and their m², means over the p p* lowest of each draw."""
    k, rows = int(model.p) * model.p_star, []
    for index in range(draws):
        instance = draw(model, alpha, N, 1, index)
        pairs = all_eigenvalues_and_lowest(Hessian(instance.inputs, instance.curvature), k)
        m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
        rows.append((pairs.eigenvalues[:k].mean(), m2.mean()))
    return np.array(rows).T


def accuracy():
    print("| p, p*, a | N | α | P(outlier) | λ measured | predicted | m² measured | predicted |")
    print("|---|---|---|---|---|---|---|---|")
    for p, p_star, a, N, alpha, draws in CASES:
        model = TeacherStudent(p, p_star, NormalizedSquare(a))
        lowest, m2 = measure(model, alpha, N, draws)
        law = finite_size_law(model, alpha, N, draws=PREDICTED, seed=2, by="labels")
        cells = [f"{p}, {p_star}, {a:g}", f"{N}", f"{alpha:g}", f"{law.probability:.2f}"]
        for values, digits, summary in ((lowest, 3, law.lowest), (m2, 4, law.m2_lowest)):
            error = values.std(ddof=1) / math.sqrt(values.size)
            cells.append(f"{values.mean():.{digits}f} ± {error:.{digits}f}")
            cells.append(f"{summary.mean:.{digits}f} ± {summary.standard_error:.{digits}f}")
        print("| " + " | ".join(cells) + " |", flush=True)


def speed():
    model = TeacherStudent(1, 1, NormalizedSquare(2.0))
    print("| N | labels alone, s | fast, s | generic, s |")
    print("|---|---|---|---|")
    for N in (10**4, 10**5, 10**6):
        start = time.perf_counter()
        r, y = sample_labels(model, round(1.7 * N), 0, 0)
        drawn = time.perf_counter()
        fast = solve_labels_fast(model, N, r, y)
        solved = time.perf_counter()
        generic = solve_labels(model, N, r, y)
        end = time.perf_counter()
        assert abs(fast.lowest - generic.lowest) < 1e-10
        print(f"| {N} | {drawn - start:.4f} | {solved - drawn:.4f} | {end - solved:.4f} |")
    for workers in (1, None):
        start = time.perf_counter()
        finite_size_law(model, 1.7, 10**6, draws=100, workers=workers)
        seconds = time.perf_counter() - start
        print(f"100 draws at N = 1e6, workers = {workers}: {seconds:.1f} s")
    tanh = TeacherStudent(2, 1, NormalizedSquare(50.0), activation="tanh")
    committee = TeacherStudent(2, 2, NormalizedSquare(1.0))
    finite_size_law(tanh, 4.0, 100, draws=2)  # kernels are compiled
    for name, one, N in (("tanh, p = 2", tanh, 10**4), ("p = p* = 2", committee, 10**5)):
        start, cpu = time.perf_counter(), time.process_time()
        finite_size_law(one, 4.0, N, draws=50)
        spent = time.perf_counter() - start, time.process_time() - cpu
        print(f"50 draws, {name}, N = {N}: {spent[0]:.1f} s, {spent[1]:.1f} s of processors")
    cpu = time.process_time()
    solve_network(committee, 10**5, 4 * 10**5, 0, 0)
    print(f"p = p* = 2, N = 1e5, by coordinates: {time.process_time() - cpu:.2f} s a draw")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", action="store_true")
    speed() if parser.parse_args().speed else accuracy()
