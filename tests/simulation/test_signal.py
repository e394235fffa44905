"""Each argument for the place of the largest overlap, against full diagonalization."""

import numpy as np
import pytest

from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen import signal as module
from bbpscape.simulation.eigen.diagonalize import all_eigenvalues_and_lowest, teacher_overlap
from bbpscape.simulation.eigen.signal import largest_overlap, teacher_directions
from bbpscape.simulation.hessian import Hessian


def problem(p, a, alpha, N, seed):
    model = TeacherStudent(p=p, p_star=1, loss=NormalizedSquare(a=a))
    instance = draw(model, alpha, N, np.random.default_rng(seed))
    hessian = Hessian(instance.inputs, instance.curvature)
    pairs = all_eigenvalues_and_lowest(hessian, p * N)
    m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
    return hessian, pairs.eigenvalues, m2, instance.teacher_basis


@pytest.mark.parametrize(("p", "a"), [(1, 0.01), (1, 2.0), (2, 0.1)])
def test_the_verdict_is_that_of_full_diagonalization(p, a):
    seen = set()
    for alpha in (0.8, 1.5, 3.0, 8.0):
        for seed in range(4):
            hessian, values, m2, basis = problem(p, a, alpha, 100, seed)
            k = p + 3
            verdict = largest_overlap(hessian, values[:k], m2[:k], basis, steps=60)
            assert verdict.lowest == (m2.argmax() < p)
            seen.add(verdict.by)
    assert len(seen) >= 2


def test_what_nothing_decides_is_open(monkeypatch):
    monkeypatch.setattr(module, "FULL_SIZE", 10)
    hessian, values, m2, basis = problem(1, 2.0, 0.3, 100, 7)
    best = int(m2.argmax())
    assert best > 3
    verdict = largest_overlap(hessian, values[:2], m2[:2], basis, steps=3)
    assert (verdict.lowest, verdict.by) == (None, "open")
    found = largest_overlap(hessian, values[: best + 1], m2[: best + 1], basis, steps=3)
    assert (found.lowest, found.by) == (False, "found")


def test_directions():
    rows = teacher_directions(3, np.linalg.qr(np.random.default_rng(0).standard_normal((5, 2)))[0])
    assert rows.shape == (6, 15)
    np.testing.assert_allclose(rows @ rows.T, np.eye(6), atol=1e-14)


def test_the_mass_of_all_copies_counts():
    # Two neurons: the first knows 0.64 and 0.36 at the lowest values, the second all at the top.
    teacher = np.array([[0.8], [0.6], [0.0]])
    rows = np.vstack([np.eye(3), teacher.T])
    curvature = np.zeros((4, 2, 2))
    curvature[:, 0, 0], curvature[3, 1, 1] = (-2.0, -1.0, -0.5, 0.0), 5.0
    hessian = Hessian(rows, curvature)
    verdict = largest_overlap(hessian, [-2.0, -1.0], [0.64, 0.36], teacher)
    assert (verdict.lowest, verdict.by) == (False, "diagonalization")
    curvature[3, 1, 1] = -5.0
    verdict = largest_overlap(Hessian(rows, curvature), [-5.0, -2.0], [1.0, 0.64], teacher)
    assert (verdict.lowest, verdict.by) == (True, "mass")
