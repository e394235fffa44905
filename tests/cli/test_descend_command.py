"""The command ``descend`` in all its modes: one JSON object, tables, files and refusals."""

import json
import os

import pytest

import bbpscape as bb

SMALL = ("descend", "--p", "2", "--a", "0.5", "--alpha", "6", "--N", "30", "--workers", "1")
SHORT = (*SMALL, "--draws", "3", "--steps", "60")
MODEL = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5))
CURVE = (
    "descend", "--curve", "--p", "1,2", "--start", "random,spectral", "--a", "0.5", "--N", "24",
    "--draws", "3", "--steps", "40", "--workers", "1",
)  # fmt: skip


def test_json_is_the_result(run):
    status, out, err = run(*SHORT, "--seed", "3", "--method", "flow", "--sphere", "--json")
    assert (status, err) == (0, "")
    rule = bb.DescentRule("flow", sphere=True, steps=60)
    expected = bb.descend(MODEL, 6.0, 30, 3, 3, rule=rule, workers=1)
    assert out == json.dumps(expected.to_dict(compact=True)) + "\n"
    values = json.loads(out)
    assert values["M"] == 180
    assert sum(values["statuses"].values()) == values["recovered"]["of"] == 3
    keys = "step time loss generalization m2 largest_m2 recovered recovered_step status eta"
    assert all(set(keys.split()) <= set(one) for one in values["trajectories"])


def test_a_table_and_files(run, tmp_path):
    figure, data = tmp_path / "figure.png", tmp_path / "data.json"
    status, out, err = run(*SHORT, "--plot", figure, "--save", data)
    assert (status, err) == (0, "")
    expected = bb.descend(MODEL, 6.0, 30, 3, rule=bb.DescentRule(steps=60), workers=1)
    assert f"recovered: {expected.recovered.count} of 3" in out
    for one in expected.trajectories:
        assert f"{one.largest_m2:.4f}" in out
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert json.loads(data.read_text()) == json.loads(json.dumps(expected.to_dict()))
    assert sorted(tmp_path.iterdir()) == [data, figure]


def test_the_hessian_along_the_way(run):
    arguments = (*SHORT, "--p", "1", "--hessian", "0,1", "--dtype", "float32")
    status, out, err = run(*arguments, "--json")
    assert (status, err) == (0, "")
    values = json.loads(out)
    assert [one["step"] for one in values["steps"]] == [0, 1]
    rule = bb.DescentRule(steps=60)
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5))
    expected = bb.hessian_along(model, 6.0, 30, [0, 1], 3, rule=rule, dtype="float32", workers=1)
    assert values == json.loads(json.dumps(expected.to_dict(compact=True)))
    status, out, _ = run(*arguments, "--hessian", "0")
    assert status == 0
    assert "theory of an independent student" in out
    assert f"{expected.steps[0].outlier.mean:.4g} ±" in out


def test_a_curve_is_kept_and_extended(run, tmp_path):
    study = tmp_path / "curve.toml"
    arguments = (*CURVE, "--study", study, "--json")
    status, out, err = run(*arguments, "--alpha", "1,8")
    assert (status, err) == (0, "")
    first = json.loads(out)
    assert [(one["start"], one["p"]) for one in first["lines"]] == [
        ("random", 1), ("random", 2), ("spectral", 1), ("spectral", 2),
    ]  # fmt: skip
    assert first["failed"] == 0
    assert list(first["thresholds"]) == ["1", "2"]
    law = bb.threshold(bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5)))
    assert first["thresholds"]["2"]["alpha_bbp"] == pytest.approx(law.alpha_bbp)
    assert first["weak_recovery"] == pytest.approx(0.5)
    alone = json.loads(run(*CURVE, "--alpha", "1,8", "--json")[1])
    assert alone == first
    assert json.loads(run(*arguments, "--alpha", "1,8")[1]) == first
    longer = json.loads(run(*arguments, "--alpha", "1,4,8")[1])
    for one, other in zip(first["lines"], longer["lines"], strict=True):
        assert other["alpha"] == [1, 4, 8]
        assert [other["m2"][0], other["m2"][2]] == one["m2"]


def test_a_curve_leaves_other_studies_alone(run, tmp_path):
    study = tmp_path / "curve.toml"
    study.write_text("seed = 7\n")
    status, out, err = run(*CURVE, "--alpha", "1,8", "--study", study)
    assert (status, out) == (2, "")
    assert "another study" in err
    assert study.read_text() == "seed = 7\n"
    assert list(tmp_path.iterdir()) == [study]


def test_a_curve_says_why_a_threshold_is_missing(run):
    arguments = ("--activation", "tanh", "--loss", "absolute-normalized-square", "--start")
    status, out, _ = run(*CURVE, "--alpha", "3", "--p", "3", *arguments, "random", "--steps", "3")
    assert status == 0
    assert "note: no α_BBP at p = 3: it takes minutes beyond p = 2" in out


def test_a_photograph(run):
    pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    arguments = ("descend", "--photograph", "--side", "8", "--p", "2", "--a", "0.5", "--alpha", "8")
    status, out, err = run(*arguments, "--steps", "150", "--json")
    assert (status, err) == (0, "")
    values = json.loads(out)
    assert values["N"] == 64
    expected = bb.photograph(8.0, 8, 2, 0.5, rule=bb.DescentRule(steps=150))
    assert values == json.loads(json.dumps(expected.to_dict(compact=True)))
    starts = {one["name"]: one["begin_m2"] for one in values["recoveries"]}
    assert starts["random start, p = 1"] < 0.1 < starts["spectral start, p = 1"]
    status, out, _ = run(*arguments, "--steps", "20")
    assert status == 0
    assert "spectral start, p = 1" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--p", "x"), "p must be an integer, got 'x'"),
        (("--p", "inf"), "p must be finite, got 'inf'"),
        (("--p", "1,2"), "alpha and p take one value each without --curve"),
        (("--alpha", "1:2:3"), "alpha and p take one value each without --curve"),
        (("--alpha", "-1"), "alpha must be finite and greater than 0"),
        (("--N", "1000000000"), "N must be at most"),
        (("--draws", "1000000000"), "draws must be at most 100000"),
        (("--steps", "0"), "steps must be a positive integer"),
        (("--steps", "99999999999"), "steps must be at most 1000000000"),
        (("--step", "nan"), "step must be finite"),
        (("--method", "adam"), "method must be one of gd, momentum, flow"),
        (("--start", "overlap"), "start overlap goes with a model with an overlap"),
        (("--overlap", "0.3"), "start overlap goes with a model with an overlap"),
        (("--dtype", "half"), "dtype must be one of"),
        (("--device", "tpu"), "device must be one of"),
        (("--hessian", "x"), "--hessian must be steps, integers of at least 0 in increasing order"),
        (("--hessian", "3,1"), "integers of at least 0 in increasing order, got '3,1'"),
        (("--hessian", "-1"), "--hessian must be steps"),
        (("--hessian", "0,99999"), "hessian steps must be 1 to 50 steps from 0 to 2000"),
        (("--hessian", "0", "--curve"), "--curve, --photograph and --hessian do not go together"),
        (("--study", "x.toml"), "--study goes with --curve"),
        (("--side", "9"), "--side goes with --photograph"),
        (("--photograph",), "--photograph goes without --N, --draws, --workers and --start"),
        (("--curve", "--step", "0.1"), "a curve takes method, sphere and steps"),
        (("--curve", "--start", "random,cold"), "start must be one of"),
        (("--plot", "figure.gif"), "a figure must end in"),
        (("--save", "missing/data.json"), "needs an existing folder"),
        (("--draws", "few"), "Invalid value for '--draws'"),
    ],
)
def test_refusals(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    files = () if {"--plot", "--save"} & set(arguments) else ("--save", "data.json")
    status, out, err = run(*SMALL, *arguments, *files)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("option", "name"), [("--save", "x.json"), ("--plot", "x.png")])
def test_a_place_that_takes_no_file_is_refused_before_the_work(run, monkeypatch, option, name):
    if not os.path.isdir("/proc/self"):
        pytest.skip("needs a file system that takes no files")
    monkeypatch.setattr(bb, "descend", lambda *_, **__: pytest.fail("it descended first"))
    status, out, err = run(*SMALL, option, f"/proc/{name}")
    assert (status, out) == (2, "")
    assert f"'/proc/{name}' cannot be written" in err or "no permission" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--p-star", "2"), "--photograph takes --p and --a alone of the model"),
        (("--label-noise", "0.1", "--loss", "absolute-normalized-square"), "--p and --a alone"),
        (("--side", "4"), "side must be from 8 to 128, got 4"),
        (("--start", "hessian"), "--photograph goes without"),
    ],
)
def test_a_photograph_refuses_what_it_would_ignore(run, arguments, message):
    pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    status, out, err = run("descend", "--photograph", *arguments)
    assert (status, out) == (2, "")
    assert message in err


def test_an_interruption_writes_nothing(run, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bbpscape.experiments.descend.descend_batch", interrupted)
    status, out, err = run(*SHORT, "--save", tmp_path / "data.json")
    assert (status, out, err) == (130, "", "bbpscape: interrupted\n")
    assert not list(tmp_path.iterdir())
