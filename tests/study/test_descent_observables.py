"""Descents as points of a study: what a draw that diverges counts as."""

import numpy as np

from bbpscape.study.cells import Cell
from bbpscape.study.observables import DESCENT, draw_values, observable
from bbpscape.study.subject import Numerics

NAMES = ("descent_m2", "recovered", "recovery_step", "descent_loss", "descent_error")
STEEP = {
    "p": 2, "p_star": 1, "alpha": 3.0, "N": 40, "loss": "(y-yhat)**4", "label_noise": 0.3,
    "method": "momentum", "steps": 60,
}  # fmt: skip


def test_a_draw_that_diverges_has_not_recovered():
    cell = Cell.of(STEEP)
    ends = set()
    for seed in np.random.SeedSequence(0).spawn(8):
        path = DESCENT.prepare(cell, seed, Numerics(), False)
        values = draw_values(cell, seed, [observable(name) for name in NAMES])
        ends.add(path.status)
        assert values["descent_m2"] == path.largest_m2 < 0.9
        both = draw_values(cell, seed, [observable("descent_m2_frobenius")])
        assert both["descent_m2_frobenius"] == path.largest_m2_frobenius
        assert (values["recovered"], values["recovery_step"]) == (0.0, None)
        lost = path.status == "diverged"
        assert [values[name] is None for name in NAMES[3:]] == [lost, lost]
    assert {"diverged", "budget"} <= ends
