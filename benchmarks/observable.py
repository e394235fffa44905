"""Teacher mass Q below the N → ∞ left edge against φ, as the table of finite-size.md.

    python benchmarks/observable.py

p = p* = 1, a = 2. φ is the fraction of draws in which the eigenvector of largest teacher overlap is
that of the smallest eigenvalue. Prints both at every (N, α), the α where φ is 1/2 and half-way
between its floor and 1, the α where Q is half of the jump of m², and where curves of two N cross.
"""

import math

import numpy as np
from scipy.linalg import eigh

from bbpscape import NormalizedSquare, TeacherStudent, threshold
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.teacher_mass import teacher_mass_below
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.finite.half_point import half_alpha
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.edges import left_edge

MODEL = TeacherStudent(1, 1, NormalizedSquare(2.0))
ALPHAS = np.round(np.arange(0.8, 2.41, 0.2), 2)
SIZES = {250: 400, 500: 200, 1000: 100}
RESAMPLES = 400


def measure(N, alpha, draws):
    """(φ, Q) of every draw, shape (draws, 2)."""
    edge, rows = left_edge(CommitteeLaw(MODEL), alpha).value, []
    for index in range(draws):
        instance = draw(MODEL, alpha, N, 11, index)
        matrix = Hessian(instance.inputs, instance.curvature).dense()
        values, vectors = eigh(matrix, overwrite_a=True, check_finite=False, driver="evd")
        m2 = teacher_overlap(vectors, instance.teacher_basis)
        rows.append((float(np.argmax(m2) == 0), teacher_mass_below(values, m2, edge)))
    return np.array(rows)


def reaches(curve, level):
    """The last α at which ``curve`` rises through ``level``, by linear interpolation."""
    for i in range(len(ALPHAS) - 2, -1, -1):
        if curve[i] <= level < curve[i + 1]:
            share = (level - curve[i]) / (curve[i + 1] - curve[i])
            return ALPHAS[i] + share * (ALPHAS[i + 1] - ALPHAS[i])
    return math.nan


def estimates(data, jump):
    """{name: α} from {N: values of shape (alphas, draws, 2)}."""
    means = {N: values.mean(axis=1) for N, values in data.items()}
    found = {}
    for N, mean in means.items():
        phi, mass = mean.T
        found[f"φ = 1/2, N = {N}"] = reaches(phi, 0.5)
        found[f"φ half-way from its floor, N = {N}"] = reaches(phi, (1 + phi[:2].mean()) / 2)
        found[f"Q = half of the jump, N = {N}"] = reaches(mass, jump / 2)
    small, large = min(means), max(means)
    found[f"φ crossing, N = {small} and {large}"] = reaches(
        means[large][:, 0] - means[small][:, 0], 0.0
    )
    found[f"Q crossing, N = {small} and {large}"] = reaches(
        means[large][:, 1] - means[small][:, 1], 0.0
    )
    return found


def main():
    at = threshold(MODEL)
    data = {
        N: np.stack([measure(N, alpha, draws) for alpha in ALPHAS]) for N, draws in SIZES.items()
    }
    print("| N | quantity |" + "".join(f" {alpha:g} |" for alpha in ALPHAS))
    print("|---|---|" + "---|" * len(ALPHAS))
    for N, values in data.items():
        for i, name in enumerate("φQ"):
            row = values[:, :, i]
            error = row.std(axis=1, ddof=1) / math.sqrt(row.shape[1])
            cells = [f" {m:.3f} ± {e:.3f} |" for m, e in zip(row.mean(axis=1), error, strict=True)]
            print(f"| {N} | {name} |" + "".join(cells))
    generator = np.random.default_rng(0)
    resampled = []
    for _ in range(RESAMPLES):
        again = {}
        for N, values in data.items():
            picked = generator.integers(values.shape[1], size=values.shape[:2])
            again[N] = np.take_along_axis(values, picked[..., None], axis=1)
        resampled.append(estimates(again, at.m2_jump))
    print("\n| estimate | α | s.e. |\n|---|---|---|")
    for name, value in estimates(data, at.m2_jump).items():
        error = np.nanstd([one[name] for one in resampled])
        print(f"| {name} | {value:.3f} | {error:.3f} |")
    print(f"| α_BBP, N → ∞ | {at.alpha_bbp:.3f} | |")
    for N in SIZES:
        half = half_alpha(MODEL, N, draws=400)
        print(f"| α_½, N = {N} | {half.alpha:.3f} | {half.standard_error:.3f} |")


if __name__ == "__main__":
    main()
