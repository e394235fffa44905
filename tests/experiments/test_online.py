"""``online``: what it refuses, where it starts, and the record of a path."""

import json
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.experiments.online import OnlinePath
from bbpscape.experiments.online_start import random_start

QUADRATIC = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0), overlap=0.2)
TANH = bb.TeacherStudent(2, 2, bb.losses.Square(), "tanh", overlap=0.2)


def learn(**options):
    given = {"rate": 1.0, "times": [0.0, 1.0, 3.0], "N": 30, "draws": 3}
    return bb.online(options.pop("model", TANH), **given | options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 0.0}, "rate must be finite and greater than 0, got 0"),
        ({"rate": -1.0}, "rate must be finite and greater than 0"),
        ({"rate": math.nan}, "rate must be finite"),
        ({"rate": "fast"}, "rate must be a number"),
        ({"times": [1.0, 0.5]}, "times must be 1 to 1000 numbers that rise from 0 or later"),
        ({"times": [0.0, 0.0]}, "that rise from 0"),
        ({"times": [-1.0, 1.0]}, "that rise from 0"),
        ({"times": []}, "times"),
        ({"times": [0.0, math.nan]}, "times must be finite"),
        ({"times": 3.0}, "times must have 1 axes"),
        ({"times": [1e7]}, "times must be at most 100000"),
        ({"N": 3}, r"N must be at least p \+ p_star = 4, got 3"),
        ({"N": 0}, "N must be a positive integer"),
        ({"draws": -1}, "draws must be from 0 to 10000"),
        ({"draws": 10_000, "N": 10_000, "times": [100.0]}, "too many: lower N, draws or times"),
        ({"start_N": 3}, "start_N must be at least 4"),
        ({"hessian": [2.0]}, r"hessian must be some of the times \[0.0, 1.0, 3.0\]"),
        ({"hessian": [math.nan]}, "hessian must be finite"),
        ({"alpha": 0.0}, "alpha must be finite and greater than 0"),
        ({"sphere": 1}, "sphere must be True or False"),
        ({"workers": 0}, "workers must be a positive integer"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"model": bb.TeacherStudent(math.inf, 1)}, "p must be finite"),
        ({"model": bb.TeacherStudent(1, 1, inputs=bb.InputLaw("power:0.5"))}, "standard Gaussian"),
        ({"model": "a model"}, "model must be a TeacherStudent"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(bb.InvalidInput, match=message) as raised:
        learn(**options)
    assert "\n" not in str(raised.value)


def test_a_record_is_exact_and_a_table_has_it_all():
    path = learn(model=QUADRATIC, rate=0.1, hessian=[3.0], alpha=4.0)
    record = path.to_dict()
    again = OnlinePath.from_dict(json.loads(json.dumps(record)))
    assert again.to_dict() == record
    assert again.summary() == path.summary()
    frame = path.to_dataframe()
    assert len(frame) == 3
    assert {"Q_11", "m_11", "loss", "loss_error", "m2_measured"} <= set(frame)
    assert "Hessian on independent data" in path.summary()
    student = path.student(2)
    np.testing.assert_allclose(student.gram, path.gram[2], atol=1e-12)
    np.testing.assert_allclose(student.overlap_matrix, path.overlap[2])


def test_both_magnetizations():
    """Nuclear and Frobenius norms of m: apart where there are two directions."""
    path = learn(draws=0)
    assert {"Q_11", "Q_12", "Q_22", "m_12", "m_21"} <= set(path.columns())
    sizes = np.linalg.svd(path.overlap, compute_uv=False)
    norms = np.trace(path.gram, axis1=1, axis2=2)
    np.testing.assert_allclose(path.m2, sizes.sum(axis=1) ** 2 / (2 * norms))
    np.testing.assert_allclose(path.m2_frobenius, (sizes**2).sum(axis=1) / norms)
    assert path.sample is None


def test_draws_are_those_of_their_index_whatever_the_workers():
    one, two = (learn(model=QUADRATIC, rate=0.1, workers=count) for count in (1, 2))
    np.testing.assert_array_equal(one.sample.gram, two.sample.gram)
    assert one.sample.loss == two.sample.loss
    assert learn(model=QUADRATIC, rate=0.1, seed=1).sample.loss != one.sample.loss


def test_a_random_start_is_that_of_random_weights():
    """Overlaps of variance 1/N, and unit norms; the same for a seed."""
    model, N = bb.TeacherStudent(2, 1, bb.losses.Square()), 100
    starts = [random_start(model, N, seed) for seed in range(400)]
    m = np.array([one.overlap_matrix for one in starts]).reshape(len(starts), -1)
    across = np.array([one.gram[0, 1] for one in starts])
    np.testing.assert_allclose([np.diagonal(one.gram) for one in starts], 1, atol=1e-12)
    error = 4 * math.sqrt(2 / m.size)
    assert abs((m**2).mean() * N - 1) < error
    assert abs((across**2).mean() * N - 1) < 4 * math.sqrt(2 / across.size)
    assert random_start(model, N, 3).gram.tolist() == starts[3].gram.tolist()
    path = learn(model=model, rate=0.01, start_N=N, draws=0, seed=3)
    np.testing.assert_allclose(path.overlap[0], starts[3].overlap_matrix)


def test_what_a_path_says_of_itself():
    stuck = learn(model=bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0)), rate=0.1, draws=0)
    assert "m stays 0: give an overlap, or start_N" in stuck.summary()
    lost = learn(model=bb.TeacherStudent(1, 1, bb.losses.Square(), overlap=0.1), draws=0)
    assert len(lost.times) == 1
    assert not lost.status.ok
    assert "diverges at t = 0." in lost.summary()


def test_progress_is_told_to_the_end():
    told = []
    learn(
        model=QUADRATIC, rate=0.1, hessian=[3.0], progress=lambda done, of: told.append((done, of))
    )
    assert told[-1] == (6, 6)


def test_what_is_asked_without_a_word_is_a_path():
    path = bb.online(bb.TeacherStudent())
    assert path.loss[-1] < 0.1 * path.loss[0]
