"""Descents on inputs with structure: the sphere of their metric, the error on fresh inputs, starts,
and what does not depend on workers."""

import dataclasses
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.simulation.backend import NumpyBackend
from bbpscape.simulation.data.sampler import Sampler
from bbpscape.simulation.data.weights import Sphere
from bbpscape.simulation.descent.domain import OnSphere
from bbpscape.simulation.descent.overlap import generalization_error

STEEP = InputLaw("power:1")
NORMS = InputLaw("power:0.7", "lognormal:0.6", 2.0, "source:0.5")


def model_of(law, p=2, **others):
    return bb.TeacherStudent(p, 1, bb.NormalizedSquare(0.5), inputs=law, **others)


def length(law, weights):
    metric = Sphere(law, weights.shape[-1]).metric
    return (weights * metric * weights).sum(axis=-1) / weights.shape[-1]


@pytest.mark.parametrize("activation", ["quadratic", "tanh"])
@pytest.mark.parametrize("part", ["covariance", "radial", "mean", "all"])
def test_the_error_is_that_on_fresh_inputs(activation, part):
    law = NORMS if part == "all" else InputLaw(**{part: getattr(NORMS, part)})
    N, M = 12, 200_000
    model = bb.TeacherStudent(2, 1, "square", activation, inputs=law)
    one = bb.draw(model, 3.0, N, 1)
    # A student that knows something, of the teacher and of the mean.
    student = one.student + 0.6 * one.teacher
    if one.mean is not None:
        student = student + 1.2 * one.mean
    generator = np.random.default_rng(2)
    fresh = Sampler(dataclasses.replace(law, mean=0.0), N, M, generator)
    rows = fresh.rows(generator, slice(0, M))
    if one.mean is not None:
        rows = rows + one.mean / math.sqrt(N)
    outputs, labels = model.output(rows @ student.T), model.teacher_output(rows @ one.teacher.T)
    squares = (outputs - labels) ** 2
    expected = squares.mean() / labels.var()
    found = generalization_error(model, student, one.teacher, one.mean)
    assert found == pytest.approx(expected, rel=0.04)
    # Control: the error on standard inputs is another, but where tanh hides the norms.
    model = dataclasses.replace(model, inputs=InputLaw())
    plain = generalization_error(model, student, one.teacher)
    assert abs(plain / found - 1) > 0.08 or (activation, part) == ("tanh", "radial")


def test_the_mean_is_asked_for():
    one = bb.draw(model_of(NORMS), 2.0, 10, 0)
    with pytest.raises(InvalidInput, match="mean must be given"):
        generalization_error(one.model, one.student, one.teacher)
    with pytest.raises(InvalidInput, match=r"mean must have shape \(10,\), got \(9,\)"):
        generalization_error(one.model, one.student, one.teacher, one.mean[:9])


@pytest.mark.parametrize("law", [InputLaw(), STEEP, dataclasses.replace(STEEP, metric="sphere")])
def test_the_domain_is_the_sphere_of_the_metric(law):
    N, where = 15, NumpyBackend()
    sphere = Sphere(law, N)
    domain = OnSphere(sphere, where, "float64")
    w, v = np.random.default_rng(0).standard_normal((2, 3, 4, N))
    w = domain.onto(w)
    np.testing.assert_allclose(length(law, w), 1)
    np.testing.assert_allclose(w[0], sphere.onto(w[0]))
    tangent = domain.tangent(w, v)
    # To first order the length does not change, and a tangent vector stays as it is.
    change = [length(law, w + step * tangent) - 1 for step in (1e-4, -1e-4)]
    assert abs(np.subtract(*change)).max() < 1e-13
    np.testing.assert_allclose(domain.tangent(w, tangent), tangent, atol=1e-13)
    # It is the nearest of them: what is left out lies along one direction for each neuron.
    left = v - tangent
    np.testing.assert_allclose((left * tangent).sum(axis=-1), 0, atol=1e-12)


@pytest.mark.parametrize("start", ["random", "hessian", "spectral"])
@pytest.mark.parametrize("method", ["gd", "momentum", "flow"])
def test_descents_stay_on_the_sphere_and_lower_the_loss(start, method):
    model = model_of(STEEP)
    rule = bb.DescentRule(method, sphere=True, steps=40, snapshots=(0,))
    found = bb.descend(model, 4.0, 40, 2, 3, start, rule, workers=1)
    for path in found.trajectories:
        for student in (path.snapshots[0], path.student):
            np.testing.assert_allclose(length(STEEP, student), 1, rtol=1e-12)
        assert path.loss[-1] < 0.6 * path.loss[0]
        assert np.linalg.norm(path.student[0]) ** 2 != pytest.approx(40, rel=1e-3)
    if start == "random":
        first = bb.draw(model, 4.0, 40, 3, 0)
        np.testing.assert_allclose(found.trajectories[0].snapshots[0], first.student, rtol=1e-12)


def test_descents_do_not_depend_on_the_workers():
    model, rule = model_of(NORMS), bb.DescentRule(steps=30)
    alone = bb.descend(model, 3.0, 30, 3, 5, rule=rule, workers=1)
    other = bb.descend(model, 3.0, 30, 3, 5, rule=rule, workers=2)
    single = bb.descend(model, 3.0, 30, 3, 5, rule=rule, workers=1, dtype="float32")
    for a, b, c in zip(*(one.trajectories for one in (alone, other, single)), strict=True):
        np.testing.assert_array_equal(a.student, b.student)
        np.testing.assert_array_equal(a.generalization, b.generalization)
        assert a.loss[3] == pytest.approx(c.loss[3], rel=1e-4)
        assert a.status in ("converged", "budget")
        # The default step is measured: no rise of the loss however steep the inputs are.
        assert (np.diff(a.loss) <= 1e-12 * a.loss[:-1]).all()


def test_descents_on_a_torch_device():
    pytest.importorskip("torch", reason="torch is an optional extra")
    pytest.importorskip("array_api_compat", reason="array-api-compat comes with the extra gpu")
    rule = bb.DescentRule(sphere=True, steps=10)
    for_each = [
        bb.descend(model_of(STEEP), 3.0, 30, 2, 5, rule=rule, workers=1, device=device)
        for device in ("cpu", "torch-cpu")
    ]
    for a, b in zip(*(one.trajectories for one in for_each), strict=True):
        np.testing.assert_allclose(b.student, a.student, rtol=1e-6, atol=1e-9)


def test_a_start_that_the_inputs_do_not_see_is_refused():
    # p = 1 and many samples: the lowest eigenvectors are the empty directions.
    law = InputLaw("product:0.5")
    with pytest.raises(InvalidInput, match="weights must not lie where the inputs have no"):
        bb.descend(model_of(law, 1), 30.0, 40, 1, 0, "hessian", workers=1)


def test_the_hessian_along_a_descent_has_its_theory_at_the_random_student():
    model = model_of(InputLaw("power:0.5"))
    found = bb.hessian_along(model, 5.0, 60, [0, 20], 4, 1, rule=bb.DescentRule(steps=20))
    first, last = found.steps
    expected = bb.spectrum(model, 5.0, 2, 60)
    assert first.theory_edge == pytest.approx(float(expected.left_edge.value))
    teacher = min(expected.outliers, key=lambda one: one.eigenvalue)
    assert first.theory_m2 == pytest.approx(teacher.teacher_m2)
    assert last.student_m2 > 0.2
    assert last.theory_m2 is None
    assert "no theory at an overlap with a covariance" in last.note
    lowest = [
        np.linalg.eigvalsh(bb.draw(model, 5.0, 60, 1, i).hessian.dense())[0] for i in range(4)
    ]
    assert first.lowest.mean == pytest.approx(np.mean(lowest), abs=1e-8)


def test_recovery_has_the_threshold_of_its_inputs():
    model = model_of(InputLaw("power:0.5"), 1)
    found = bb.recovery(model, [2.0, 8.0], 40, 2, 0, rule=bb.DescentRule(steps=50), workers=1)
    expected = bb.threshold(model, 40).alpha_bbp
    assert found.thresholds[1].alpha_bbp == pytest.approx(expected)
    assert expected != pytest.approx(bb.threshold(model_of(InputLaw(), 1)).alpha_bbp, rel=1e-2)
    assert found.weak_recovery is None


def test_steeper_inputs_take_longer_to_recover():
    """Median steps to m² = 0.9 at three β: the rate is that of the small components."""
    rule = bb.DescentRule(steps=3000, until_recovery=True)
    steps = []
    for beta in (0.25, 0.75, 1.0):
        law = InputLaw(f"power:{beta}")
        found = bb.descend(model_of(law), 10.0, 60, 4, 2, rule=rule, workers=1)
        assert found.recovered.count == 4
        steps.append(np.median([path.recovered_step for path in found.trajectories]))
    assert steps[1] > 3 * steps[0]
    assert steps[2] > 2 * steps[1]
