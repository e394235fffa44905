"""The Gram matrix of a student that has learnt: which are allowed, how they are kept and drawn."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.checks import InvalidInput

M = ((0.4, 0.2),)
Q = ((1.2, 0.3), (0.3, 0.8))


def model(gram, overlap=0.0, **others):
    return bb.TeacherStudent(2, 1, overlap=overlap, student_gram=gram, **others)


@pytest.mark.parametrize(
    ("given", "kept"),
    [(None, None), (0.5, 0.5), (np.eye(2) * 2, 2.0), (Q, Q), ([[1, 0], [0, 4]], ((1, 0), (0, 4)))],
)
def test_gram_matrices_as_they_are_kept(given, kept):
    made = model(given)
    assert made.student_gram == kept
    assert bb.TeacherStudent.from_dict(made.to_dict()) == made
    assert made.replace(a=0.1).student_gram == kept


def test_without_one_the_student_is_random_beyond_its_overlap():
    known = bb.TeacherStudent(2, 1, overlap=M)
    np.testing.assert_allclose(known.gram, [[1, 0.08], [0.08, 1]], rtol=1e-15)
    assert known.student_norm is None
    assert (bb.TeacherStudent(2, 1).student_norm, model(0.5).student_norm) == (1.0, 0.5)
    assert model(Q).student_norm is None
    assert not model(0.5).is_reference
    assert model(0.5).is_committee


@pytest.mark.parametrize(
    ("gram", "overlap", "message"),
    [
        (0.0, 0.0, "student_gram must be finite and greater than 0"),
        (-1.0, 0.0, "student_gram must be finite and greater than 0"),
        (math.nan, 0.0, "student_gram must be finite"),
        (True, 0.0, "student_gram"),
        ("much", 0.0, "student_gram"),
        ([[1.0]], 0.0, r"student_gram must be a number or have shape \(2, 2\)"),
        ([[1, 0.2], [0.3, 1]], 0.0, "student_gram must be symmetric"),
        ([[1, 2], [2, 1]], 0.0, "positive semi-definite, got the eigenvalue -1"),
        ([[1, 0], [0, 0]], 0.0, "squared norms from 1e-06 to 1e"),
        ([[1, math.nan], [math.nan, 1]], 0.0, "finite"),
        (Q, 0.9, "room for overlap: Q - m'm has the eigenvalue"),
        (0.1, 0.4, "room for overlap"),
        (Q, math.nan, "overlap must be a finite number"),
    ],
)
def test_what_is_no_gram_matrix(gram, overlap, message):
    with pytest.raises(InvalidInput, match=message):
        model(gram, overlap)


def test_a_long_student_has_room_for_a_large_overlap():
    assert model(4.0, ((1.2, 0.5),)).overlap == ((1.2, 0.5),)


@pytest.mark.parametrize("inputs", [bb.InputLaw(), bb.InputLaw("power:0.5")])
@pytest.mark.parametrize("gram", [Q, 0.5, ((1.0, 1.0), (1.0, 1.0))])
def test_a_draw_has_the_gram_matrix_exactly(gram, inputs):
    drawn = bb.draw(model(gram, M if gram == Q else 0.0, inputs=inputs), 2.0, 40, 3)
    made, metric = drawn.model, drawn.sphere.metric
    np.testing.assert_allclose(
        (drawn.student * metric) @ drawn.student.T / 40, made.gram, atol=1e-12
    )
    across = (drawn.teacher * metric) @ drawn.student.T / 40
    np.testing.assert_allclose(across, made.overlap_matrix, atol=1e-12)


def test_a_draw_needs_room_for_all_directions():
    with pytest.raises(InvalidInput, match="p \\+ p_star = 3 directions at least, got 2"):
        bb.draw(model(Q), 2.0, 2, 0)


def test_names_and_studies_know_it():
    assert (
        model(Q).label() == "p = 2, p* = 1, a = 0.01, student Gram matrix [[1.2, 0.3], [0.3, 0.8]]"
    )
    assert model(Q).identity(1.0) != model(1.0).identity(1.0) != model(None).identity(1.0)
    study = bb.Study(model(Q), {"N": 20, "alpha": [1.0], "student_gram": [0.5, Q]}, ["m2"], 2)
    assert {cell.model.student_gram for cell, *_ in study.cells()} == {0.5, Q}
