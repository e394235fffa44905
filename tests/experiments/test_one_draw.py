"""Draw i of a model at α and N by a seed is one draw, whoever asks for it."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.data.instance import draw_seeds
from bbpscape.study.cells import Cell

MODEL = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1))
ALPHA, N, SEED, DRAWS = 3.0, 40, 7, 3
ONES = [bb.draw(MODEL, ALPHA, N, SEED, i) for i in range(DRAWS)]
LOWEST = np.array([np.linalg.eigvalsh(one.hessian.dense())[:3] for one in ONES])


def test_simulate_and_compare():
    found = bb.simulate(MODEL, ALPHA, N, DRAWS, SEED, workers=1)
    np.testing.assert_allclose([one.eigenvalues for one in found.draws], LOWEST, atol=1e-9)
    found = bb.compare(MODEL, ALPHA, N, DRAWS, SEED)
    np.testing.assert_allclose(found.eigenvalues[:, :3], LOWEST, atol=1e-9)


def test_descend_and_the_hessian_along_it():
    rule = bb.DescentRule(steps=2, snapshots=(0,))
    found = bb.descend(MODEL, ALPHA, N, DRAWS, SEED, rule=rule, workers=1)
    for path, one in zip(found.trajectories, ONES, strict=True):
        np.testing.assert_array_equal(path.snapshots[0], one.student)
    along = bb.hessian_along(MODEL, ALPHA, N, [0], DRAWS, SEED, rule=rule, workers=1)
    lowest = along.steps[0].lowest
    assert getattr(lowest, "mean", lowest) == pytest.approx(LOWEST[:, 0].mean(), abs=1e-9)


def test_a_study():
    cell = Cell.of({"p": 2, "p_star": 1, "a": 0.1, "alpha": ALPHA, "N": N})
    for i, one in enumerate(ONES):
        again = bb.draw(MODEL, ALPHA, N, cell.seed(SEED, i))
        np.testing.assert_array_equal(again.inputs, one.inputs)


def test_every_other_draw_is_another():
    sequences = [
        *draw_seeds(MODEL, ALPHA, N, SEED, 5),
        *draw_seeds(MODEL, ALPHA, N, SEED + 1, 5),
        *draw_seeds(MODEL, ALPHA + 0.1, N, SEED, 5),
        *draw_seeds(MODEL, ALPHA, N + 1, SEED, 5),
        *draw_seeds(bb.TeacherStudent(2, 1), ALPHA, N, SEED, 5),
    ]
    first = {np.random.default_rng(one).random() for one in sequences}
    assert len(first) == 25


def test_alpha_is_one_however_it_was_computed():
    one, other = (bb.draw(MODEL, alpha, N, SEED) for alpha in (0.3, 0.1 + 0.2))
    np.testing.assert_array_equal(one.inputs, other.inputs)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_start_of_ones_own_is_sent_to_the_workers(workers):
    cold = bb.Start("cold", lambda one: 0.5 * one.student)
    rule = bb.DescentRule(steps=2, snapshots=(0,))
    found = bb.descend(MODEL, ALPHA, N, 2, SEED, cold, rule, workers=workers)
    assert found.start == "cold"
    assert "cold start" in found.headline()
    for path, one in zip(found.trajectories, ONES[:2], strict=True):
        np.testing.assert_array_equal(path.snapshots[0], 0.5 * one.student)
