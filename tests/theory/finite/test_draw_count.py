"""How many eigenvalues of one draw lie below λ, against the same draw with its rest sampled."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.finite import draw_count
from bbpscape.theory.finite.draw_bulk import DrawBulk
from bbpscape.theory.finite.network_draw import sample_law

SAMPLES = 2000


def counts(law, levels, generator):
    """Eigenvalues below each level of SAMPLES matrices with these coordinates, (SAMPLES, n)."""
    M, q = law.coordinates.shape
    found = np.empty((SAMPLES, len(levels)))
    F = law.curvature
    for k in range(SAMPLES):
        X = np.concatenate([law.coordinates, generator.standard_normal((M, law.N - q))], axis=1)
        blocks = [[(X * F[:, i, j, None]).T @ X for j in range(law.p)] for i in range(law.p)]
        found[k] = np.searchsorted(np.linalg.eigvalsh(np.block(blocks) / law.N), levels)
    return found


@pytest.mark.parametrize(("p", "N", "activation"), [(1, 40, "quadratic"), (3, 16, "tanh")])
def test_terms_of_order_one_are_counted(p, N, activation, monkeypatch):
    model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(2.0), activation=activation)
    bulk = DrawBulk(sample_law(model, N, 6 * N, 0, 0))
    levels = [bulk.edge.z + bulk.scale * x for x in (4.0, 6.0)]
    measured = counts(bulk.law, levels, np.random.default_rng(1))
    error = measured.std(axis=0) / SAMPLES**0.5
    mean = measured.mean(axis=0)
    predicted = [draw_count.count_below(bulk, level) for level in levels]
    assert (abs(mean - predicted) < 4 * error).all()
    # Without that of the real symmetric ensemble it is off.
    monkeypatch.setattr(draw_count, "symmetric", lambda *_: 0.0)
    without = [draw_count.count_below(bulk, level) for level in levels]
    assert (abs(mean - without) > 4.5 * error).any()


def test_left_of_the_bulk_there_are_the_copies_that_are_out():
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5))
    bulk = DrawBulk(sample_law(model, 100, 600, 0, 0))
    found = [draw_count.count_below(bulk, bulk.edge.z - x) for x in (50.0, 1e-6)]
    assert found == [0.0, 1.0]
    deep = draw_count.count_below(bulk, bulk.edge.z + 1e-3 * bulk.scale)
    assert deep == pytest.approx(1.25, abs=0.1)
