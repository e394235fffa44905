"""Descents of many draws: each is its own, whatever runs beside it; how they ended is counted."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.statistics import Fraction
from bbpscape.experiments import descend as module
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.study.spectral_start import find_start

MODEL = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5))
ALPHA, N = 5.0, 30


@pytest.mark.parametrize("start", ["random", "hessian", "spectral"])
def test_each_draw_descends_from_its_own_start(start):
    rule = bb.DescentRule(steps=15)
    found = bb.descend(MODEL, ALPHA, N, 3, 8, start, rule, workers=1)
    assert (found.draws, found.M, found.alpha, found.start) == (3, 150, 5.0, start)
    for i, path in enumerate(found.trajectories):
        one = bb.draw(MODEL, ALPHA, N, 8, i)
        begin = find_start(start).begin(one)
        (alone,) = descend_batch([one], [begin], rule)
        np.testing.assert_array_equal(path.student, alone.student)
        np.testing.assert_array_equal(path.m2, alone.m2)
    m2 = [path.m2[0] for path in found.trajectories]
    assert (np.mean(m2) > 0.3) == (start != "random")


def test_batches_and_workers_change_nothing(monkeypatch):
    rule = bb.DescentRule(steps=15)
    told = []
    whole = bb.descend(MODEL, ALPHA, N, 5, 8, rule=rule, workers=1)
    monkeypatch.setattr(module, "BATCH_BYTES", 2 * 8 * 150 * N)
    parts = bb.descend(
        MODEL, ALPHA, N, 5, 8, rule=rule, workers=1, progress=lambda *done: told.append(done)
    )
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert parts.to_dict() == whole.to_dict()
    apart = bb.descend(MODEL, ALPHA, N, 5, 8, rule=rule, workers=2)
    assert apart.to_dict() == whole.to_dict()


def test_what_recovered_and_how_draws_ended():
    rule = bb.DescentRule(steps=60, until_recovery=True)
    found = bb.descend(MODEL, 4.0, N, 8, 1, rule=rule, workers=1)
    steps = [path.recovered_step for path in found.trajectories]
    count = sum(step is not None for step in steps)
    assert 0 < count < 8, "both ends are there"
    assert found.recovered == Fraction(count, 8)
    assert found.statuses == {"recovered": count, "budget": 8 - count}
    low, high = found.recovered.interval
    assert f"recovered: {count} of 8 (fraction {low:.3f} to {high:.3f})" in found.summary()
    frame = found.to_dataframe()
    assert frame.recovered.tolist() == [step is not None for step in steps]
    assert frame.m2.tolist() == [path.m2[-1] for path in found.trajectories]


@pytest.mark.parametrize(
    ("rule", "problem", "advice"),
    [
        (bb.DescentRule(steps=3), "3 of 3 draws still moved", "allow more steps"),
        (bb.DescentRule(steps=30, step=50.0), "3 of 3 draws diverged", "take a smaller step"),
        (bb.DescentRule(steps=300, until_recovery=True), "", ""),
    ],
)
def test_the_status_says_what_to_try(rule, problem, advice):
    found = bb.descend(MODEL, 12.0, N, 3, 1, rule=rule, workers=1)
    assert found.status.ok == (not problem)
    assert problem in found.status.problem
    assert advice in found.status.advice
    assert (str(found.status) in found.summary()) == bool(problem)


def test_workers_are_started_where_they_pay(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "available_cpus", lambda: 3)
    monkeypatch.setattr(
        module,
        "ordered_map",
        lambda function, batches, count: asked.append(count) or (function(one) for one in batches),
    )
    for steps in (5, 10**8):
        rule = bb.DescentRule(steps=steps, tolerance=0.5)
        bb.descend(MODEL, ALPHA, N, 4, rule=rule)
    assert asked == [1, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"draws": 0}, "draws must be"),
        ({"draws": 10**6}, "draws must be from 1 to 100000"),
        ({"N": 1}, "N must be above p_star"),
        ({"alpha": -1.0}, "alpha must be"),
        ({"start": "cold"}, "start must be one of"),
        ({"dtype": "half"}, "dtype must be one of"),
        ({"device": "tpu"}, "device must be one of"),
        ({"workers": 0}, "workers must be"),
        ({"N": 10**6}, "GiB"),
        ({"model": bb.TeacherStudent(float("inf"), 1)}, "p must be finite"),
        ({"model": bb.TeacherStudent(2, 1, "square", "tanh"), "start": "spectral"}, "quadratic"),
    ],
)
def test_refusals(arguments, message):
    values = {"model": MODEL, "alpha": ALPHA, "N": N, "draws": 1} | arguments
    with pytest.raises(bb.InvalidInput, match=message):
        bb.descend(**values)
