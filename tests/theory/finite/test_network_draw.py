"""Finite N of networks: draws by their preactivations, half points without a left edge."""

import dataclasses

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.data.weights import Sphere
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.theory.finite.draw_bulk import DrawBulk
from bbpscape.theory.finite.draw_copies import strengths
from bbpscape.theory.finite.network_draw import learnt, sample_law

UNBOUNDED = bb.TeacherStudent(2, 1, "square", activation="softplus")


@pytest.mark.parametrize(
    "more",
    [{"overlap": [[0.3, -0.2]]}, {"student_gram": [[1.2, 0.4], [0.4, 0.9]], "overlap": 0.1}],
)
def test_weights_have_the_overlaps_of_simulated_ones(more):
    model = bb.TeacherStudent(2, 1, "square", activation="tanh", **more)
    generator, N = np.random.default_rng(0), 7
    sphere = Sphere(model.inputs, N)
    teacher, student = (sphere.onto(generator.standard_normal((n, N))) for n in (1, 2))
    way = sphere.at_gram if "student_gram" in more else sphere.at_overlap
    given = (model.overlap_matrix, model.gram)[: 1 + ("student_gram" in more)]
    expected = way(student, teacher, *given)
    found = learnt(model, teacher / N**0.5, student / N**0.5)
    np.testing.assert_allclose(found, expected / N**0.5, atol=1e-12)


def test_a_draw_has_the_law_of_a_simulated_one():
    """Means of F and of v vᵀ ⊗ F over many samples, within their errors."""
    model, N = dataclasses.replace(UNBOUNDED, overlap=0.3), 40
    one, M = bb.draw(model, 2000, N, 0), 2000 * N
    law = sample_law(model, N, M, 0, 0)
    error = (one.curvature.std(axis=0) + law.curvature.std(axis=0)) / M**0.5
    # w* and w of a draw overlap by 0.3 exactly, so that F has one law in all draws.
    assert (abs(law.curvature.mean(axis=0) - one.curvature.mean(axis=0)) < 4 * error).all()
    along = np.sqrt(N) * one.inputs @ one.teacher_basis[:, 0]
    for k in range(2):
        measured = along**2 * one.curvature[:, k, k]
        drawn = (law.coordinates @ law.teacher[:, 0]) ** 2 * law.curvature[:, k, k]
        scatter = np.hypot(measured.std(), drawn.std()) / M**0.5
        assert abs(measured.mean() - drawn.mean()) < 4 * scatter


def test_strengths_above_one_are_the_copies_that_the_teacher_adds():
    """Inertia: of λ − S_v at the edge, with and without the teacher's directions."""
    found = []
    for draw in range(6):
        bulk = DrawBulk(sample_law(UNBOUNDED, 120, 480, 0, draw))
        pencil = bulk.edge.z * np.eye(bulk.law.size) - bulk.law.signal(bulk.edge.A)
        first = bulk.law.p  # the teacher is the first coordinate
        every = np.count_nonzero(np.linalg.eigvalsh(pencil) > 0)
        others = np.count_nonzero(np.linalg.eigvalsh(pencil[first:, first:]) > 0)
        found.append(np.count_nonzero(strengths(bulk) > 1))
        assert found[-1] == every - others
    assert sum(found) > 0


def test_the_half_point_of_a_large_network_is_its_threshold():
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(50.0), activation="tanh")
    limit = bb.threshold(model)
    found = bb.finite.half_alpha(model, 2000, draws=6)
    assert found.alpha == pytest.approx(limit.alpha_bbp, rel=0.08)


def test_without_a_left_edge_there_is_one_at_N():
    """λ and m² of softplus, square loss, on both sides of α_½(N) against diagonalization."""
    N, draws = 100, 10
    for alpha in (2.0, 8.0):
        law = bb.finite.finite_size_law(UNBOUNDED, alpha, N, draws)
        measured = []
        for draw in range(60):
            one = bb.draw(UNBOUNDED, alpha, N, 1, draw)
            pairs = lowest_dense(one.hessian, 2)
            m2 = teacher_overlap(pairs.eigenvectors, one.teacher_basis).mean()
            measured.append((pairs.eigenvalues[0], m2))
        for k, theory in enumerate((law.lowest, law.m2_lowest)):
            values = np.array(measured)[:, k]
            error = np.hypot(values.std() / 60**0.5, theory.standard_error)
            assert abs(values.mean() - theory.mean) < 3 * error
            assert error < 0.2 * abs(theory.mean)
        assert (law.probability > 0.8) == (alpha > 4)


def test_a_threshold_at_N(monkeypatch):
    monkeypatch.setattr("bbpscape.theory.threshold.DRAWS", 6)
    found = bb.threshold(UNBOUNDED, N=60)
    assert [one.N for one in found.half] == [60, 240]
    # The edge moves left as N grows: an outlier needs more samples.
    few, many = found.half
    assert found.alpha_bbp == few.alpha < many.alpha
    assert 1.2 < few.alpha < 3
    text = found.report().text()
    assert "no left edge as N → ∞" in text
    assert "from N = 60 to 240" in text


def test_what_has_no_draws_is_refused():
    wide = bb.TeacherStudent(5, 1, "square", activation="tanh")
    with pytest.raises(bb.InvalidInput, match="p must be at most 4"):
        bb.finite_size(wide, N=100)
    steep = bb.TeacherStudent(1, 1, "square", activation="tanh", inputs=bb.InputLaw([1.5, 0.5]))
    with pytest.raises(bb.InvalidInput, match="isotropic"):
        bb.finite_size(steep, N=100)
    with pytest.raises(bb.InvalidInput, match="give N"):
        bb.threshold(UNBOUNDED)
