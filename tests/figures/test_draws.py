"""The draws of figures 1 and 3: a run goes on, and both ways to φ have the law of ``simulate``."""

import functools
import math

import numpy as np
import pytest
from figures.draws import Draws, Point, every_m2, hessian_along_teacher, lowest_is_largest, mean_m2

import bbpscape as bb
from bbpscape.core.seeds import draw_seed
from bbpscape.core.statistics import mean_and_error
from figures import draws, kit


def point(p, N, alpha, count, a=0.5):
    return Point("a case", bb.TeacherStudent(p, 1, bb.NormalizedSquare(a)), N, alpha, count)


def number(point, seed):
    return float(seed.spawn_key[0])


def test_a_run_goes_on_behind_a_line_that_was_torn():
    one, other = point(1, 30, 1.5, 50), point(1, 30, 2.0, 30)
    Draws("torn").run([one], number)
    path = kit.WORK / "torn.jsonl"
    path.write_text(path.read_text()[:-3])
    kept = Draws("torn")
    assert len(kept.of(one)) == 2 * draws.BLOCK
    kept.run([one, other], number)
    again = Draws("torn")
    assert again.of(one).tolist() == list(range(50))
    assert again.of(other).tolist() == list(range(30))
    assert again.table([one])["draws"] == [50]


def test_the_point_with_the_least_of_its_draws_is_first():
    order = []

    def measure(point, seed):
        order.append(point.alpha)
        return 0.0

    few, many = point(1, 30, 1.5, draws.BLOCK), point(1, 30, 2.0, 4 * draws.BLOCK)
    Draws("order").run([few, many], measure)
    assert order == [1.5] * draws.BLOCK + [2.0] * 4 * draws.BLOCK


def test_overlaps_from_the_tridiagonal_matrix():
    hessian = hessian_along_teacher(point(1, 60, 1.5, 1), np.random.SeedSequence(3))
    m2 = np.linalg.eigh(hessian)[1][0] ** 2
    np.testing.assert_allclose(every_m2(hessian), m2, atol=1e-12)


@functools.cache
def simulated_phi(alpha):
    model = point(1, 40, alpha, 1, a=2.0).model
    known = bb.simulate(model, alpha, 40, 120, phi=True, workers=1, progress=False)
    return mean_and_error([one.largest_overlap.lowest for one in known.draws])


@pytest.mark.parametrize("dense", [True, False])
def test_phi_has_the_law_of_simulate(dense, monkeypatch):
    """Dense and by Lanczos; φ at another α would not."""
    monkeypatch.setattr(draws, "DENSE", 10**6 if dense else 0)
    count = 300 if dense else 150
    at = point(1, 40, 2.5, count, a=2.0)
    found = [lowest_is_largest(at, draw_seed("law", 1, i)) for i in range(count)]
    mean, error = mean_and_error(found)
    for alpha, same in ((2.5, True), (0.7, False)):
        there, other = simulated_phi(alpha)
        assert bool(abs(mean - there) < 4 * math.hypot(error, other)) == same


def test_m2_has_the_law_of_simulate():
    at = point(2, 40, 3.0, 1)
    mean, error = mean_and_error([mean_m2(at, draw_seed("law", 2, i)) for i in range(60)])
    for alpha, same in ((3.0, True), (1.5, False)):
        known = bb.simulate(at.model, alpha, 40, 100, workers=1, progress=False)
        there, other = mean_and_error([one.m2[:2].mean() for one in known.draws])
        assert bool(abs(mean - there) < 4 * math.hypot(error, other)) == same
