"""Descents: one step in closed form, energy that never rises, starts, ends and invariances."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import ortho_group

import bbpscape as bb
from bbpscape.core.codec import encode
from bbpscape.simulation.data.instance import Instance, draw
from bbpscape.simulation.descent.descend import ROUNDING, descend_batch
from bbpscape.simulation.descent.gradient import BatchGradient
from bbpscape.simulation.descent.rule import DescentRule, budget_operations, record_steps
from bbpscape.simulation.descent.step import safe_step
from bbpscape.simulation.hessian import Hessian

MODEL = bb.TeacherStudent(3, 1, bb.NormalizedSquare(0.5))
EASY = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5))
N = 40


def batch(model=MODEL, alpha=4.0, count=2, seed=0):
    return [draw(model, alpha, N, seed, index) for index in range(count)]


def go(instances, starts=None, where=None, dtype="float64", **rule):
    starts = [one.student for one in instances] if starts is None else starts
    return descend_batch(instances, starts, DescentRule(**rule), where=where, dtype=dtype)


def every_loss(instances, rule):
    """The loss after 1, 2, … gradients, each from a descent of its own."""
    rows = [
        [one.loss[-1] for one in descend_batch(instances, [i.student for i in instances], r)]
        for r in (dataclasses.replace(rule, steps=k) for k in range(1, 40))
    ]
    return np.array(rows)


def test_one_step_in_closed_form():
    # One sample, one weight: L = (λ² − y)²/2, λ = x w, dL/dw = 2 (λ² − y) λ x.
    model = bb.TeacherStudent(1, 1, bb.losses.Square())
    x, w, v, eta = 0.5, 3.0, 1.0, 0.25
    one = Instance(model, np.array([[x]]), np.array([[w]]), np.array([[v]]))
    slope = 2 * ((x * w) ** 2 - (x * v) ** 2) * x * w * x
    (found,) = go([one], step=eta, steps=1)
    assert found.student.item() == pytest.approx(w - eta * slope, rel=1e-14)
    assert found.time.tolist() == [0, eta]
    # A second step of momentum: v = −η (β g_0 + g_1).
    after = w - eta * slope
    second = 2 * ((x * after) ** 2 - (x * v) ** 2) * x * after * x
    (found,) = go([one], step=eta, steps=2, method="momentum", beta=0.5)
    assert found.student.item() == pytest.approx(after - eta * (0.5 * slope + second), rel=1e-14)


def test_momentum_on_the_sphere_in_closed_form():
    # Velocity and slope lose their radial parts, and w is scaled back.
    one = draw(EASY, 4.0, N, np.random.default_rng(0))
    eta, beta, radius = 0.02, 0.5, math.sqrt(N)

    def slope(w):
        gradient = BatchGradient([one])(w[None])[1][0]
        return gradient - (gradient * w).sum() / N * w

    w = one.student
    velocity = -eta * slope(w)
    first = w + velocity
    first *= radius / np.linalg.norm(first)
    velocity = velocity - (velocity * first).sum() / N * first
    second = first + beta * velocity - eta * slope(first)
    second *= radius / np.linalg.norm(second)
    (found,) = go([one], method="momentum", sphere=True, step=eta, beta=beta, steps=2)
    np.testing.assert_allclose(found.student, second, rtol=1e-12)


def test_the_flow_is_the_limit_of_small_steps():
    # L = (x²w² − x²v²)²/2 along x = 1 flows as dw/dt = −2 w (w² − 1): w² = 1/(1 + c e^{−4t}).
    model = bb.TeacherStudent(1, 1, bb.losses.Square())
    one = Instance(model, np.ones((1, 1)), np.full((1, 1), 0.1), np.ones((1, 1)))
    (flow,) = go([one], method="flow", step=1e-3, tolerance=1e-8, steps=20_000)
    time, w2 = flow.time, 1 - np.sqrt(2 * flow.loss)
    exact = 1 / (1 + (1 / 0.01 - 1) * np.exp(-4 * time))
    assert abs(w2 - exact).max() < 5e-3
    wrong = 1 / (1 + (1 / 0.01 - 1) * np.exp(-4.2 * time))
    assert abs(w2 - wrong).max() > 1e-2


@pytest.mark.parametrize("sphere", [False, True])
@pytest.mark.parametrize("method", ["flow", "gd"])
def test_the_energy_never_rises(method, sphere):
    losses = every_loss(batch(), DescentRule(method=method, sphere=sphere, tolerance=0.0))
    assert (np.diff(losses, axis=0) <= ROUNDING * np.finfo(float).eps * losses[:-1]).all()
    assert (losses[-1] < 0.5 * losses[0]).all()


def test_a_step_that_is_too_long_raises_it():
    instances = batch()
    steps = [20 * safe_step(one, one.student) for one in instances]
    losses = every_loss(instances, DescentRule(step=max(steps), tolerance=0.0))
    assert (np.diff(losses, axis=0) > 0).any()


def test_the_safe_step_is_one_over_the_largest_eigenvalue():
    for model in (MODEL, bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("tanh"))):
        (one,) = batch(model, count=1)
        largest = np.linalg.eigvalsh(Hessian(one.inputs, one.curvature).dense())[-1]
        assert safe_step(one, one.student) == pytest.approx(1 / largest, rel=0.01)


@pytest.mark.parametrize("sphere", [False, True])
def test_rotated_neurons_take_the_same_way(sphere):
    instances = batch()
    rotation = ortho_group.rvs(3, random_state=0)
    starts = [one.student for one in instances]
    rotated = [rotation @ w for w in starts]
    # On the sphere of every row a rotation leads elsewhere; signs and permutations do not.
    if sphere:
        rotated = [w[[2, 0, 1]] * [[1], [-1], [1]] for w in starts]
    options = {"sphere": sphere, "steps": 100, "step": 0.02}
    for one, other in zip(go(instances, **options), go(instances, rotated, **options), strict=True):
        np.testing.assert_allclose(other.loss, one.loss, rtol=1e-9)
        np.testing.assert_allclose(other.m2, one.m2, rtol=1e-9)
    if not sphere:
        turned = go(instances, rotated, **options)[0].student
        expected = rotation @ go(instances, **options)[0].student
        np.testing.assert_allclose(turned, expected, atol=1e-9)


def test_a_loss_that_sees_the_neurons_goes_elsewhere():
    model = bb.TeacherStudent(3, 1, bb.losses.Square(), bb.activation("tanh"))
    instances = batch(model, count=1)
    rotated = [ortho_group.rvs(3, random_state=0) @ instances[0].student]
    one, other = go(instances, steps=20)[0], go(instances, rotated, steps=20)[0]
    assert abs(one.loss[-1] / other.loss[-1] - 1) > 1e-3


@pytest.mark.parametrize("method", ["gd", "momentum", "flow"])
def test_a_draw_alone_and_in_a_batch(method):
    instances = batch(EASY, 8.0, count=4)
    together = go(instances, method=method, steps=600, until_recovery=True)
    assert len({one.step[-1] for one in together}) > 1, "they should end at different steps"
    for one, expected in zip(instances, together, strict=True):
        (alone,) = go([one], method=method, steps=600, until_recovery=True)
        assert encode(alone) == encode(expected)
        np.testing.assert_array_equal(alone.student, expected.student)


@pytest.mark.parametrize("method", ["gd", "momentum", "flow"])
def test_the_sphere_is_kept_and_the_free_norm_is_not(method):
    instances = batch(count=1)
    for sphere in (True, False):
        (one,) = go(instances, sphere=sphere, method=method, steps=50)
        radius = np.linalg.norm(one.student, axis=1) / math.sqrt(N)
        assert (abs(radius - 1) < 1e-12).all() == sphere


def test_it_ends_by_recovery_convergence_budget_and_divergence():
    instances = batch(EASY, 8.0)
    recovered = go(instances, until_recovery=True)
    assert {one.status for one in recovered} == {"recovered"}
    for one in recovered:
        assert one.recovered_step == one.step[-1] == one.largest_m2_step
        assert one.m2[-1] >= 0.9 > one.m2[-2]
    converged = go(instances)
    assert {one.status for one in converged} == {"converged"}
    for one, early in zip(converged, recovered, strict=True):
        assert one.recovered_step == early.recovered_step < one.step[-1]
        assert one.largest_m2 == pytest.approx(1, abs=1e-6)
        assert one.generalization[-1] == pytest.approx(0, abs=1e-6)
    budget = go(instances, steps=7)
    assert {one.status for one in budget} == {"budget"}
    assert budget[0].step.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert not budget[0].recovered
    diverged = go(instances, step=10.0)
    assert {one.status for one in diverged} == {"diverged"}
    assert encode(diverged[0])["loss"][-1] is None or diverged[0].loss[-1] > 1e5


def test_other_activations_are_recovered_by_their_error_too():
    model = bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("tanh"))
    (one,) = batch(model, count=1)
    opposite = np.concatenate([one.teacher, -one.teacher])
    (found,) = go([one], [opposite], steps=1, step=1e-12)
    assert found.m2[0] == pytest.approx(1)
    assert not found.recovered
    (found,) = go([one], [np.repeat(one.teacher, 2, axis=0) * 1.01], steps=1, step=1e-12)
    assert found.recovered_step == 0


def test_snapshots():
    (one,) = go(batch(EASY, 8.0, count=1), snapshots=(0, 5, 500), steps=600, until_recovery=True)
    last = one.step[-1]
    assert last < 500
    assert list(one.snapshots) == [0, 5, last]
    np.testing.assert_array_equal(one.snapshots[last], one.student)
    (short,) = go(batch(EASY, 8.0, count=1), steps=5)
    np.testing.assert_array_equal(one.snapshots[5], short.student)


@pytest.mark.parametrize("method", ["gd", "momentum", "flow"])
def test_every_record_and_snapshot_is_of_its_own_step(method):
    options = {"method": method, "tolerance": 0.0, "snapshots": (1, 7, 11), "steps": 12}
    (one,) = go(batch(count=1), **options)
    assert one.step.tolist() == record_steps(12).tolist()
    assert list(one.snapshots) == [1, 7, 11]
    (short,) = go(batch(count=1), method=method, tolerance=0.0, steps=7)
    np.testing.assert_array_equal(one.snapshots[7], short.student)
    assert abs(one.snapshots[11] - one.snapshots[7]).max() > 1e-3


@pytest.mark.parametrize("method", ["gd", "flow"])
def test_a_loss_may_be_negative(method):
    # The square loss less a constant has the same gradients, and goes the same way.
    lower = bb.TeacherStudent(1, 1, bb.loss("(y - yhat)**2/2 - 100"))
    same = bb.TeacherStudent(1, 1, bb.loss("(y - yhat)**2/2"))
    (one,), (other,) = (
        go([draw(m, 8.0, N, np.random.default_rng(0))], method=method, steps=20)
        for m in (lower, same)
    )
    assert one.loss[-1] < one.loss[0] < 0
    assert one.status == other.status
    np.testing.assert_allclose(one.m2, other.m2, rtol=1e-6)


def test_an_absurd_step_diverges_quietly():
    (one,) = go(batch(count=1), step=1e300)
    assert one.status == "diverged"
    assert encode(one)["m2"][-1] is None


def test_records_are_even_in_the_logarithm():
    steps = record_steps(3000)
    assert steps[0] == 0
    assert steps[-1] == 3000
    late = steps[steps >= 20]
    assert (late[1:] / late[:-1] < 1.3).all()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"method": "adam"}, "method must be one of gd, momentum, flow"),
        ({"sphere": 1}, "sphere must be True or False"),
        ({"steps": 0}, "steps must be a positive integer"),
        ({"steps": 10**10}, "steps must be at most 1000000000"),
        ({"step": -1.0}, "step must be"),
        ({"beta": 1.0}, "beta must be from 0 to below 1"),
        ({"recovery": 1.5}, "recovery must be"),
        ({"tolerance": "no"}, "tolerance must be a number"),
        ({"snapshots": (-1,)}, "snapshots must be steps"),
    ],
)
def test_bad_rules(rule, message):
    with pytest.raises(bb.InvalidInput, match=message):
        DescentRule(**rule)


def test_the_budget_is_two_products_a_gradient():
    # Λ = w Xᵀ and R X: 2 M N p operations each; the flow takes two gradients a step.
    p, M = 3, 160
    gradient = 2 * (2 * M * N * p)
    for method, gradients in (("gd", 1), ("momentum", 1), ("flow", 2)):
        rule = DescentRule(method, steps=7)
        assert budget_operations(rule, p, N, M) == 7 * gradients * gradient


def test_starts_must_have_their_shape():
    with pytest.raises(bb.InvalidInput, match=r"starts must have shape \(2, 3, 40\)"):
        go(batch(), np.ones((2, 3, 4)))


def test_a_gradient_is_one_call():
    gradient = BatchGradient(batch())
    gradient(np.stack([one.student for one in batch()]))
    assert gradient.calls == 1
