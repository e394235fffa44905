"""Theory at finite N beside the draws of a study."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import bbpscape as bb

COMMITTEE = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0))
OBSERVABLES = ["lowest", "m2", "total_m2", "phi"]


def study_of(model=COMMITTEE, axes=None, observables=OBSERVABLES, draws=3, **options):
    axes = {"alpha": [2.0, 3.01], "N": 40} if axes is None else axes
    return bb.Study(model, axes, observables, draws, seed=3, **{"finite_n": True, **options})


def values(results, source="finite N"):
    return {
        (row.cell.N, row.cell.alpha, row.observable): row.values
        for row in results.rows
        if row.source == source
    }


@pytest.fixture(scope="module")
def found():
    return study_of().run(workers=1)


def test_rows_are_the_draws_of_the_law(found):
    rows = values(found)
    assert {name for _, _, name in rows} == {"lowest", "m2", "total_m2"}
    for alpha in (2.0, 3.01):
        law = bb.finite.finite_size_law(COMMITTEE, alpha, 40, 3, 3)
        assert law.by == "coordinates"
        assert rows[40, alpha, "lowest"] == pytest.approx(law.samples["lowest"], rel=1e-9)
        total = rows[40, alpha, "total_m2"]
        assert total == pytest.approx(2 * law.samples["m2_lowest"], rel=1e-9)
        # The lowest eigenvector's own, not the mean over both.
        assert (abs(rows[40, alpha, "m2"] - total / 2) > 1e-4).all()


def test_by_labels_too():
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0))
    rows = values(study_of(model, {"alpha": 1.2, "N": [50, 80]}, draws=4).run(workers=1))
    for N in (50, 80):
        law = bb.finite.finite_size_law(model, 1.2, N, 4, 3)
        assert law.by == "labels"
        np.testing.assert_array_equal(rows[N, 1.2, "lowest"], law.samples["lowest"])
        np.testing.assert_array_equal(rows[N, 1.2, "m2"], law.samples["m2_lowest"])


def test_workers_change_nothing(found):
    with ThreadPoolExecutor(2) as pool:
        again = study_of(block=2).run(executor=pool)
    assert values(again).keys() == values(found).keys()
    for at, one in values(found).items():
        np.testing.assert_array_equal(values(again)[at], one)


def test_z_is_of_both_errors(found):
    frame = found.to_dataframe().query("alpha == 2.0 and observable == 'lowest'")
    rows = frame.set_index("source")
    simulated, finite = rows.loc["simulation"], rows.loc["finite N"]
    error = math.hypot(simulated["standard_error"], finite["standard_error"])
    assert finite["z"] == pytest.approx((simulated["mean"] - finite["mean"]) / error)
    assert finite["draws"] == 3
    assert "z (finite N)" in found.summary()
    labels = [text.get_text() for text in found.plot().legends[0].get_texts()]
    assert "finite N" in labels


def test_a_study_from_before_it_is_extended(tmp_path, found):
    path = tmp_path / "one.sqlite"
    first = study_of(finite_n=False)
    assert "finite_n" not in first.to_dict()
    before = first.run(path, workers=1)
    assert not values(before)
    extended = study_of().run(path, workers=1)
    assert extended.last_run.done == 2 * 3
    for at, one in values(found).items():
        np.testing.assert_array_equal(values(extended)[at], one)
    for at, one in values(before, "simulation").items():
        np.testing.assert_array_equal(values(extended, "simulation")[at], one)
    with pytest.raises(bb.InvalidInput, match="finite_n cannot change from true to false"):
        first.run(path, workers=1)
    assert values(bb.open_study(path)).keys() == values(found).keys()
    assert "finite N" in bb.study_status(path).summary()


def test_a_draw_that_is_not_solved_is_a_failed_one():
    model = bb.TeacherStudent(2, 1, "square", activation="tanh")
    axes = {"alpha": 0.02, "N": 100}
    found = study_of(model, axes, ["lowest"], theory=False).run(workers=1)
    (row,) = (row for row in found.rows if row.source == "finite N")
    assert row.failed + row.draws == 3
    assert row.failed == found.failed > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: study_of(bb.TeacherStudent(5, 1, "square", activation="tanh")), "p must be at"),
        (lambda: study_of(bb.TeacherStudent(math.inf, 1), theory=False), "p must be finite"),
        (
            lambda: study_of(
                bb.TeacherStudent(
                    1, 1, "square", activation="tanh", inputs=bb.InputLaw("power:0.5")
                )
            ),
            "isotropic",
        ),
        (lambda: study_of(axes={"alpha": 2.0}, inputs=np.eye(90)[:, :30]), "inputs of your own"),
        (lambda: study_of(draws=0), "finite_n = true needs draws"),
        (lambda: study_of(observables=["phi"]), "needs an observable"),
        (lambda: study_of(finite_n="yes"), "finite_n: .*boolean"),
    ],
)
def test_what_has_none_is_refused_in_a_line(make, message):
    with pytest.raises(bb.InvalidInput, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
