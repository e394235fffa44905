"""The table of a study, its files, and files that are not what they say."""

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
import xarray
from tests.study import small

import bbpscape as bb
from bbpscape.study.store import Store
from bbpscape.study.study import open_study

ZIPPED = """
draws = 2
observables = ["lowest", "phi", "gap", "teacher_mass"]
[model]
p = 1
p_star = 1
alpha = 2.0
[axes]
a = [0.5, 2.0]
[[zipped]]
N = [20, 40]
draws = [5, 2]
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = small.write(tmp_path_factory.mktemp("table"))
    small.run(made, 1)
    return made


def test_rows_are_theory_and_simulation_of_every_cell(path):
    frame = small.table(path)
    counts = frame.groupby(["alpha", "N", "source"], observed=True).size().unstack()
    assert (counts["simulation"] == 3).all()
    assert (counts["theory"] == 5).all()
    assert len(counts) == 12
    theory = frame[frame["source"] == "theory"]
    assert theory[["standard_error", "draws", "z"]].isna().all(axis=None)
    assert (frame[frame["source"] == "simulation"]["draws"] == 4).all()


def test_theory_is_that_of_the_package(path):
    frame = small.table(path).query("source == 'theory' and N == 20")
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0))
    curve = bb.overlap_curve(model, [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
    values = frame.pivot(index="alpha", columns="observable", values="mean")
    assert values["lowest"].to_numpy() == pytest.approx(curve.eigenvalue, rel=1e-9)
    assert values["m2"].to_numpy() == pytest.approx(curve.m2, rel=1e-7)
    assert values["total_m2"].to_numpy() == pytest.approx(2 * curve.m2, rel=1e-7)
    assert (values["alpha_bbp"] == bb.threshold(model).alpha_bbp).all()
    assert (values["edge"] >= values["lowest"]).all()


def test_the_three_files_say_the_same(path, tmp_path):
    study = open_study(path)
    frame = study.to_dataframe()
    # As texts: pandas's own reader of numbers has been an ulp off.
    csv = pd.read_csv(study.export(tmp_path / "t.csv"), dtype=str)
    parquet = pd.read_parquet(study.export(tmp_path / "t.parquet"))
    pd.testing.assert_frame_equal(parquet, frame, check_exact=True)
    assert list(csv.columns) == list(frame.columns)
    assert not {"start", "method", "domain", "steps"} & set(csv.columns)
    for name in ("alpha", "mean", "standard_error", "z"):
        np.testing.assert_array_equal([float(x) for x in csv[name]], frame[name].to_numpy())
    with xarray.open_dataset(study.export(tmp_path / "t.nc"), engine="scipy") as cube:
        xarray.testing.assert_identical(cube.load(), study.to_xarray())


def test_the_array_has_a_dimension_an_axis(path):
    cube = open_study(path).to_xarray()
    assert cube["mean"].dims == ("alpha", "N", "observable", "source")
    assert cube["mean"].shape == (6, 2, 5, 2)
    frame = small.table(path)
    row = frame.query("alpha == 1.5 and N == 30 and observable == 'm2' and source == 'simulation'")
    at = {"alpha": 1.5, "N": 30, "observable": "m2", "source": "simulation"}
    assert float(cube["mean"].sel(at)) == row["mean"].item()
    assert float(cube["z"].sel(at)) == row["z"].item()
    assert cube.attrs["p"] == 2
    assert json.loads(cube.attrs["definition"])["seed"] == 1


def test_zipped_axes_share_a_dimension(tmp_path):
    made = tmp_path / "zipped.toml"
    made.write_text(ZIPPED)
    small.run(made, 1)
    study = open_study(made)
    cube = study.to_xarray()
    assert cube["mean"].dims == ("a", "N", "observable", "source")
    draws = cube["draws"].sel(observable="gap", source="simulation")
    assert draws.values.tolist() == [[5, 2], [5, 2]]
    phi = study.to_dataframe().query("observable == 'phi'")
    assert phi["mean"].between(0, 1).all()
    assert set(phi["source"]) == {"simulation"}
    study.export(tmp_path / "z.nc")


def test_the_mass_below_the_edge_is_that_of_all_eigenvectors(tmp_path):
    """A full diagonalization, against the pairs that were searched for until one is above."""
    made = tmp_path / "zipped.toml"
    made.write_text(ZIPPED)
    small.run(made, 1)
    for row in open_study(made).rows:
        if row.observable != "teacher_mass" or row.source != "simulation":
            continue
        edge = bb.spectrum(row.cell.model, 2.0).left_edge.value
        for draw, value in enumerate(row.values):
            instance = bb.draw(row.cell.model, 2.0, row.cell.N, row.cell.seed(0, draw))
            values, vectors = np.linalg.eigh(
                bb.Hessian(instance.inputs, instance.curvature).dense()
            )
            m2 = bb.eigen.teacher_overlap(vectors, instance.teacher_basis)
            assert value == pytest.approx(m2[values < edge].sum(), abs=1e-7)


def test_theory_alone_needs_no_size(tmp_path):
    made = tmp_path / "theory.toml"
    made.write_text('draws = 0\n[axes]\np = [1, "inf"]\np_star = 1\nalpha = [1.0, 3.0]\n')
    small.run(made, 1)
    frame = small.table(made)
    assert "N" not in frame
    assert set(frame["source"]) == {"theory"}
    assert frame["p"].max() == np.inf
    assert open_study(made).to_xarray()["mean"].dims == ("p", "alpha", "observable", "source")


def test_a_part_of_a_study(path):
    part = open_study(path).select(N=20, alpha=1.5)
    assert {(row.cell.N, row.cell.alpha) for row in part.rows} == {(20, 1.5)}
    for wrong in ({"N": 21}, {"q": 1}, {"N": "x"}):
        with pytest.raises(bb.InvalidInput):
            open_study(path).select(**wrong)


def test_what_cannot_be_exported(path, tmp_path):
    study = open_study(path)
    with pytest.raises(bb.InvalidInput, match="csv, parquet, netcdf"):
        study.export(tmp_path / "t.xlsx")
    with pytest.raises(bb.InvalidInput, match="existing folder"):
        study.export(tmp_path / "none" / "t.csv")
    assert not list(tmp_path.iterdir())


def test_a_study_can_be_read_while_it_runs(tmp_path):
    made, seen = small.write(tmp_path), []
    small.run(made, 1, progress=lambda step: seen.append(len(small.table(made))))
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]


def test_files_that_are_no_studies(tmp_path):
    with pytest.raises(bb.InvalidInput, match="there is no study"):
        open_study(tmp_path / "none.toml")
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"not a database, but long enough to have the header of one" * 20)
    with pytest.raises(bb.InvalidInput, match="not the file of a study"):
        open_study(other)
    foreign = tmp_path / "foreign.sqlite"
    db = sqlite3.connect(foreign)
    db.execute("CREATE TABLE mine (x)")
    db.commit()
    db.close()
    before = foreign.read_bytes()
    small.write(tmp_path, "foreign")
    for call in (open_study, lambda path: small.run(path.with_suffix(".toml"), 1)):
        with pytest.raises(bb.InvalidInput, match="not the file of a study"):
            call(foreign)
    assert foreign.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE points SET result = ?", ["__import__('os').system('touch PWNED')"]),
        ("UPDATE points SET result = ?", ['{"m2": ["1"]}']),
        ("UPDATE points SET result = ?", ['{"m2": [NaN]}']),
        ("UPDATE points SET result = ?", ['{"m2": [1, 2, 3]}']),
        ("UPDATE points SET result = ? WHERE source = 'simulation'", ['{"other": [1.0]}']),
        ("UPDATE points SET result = ?", ["[" * 100_000]),
        ("UPDATE points SET result = ?", [b"\x80\x04."]),
        ("UPDATE study SET definition = ?", ["[]"]),
        ("UPDATE study SET definition = ?", ['{"model": {"loss": "exec(yhat)"}}']),
        ("UPDATE study SET definition = ?", ["[" * 100_000]),
        ("UPDATE study SET format = 99", []),
        ("DROP TABLE points", []),
        ("DELETE FROM study", []),
    ],
)
def test_a_hostile_file_is_refused(path, tmp_path, monkeypatch, statement, values):
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(path.with_suffix(".sqlite").read_bytes())
    db = sqlite3.connect(copy)
    db.execute(statement, values)
    db.commit()
    db.close()
    with pytest.raises(bb.InvalidInput):
        open_study(copy)
    assert not (tmp_path / "PWNED").exists()


def test_a_column_is_no_sql(path):
    with Store(path.with_suffix(".sqlite")) as store, pytest.raises(bb.InvalidInput):
        store.rows(["id FROM points; DROP TABLE points; --"])


def test_a_teacher_and_a_gram_matrix_have_columns_where_they_are_given(tmp_path):
    model = bb.TeacherStudent(2, 2, "square", "tanh", student_gram=[[1.0, 0.2], [0.2, 2.0]])
    study = bb.Study(
        model,
        {"teacher": ["u1*u2", "tanh"], "alpha": [1.0], "N": [20]},
        ["lowest"],
        2,
        theory=False,
    )
    results = study.run(tmp_path / "teachers.sqlite", 1)
    frame = results.to_dataframe()
    assert frame["teacher"].tolist() == ["u1*u2", "tanh"]
    assert frame["mean"].nunique() == 2
    assert "student_gram" in frame
    assert "poisson" not in frame
    results.export(tmp_path / "teachers.nc")
    with xarray.open_dataset(tmp_path / "teachers.nc", engine="scipy") as cube:
        assert cube["teacher"].values.tolist() == ["u1*u2", "tanh"]
