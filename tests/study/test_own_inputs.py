"""Studies of rows of one's own: files in TOML, what is known of them again, what is refused."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.study.definition import Definition

N = 12
TOML = """
draws = 2
seed = 3
observables = ["lowest"]

[model]
p = 1
p_star = 1
a = 0.5
{model}

[axes]
alpha = [4.0, 6.0]
{axes}
"""


def rows(seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((150, N)) * np.arange(1, N + 1) ** -0.2


@pytest.fixture
def toml(tmp_path):
    """A study file of these lines, with rows.npy and other.npz beside it."""
    np.save(tmp_path / "rows.npy", rows())
    np.savez(tmp_path / "other.npz", first=rows(1)[:, :8], second=rows(2))

    def write(model="", axes=""):
        path = tmp_path / "own.toml"
        path.write_text(TOML.format(model=model, axes=axes))
        return path

    return write


def means(results):
    return {
        (row.cell.N, row.cell.alpha, row.observable, row.source): row.mean for row in results.rows
    }


def test_a_file_is_found_beside_the_study(toml, monkeypatch, tmp_path_factory):
    path = toml('inputs = { file = "rows.npy", whiten = false }')
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    found = bb.Study.load(path).run(workers=1)
    inputs = bb.data.prepare_inputs(rows(), whiten=False)
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5))
    simulated = bb.simulate(model, 6.0, draws=2, seed=3, inputs=inputs)
    expected = np.mean([one.eigenvalues[0] for one in simulated.draws])
    assert means(found)[N, 6.0, "lowest", "simulation"] == pytest.approx(expected)
    assert inputs.name in found.summary()


def test_inputs_may_be_an_axis(toml):
    listed = '["rows.npy", { file = "other.npz", key = "first", whiten = false }]'
    results = bb.Study.load(toml(axes=f"inputs = {listed}")).run(workers=2)
    sizes = {row.cell.N for row in results.rows if row.source == "simulation"}
    assert sizes == {N, 8}
    frame = results.to_dataframe()
    assert frame["inputs"].nunique() == 2
    texts = [one.get_text() for one in results.plot().legends[0].get_texts()]
    assert any("150 x 8, not whitened" in text for text in texts)


def test_a_study_goes_on_with_the_same_rows_alone(toml):
    path = toml('inputs = "rows.npy"')
    store = path.with_suffix(".sqlite")
    first = bb.Study.load(path).run(store, workers=1)
    again = bb.Study.load(path).run(store, workers=1)
    assert again.last_run.done == 0
    assert means(again) == means(first)
    changed = rows()
    changed[3, 4] += 1e-9
    np.save(path.parent / "rows.npy", changed)
    with pytest.raises(bb.InvalidInput, match="and these are others now"):
        bb.Study.load(path).run(store, workers=1)
    np.save(path.parent / "rows.npy", rows())
    path.write_text(path.read_text().replace('"rows.npy"', '{ file = "rows.npy", pca = 5 }'))
    with pytest.raises(bb.InvalidInput, match="and these are others now"):
        bb.Study.load(path).plan(store)


def test_results_are_read_without_the_rows(toml):
    path = toml('inputs = "rows.npy"')
    store = path.with_suffix(".sqlite")
    first = bb.Study.load(path).run(store, workers=1)
    (path.parent / "rows.npy").unlink()
    opened = bb.open_study(store)
    assert means(opened) == means(first)
    assert opened.summary() == first.summary()
    with pytest.raises(bb.InvalidInput, match="run it from there"):
        _ = opened.rows[0].cell.model
    with pytest.raises(bb.InvalidInput, match="no file"):
        bb.Study.load(path)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("inputs = { whiten = false }", "a file or a table of file, key, whiten"),
        ('inputs = { file = "rows.npy", white = false }', "a file or a table of file, key, whiten"),
        ('inputs = { file = "rows.npy", whiten = 0 }', "whiten must be"),
        ("inputs = { file = 3 }", "file must be a path"),
        ('inputs = "other.npz"', "key must say which array"),
        ('inputs = "rows.npy"\nN = 20', "N must be that of the inputs, 12, got 20"),
        ('inputs = "rows.npy"\ncovariance = "power:1"', "leave out covariance"),
        ('inputs = "rows.npy"\nradial = "chi2:5"', "leave out covariance"),
    ],
)
def test_refusals(toml, model, said):
    with pytest.raises(bb.InvalidInput, match=said):
        bb.Study.load(toml(model))


def test_too_few_rows_are_named_before_anything_runs():
    with pytest.raises(bb.InvalidInput, match="at most n/N = 150/12"):
        bb.Study(bb.TeacherStudent(1, 1), {"alpha": [4.0, 13.0]}, inputs=rows())


def test_a_definition_without_the_size_is_refused():
    study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": 4.0}, inputs=rows())
    values = study.to_dict()
    assert Definition.from_dict(values).to_dict() == values
    name = values["model"]["inputs"]
    broken = Definition.from_dict({**values, "custom": {"inputs": {name: ["a"]}}})
    with pytest.raises(bb.InvalidInput, match="have no size"):
        list(broken.cells())
