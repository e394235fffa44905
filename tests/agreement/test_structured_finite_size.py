"""Each draw of inputs with structure beside what its own labels, norms and teacher predict."""

import functools

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.experiments.comparison_rows import measure
from bbpscape.theory.finite.label_sampled import solve_labels

# p, p*, a, α, N, draws, law.
CASES = [
    (1, 1, 0.5, 6.0, 200, 30, {"covariance": "power:0.5"}),
    (2, 1, 0.5, 5.0, 150, 24, {"covariance": "power:0.5"}),
    (1, 1, 0.5, 6.0, 250, 24, {"covariance": "power:0.3", "radial": "0.4,1.6"}),
    (2, 1, 0.5, 6.0, 150, 24, {"covariance": "1,4", "mean": 2.0}),
    (1, 1, 0.5, 8.0, 200, 30, {"covariance": "power:0.5", "profile": "source:0.4"}),
]


@functools.cache
def scores(index):
    p, p_star, a, alpha, N, draws, law = CASES[index]
    model = bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a), inputs=bb.InputLaw(**law))
    found = bb.compare(model, alpha, N, draws, seed=1)
    rows = [row for row in found.rows if row.quantity in ("teacher outlier", "its m2")]
    return [row.z_finite_size for row in rows]


@pytest.mark.parametrize("index", range(len(CASES)))
def test_within_four_standard_errors(index):
    z = scores(index)
    assert len(z) == 2
    assert max(map(abs, z)) < 4


def test_the_spread_is_that_of_chance():
    z = np.concatenate([scores(index) for index in range(len(CASES))])
    assert 0.4 < np.sqrt((z**2).mean()) < 1.7


def test_without_the_covariance_it_is_far_off():
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw("power:0.8"))
    alpha, N, draws, gaps = 6.0, 200, 24, []
    for index in range(draws):
        one = bb.draw(model, alpha, N, 1, index)
        y, r = one.label_scalars
        found, plain = measure(one, 1, sampled=True), solve_labels(model, N, r, y)
        gaps.append((found.eigenvalues[0] - plain.lowest, found.m2[0] - plain.m2_lowest))
    mean, spread = np.mean(gaps, axis=0), np.std(gaps, axis=0, ddof=1)
    assert (abs(mean / spread) * np.sqrt(draws) > 5).all()


def test_few_samples_leave_the_column_out():
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw("power:0.5"))
    found = bb.compare(model, 0.05, 60, draws=12)
    assert all(row.finite_size is None for row in found.rows)
    assert any("no left edge that is solved for" in note for note in found.notes)
