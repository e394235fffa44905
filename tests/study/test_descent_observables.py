"""Descents as points of a study: what a draw that diverges counts as."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.study.cells import Cell
from bbpscape.study.descent_observables import trajectory
from bbpscape.study.observables import draw_values

NAMES = ("descent_m2", "recovered", "recovery_step", "descent_loss", "descent_error")
STEEP = {
    "p": 2, "p_star": 1, "alpha": 3.0, "N": 40, "loss": "(y-yhat)**4", "label_noise": 0.3,
    "method": "momentum", "steps": 60,
}  # fmt: skip


def test_a_draw_that_diverges_has_not_recovered():
    cell = Cell.of(STEEP)
    ends = set()
    for seed in np.random.SeedSequence(0).spawn(8):
        path = trajectory(cell, seed)
        values = draw_values(cell, seed, NAMES)
        ends.add(path.status)
        assert values["descent_m2"] == path.largest_m2 < 0.9
        assert (values["recovered"], values["recovery_step"]) == (0.0, None)
        lost = path.status == "diverged"
        assert [values[name] is None for name in NAMES[3:]] == [lost, lost]
    assert {"diverged", "budget"} <= ends


def test_a_curve_keeps_a_point_with_draws_that_diverge():
    model = bb.TeacherStudent(2, 1, bb.loss("(y-yhat)**4"), labels=bb.Labels(0.3))
    rule = bb.DescentRule("momentum", steps=60)
    found = bb.recovery_curve(model, [3.0], [2], ["random"], 40, 8, rule=rule, workers=1)
    (line,) = found.lines
    assert (found.failed, line.recovered[0].of, line.m2[0].size) == (0, 8, 8)
    assert line.mean_m2[0] == pytest.approx(0.28, abs=0.2)
