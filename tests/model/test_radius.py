"""Samples of norm τ: τ F(√τ λ; y(√τ u)) from the model that stands for them."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.model.curvature import curvature
from bbpscape.model.radius import at_radius
from bbpscape.theory.route import route

MODELS = [
    bb.TeacherStudent(2, 1),
    bb.TeacherStudent(2, 2, "huber"),
    bb.TeacherStudent(3, 1, "square", "tanh"),
    bb.TeacherStudent(2, 1, "absolute-normalized-square", "relu"),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("tau", [0.3, 1.0, 2.5])
def test_the_curvature_is_that_of_longer_samples(model, tau):
    generator = np.random.default_rng(0)
    lam = generator.standard_normal((50, int(model.p)))
    u = generator.standard_normal((50, model.p_star))
    longer = tau**0.5
    expected = tau * curvature(model, longer * lam, model.teacher_output(longer * u))
    scale, same = at_radius(model, tau)
    found = scale * curvature(same, lam, same.teacher_output(u))
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13)
    assert same.inputs.standard


def test_samples_of_hardly_any_norm_add_nothing():
    """a/τ beyond what a closed form takes: the spectrum is that of norms a hundred times larger."""
    edges, overlaps = [], []
    for tau in ("1e-12", "1e-14"):
        model = bb.TeacherStudent(
            1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw(radial=f"{tau},1")
        )
        left, _ = route(model).edges(4.0)
        (outlier,) = route(model).outliers(4.0)
        edges.append(left.value)
        overlaps.append(outlier.m2)
    assert edges[0] == pytest.approx(edges[1], rel=1e-9)
    assert overlaps[0] == pytest.approx(overlaps[1], rel=1e-7)
