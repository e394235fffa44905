"""The comparison: its seeds, its rows, and what it refuses."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import bbpscape as bb
from bbpscape.core.report import with_error
from bbpscape.experiments import own_inputs
from bbpscape.experiments.comparison_labels import predicted

MODEL = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.01))


def test_the_seed_decides_everything():
    one, again = (bb.compare(MODEL, 3.0, N=40, draws=3, seed=5) for _ in range(2))
    assert one.to_dict() == again.to_dict()
    other = bb.compare(MODEL, 3.0, N=40, draws=3, seed=6)
    assert not np.array_equal(one.eigenvalues, other.eigenvalues)


def test_a_draw_does_not_depend_on_how_many_follow():
    few, many = (bb.compare(MODEL, 3.0, N=40, draws=draws) for draws in (2, 4))
    np.testing.assert_array_equal(few.eigenvalues, many.eigenvalues[:2])
    np.testing.assert_array_equal(few.m2, many.m2[:2])


def test_one_draw_has_no_standard_error():
    for row in bb.compare(MODEL, 3.0, N=40, draws=1).rows:
        assert (row.standard_error, row.z, row.z_finite_size) == (None, None, None)


def test_json_is_strict():
    text = json.dumps(bb.compare(MODEL, 3.0, N=40, draws=2).to_dict(), allow_nan=False)
    values = json.loads(text)
    assert values["M"] == 120
    assert len(values["lowest_eigenvalues"]) == 2
    assert [row["quantity"] for row in values["rows"]][:2] == ["teacher outlier", "its m2"]


def test_scores_are_differences_in_standard_errors():
    result = bb.compare(MODEL, 3.0, N=60, draws=6)
    row = result.rows[0]
    lowest = result.eigenvalues[:, :2].mean(axis=1)
    assert row.measured == pytest.approx(lowest.mean())
    assert row.standard_error == pytest.approx(lowest.std(ddof=1) / math.sqrt(6))
    assert row.z == pytest.approx((lowest.mean() - row.theory) / row.standard_error)


def test_theory_is_evaluated_at_the_samples_that_are_drawn():
    result = bb.compare(MODEL, 3.014, N=50, draws=1)
    assert (result.M, result.alpha, result.theory.alpha) == (151, 3.02, 3.02)


def test_without_an_outlier_the_lowest_eigenvectors_are_compared():
    result = bb.compare(MODEL, 1.0, N=60, draws=3)
    assert result.rows[0].quantity == "m2, lowest eigenvectors"
    assert any("no outlier" in note for note in result.notes)


@pytest.mark.parametrize(
    ("a", "alpha", "edge", "outlier"),
    [(2.0, 1.0, "smooth", False), (2.0, 4.0, "sharp", True), (0.01, 1.0, "sharp", False)],
)
def test_the_notes_say_what_the_edge_and_the_outliers_are(a, alpha, edge, outlier):
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(a))
    result = bb.compare(model, alpha, N=40, draws=2)
    assert result.theory.left_edge.kind == edge
    smooth = [note for note in result.notes if note.startswith("smooth left edge")]
    missing = [note for note in result.notes if note.startswith("no outlier at N → ∞")]
    assert len(smooth) == (edge == "smooth")
    assert len(missing) == (not outlier)
    assert len(result.notes) == len(smooth) + len(missing)
    for note in result.notes:
        assert note in " ".join(result.summary().split())


@pytest.mark.parametrize("p_star", [1, 2])
def test_a_model_without_a_left_edge_is_measured(p_star):
    """The square loss: no limit of the lowest, but what each draw says, and the fraction below."""
    model = bb.TeacherStudent(1, p_star, "square")
    result = bb.compare(model, 3.0, N=80, draws=30, seed=2)
    m2, lowest, fraction = result.rows
    assert (m2.theory, lowest.theory, m2.z, lowest.z) == (None, None, None, None)
    assert abs(m2.z_finite_size) < 4
    assert abs(lowest.z_finite_size) < 4
    assert lowest.measured == pytest.approx(result.eigenvalues[:, 0].mean())
    assert m2.measured == pytest.approx(result.m2[:, :p_star].mean())
    assert abs(fraction.z) < 4
    assert fraction.standard_error < 0.1 * fraction.theory
    assert "has no left edge" in result.notes[0]
    assert with_error(lowest.measured, lowest.standard_error) in result.summary()
    # The same level is another quantile at another α.
    level = float(fraction.quantity.split()[2].rstrip(","))
    other = float(bb.spectrum(model, 2.0).fraction_below(level))
    assert abs(fraction.measured - other) > 4 * fraction.standard_error


def test_each_row_is_what_its_draws_and_labels_say():
    result = bb.compare(MODEL, 3.0, N=60, draws=6)
    outlier, m2, lowest, fraction = result.rows
    assert m2.measured == pytest.approx(result.m2[:, :2].mean())
    assert lowest.measured == pytest.approx(result.eigenvalues[:, 2].mean())
    edge = result.theory.left_edge
    assert lowest.theory == pytest.approx(edge.value + edge.tracy_widom_shift(120))
    assert (lowest.z, lowest.z_finite_size) == (None, None)
    assert abs(fraction.z_finite_size) < 4
    level = float(np.interp(20 / 120, result.theory.cumulative, result.theory.eigenvalue))
    assert f"{level:.4g}" in fraction.quantity
    assert fraction.measured == pytest.approx((result.eigenvalues < level).mean())
    assert fraction.theory == pytest.approx(
        float(result.theory.fraction_below(level)) + result.theory.spectral_shift(level) / 120
    )
    draws = [predicted(bb.draw(MODEL, 3.0, 60, 0, i), 3, True) for i in range(6)]
    said = np.array([one.at(slice(0, 2)) for one in draws])
    assert (outlier.finite_size, m2.finite_size) == pytest.approx(tuple(said.mean(axis=0)))
    assert lowest.finite_size == pytest.approx(np.mean([one.bulk(2) for one in draws]))
    gaps = result.eigenvalues[:, :2].mean(axis=1) - said[:, 0]
    error = math.hypot(gaps.std(ddof=1) / math.sqrt(6), np.mean([one.errors[0] for one in draws]))
    assert outlier.z_finite_size == pytest.approx(gaps.mean() / error, rel=1e-6)


def test_draws_that_are_all_alike_have_no_error():
    """Fractions are counts, which two draws can share; their error would be 0, and z infinite."""
    seen = set()
    for seed in range(12):
        result = bb.compare(MODEL, 3.0, N=12, draws=2, seed=seed)
        row = result.rows[-1]
        level = float(np.interp(0.5, result.theory.cumulative, result.theory.eigenvalue))
        counts = (result.eigenvalues < level).sum(axis=1)
        alike = counts[0] == counts[1]
        assert (row.standard_error is None) == (row.z is None) == alike
        seen.add(bool(alike))
    assert seen == {True, False}


def test_norms_of_inputs_enter_their_finite_n():
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((600, 20)) * rng.uniform(0.3, 1.7, (600, 1))
    inputs = bb.data.prepare_inputs(rows)
    result = bb.compare(MODEL, 3.0, draws=12, inputs=inputs)
    gaussian = bb.compare(MODEL, 3.0, N=20, draws=12)
    assert any("norms 12 values" in note for note in result.notes)
    assert abs(result.rows[0].z_finite_size) < 4
    # With the norms of Gaussian inputs the prediction would be another.
    assert result.rows[0].finite_size < gaussian.rows[0].finite_size - 0.1


def test_inputs_have_the_theory_of_their_own_law():
    """Elliptical rows of a steep covariance, in a basis that is not theirs, and of two norms."""
    rng, N = np.random.default_rng(3), 60
    rows = rng.standard_normal((6000, N)) * np.arange(1, N + 1) ** -0.5
    rows *= np.sqrt(rng.choice([0.4, 1.6], (6000, 1)))
    rows = rows @ np.linalg.qr(rng.standard_normal((N, N)))[0]
    inputs = bb.data.prepare_inputs(rows, whiten=False)
    found = bb.compare(
        bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5)), 5.0, draws=30, inputs=inputs
    )
    row = next(row for row in found.rows if row.quantity == "its m2")
    assert abs(row.z) < 4
    assert abs(row.z_finite_size) < 4
    assert abs(row.measured - row.isotropic) > 6 * row.standard_error
    # Both theories have the shift of the lowest of pN eigenvalues.
    plain = bb.spectrum(found.model.replace(inputs=bb.InputLaw()), found.alpha).left_edge
    lowest = next(row for row in found.rows if row.quantity == "lowest of the bulk")
    assert lowest.isotropic == pytest.approx(plain.value + plain.tracy_widom_shift(2 * N), rel=1e-9)
    # The table names both theories.
    assert "isotropic" in found.summary()
    assert "these inputs" in found.summary()
    law = bb.InputLaw.of_data(rows)
    assert law.covariance.given == pytest.approx(
        bb.InputLaw("power:1").covariance.values(N), rel=0.2
    )


@pytest.mark.parametrize(
    ("rows", "options", "said", "unsaid"),
    [
        (900, {}, ["what remains of z is what is not elliptical"], ["whitened together"]),
        (290, {}, ["takes 60 of the 290 inputs"], ["covariance of"]),
        (310, {}, ["what remains of z is what is not elliptical"], ["whitened together"]),
        (900, {"whiten": False}, ["the covariance of 900 rows, norms gaussian"], ["together"]),
    ],
)
def test_the_notes_say_what_the_inputs_are(rows, options, said, unsaid):
    made = np.random.default_rng(0).standard_normal((rows, 20))
    inputs = bb.data.prepare_inputs(made, **options)
    text = "\n".join(bb.compare(MODEL, 3.0, draws=1, inputs=inputs).notes)
    for part in said:
        assert part in text
    for part in unsaid:
        assert part not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0.0, "N": 10}, "alpha must be"),
        ({"alpha": math.nan, "N": 10}, "alpha must be"),
        ({"alpha": 0.05, "N": 10}, "at least 1/N = 0.1"),
        ({"alpha": 3.0, "N": 0}, "N must be a positive integer"),
        ({"alpha": 3.0, "N": 50, "draws": 10**9}, "draws must be at most"),
        ({"alpha": 3.0, "inputs": np.ones((9, 3))}, "inputs must vary"),
        ({"alpha": 3.0, "N": 1}, "N must be above p_star = 1"),
        ({"alpha": 3.0, "N": 10, "draws": 0}, "draws must be"),
        ({"alpha": 3.0, "N": 10, "seed": -1}, "seed must be"),
        ({"alpha": 3.0, "N": 10**6}, "N must be at most"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.compare(MODEL, **arguments)


def test_memory_is_refused_before_anything_is_drawn(monkeypatch):
    monkeypatch.setattr("bbpscape.experiments.compare.measure", lambda *_: pytest.fail("drawn"))
    with pytest.raises(bb.InvalidInput, match="GiB"):
        bb.compare(MODEL, 3.0, N=10**6)


def test_infinite_width_is_refused():
    model = bb.TeacherStudent(p=math.inf, p_star=1, loss=bb.NormalizedSquare(a=1.0))
    with pytest.raises(bb.InvalidInput, match="p must be finite"):
        bb.compare(model, 3.0, N=10)


def test_inputs_set_the_dimension_and_the_largest_alpha():
    inputs = bb.data.prepare_inputs(np.random.default_rng(0).standard_normal((90, 15)))
    result = bb.compare(MODEL, 2.0, draws=2, inputs=inputs)
    assert (result.N, result.M) == (15, 30)
    assert result.inputs == "90 inputs of dimension 15, whitened"
    with pytest.raises(bb.InvalidInput, match=r"at most n/N = 90/15 = 6"):
        bb.compare(MODEL, 7.0, inputs=inputs)
    with pytest.raises(bb.InvalidInput, match="N must be that of the inputs, 15"):
        bb.compare(MODEL, 2.0, N=16, inputs=inputs)


def test_rows_and_files_are_prepared(tmp_path):
    frame = pd.DataFrame(np.random.default_rng(1).standard_normal((90, 15)))
    frame.columns = [f"x{j}" for j in range(15)]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    wanted = bb.compare(MODEL, 2.0, draws=2, inputs=bb.data.prepare_inputs(frame.to_numpy()))
    for given in (frame, str(tmp_path / "rows.csv"), tmp_path / "rows.csv"):
        np.testing.assert_array_equal(
            bb.compare(MODEL, 2.0, draws=2, inputs=given).eigenvalues, wanted.eigenvalues
        )
    with pytest.raises(bb.InvalidInput, match="inputs must be real numbers, got NoneType"):
        bb.compare(MODEL, 2.0, inputs=[[None]])


def test_whitened_gaussian_inputs_agree_with_drawn_ones():
    rows = np.random.default_rng(3).standard_normal((4000, 100)) @ np.diag(np.arange(1.0, 101.0))
    inputs = bb.data.prepare_inputs(rows + 5.0)
    for row in bb.compare(MODEL, 3.0, draws=40, inputs=inputs).rows[:2]:
        assert abs(row.z) < 4
    raw = bb.data.prepare_inputs(rows + 5.0, whiten=False)
    row = next(one for one in bb.compare(MODEL, 3.0, draws=10, inputs=raw).rows if one.isotropic)
    assert abs(row.measured - row.isotropic) > 4 * row.standard_error


def test_inputs_without_a_theory_say_so_and_stand_beside_the_isotropic_one(monkeypatch):
    real = own_inputs.spectrum

    def spectrum(model, alpha, **others):
        if not model.inputs.standard:
            raise bb.NoConvergence("not here")
        return real(model, alpha, **others)

    monkeypatch.setattr(own_inputs, "spectrum", spectrum)
    rows = np.random.default_rng(0).standard_normal((900, 20)) * np.arange(1, 21)
    found = bb.compare(MODEL, 3.0, draws=2, inputs=bb.data.prepare_inputs(rows, whiten=False))
    assert any("no theory of these inputs" in note for note in found.notes)
    # No column of that name, then.
    assert "these inputs  " not in found.summary()
    assert found.rows[0].theory == real(MODEL, 3.0).outliers[0].eigenvalue


@pytest.mark.parametrize(("covariance", "few"), [("power:1.2", True), ("power:0.5", False)])
def test_the_notes_say_where_few_components_count(covariance, few):
    model = MODEL.replace(covariance=covariance)
    found = bb.compare(model, 3.0, N=60, draws=1)
    assert any("principal components that count" in note for note in found.notes) == few
