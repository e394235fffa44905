"""tanh at p = 3 and 4: its thresholds, and m² of its p − 1 lowest eigenvectors about them.

The lowest outlier has p − 1 copies: the teacher, with signs that sum to 0 over the neurons.
"""

import numpy as np

import bbpscape as bb
from bbpscape.core.statistics import mean_and_error
from bbpscape.experiments.comparison_labels import predicted
from bbpscape.simulation.dice.draw import DicedDraw
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap

SEED = 8
# By labels of both signs and with |y| in their place.
CASES = {
    "p = 2": (2, bb.NormalizedSquare(50.0)),
    "p = 3": (3, bb.NormalizedSquare(50.0)),
    "p = 4": (4, bb.NormalizedSquare(50.0)),
    "p = 4, |y|": (4, bb.losses.AbsoluteNormalizedSquare(50.0)),
}
ALPHAS = (2.3, 2.9, 4.0, 6.0)
SMALL, LARGE = (250, 6), (1000, 12)  # N and draws: diagonalized, beside their own theory; diced


def thresholds():
    """α_BBP of every case."""
    for case, (p, loss) in CASES.items():
        law = bb.threshold(bb.TeacherStudent(p, 1, loss, "tanh"))
        row = {"case": case, "p": p, "alpha_bbp": law.alpha_bbp, "transition": law.transition}
        error = law.diagnostics.quadrature_error
        yield row | {"m2_jump": law.m2_jump, "relative_error": error}


def overlaps(p: int):
    """m² measured, by the theory of each draw (at the smaller N), and as N → ∞."""
    model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(50.0), "tanh")
    law = bb.threshold(model)
    above = [alpha for alpha in ALPHAS if alpha > law.alpha_bbp]
    limit = dict(zip(above, bb.overlap_curve(model, above).m2, strict=True))
    for alpha in ALPHAS:
        theory = float(limit.get(alpha, 0.0))
        N, draws = SMALL
        found = np.array([_dense(model, alpha, N, draw) for draw in range(draws)])
        yield {"p": p, "alpha": alpha, "N": N, "theory": theory} | _row(*found.T)
        N, draws = LARGE
        seeds = np.random.SeedSequence([SEED, p]).spawn(draws)
        found = [DicedDraw(model, alpha, N, seed).lowest(p - 1).m2[: p - 1] for seed in seeds]
        means = np.mean(found, axis=1)
        yield {"p": p, "alpha": alpha, "N": N, "theory": theory} | _row(
            means, np.full(draws, np.nan)
        )


def _dense(model: bb.TeacherStudent, alpha: float, N: int, draw: int) -> tuple[float, float]:
    """m² of one draw, measured and by its own theory."""
    one, count = bb.draw(model, alpha, N, SEED, draw), int(model.p) - 1
    pairs = lowest_dense(one.hessian, count)
    m2 = float(teacher_overlap(pairs.eigenvectors, one.teacher_basis).mean())
    return m2, predicted(one, count, True).at(slice(0, count))[1]


def _row(measured, said) -> dict[str, float]:
    (mean, error), gap = mean_and_error(measured), mean_and_error(np.subtract(measured, said))
    row = {"mean": mean, "standard_error": error, "finite": np.mean(said)}
    return row | {"z": gap[0] / gap[1]}
