"""A photograph as the teacher: its measurements, its four recoveries and the strip of one."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.experiments.photograph import load_square, shown
from bbpscape.simulation.descent.overlap import squared_magnetization

pytest.importorskip("skimage", reason="photographs ship with scikit-image")
RULE = bb.DescentRule(steps=40)


@pytest.fixture(scope="module")
def found():
    return bb.photograph(8.0, 8, 2, 0.5, rule=RULE, dtype="float64")


def test_what_is_measured(found):
    assert (found.N, found.M, found.alpha, found.rule) == (64, 512, 8.0, RULE)
    assert found.image.shape == (8, 8)
    np.testing.assert_array_equal(found.image, load_square("camera.png", 8))
    names = ["random start, p = 1", "random start, p = 2"]
    names += ["Hessian start, p = 1", "spectral start, p = 1"]
    assert [one.name for one in found.recoveries] == names
    assert [one.p for one in found.recoveries] == [1, 2, 1, 1]


def test_all_descend_on_the_same_measurements(found):
    """The random starts are the draw's own student; one neuron of it at p = 1."""
    teacher = (found.image - found.image.mean()).reshape(1, 64)
    one = bb.draw(bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5)), 8.0, 64, 0)
    narrow, wide, hessian, spectral = found.recoveries
    assert wide.begin_m2 == pytest.approx(squared_magnetization(one.student, teacher))
    assert narrow.begin_m2 == pytest.approx(squared_magnetization(one.student[:1], teacher))
    assert narrow.begin_m2 < 0.1 < min(hessian.begin_m2, spectral.begin_m2)
    for way in found.recoveries:
        path = way.trajectory
        assert (way.begin_m2, way.m2) == (path.m2[0], path.m2[-1])
        assert way.m2 == pytest.approx(squared_magnetization(path.student, teacher))
        assert not path.snapshots


def test_an_image_has_the_mean_contrast_and_sign_of_the_photograph(found):
    for way in found.recoveries:
        for image in (way.image, way.begin):
            assert image.mean() == pytest.approx(found.image.mean(), rel=0.2)
            assert (image - found.image.mean()).std() == pytest.approx(found.image.std(), rel=0.1)
    best = max(found.recoveries, key=lambda one: one.m2)
    assert np.corrcoef(best.image.ravel(), found.image.ravel())[0, 1] > 0.95
    teacher = (found.image - found.image.mean()).reshape(1, 64)
    for sign in (1, -1):
        np.testing.assert_allclose(shown(sign * teacher, teacher, found.image), found.image)


def test_the_strip_is_of_the_recovery_that_came_farthest(found):
    gains = [one.m2 - one.begin_m2 for one in found.recoveries]
    assert found.strip_of == int(np.argmax(gains))
    path = found.recoveries[found.strip_of].trajectory
    steps = [frame.step for frame in found.strip]
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, path.step[-1])
    for frame in found.strip:
        assert frame.m2 == pytest.approx(path.m2[path.step.tolist().index(frame.step)])
    # Even steps of m²: no gap is twice what six frames need, as far as records allow.
    np.testing.assert_allclose(
        found.strip[-1].image, found.recoveries[found.strip_of].image, rtol=1e-12
    )
    assert 3 <= len(steps) <= 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": 4}, "side must be"),
        ({"side": 129}, "side must be"),
        ({"which": "nobody.png"}, "photograph must be one of astronaut.png"),
        ({"p": 0}, "p must be"),
        ({"a": -1.0}, "a must be"),
        ({"alpha": 0.0}, "alpha must be"),
        ({"dtype": "half"}, "dtype must be one of"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.photograph(**({"side": 8, "rule": RULE} | arguments))


def test_a_square_is_the_middle_of_a_photograph_in_blocks():
    whole, coarse = load_square("camera.png", 128), load_square("camera.png", 64)
    np.testing.assert_allclose(coarse, whole.reshape(64, 2, 64, 2).mean(axis=(1, 3)))
    told = []
    bb.photograph(2.0, 8, 1, rule=RULE, progress=lambda *done: told.append(done))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
