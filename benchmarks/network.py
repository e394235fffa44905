"""Theory of general two-layer networks against diagonalization, and the time of its thresholds.

    python benchmarks/network.py

Draws are added until the standard error of the lowest outlier is below 3 % of its gap to the edge.
The tables of networks.md.
"""

import time

import numpy as np

import bbpscape as bb
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.laws.network.matrix_law import matrix_law
from bbpscape.theory.matrix.transition import refine_transition, search_transition
from bbpscape.theory.route import route

A = bb.activation
MODEL = bb.TeacherStudent
CASES = {
    "tanh, a = 50": (MODEL(2, 1, bb.NormalizedSquare(50.0), A("tanh")), 40.0, 250),
    "sigmoid, p = 1": (MODEL(1, 1, bb.NormalizedSquare(1.0), A("sigmoid")), 40.0, 300),
    "erf, square": (MODEL(2, 1, bb.losses.Square(), A("erf")), 20.0, 200),
    "log cosh, a = 0.3": (MODEL(2, 1, bb.NormalizedSquare(0.3), A("log-cosh")), 6.0, 400),
    "quadratic, huber": (MODEL(2, 1, bb.losses.Huber(1.0)), 5.0, 300),
    "noise 0.1, flip 0.02": (
        MODEL(2, 1, bb.losses.AbsoluteNormalizedSquare(0.3), labels=bb.Labels(0.1, 0.02)),
        6.0,
        300,
    ),
    "p = 4, p* = 3, noise 0.05": (
        MODEL(4, 3, bb.losses.AbsoluteNormalizedSquare(0.3), labels=bb.Labels(0.05)),
        40.0,
        120,
    ),
    "second layer 0.7, 0.3": (
        MODEL(2, 1, bb.NormalizedSquare(0.1), second_layer=(0.7, 0.3)),
        5.0,
        300,
    ),
    "overlap 0.2": (MODEL(2, 1, bb.NormalizedSquare(0.1), overlap=0.2), 5.0, 300),
    "tanh, logistic, flip 0.1": (
        MODEL(2, 1, bb.losses.Logistic(), A("tanh"), bb.Labels(flip=0.1)),
        20.0,
        200,
    ),
    "log cosh, p = 3, p* = 2": (MODEL(3, 2, bb.NormalizedSquare(0.1), A("log-cosh")), 30.0, 160),
    "tanh, huber, p* = 2": (MODEL(2, 2, bb.losses.Huber(1.0), A("tanh")), 30.0, 200),
    "tanh, p = 3": (MODEL(3, 1, bb.NormalizedSquare(50.0), A("tanh")), 40.0, 200),
    "x sigmoid(x), huber, noise": (
        MODEL(2, 1, bb.losses.Huber(0.5), A("x*sigmoid(x)"), bb.Labels(0.05)),
        40.0,
        200,
    ),
    "relu, p = 1": (MODEL(1, 1, bb.NormalizedSquare(1.0), A("relu")), 150.0, 200),
    "softplus, huber": (MODEL(2, 1, bb.losses.Huber(1.0), A("softplus")), 20.0, 200),
    "gelu, huber, p = 1": (MODEL(1, 1, bb.losses.Huber(1.0), A("gelu")), 30.0, 300),
}
SHARE = 0.03
MOST_DRAWS = 400
TIMED = {
    "tanh, a = 50": MODEL(2, 1, bb.NormalizedSquare(50.0), A("tanh")),
    "tanh, square": MODEL(2, 1, bb.losses.Square(), A("tanh")),
    "log cosh, a = 0.3": MODEL(2, 1, bb.NormalizedSquare(0.3), A("log-cosh")),
    "erf, square": MODEL(2, 1, bb.losses.Square(), A("erf")),
    "tanh, huber": MODEL(2, 1, bb.losses.Huber(0.3), A("tanh")),
    "second layer 0.7, 0.3": MODEL(2, 1, bb.NormalizedSquare(0.1), second_layer=(0.7, 0.3)),
    "overlap 0.2": MODEL(2, 1, bb.NormalizedSquare(0.1), overlap=0.2),
    "tanh, a = 50, p = 3": MODEL(3, 1, bb.NormalizedSquare(50.0), A("tanh")),
    "tanh, a = 50, p = 4": MODEL(4, 1, bb.NormalizedSquare(50.0), A("tanh")),
}
# Ten times the nodes of a threshold at p = 2; beyond that, as many as fit.
DENSE = {2: 3.0, 3: 1.9, 4: 1.9}


def measure(model, alpha, N, outlier, gap):
    """Eigenvalue and m² of the lowest multiplet of enough draws, shape (draws, 2)."""
    rows, count = [], int(outlier.multiplicity)
    for index in range(MOST_DRAWS):
        instance = bb.draw(model, alpha, N, 7, index)
        pairs = lowest_dense(Hessian(instance.inputs, instance.curvature), count)
        overlaps = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
        rows.append((pairs.eigenvalues.mean(), overlaps.mean()))
        values = np.array(rows)
        if len(rows) >= 12:
            error = values[:, 0].std(ddof=1) / len(rows) ** 0.5
            if error < SHARE * gap:
                break
    return values


def main():
    columns = "α, N, draws | eigenvalue: theory, measured, z | m²: theory, measured, z | s.e./gap"
    print(f"| model | {columns} |")
    print("|---|---|---|---|---|")
    for name, (model, alpha, N) in CASES.items():
        edge, found = route(model).coarse.left(alpha)
        outlier = found[0]
        gap = edge.value - outlier.eigenvalue
        values = measure(model, alpha, N, outlier, gap)
        mean = values.mean(axis=0)
        error = values.std(axis=0, ddof=1) / len(values) ** 0.5
        z = (mean - [outlier.eigenvalue, outlier.m2]) / error
        print(
            f"| {name} | {alpha:g}, {N}, {len(values)} "
            f"| {outlier.eigenvalue:.5g}, {mean[0]:.5g} ± {error[0]:.2g}, {z[0]:+.1f} "
            f"| {outlier.m2:.4f}, {mean[1]:.4f} ± {error[1]:.2g}, {z[1]:+.1f} "
            f"| {error[0] / gap:.3f} |",
            flush=True,
        )
    errors = "relative error: estimated, against ten times the nodes (p = 3, 4: 3)"
    print(f"\n| model | α_BBP | {errors} | seconds |")
    print("|---|---|---|---|")
    for name, model in TIMED.items():
        began = time.perf_counter()
        found = route(model).transition()
        seconds = time.perf_counter() - began
        sparse = search_transition(matrix_law(model, 0.4))
        dense = refine_transition(matrix_law(model, DENSE[model.p], seed=7), sparse).alpha
        error = found.diagnostics.quadrature_error
        print(
            f"| {name} | {found.alpha:.8g} | {error:.1g}, {abs(found.alpha / dense - 1):.1g} "
            f"| {seconds:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
