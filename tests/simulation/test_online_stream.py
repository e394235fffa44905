"""One-pass SGD sample by sample: against plain steps, and the same whatever is asked beside it."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.seeds import draw_seed
from bbpscape.simulation.online import stream as online
from bbpscape.simulation.online.stream import fresh_instance, stream

TANH = bb.TeacherStudent(2, 2, bb.losses.Square(), "tanh", bb.Labels(0.1, 0.1), overlap=0.3)
QUADRATIC = bb.TeacherStudent(2, 1, bb.NormalizedSquare(2.0), overlap=0.3)
SEEDS = [draw_seed("a test", 0, i) for i in range(3)]
TIMES = np.array([0.0, 0.7, 2.0])
N = 50


def plain(model, rate, w, x, y, sphere):
    """w ← w − η ∂ℓ/∂w by each sample in its turn."""
    w, lengths = w.copy(), np.linalg.norm(w, axis=1)
    for one, label in zip(x, y, strict=True):
        first, _ = model.loss.derivatives(label, model.output(w @ one))
        w -= rate * first * np.outer(model.output_weights * model.activation.first(w @ one), one)
        if sphere:
            w *= (lengths / np.linalg.norm(w, axis=1))[:, None]
    return w


@pytest.mark.parametrize("sphere", [False, True])
@pytest.mark.parametrize("model", [TANH, QUADRATIC])
def test_blocks_are_steps_one_by_one(model, sphere):
    (draw,) = stream(model, 0.4, TIMES, N, SEEDS[:1], sphere)
    inputs, noise = (online.generator_for(SEEDS[0], what) for what in (online.INPUTS, online.NOISE))
    x = inputs.standard_normal((100, N)) / math.sqrt(N)
    z, y, step = model.teacher_output(x @ draw.teacher.T), np.zeros(100), 0
    for end in (35, 64, 100):
        y[step:end] = model.labels.apply(z[step:end], noise)
        step = end
    for index, steps in ((1, 35), (2, 100)):
        w = plain(model, 0.4, draw.students[0], x[:steps], y[:steps], sphere)
        np.testing.assert_allclose(draw.students[index], w, atol=1e-11)


def test_a_start_is_exact():
    for draw in stream(TANH, 0.4, TIMES, N, SEEDS):
        np.testing.assert_allclose(draw.gram[0], TANH.gram, atol=1e-12)
        np.testing.assert_allclose(draw.overlap[0], TANH.overlap_matrix, atol=1e-12)
        np.testing.assert_allclose(draw.teacher @ draw.teacher.T / N, np.eye(2), atol=1e-12)


def test_a_draw_is_the_same_beside_others_and_at_other_times():
    together = stream(QUADRATIC, 0.4, TIMES, N, SEEDS)
    alone = stream(QUADRATIC, 0.4, TIMES[[0, 2]], N, SEEDS[2:])[0]
    np.testing.assert_allclose(alone.students[1], together[2].students[2], rtol=1e-11)
    assert abs(together[0].students[2] - together[2].students[2]).max() > 0.1


def test_a_fresh_instance_is_independent_and_sees_the_student():
    (draw,) = stream(TANH, 0.4, TIMES, N, SEEDS[:1])
    one, other = (fresh_instance(TANH, draw, 2, t, 3.0) for t in (2.0, 0.7))
    assert (one.M, one.N) == (150, N)
    np.testing.assert_array_equal(one.student, draw.students[2])
    assert abs(one.inputs - other.inputs).max() > 0.1
    np.testing.assert_array_equal(one.inputs, fresh_instance(TANH, draw, 2, 2.0, 3.0).inputs)


def test_the_loss_is_that_of_new_samples():
    """Of the teacher's own student, with noise alone, E ℓ = noise/2."""
    model = bb.TeacherStudent(1, 1, bb.losses.Square(), "tanh", bb.Labels(0.2), overlap=1 - 1e-9)
    draws = stream(model, 1e-9, TIMES[:2], N, SEEDS)
    found = np.array([one.loss for one in draws])
    np.testing.assert_allclose(found.mean(), 0.1, atol=4 * 0.1 * math.sqrt(2 / 12_000))


def test_a_student_that_diverges_is_nan_from_there_on():
    model = bb.TeacherStudent(1, 1, bb.losses.Square(), overlap=0.5)
    (draw,) = stream(model, 5.0, TIMES, N, SEEDS[:1])
    assert np.isfinite(draw.gram[0]).all()
    assert np.isnan(draw.gram[1:]).all()
    assert np.isnan(draw.loss[1:]).all()
