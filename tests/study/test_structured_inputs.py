"""Studies of inputs with structure: their keys, their theory at each N, what stays as it was."""

import sqlite3

import numpy as np
import pytest
from matplotlib.figure import Figure

import bbpscape as bb
from bbpscape.study.axes import check_value, places
from bbpscape.study.cells import Cell
from bbpscape.study.definition import Definition

LAW = bb.InputLaw("power:0.5", "chi2:5", 1.0, "source:1", "sphere")
KEYS = {
    "draws": 2,
    "seed": 3,
    "observables": ["lowest", "m2"],
    "model": {"p": 1, "p_star": 1, "a": 0.5, "alpha": 6.0, "N": 40},
}


def keys(**model):
    return {**KEYS, "model": {**KEYS["model"], **model}}


def lowest_of(model, N):
    """Of two draws."""
    return [np.linalg.eigvalsh(bb.draw(model, 6.0, N, 3, i).hessian.dense())[0] for i in (0, 1)]


def test_a_key_holds_what_differs_from_standard_inputs():
    sizes = {"p": 2, "p_star": 1, "a": 0.01, "alpha": 3.0, "N": 100}
    plain = Cell.of(sizes | bb.InputLaw().to_dict())
    assert plain.key == '{"N":100,"alpha":3.0,"p":2,"p_star":1}'
    assert plain.model.inputs.standard
    parts = {name: check_value(name, value) for name, value in LAW.to_dict().items()}
    cell = Cell.of(sizes | parts)
    assert cell.key == (
        '{"N":100,"alpha":3.0,"covariance":"power:0.5","mean":1.0,"metric":"sphere","p":2,'
        '"p_star":1,"profile":"source:1.0","radial":"chi2:5.0"}'
    )
    again = Cell.read(cell.key)
    assert again == cell
    assert again.model == bb.TeacherStudent(2, 1, inputs=LAW)
    assert again.model.identity(3.0, 100) == cell.model.identity(3.0, 100)


def test_values_are_one_however_they_are_written():
    for name, several in {
        "covariance": (
            "power:0.3",
            "power:0.30000000000000004",
            bb.InputLaw("power:0.3").covariance,
        ),
        "radial": ("chi2:0.3", "chi2:0.30000000000000004"),
        "profile": ("source:0.3", "source:0.30000000000000004"),
        "mean": (0.3, 0.1 + 0.2),
    }.items():
        assert len({check_value(name, value) for value in several}) == 1
    assert check_value("covariance", "power:0") == "isotropic"
    assert check_value("covariance", np.array([3.0, 1.0])) == "1.5,0.5"


def test_theory_keeps_n_where_the_inputs_belong_to_it():
    base = {"p": 1, "p_star": 1, "a": 0.5, "alpha": 1 / 3, "N": 100}
    kept = {"covariance": "power:0.5"}, {"covariance": "product:2.0", "profile": "top:10"}
    for parts in kept:
        cell = Cell.of(base | parts).theory()
        assert (cell.N, cell.alpha, cell.dimension) == (100, 0.33, 100)
        assert cell.theory() == Cell.read(cell.key) == cell
    # α = M/N of 12 digits, as a point that has an N: M = 33 of 90 is 0.3666….
    odd = Cell.of(base | kept[0] | {"N": 90, "alpha": 0.37}).theory()
    assert odd.alpha == 0.366666666667
    assert Cell.read(odd.key).theory() == odd
    for parts in ({}, {"covariance": "product:2.0"}, {"radial": "chi2:3.0"}, {"mean": 2.0}):
        cell = Cell.of(base | parts).theory()
        assert cell.dimension is None
        assert "N" not in cell.parameters


def test_a_covariance_is_an_axis(tmp_path):
    axes = {"covariance": ["power:0", "power:0.5", "power:1"], "N": [40, 60]}
    study = bb.Study.define(
        {**KEYS, "model": {"p": 1, "p_star": 1, "a": 0.5, "alpha": 6.0}, "axes": axes}
    )
    found = study.run(tmp_path / "steep.sqlite", workers=1)
    assert found.status.ok
    for beta, law in (("power:0.5", bb.InputLaw("power:0.5")), ("isotropic", bb.InputLaw())):
        model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=law)
        for N in (40, 60):
            rows = [
                row
                for row in found.rows
                if row.cell.N == N and row.cell.parameters["covariance"] == beta
            ]
            by = {(row.source, row.observable): row for row in rows}
            expected = bb.spectrum(model, 6.0, 2, model.inputs.dimension(N))
            outlier = min(expected.outliers, key=lambda one: one.eigenvalue)
            assert by["theory", "lowest"].mean == pytest.approx(outlier.eigenvalue, rel=1e-6)
            assert by["theory", "m2"].mean == pytest.approx(outlier.teacher_m2, rel=1e-6)
            known = bb.threshold(model, model.inputs.dimension(N)).alpha_bbp
            assert by["theory", "alpha_bbp"].mean == pytest.approx(known, rel=1e-6)
            values = lowest_of(model, N)
            np.testing.assert_allclose(by["simulation", "lowest"].values, values, atol=1e-7)
    frame = found.to_dataframe()
    assert set(frame["covariance"]) == {"isotropic", "power:0.5", "power:1.0"}
    assert not {"radial", "input_mean", "profile", "metric"} & set(frame)
    assert isinstance(found.plot(observable="m2", x="N"), Figure)
    # Done before: nothing is missing, and the file is read by its own keys.
    assert study.plan(tmp_path / "steep.sqlite").missing_points == 0
    assert bb.open_study(tmp_path / "steep.sqlite").to_dataframe().equals(frame)


def test_the_left_end_is_zero_where_inputs_leave_directions_empty():
    """Half of Σ is 0, and the rest of H lies above: the bulk's own edge is none of the spectrum."""
    study = bb.Study.define(
        {**keys(alpha=20.0, covariance="product:0.5"), "observables": ["lowest", "teacher_mass"]}
    )
    rows = {(row.source, row.observable): row for row in study.run(workers=1).rows}
    (cell, _), *_ = study.cells()
    assert bb.spectrum(cell.model, 20.0, 2).left_edge.value > 1
    np.testing.assert_allclose(rows["simulation", "lowest"].values, 0, atol=1e-9)
    assert rows["theory", "lowest"].mean == 0
    assert rows["theory", "teacher_mass"].mean == 0


def test_points_of_standard_inputs_are_found_again(tmp_path):
    path = tmp_path / "grown.sqlite"
    before = bb.Study.define(keys()).run(path, workers=1)
    with sqlite3.connect(path) as file:
        stored = {row[0] for row in file.execute("select cell from points")}
    assert all("covariance" not in key for key in stored)
    grown = bb.Study.define({**keys(), "axes": {"covariance": ["isotropic", [3.0, 1.0]]}})
    plan = grown.plan(path)
    assert (plan.draws, plan.missing_draws, plan.missing_theory) == (4, 2, 1)
    after = grown.run(path, workers=1)
    first = [row for row in after.rows if row.cell.parameters["covariance"] == "isotropic"]
    for old, new in zip(before.rows, first, strict=True):
        np.testing.assert_array_equal(old.values, new.values)


def test_a_study_of_a_model_has_its_inputs():
    model = bb.TeacherStudent(1, 1, inputs=LAW)
    study = bb.Study(model, {"alpha": [2.0, 3.0], "N": 20}, ["lowest"], draws=1)
    assert {cell.model for cell, _ in study.cells()} == {model}
    again = Definition.from_dict(study.to_dict())
    assert [cell.key for cell, _ in again.cells()] == [cell.key for cell, _ in study.cells()]
    varied = bb.Study(model, {"alpha": 2.0, "N": 20, "mean": [0.0, 2.0]}, ["lowest"], draws=1)
    assert [cell.model.inputs.mean for cell, _ in varied.cells()] == [0.0, 2.0]


def test_the_mean_of_the_inputs_is_not_that_of_the_draws():
    study = bb.Study.define({**keys(), "axes": {"mean": [0.0, 2.0]}, "theory": False})
    results = study.run(workers=1)
    frame = results.to_dataframe()
    lowest = frame[frame["observable"] == "lowest"]
    assert lowest["input_mean"].tolist() == [0.0, 2.0]
    expected = [np.mean(lowest_of(cell.model, 40)) for cell, _ in study.cells()]
    np.testing.assert_allclose(lowest["mean"], expected, atol=1e-7)
    array = results.to_xarray()
    assert array["mean"].sel(input_mean=2.0, observable="lowest").item() == lowest["mean"].iloc[1]
    assert len(results.select(mean=2.0).rows) == len(results.rows) / 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"covariance": "steep"}, "covariance must be isotropic, power:BETA"),
        ({"covariance": [3.0, 2.0, 1.0]}, "N must be a multiple of the covariance's 3 eigenvalues"),
        ({"profile": "top:3"}, "profile top:3 needs a covariance with principal components"),
        ({"metric": "plain"}, "metric must be"),
        ({"radial": "atoms"}, "radial must be"),
        ({"mean": -1.0}, "mean must be"),
    ],
)
def test_refusals(changed, message):
    with pytest.raises(bb.InvalidInput, match=message) as error:
        bb.Study.define(keys(**changed))
    assert "\n" not in str(error.value)


def test_theory_alone_needs_the_dimension_of_a_power_law():
    alone = {"p": 1, "p_star": 1, "alpha": 6.0, "covariance": "power:0.5"}
    with pytest.raises(bb.InvalidInput, match="N must be given: the inputs belong to a dimension"):
        bb.Study.define({"draws": 0, "model": alone})
    study = bb.Study.define({"draws": 0, "model": {**alone, "N": 50, "a": 0.5}})
    (row,) = (one for one in study.run(workers=1).rows if one.observable == "lowest")
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw("power:0.5"))
    expected = min(one.eigenvalue for one in bb.spectrum(model, 6.0, 2, 50).outliers)
    assert row.mean == pytest.approx(expected, rel=1e-6)


def test_an_analysis_has_no_limit_of_inputs_of_a_dimension():
    study = bb.Study.define(
        {
            "draws": 4,
            "observables": ["m2"],
            "model": {"p": 1, "p_star": 1, "a": 0.5, "covariance": "power:0.5"},
            "axes": {"alpha": [2.0, 4.0, 6.0], "N": [20, 30]},
        }
    )
    results = study.run(workers=1)
    lines = results.plot().axes[0].get_lines()
    theory = [one for one in lines if one.get_linestyle() != "None"]
    # One a dimension: that of N = 30 is no limit of the other.
    assert len(theory) == 2
    assert abs(theory[0].get_ydata() - theory[1].get_ydata()).max() > 1e-3
    found = bb.analyse(results, resamples=20, label_draws=0)
    assert found.limits == {}
    assert found.predictions.alpha_bbp is None
    assert "belongs to a dimension" in found.predictions.missing["alpha_bbp"]
    one = bb.analyse(results.select(N=30), resamples=20, label_draws=0)
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw("power:0.5"))
    assert one.predictions.alpha_bbp == pytest.approx(bb.threshold(model, 30).alpha_bbp)


def test_a_figure_may_have_the_exponent_along_x():
    values = {**KEYS, "draws": 1, "axes": {"covariance": ["power:0", "power:0.5", "power:1"]}}
    figure = bb.Study.define(values).run(workers=1).plot(observable="m2", x="covariance")
    axes = figure.axes[0]
    assert axes.get_xlabel() == r"covariance $\beta$"
    (theory,) = [one for one in axes.lines if one.get_linestyle() == "-"]
    assert theory.get_xdata() == pytest.approx([0.0, 0.5, 1.0])
    expected = [
        bb.spectrum(bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=law), 6.0, N=40)
        for law in (bb.InputLaw(f"power:{beta}") for beta in (0, 0.5, 1))
    ]
    m2 = [one.outliers[0].m2 if one.outliers else 0.0 for one in expected]
    assert theory.get_ydata() == pytest.approx(m2, abs=1e-6)


def test_laws_that_no_number_tells_apart_are_no_axis():
    assert places("radial", ["chi2:3.0", "chi2:5.0"]) == (
        r"radial $\nu$",
        {"chi2:3.0": 3.0, "chi2:5.0": 5.0},
    )
    assert places("profile", ["random", "source:1.0"])[1] == {"random": 0.0, "source:1.0": 1.0}
    assert places("profile", ["random", "top:3.0"]) is None
    assert places("covariance", ["power:1.0", "product:2.0"]) is None
    assert places("covariance", ["1.5,0.5", "1.2,0.8"]) is None
    assert places("loss", ["huber", "square"]) is None
    assert places("alpha", [1.0, 2.0])[1] == {1.0: 1.0, 2.0: 2.0}
