"""Descents as points of a study: what a draw that diverges counts as."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.study import descent_observables
from bbpscape.study.cells import Cell
from bbpscape.study.observables import DESCENT, draw_values, observable, values_of_draws
from bbpscape.study.store import Store
from bbpscape.study.subject import Numerics

NAMES = (
    *("descent_m2", "recovered", "recovery_step"),
    *("descent_loss", "descent_error", "final_m2", "final_m2_frobenius"),
)
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
        assert [values[name] is None for name in NAMES[3:]] == [lost] * 4
    assert {"diverged", "budget"} <= ends


def test_a_draw_goes_on_to_its_end_if_asked():
    """p* = 2: at recovery m² is 0.9, at the end 1, by both norms."""
    names = ("final_m2", "final_m2_frobenius", "converged", "recovered", "recovery_step")
    point = {"p": 2, "p_star": 2, "alpha": 8.0, "N": 40, "a": 1.0, "steps": 4000}
    (seed,) = np.random.SeedSequence(1).spawn(1)
    stopped, ended = (
        draw_values(Cell.of(point | more), seed, [observable(name) for name in names])
        for more in ({}, {"until": "end"})
    )
    for each in (stopped, ended):
        assert each["recovered"] == 1.0
        assert each["recovery_step"] == stopped["recovery_step"]
    assert (stopped["converged"], ended["converged"]) == (0.0, 1.0)
    assert 0.9 <= stopped["final_m2"] < 0.99 < 1 - 1e-6 < ended["final_m2"]
    assert ended["final_m2_frobenius"] > 1 - 1e-6
    assert stopped["final_m2_frobenius"] != stopped["final_m2"]


@pytest.mark.parametrize("start", ["random", "hessian"])
def test_on_a_torch_device_draws_advance_together(start, monkeypatch):
    """As many as fit; the draws, and what they come to, are those of numpy."""
    pytest.importorskip("torch")
    cell = Cell.of({"p": 2, "p_star": 1, "alpha": 4.0, "N": 30, "start": start, "steps": 200})
    seeds, read = cell_seeds(cell, 5), [observable("final_m2"), observable("descent_loss")]
    expected = values_of_draws(cell, seeds, read, Numerics())
    sizes, descend = [], descent_observables.descend_batch

    def counted(instances, *rest, **more):
        sizes.append(len(instances))
        return descend(instances, *rest, **more)

    monkeypatch.setattr(descent_observables, "descend_batch", counted)
    monkeypatch.setattr(descent_observables, "DEVICE_BYTES", 3 * 8 * 120 * 30)
    found = values_of_draws(cell, seeds, read, Numerics(device="torch-cpu"))
    assert sizes == [3, 2]
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6)
        assert len(set(values)) == 5


@pytest.mark.parametrize(("given", "said"), [(2, "got 2"), (4, "got more")])
def test_a_subject_with_another_number_of_results(given, said, tmp_path):
    """The point fails with the reason; the file stays whole, and a mended subject goes on."""

    class Wrong(bb.study.Subject):
        results = given

        def prepare(self, cell, seed, numerics, below_edge):
            return 1.0

        def prepare_all(self, cell, seeds, numerics, below_edge):
            return iter([1.0] * self.results)

        def cost(self, cell, numerics):
            return 1e-3, 1000

    subject = Wrong()
    one = bb.Observable("constant", lambda value: value, of=subject)
    axes = {"alpha": 2.0, "N": 20}
    study = bb.Study(bb.TeacherStudent(1, 1), axes, [one], draws=3, block=3, theory=False)
    path = tmp_path / "wrong.sqlite"
    failed = study.run(path, workers=1)
    assert failed.failed == 3
    reason = f"prepare_all of Wrong must give one result a draw, {said} for 3"
    with Store(path) as store:
        assert reason in store.failures()[0][-1]
    subject.results = 3
    assert study.run(path, workers=1, retry_failed=True).rows[0].draws == 3


def cell_seeds(cell, count):
    return [cell.seed(0, draw) for draw in range(count)]
