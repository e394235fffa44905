"""The teacher's mass below an edge: a sum over a draw's eigenvectors, and its sum rule."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.eigen.teacher_mass import teacher_mass_below


def test_the_sum_over_eigenvectors_below():
    model = bb.TeacherStudent(2, 2)
    one = bb.draw(model, 3.0, 25)
    values, vectors = np.linalg.eigh(one.hessian.dense())
    m2 = bb.eigen.teacher_overlap(vectors, one.teacher_basis)
    # All p p* directions of the teacher lie somewhere.
    assert teacher_mass_below(values, m2, values[-1] + 1, 4) == pytest.approx(1)
    assert teacher_mass_below(values, m2, values[0], 4) == 0
    below = teacher_mass_below(values, m2, (values[2] + values[3]) / 2, 4)
    assert below == pytest.approx((m2[0] + m2[1] + m2[2]) / 4)
    assert 0.05 < below < 0.95


def test_refusals():
    with pytest.raises(bb.InvalidInput, match=r"of one shape \(k,\), got \(2,\) and \(3,\)"):
        teacher_mass_below([0.0, 1.0], [0.0, 0.5, 0.5], 0.0)
