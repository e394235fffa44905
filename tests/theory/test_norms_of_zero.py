"""Samples of norm 0 add nothing to H: they count in α, and in nothing else."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.route import route

SHARE = 0.3
LAW = f"atoms:0@{SHARE},1@{1 - SHARE}"


def test_the_threshold_is_that_of_the_other_samples():
    """Their norm is 1/(1 − share), and f̃ of the normalized square loss scales with a."""
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw(radial=LAW))
    others = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5 * (1 - SHARE)))
    found, expected = bb.threshold(model), bb.threshold(others)
    assert found.alpha_bbp * (1 - SHARE) == pytest.approx(expected.alpha_bbp, rel=1e-6)
    one, other = bb.spectrum(model, 6.0), bb.spectrum(others, 6.0 * (1 - SHARE))
    scale = 1 / (1 - SHARE)
    assert one.left_edge.value == pytest.approx(scale * other.left_edge.value, rel=1e-6)
    assert one.outliers[0].eigenvalue == pytest.approx(scale * other.outliers[0].eigenvalue)
    assert one.outliers[0].m2 == pytest.approx(other.outliers[0].m2, rel=1e-6)


def test_the_atom_counts_them():
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw(radial=LAW))
    assert route(model).atom(0.8) == pytest.approx(1 - 0.8 * (1 - SHARE))
    steep = model.replace(covariance="power:0.4")
    assert route(steep, 100).atom(0.8) == pytest.approx(1 - 0.8 * (1 - SHARE))


def test_any_network():
    """relu scales: λ and u of norm τ are √τ times those of norm 1, and F is the same."""
    model = bb.TeacherStudent(2, 1, "square", "relu", overlap=0.4)
    edge, found = route(model).level(0.6).right(10.0 * (1 - SHARE))
    here, same = route(model.replace(radial=LAW)).level(0.6).right(10.0)
    assert here.value * (1 - SHARE) == pytest.approx(edge.value, rel=1e-4)
    assert [one.m2 for one in same] == pytest.approx([one.m2 for one in found], rel=1e-4)


@pytest.mark.parametrize("covariance", ["isotropic", "power:0.4"])
def test_against_simulation(covariance):
    law = bb.InputLaw(covariance, LAW)
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5), inputs=law)
    rows = bb.compare(model, 6.0, N=120, draws=16, seed=1).rows
    for row in rows[:2]:
        assert abs(row.z_finite_size) < 4
        assert abs(row.z) < 4
    plain = bb.compare(model.replace(radial="gaussian"), 6.0, N=120, draws=1).rows
    off = [
        abs(row.measured - other.theory) / row.standard_error
        for row, other in zip(rows[:2], plain, strict=False)
    ]
    assert max(off) > 4


def test_methods_and_finite_size_leave_them_out():
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw(radial=LAW))
    found = bb.methods(model, [6.0], N=60, draws=8)
    assert found.methods[2].measured[0] == pytest.approx(found.methods[2].theory[0], abs=0.06)
    law = bb.finite.finite_size_law(model, 6.0, 100, draws=4, seed=1)
    assert np.isfinite(law.samples["m2_lowest"]).all()


def test_they_are_the_mean_where_there_is_one():
    model = bb.TeacherStudent(1, 1, inputs=bb.InputLaw(radial=LAW, mean=2.0))
    with pytest.raises(bb.InvalidInput, match="norm 0 where the inputs have a mean"):
        bb.threshold(model)
