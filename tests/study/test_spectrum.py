"""What is measured of a spectrum: pairs that can be trusted, the left end, time and memory."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.study import spectrum
from bbpscape.study.cells import Cell
from bbpscape.study.observables import SPECTRUM, draw_values, observable
from bbpscape.study.subject import Numerics

CELL = Cell.of({"p": 1, "p_star": 1, "alpha": 2.0, "N": 20})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"converged": False}, "residuals too large"),
        ({"certificate": SimpleNamespace(passed=False)}, "an eigenvalue was missed"),
    ],
)
def test_pairs_that_cannot_be_trusted_are_no_value(monkeypatch, change, message):
    real = spectrum.lowest
    monkeypatch.setattr(spectrum, "lowest", lambda *a, **k: replace(real(*a, **k), **change))
    with pytest.raises(bb.NoConvergence, match=message):
        SPECTRUM.prepare(CELL, CELL.seed(0, 0), Numerics(), False)


def test_the_numerics_reach_the_solver(monkeypatch):
    seen = {}
    real = spectrum.lowest

    def lowest(hessian, k, tol, **options):
        seen.update(k=k, tol=tol, **options)
        return real(hessian, k, tol, **options)

    monkeypatch.setattr(spectrum, "lowest", lowest)
    SPECTRUM.prepare(CELL, CELL.seed(0, 0), Numerics("float32", "cpu", 1e-4), False)
    assert seen == {"k": 2, "tol": 1e-4, "dtype": "float32", "device": "cpu"}


def test_the_left_end_has_the_outliers_left_of_it_from_the_lowest_on(monkeypatch):
    outliers = [
        SimpleNamespace(eigenvalue=value, multiplicity=count, teacher_m2=m2)
        for value, count, m2 in ((-2.0, 1.0, 0.25), (9.0, 1.0, 0.5), (-3.0, 2.0, 0.125))
    ]
    edges = [SimpleNamespace(value=-1.0)]
    found = SimpleNamespace(
        edges=lambda alpha: edges, outliers=lambda alpha: outliers, atom=lambda alpha: 0.0
    )
    monkeypatch.setattr(spectrum, "route", lambda *a, **k: found)
    limit = spectrum.limit.__wrapped__(bb.TeacherStudent(1, 1), 3.0)
    assert limit.outliers == ((-3.0, 2.0, 0.125), (-2.0, 1.0, 0.25))
    assert (limit.lowest, limit.m2, limit.total_m2) == (-3.0, 0.125, 0.5)
    assert spectrum.Limit(-1.0, ()).lowest == -1.0
    assert spectrum.Limit(-1.0, ()).m2 == 0.0


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_memory_holds_the_inputs_and_grows(precision):
    model, sizes = bb.TeacherStudent(2, 1), (500, 1000, 2000)
    plans = [
        bb.Study(model, {"alpha": 3.0, "N": N}, theory=False, precision=precision).plan()
        for N in sizes
    ]
    for N, plan in zip(sizes, plans, strict=True):
        assert 4 * 3 * N * N < plan.peak_bytes < 2000 * N * N
    assert plans[0].seconds < plans[1].seconds < plans[2].seconds
    together = bb.Study(model, {"alpha": 3.0, "N": list(sizes)}, theory=False, precision=precision)
    assert together.plan().peak_bytes == plans[-1].peak_bytes


def test_observables_of_two_subjects_in_one_study():
    """Each is read off its own, and is what it is alone."""
    names = ["lowest", "recovered", "m2", "descent_m2"]
    axes = {"alpha": 3.0, "N": 20, "steps": 30}
    model = bb.TeacherStudent(1, 1)
    together = bb.Study(model, axes, names, 2, theory=False).run(workers=1)
    for name, row in zip(names, together.rows, strict=True):
        (alone,) = bb.Study(model, axes, [name], 2, theory=False).run(workers=1).rows
        assert row.observable == name
        np.testing.assert_array_equal(row.values, alone.values)


def test_a_gap_needs_a_pair_beyond_those_of_the_teacher():
    one = Cell.of({"p": 2, "p_star": 19, "alpha": 2.0, "N": 20})
    assert draw_values(one, one.seed(0, 0), [observable("gap")])["gap"] > 0
