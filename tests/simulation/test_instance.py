"""A draw: its spheres, its seeds, and what follows from the three arrays."""

import math

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance, draw, draw_seeds, plant

MODEL = TeacherStudent(p=3, p_star=2, loss=NormalizedSquare(a=0.5))


def one(alpha=1.5, N=20, seed=0):
    return draw(MODEL, alpha, N, seed)


def test_spheres_and_shapes():
    instance = one(N=40)
    assert (instance.M, instance.N) == (60, 40)
    assert instance.student.shape == (3, 40)
    assert instance.teacher.shape == (2, 40)
    for weights in (instance.student, instance.teacher):
        np.testing.assert_allclose(np.linalg.norm(weights, axis=1), math.sqrt(40))
    basis = instance.teacher_basis
    np.testing.assert_allclose(basis.T @ basis, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(basis @ (basis.T @ instance.teacher.T), instance.teacher.T)


def test_inputs_have_variance_one_over_n():
    # 200 × 100 entries: the variance is known to √(2/20000) = 1 %.
    inputs = draw(MODEL, 2.0, 100, np.random.default_rng(1)).inputs
    assert inputs.var() * 100 == pytest.approx(1, abs=0.04)
    assert abs(inputs.mean()) * 10 < 4 / math.sqrt(inputs.size)


def test_scalars_follow_from_the_arrays():
    instance = one()
    y, r = instance.label_scalars
    outputs = (instance.inputs @ instance.student.T) ** 2
    np.testing.assert_allclose(r, outputs.sum(axis=1) / 3)
    np.testing.assert_allclose(y, ((instance.inputs @ instance.teacher.T) ** 2).sum(axis=1) / 2)
    expected = (0.5 * (y - r) ** 2 / (0.5 + y)).sum()
    assert instance.loss(instance.student) == pytest.approx(expected)
    assert instance.curvature.shape == (instance.M, 3, 3)


def test_arrays_are_computed_once_and_read_only():
    instance = one()
    for name in ("preactivations", "labels", "label_scalars", "curvature", "teacher_basis"):
        assert getattr(instance, name) is getattr(instance, name)
    for name in ("inputs", "student", "teacher", "labels", "curvature"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(instance, name)[0] = 0


def test_seeds():
    first, second = (draw(MODEL, 1.0, 10, 5, index) for index in range(2))
    again = draw(MODEL, 1.0, 10, draw_seeds(MODEL, 1.0, 10, 5, 7)[0])
    other = draw(MODEL, 1.0, 10, 6)
    from_sequence = draw(MODEL, 1.0, 10, draw_seeds(MODEL, 1.0, 10, 5, 1)[0])
    for name in ("inputs", "student", "teacher"):
        reference = getattr(first, name)
        np.testing.assert_array_equal(reference, getattr(again, name))
        np.testing.assert_array_equal(reference, getattr(from_sequence, name))
        assert not np.isclose(reference, getattr(second, name)).any()
        assert not np.isclose(reference, getattr(other, name)).any()


def test_a_stream_is_sampled_itself():
    generator = np.random.default_rng(3)
    first, second = (draw(MODEL, 1.0, 10, generator) for _ in range(2))
    again = draw(MODEL, 1.0, 10, np.random.default_rng(3))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert not np.isclose(first.inputs, second.inputs).any()
    expected = np.random.default_rng(3).standard_normal((10, 10)) / math.sqrt(10)
    np.testing.assert_allclose(first.inputs, expected)
    with pytest.raises(InvalidInput, match="draw 1 needs an integer seed"):
        draw(MODEL, 1.0, 10, generator, 1)


def test_student_and_teacher_are_different():
    instance = draw(TeacherStudent(p=1, p_star=1), 1.0, 400, np.random.default_rng(0))
    assert abs(instance.student[0] @ instance.teacher[0]) / 400 < 0.25


def test_plant_keeps_the_inputs():
    rows = np.random.default_rng(0).standard_normal((7, 5))
    instance = plant(MODEL, rows, np.random.default_rng(1))
    assert np.shares_memory(instance.inputs, rows)
    assert rows.flags.writeable
    assert instance.student.shape == (3, 5)


@pytest.mark.parametrize("alpha", [0.5 / 50, 0.001])
def test_no_sample_is_refused_with_the_smallest_alpha(alpha):
    with pytest.raises(InvalidInput, match=r"alpha must be at least 1/N = 0\.02"):
        draw(MODEL, alpha, 50, np.random.default_rng(0))
    assert draw(MODEL, 0.02, 50, np.random.default_rng(0)).M == 1


def test_infinite_width_is_refused():
    with pytest.raises(InvalidInput, match="p must be finite at finite N"):
        draw(TeacherStudent(p=math.inf, p_star=1), 1.0, 10, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("alpha", "N", "seed", "message"),
    [
        (-1.0, 10, None, "alpha must be finite and greater than 0"),
        (1.0, 2.5, None, "N must be a positive integer"),
        (1.0, 1, None, "N must be at least p_star = 2, got 1"),
        (1.0, 10**7, None, r"N = 10000000 needs .* GiB .*: N must be at most \d+"),
    ],
)
def test_draw_refusals(alpha, N, seed, message):
    with pytest.raises(InvalidInput, match=message) as error:
        draw(MODEL, alpha, N, np.random.default_rng(0) if seed is None else seed)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("seed", [-1, 1.0, True, None, "0"])
def test_seed_refusals(seed):
    with pytest.raises(InvalidInput, match="seed must be an integer of at least 0"):
        draw(MODEL, 1.0, 10, seed)
    with pytest.raises(InvalidInput, match="draw must be an integer of at least 0"):
        draw(MODEL, 1.0, 10, 0, seed)


def test_shapes_are_checked():
    instance = one()
    with pytest.raises(InvalidInput, match=r"student must have shape \(3, 20\)"):
        Instance(MODEL, instance.inputs, instance.student[:2], instance.teacher)
    with pytest.raises(InvalidInput, match=r"inputs must have shape \(M, N\)"):
        Instance(MODEL, instance.inputs[0], instance.student, instance.teacher)
    with pytest.raises(InvalidInput, match=r"rows must have shape \(M, N\)"):
        plant(MODEL, np.ones(4), np.random.default_rng(0))
