"""Draws: by their seed alone, whatever the workers; the cost model; and what is printed."""

import dataclasses
import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import bbpscape as bb
from bbpscape.core.statistics import Fraction
from bbpscape.simulation.eigen.certificate import Certificate
from bbpscape.simulation.eigen.signal import LargestOverlap
from bbpscape.simulation.parallel import ordered_map
from bbpscape.simulation.threads import blas_threads, one_thread

MODEL = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.1))


def values(result):
    return np.array([one.eigenvalues for one in result.draws])


def test_draws_are_those_of_compare_and_do_not_depend_on_the_workers():
    one, two = (bb.simulate(MODEL, 2.0, 60, k=3, draws=3, seed=7, workers=w) for w in (1, 2))
    np.testing.assert_array_equal(values(one), values(two))
    more = bb.simulate(MODEL, 2.0, 60, k=3, draws=4, seed=7, workers=1)
    np.testing.assert_array_equal(values(one), values(more)[:3])
    side = bb.compare(MODEL, 2.0, N=60, draws=3, seed=7)
    np.testing.assert_allclose(values(one), side.eigenvalues[:, :3], atol=1e-9)
    other = bb.simulate(MODEL, 2.0, 60, k=3, draws=3, seed=8, workers=1)
    assert abs(values(one) - values(other)).max() > 1e-3


def test_observables_agree_with_compare():
    result = bb.simulate(MODEL, 6.0, 80, draws=2, seed=1, phi=True, workers=1)
    side = bb.compare(MODEL, 6.0, N=80, draws=2, seed=1)
    for index, one in enumerate(result.draws):
        assert len(one.eigenvalues) == 3  # p p* + 1
        expected = side.eigenvalues[index]
        assert one.gap == pytest.approx(expected[2] - expected[1], abs=1e-9)
        assert one.total_m2 == pytest.approx(side.m2[index, :2].sum(), abs=1e-9)
        assert one.largest_overlap.lowest is True
        assert one.peak_bytes > 8 * 480 * 80
    assert result.phi == Fraction(2, 2)
    other = dataclasses.replace(result.draws[0], largest_overlap=LargestOverlap(False, "found"))
    undecided = dataclasses.replace(other, largest_overlap=LargestOverlap(None, "open"))
    draws = (other, result.draws[1], undecided)
    assert dataclasses.replace(result, draws=draws).phi == Fraction(1, 2)


@pytest.mark.parametrize("options", [{"method": "iterative"}, {"stream": True}])
def test_routes_agree(options):
    dense = bb.simulate(MODEL, 2.0, 80, k=4, draws=2, method="dense", workers=1)
    other = bb.simulate(MODEL, 2.0, 80, k=4, draws=2, workers=1, **options)
    assert all(one.converged and one.certificate.passed for one in other.draws)
    np.testing.assert_allclose(values(other), values(dense), atol=1e-8)


def test_the_tolerance_is_that_which_was_used():
    double, single = (
        bb.simulate(MODEL, 2.0, 60, k=3, method="iterative", dtype=dtype).draws[0]
        for dtype in ("float64", "float32")
    )
    lowest = abs(double.eigenvalues).max()
    assert double.tolerance == pytest.approx(1e-8 * lowest, rel=1e-6)
    # Rounding in single precision does not allow what was asked.
    assert single.tolerance > 100 * double.tolerance


def test_records_are_exact():
    model = MODEL.replace(loss="huber", activation="tanh")
    for one in (bb.simulate(MODEL, 2.0, 50, draws=2, phi=True), bb.simulate(model, 2.0, 30)):
        record = json.loads(json.dumps(one.to_dict(), allow_nan=False))
        again = bb.Result.from_dict(record)
        assert again.to_dict() == one.to_dict()
        assert again.model == one.model
        np.testing.assert_array_equal(values(again), values(one))


def test_the_summary_and_the_table():
    result = bb.simulate(MODEL, 6.0, 60, 2, 1, phi=True, workers=1)
    text = result.summary()
    assert MODEL.label() in text
    assert text.count("none missed") == 2
    assert "phi = 2/2" in text
    assert result.status.ok
    frame = result.to_dataframe()
    assert len(frame) == 6
    np.testing.assert_array_equal(frame["eigenvalue"], values(result).ravel())
    np.testing.assert_array_equal(frame["draw"], [0, 0, 0, 1, 1, 1])
    assert frame["converged"].all()
    assert frame["certified"].all()


def test_a_draw_that_did_not_converge_is_said():
    result = bb.simulate(MODEL, 2.0, 60, 2, workers=1)
    one = dataclasses.replace(result.draws[0], converged=False)
    two = dataclasses.replace(result.draws[1], certificate=Certificate("inertia", False))
    bad = dataclasses.replace(result, draws=(one, two))
    assert bad.status.problem == "of 2 draws 1 did not converge and 1 missed an eigenvalue"
    assert "NOT CONVERGED" in bad.summary()
    assert "MISSED ONE" in bad.summary()


def test_progress_and_a_generator_as_seed():
    seen = []
    first = bb.simulate(
        MODEL, 2.0, 30, 3, np.random.default_rng(2), progress=lambda *done: seen.append(done)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert first.seed == int(np.random.default_rng(2).integers(2**63))
    np.testing.assert_array_equal(values(bb.simulate(MODEL, 2.0, 30, 3, first.seed)), values(first))


def test_json():
    result = bb.simulate(MODEL, 2.0, 50, draws=1).to_dict()
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["phi"] is None
    keys = "eigenvalues residuals m2 converged method products seconds peak_bytes certificate"
    assert set(keys.split()) <= set(result["draws"][0])


def test_the_limit_holds_until_the_last_thread_that_asked_for_it_has_gone():
    """Whichever set it, and whichever goes last."""
    first, second, inside = threading.Event(), threading.Event(), threading.Barrier(3)
    seen = []

    def enter(goes: threading.Event) -> None:
        with one_thread():
            inside.wait(10)
            assert goes.wait(10)
            seen.append(blas_threads())

    with threadpool_limits(limits=2), ThreadPoolExecutor(2) as pool:
        one = pool.submit(enter, first)
        other = pool.submit(enter, second)
        inside.wait(10)
        first.set()
        one.result()
        assert blas_threads() == 1
        second.set()
        other.result()
        assert seen == [1, 1]
        assert blas_threads() == 2
        with one_thread():
            assert blas_threads() == 1
        assert blas_threads() == 2


def test_a_task_has_one_thread():
    with threadpool_limits(limits=2):
        assert set(ordered_map(lambda _: blas_threads(), [0, 1], 1)) == {1}
        assert set(ordered_map(lambda _: blas_threads(), [0, 1], 2)) == {1}
        assert blas_threads() == 2


def test_results_come_in_order():
    assert list(ordered_map(math.sqrt, [4.0, 9.0, 1.0], 1)) == [2.0, 3.0, 1.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 121}, "k must be at most pN = 120, got 121"),
        ({"N": 10**7}, "N = 10000000 needs .* GiB"),
        ({"draws": 0}, "draws must be a positive integer"),
        ({"workers": 0}, "workers must be a positive integer"),
        ({"workers": 5000}, "workers must be at most 1024"),
        ({"stream": 1}, "stream must be True or False"),
        ({"device": "tpu"}, "device must be one of"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"model": bb.TeacherStudent(p=math.inf, p_star=1)}, "p must be finite at finite N"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.simulate(**({"model": MODEL, "alpha": 2.0, "N": 60} | options))
