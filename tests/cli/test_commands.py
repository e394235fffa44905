"""The command line: what it prints, refuses and writes."""

import json

import numpy as np
import pytest

import bbpscape as bb


def test_threshold_prints_the_json_of_the_result(run):
    status, out, err = run("threshold", "--p", "2", "--p-star", "1", "--a", "0.01", "--json")
    assert (status, err) == (0, "")
    values = json.loads(out)
    model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.01))
    assert values == bb.threshold(model).to_dict()
    expected = {"alpha_bbp", "transition", "m2_jump", "eigenvalue", "alpha_0"}
    assert expected | {"alpha_weak_recovery", "a_critical"} <= set(values)
    assert values["alpha_bbp"] == pytest.approx(1.439986, abs=1e-6)


def test_infinite_width(run):
    _, out, _ = run("threshold", "--p", "inf", "--a", "1", "--json")
    assert json.loads(out)["alpha_bbp"] == pytest.approx(1.0, rel=1e-12)


def test_spectrum_json_has_no_infinities(run):
    _, out, _ = run("spectrum", "--alpha", "3", "--points", "50", "--json")
    values = json.loads(out)
    assert values["left_edge"]["kind"] == "sharp"
    assert (values["right_edge"]["value"], values["right_edge"]["kind"]) == ("inf", "unbounded")
    (outlier,) = values["outliers"]
    assert outlier["direction"] == "teacher"
    assert outlier["multiplicity"] == 2
    assert outlier["eigenvalue"] == pytest.approx(-0.35097, abs=1e-5)
    assert len(values["rho"]) == len(values["eigenvalue"]) == 50


def test_compare_writes_figure_and_data(run, tmp_path):
    figure, data = tmp_path / "figure.png", tmp_path / "data.json"
    arguments = ["--N", 60, "--draws", 3, "--plot", figure, "--save", data]
    status, out, err = run("compare", *arguments)
    assert (status, err) == (0, "")
    assert "teacher outlier" in out
    assert str(figure) in out.replace("\n", "")
    assert figure.read_bytes().startswith(b"\x89PNG")
    rows = {row["quantity"]: row for row in json.loads(data.read_text())["rows"]}
    assert rows["teacher outlier"]["theory"] == pytest.approx(-0.35097, abs=1e-5)
    assert sorted(tmp_path.iterdir()) == [data, figure]


def test_compare_takes_inputs(run, tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.random.default_rng(0).standard_normal((200, 12)))
    status, out, _ = run("compare", "--inputs", path, "--alpha", "4", "--draws", 2, "--json")
    assert status == 0
    assert json.loads(out)["N"] == 12
    status, out, err = run("compare", "--inputs", path, "--alpha", "20")
    assert (status, out) == (2, "")
    assert "at most" in err
    assert "16.6667" in err
    _, out, _ = run("compare", "--inputs", path, "--draws", 2, "--no-whiten", "--json")
    assert any(
        "theory of these inputs: the covariance of 200 rows" in note
        for note in json.loads(out)["notes"]
    )


@pytest.mark.parametrize("name", ["simulate", "descend", "methods"])
def test_other_commands_take_inputs_too(run, tmp_path, name):
    rows = np.random.default_rng(0).standard_normal((200, 10)) * np.arange(1, 11) ** -0.3
    np.savez(tmp_path / "rows.npz", first=rows, second=rows[:3])
    path = ["--inputs", tmp_path / "rows.npz", "--key", "first"]
    few = {"descend": ["--steps", "3"]}.get(name, [])
    given = [*path, "--no-whiten", "--standardize", "--pca", 6, "--draws", 2, "--seed", 3, *few]
    status, out, err = run(name, *given, "--alpha", "5", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    prepared = bb.data.prepare_inputs(rows, whiten=False, standardize=True, pca=6)
    assert (found["inputs"], found["N"]) == (prepared.description, 6)
    options = {"descend": {"rule": bb.DescentRule(steps=3)}}.get(name, {})
    alpha = [5.0] if name == "methods" else 5.0
    expected = getattr(bb, name)(
        bb.TeacherStudent(2, 1), alpha, draws=2, seed=3, inputs=prepared, **options
    )
    assert bb.Result.from_dict(expected.to_dict()).to_dict() == expected.to_dict()
    timed = "seconds", "peak_bytes"
    record = json.loads(json.dumps(expected.to_dict(compact=True)))
    assert _without(found, timed) == _without(record, timed)
    status, out, err = run(name, *path[:2], "--alpha", "5")
    assert (status, out) == (2, "")
    assert "key must say which array" in err
    assert "--pca needs --inputs FILE" in run(name, "--pca", "3")[2]


def _without(value, names):
    if isinstance(value, dict):
        return {key: _without(one, names) for key, one in value.items() if key not in names}
    return [_without(one, names) for one in value] if isinstance(value, list) else value


def test_inputs_are_prepared_as_the_options_say(run, tmp_path):
    rows = np.random.default_rng(0).standard_normal((200, 6)) * [1, 2, 3, 4, 5, 0]
    np.savez(tmp_path / "rows.npz", first=rows, second=rows[:, :2])
    given = ["--inputs", tmp_path / "rows.npz", "--key", "first", "--draws", 2, "--json"]
    status, out, err = run("compare", *given)
    assert (status, out) == (2, "")
    assert "1 of 6 are: column 5; drop_constant=True (--drop-constant) drops them" in err
    options = ["--drop-constant", "--standardize", "--pca", 4, "--no-whiten", "--equal-norms"]
    status, out, _ = run("compare", *given, *options)
    assert status == 0
    prepared = bb.data.prepare_inputs(rows, False, True, True, True, 4)
    assert json.loads(out)["inputs"] == prepared.description
    assert prepared.description.startswith("200 inputs of dimension 4, without constant column 5, ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["threshold", "--a", "-1"], "a must be"),
        (["threshold", "--a", "nan"], "a must be"),
        (["threshold", "--a", "zero"], "a must be a number, got 'zero'"),
        (["threshold", "--a", "0,01"], "write decimals with a point"),
        (["threshold", "--a", "−1"], "write the minus as a plain -"),
        (["threshold", "--p", "0"], "p must be a positive integer or inf"),
        (["threshold", "--p", "2.5"], "p must be an integer, got '2.5'"),
        (["threshold", "--p-star", "0"], "p_star must be a positive integer"),
        (["threshold", "--p-star", "inf"], "p_star must be a positive integer"),
        (["threshold", "--plot", "no_folder/x.png"], "existing folder"),
        (["threshold", "--plot", "x.bmp"], ".png"),
        (["threshold", "--save", "x.txt"], ".json"),
        (["spectrum", "--alpha", "0"], "alpha must be"),
        (["spectrum", "--alpha", "inf"], "alpha must be"),
        (["spectrum", "--points", "1"], "points must be"),
        (["compare", "--N", "0"], "N must be a positive integer"),
        (["compare", "--N", "10", "--alpha", "0.05"], "alpha must be at least 1/N = 0.1"),
        (["compare", "--N", "10000000"], "N must be at most"),
        (["compare", "--draws", "0"], "draws must be"),
        (["compare", "--seed", "-1"], "seed must be"),
        (["compare", "--p", "inf"], "p must be finite"),
        (["compare", "--inputs", "no_file.npy"], "no_file.npy"),
        (["compare", "--no-whiten"], "--no-whiten needs --inputs FILE"),
        (["compare", "--drop-constant"], "--drop-constant needs --inputs FILE"),
        (["compare", "--pca", "3"], "--pca needs --inputs FILE"),
        (["compare", "--pca", "3.5"], "pca must be an integer, got '3.5'"),
        (["compare", "--key", "x"], "--key needs --inputs FILE"),
        (["data", "patches", "--out", "x.txt"], ".npy"),
        (["data", "patches", "--size", "1", "--out", "x.npy"], "size"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_patches(run, tmp_path):
    pytest.importorskip("skimage")
    path = tmp_path / "patches.npy"
    status, out, _ = run("data", "patches", "--size", 4, "--count", 30, "--out", path, "--json")
    assert status == 0
    assert json.loads(out) == {"out": str(path), "rows": 30, "N": 16}
    assert np.load(path).shape == (30, 16)


def test_interruption_leaves_nothing(run, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bbpscape.cli.derive.call", interrupted)
    status, out, err = run("compare", "--plot", tmp_path / "x.png")
    assert (status, out) == (130, "")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
