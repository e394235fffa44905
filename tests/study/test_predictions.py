"""What a plan says of time and memory: what it counts, not how fast a machine is.

benchmarks/predictions.py holds it against the clock.
"""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.descent.rule import DescentRule, budget_operations, budget_seconds
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.theory.laws.network.nodes import FINEST, held_numbers, network_nodes
from bbpscape.theory.matrix.route import MatrixRoute
from bbpscape.theory.route import route

SOURCE = bb.TeacherStudent(1, 1)


def plan(model, alpha, N=200, observables=("lowest",), draws=1, workers=1, **axes):
    axes = {"alpha": alpha, "N": N, **axes}
    return bb.Study(model, axes, list(observables), draws, theory=False).plan(workers=workers)


def test_phi_costs_nothing_where_the_lowest_eigenvector_has_most_of_the_teacher():
    """m² > 1/2 of one copy at N → ∞ is from 1.5 α_BBP on (theory.md), 0 below."""
    threshold = bb.threshold(SOURCE).alpha_bbp
    below, above = (
        plan(SOURCE, factor * threshold, observables=("phi",)).seconds
        - plan(SOURCE, factor * threshold).seconds
        for factor in (0.9, 2.0)
    )
    M = round(0.9 * threshold * 200)
    assert below == pytest.approx(CostModel(1, 200, M, 1, 1).phi_seconds)
    assert above == pytest.approx(0, abs=1e-12)
    m2 = bb.overlap_curve(SOURCE, [1.2 * threshold, 2.0 * threshold]).m2
    assert m2[0] < 1 / 2 < m2[1]
    # Of other models it is not asked: it would take longer than the draws.
    general = bb.TeacherStudent(1, 1, "huber")
    extra = plan(general, 30.0, observables=("phi",)).seconds - plan(general, 30.0).seconds
    assert extra == pytest.approx(CostModel(1, 200, 6000, 1, 1).phi_seconds)


def test_workers_take_time_to_start_and_a_worker_has_memory_of_its_own():
    one, two = (plan(SOURCE, 2.0, draws=1000, workers=workers) for workers in (1, 2))
    assert one.wall_seconds == one.seconds
    assert two.wall_seconds == pytest.approx(1.5 + one.seconds / 2)
    assert two.peak_bytes == one.peak_bytes > 1e8
    theory = bb.Study(SOURCE, {"alpha": 2.0}, draws=0).plan()
    assert theory.peak_bytes == 1e8
    assert "0.1 GB" in theory.summary()


@pytest.mark.parametrize(
    "model",
    [
        bb.TeacherStudent(2, 1, "square", "tanh"),
        bb.TeacherStudent(2, 2, "square", "erf"),
        bb.TeacherStudent(3, 1, "square", "tanh"),
    ],
)
def test_the_theory_of_a_network_takes_what_its_nodes_do(model):
    nodes, p = network_nodes(model, FINEST, []), int(model.p)
    held = nodes.weights.size * (2 * p * p + p)
    assert held / 3 < held_numbers(model) < 3 * held
    seconds, size = route(model).cost
    assert isinstance(route(model), MatrixRoute)
    assert size > 8 * held  # the curvatures alone
    wider = route(model.replace(p=p + 1)).cost
    assert wider[0] > seconds
    study = bb.Study(model, {"alpha": [1.0, 2.0]}, draws=0).plan()
    assert study.seconds == pytest.approx(2 * seconds)
    assert study.peak_bytes == 1e8 + size


def test_a_network_that_is_refused_costs_nothing():
    assert held_numbers(bb.TeacherStudent(9, 1, "square", "tanh")) == 0


@pytest.mark.parametrize("method", ["gd", "momentum", "flow"])
def test_a_descent_is_taken_to_need_its_budget(method):
    p, N, M = 2, 50, 200
    one, two = (DescentRule(method, steps=steps) for steps in (1000, 2000))
    gradients = 2 if method == "flow" else 1
    more = budget_seconds(two, p, N, M) - budget_seconds(one, p, N, M)
    products = (budget_operations(two, p, N, M) - budget_operations(one, p, N, M)) / 1.2e10
    assert more >= (1000 * gradients * 7e-5 + products) * (1 - 1e-12)
    assert budget_seconds(two, p, N, M) > products
    fixed = DescentRule(method, steps=1000, step=0.1)
    assert budget_seconds(fixed, p, N, M) <= budget_seconds(one, p, N, M)
    model = bb.TeacherStudent(p, 1)
    descents = plan(model, M / N, N, ("recovered",), 3, method=method, steps=1000)
    assert descents.seconds == pytest.approx(3 * budget_seconds(one, p, N, M))


def test_every_cost_is_finite_where_a_study_can_be():
    for N in (10, 10**5):
        for p in (1, 50):
            found = CostModel(p, N, 2 * N, p + 1, p)
            seconds = (found.dense_seconds, found.iterative_seconds, found.phi_seconds)
            assert np.all(np.array(seconds) > 0)
            assert math.isfinite(sum(seconds))
