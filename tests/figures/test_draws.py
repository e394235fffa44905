"""The draws of figures 1 and 3: a run goes on, and both ways to φ have the law of ``simulate``."""

import functools
import math

import numpy as np
import pytest
from figures.draws import Draws, Point, mean_m2
from figures.largest import (
    Lanczos,
    decided,
    every_m2,
    hessian_along_teacher,
    largest_mass,
    lowest_is_largest,
    nothing_below,
)

import bbpscape as bb
from bbpscape.core.seeds import draw_seed
from bbpscape.core.statistics import mean_and_error
from bbpscape.simulation.backend import backend
from figures import draws, kit, largest


def point(p, N, alpha, count, a=0.5):
    return Point("a case", bb.TeacherStudent(p, 1, bb.NormalizedSquare(a)), N, alpha, count)


def numbers(point, seeds):
    return [float(seed.spawn_key[0]) for seed in seeds]


def test_a_run_goes_on_behind_a_line_that_was_torn():
    one, other = point(1, 30, 1.5, 50), point(1, 30, 2.0, 30)
    Draws("torn").run([one], numbers)
    path = kit.WORK / "torn.jsonl"
    path.write_text(path.read_text()[:-3])
    kept = Draws("torn")
    assert len(kept.of(one)) == 2 * draws.BLOCK
    kept.run([one, other], numbers, lambda point: 7, ahead=2)
    again = Draws("torn")
    assert again.of(one).tolist() == list(range(50))
    assert again.of(other).tolist() == list(range(30))
    assert again.table([one])["draws"] == [50]


def test_the_point_with_the_least_of_its_draws_is_first():
    order = []

    def measure(point, seeds):
        order.extend([point.alpha] * len(seeds))
        return [0.0] * len(seeds)

    few, many = point(1, 30, 1.5, draws.BLOCK), point(1, 30, 2.0, 4 * draws.BLOCK)
    Draws("order").run([few, many], measure)
    assert order == [1.5] * draws.BLOCK + [2.0] * 4 * draws.BLOCK


def test_overlaps_from_the_tridiagonal_matrix():
    hessian = hessian_along_teacher(point(1, 60, 1.5, 1), np.random.SeedSequence(3))
    m2 = np.linalg.eigh(hessian)[1][0] ** 2
    np.testing.assert_allclose(every_m2(hessian), m2, atol=1e-12)


def test_a_block_that_fails_loses_no_other():
    """What another point has finished is kept, and a run goes on from there."""
    one, other = point(1, 30, 1.5, 40), point(1, 30, 2.0, 40)

    def fails(at, seeds):
        if at is one:
            raise ValueError("no numbers")
        return numbers(at, seeds)

    with pytest.raises(ValueError, match="no numbers"):
        Draws("fails").run([one, other], fails, ahead=3)
    again = Draws("fails")
    assert (len(again.of(one)), len(again.of(other))) == (0, draws.BLOCK)
    with pytest.raises(RuntimeError, match="19 numbers of 20 draws"):
        again.run([one], lambda at, seeds: numbers(at, seeds[1:]))
    again.run([one, other, point(1, 30, 2.0, 10)], numbers)
    assert again.of(one).tolist() == again.of(other).tolist() == list(range(40))
    assert len((kit.WORK / "fails.jsonl").read_text().splitlines()) == 4


def test_a_run_ends_after_its_time():
    one = point(1, 30, 1.5, 50)
    late = Draws("late")
    late.run([one], numbers, seconds=0.0)
    assert len(late.of(one)) == 0


@functools.cache
def simulated_phi(alpha):
    model = point(1, 40, alpha, 1, a=2.0).model
    known = bb.simulate(model, alpha, 40, 120, phi=True, workers=1, progress=False)
    return mean_and_error([one.largest_overlap.lowest for one in known.draws])


def test_phi_has_the_law_of_simulate():
    """φ at another α would not."""
    at = point(1, 40, 2.5, 300, a=2.0)
    found = lowest_is_largest(at, [draw_seed("law", 1, i) for i in range(300)])
    mean, error = mean_and_error(found)
    for alpha, same in ((2.5, True), (0.7, False)):
        there, other = simulated_phi(alpha)
        assert bool(abs(mean - there) < 4 * math.hypot(error, other)) == same


@pytest.mark.parametrize("device", ["cpu", "torch-cpu"])
@pytest.mark.parametrize("single", [False, True])
def test_lanczos_from_the_teacher_says_what_all_eigenvectors_say(device, single, monkeypatch):
    """Of each draw, in both precisions, of which some are 1 and some 0."""
    if device != "cpu":
        pytest.importorskip("torch")
    monkeypatch.setattr(largest, "SINGLE", 0 if single else 10**6)
    monkeypatch.setattr(largest, "FIRST", 12)
    at = point(1, 60, 1.5, 40)
    seeds = [draw_seed("same", 1, i) for i in range(40)]
    expected = lowest_is_largest(at, seeds)
    monkeypatch.setattr(largest, "DENSE", 0)
    assert lowest_is_largest(at, seeds, device) == expected
    assert 8 < sum(expected) < 32


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [(np.diag([1.0, 2.0, 3.0]), 1.0), (np.diag([2.0, 1.0, 3.0]), 0.0), (np.eye(3), 1.0)],
)
def test_a_teacher_that_is_an_eigenvector(matrix, expected):
    """Its Krylov space ends after a step; nothing of what follows belongs to H."""
    lanczos = Lanczos(matrix[None], backend("cpu"))
    lanczos.advance(3)
    (diagonal,), (off,) = lanczos.matrices()
    answer, below = decided(diagonal, off, "float64")
    assert answer == 1.0
    assert nothing_below(matrix[None], np.array([0]), np.array([below]), backend("cpu"))[0] == bool(
        expected
    )


def test_no_eigenvector_overlaps_more_than_christoffel_allows():
    """Of matrices after a part of their steps, at each eigenvalue; some nearly reach it."""
    generator, ratio = np.random.default_rng(2), []
    for _ in range(20):
        H = generator.standard_normal((60, 60))
        H += H.T
        values, vectors = np.linalg.eigh(H)
        lanczos = Lanczos(H[None], backend("cpu"))
        lanczos.advance(25)
        (diagonal,), (off,) = lanczos.matrices()
        for value, mass in zip(values, vectors[0] ** 2, strict=True):
            ratio.append(mass / largest_mass(diagonal, off, np.array([value])))
    assert 0.9 < max(ratio) < 1
    assert np.median(ratio) > 0.05


def test_a_lowest_eigenvector_that_lanczos_has_not_seen():
    """Without an overlap it is in no Krylov space of the teacher: a proof has to look for it."""
    H = np.diag(np.linspace(1.0, 2.0, 30))
    H[0, 1] = H[1, 0] = 0.3
    H[20, 20] = -1.0
    where = backend("cpu")
    lanczos = Lanczos(H[None], where)
    lanczos.advance(2)
    diagonal, off = lanczos.matrices()
    assert decided(diagonal[0], off[0], "float64")[0] == 1.0
    below = np.array([decided(diagonal[0], off[0], "float64")[1]])
    assert not nothing_below(H[None], np.array([0]), below, where)[0]
    H[20, 20] = 3.0
    assert nothing_below(H[None], np.array([0]), below, where)[0]


def test_m2_has_the_law_of_simulate():
    at = point(2, 40, 3.0, 1)
    mean, error = mean_and_error(mean_m2(at, [draw_seed("law", 2, i) for i in range(60)]))
    for alpha, same in ((3.0, True), (1.5, False)):
        known = bb.simulate(at.model, alpha, 40, 100, workers=1, progress=False)
        there, other = mean_and_error([one.m2[:2].mean() for one in known.draws])
        assert bool(abs(mean - there) < 4 * math.hypot(error, other)) == same
