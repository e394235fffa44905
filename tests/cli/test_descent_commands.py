"""``descend``, ``hessian-along``, ``recovery`` and ``photograph``: their JSON, files, refusals."""

import json
import os

import pytest

import bbpscape as bb

MODEL = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5))
SMALL = ("--p", "2", "--a", "0.5", "--alpha", "6", "--N", "30", "--workers", "1")
SHORT = (*SMALL, "--draws", "3", "--steps", "60")
CURVE = (
    "recovery", "--p", "1,2", "--start", "random,spectral", "--a", "0.5", "--N", "24",
    "--draws", "3", "--steps", "40", "--workers", "1",
)  # fmt: skip


@pytest.fixture(name="run")
def run_with_the_last(run):
    """``run`` with the last of an option that is given again; the tests below vary a few."""

    def call(*arguments):
        given = list(arguments)
        for name in [one for one in given if str(one).startswith("--") and one != "--start"]:
            while given.count(name) > 1:
                at = given.index(name)
                del given[at : at + 2]
        return run(*given)

    return call


def recorded(result):
    return json.loads(json.dumps(result.to_dict(compact=True)))


def test_json_is_the_result(run):
    arguments = (*SHORT, "--seed", "3", "--method", "flow", "--sphere", "--json")
    status, out, err = run("descend", *arguments)
    assert (status, err) == (0, "")
    rule = bb.DescentRule("flow", sphere=True, steps=60)
    expected = bb.descend(MODEL, 6.0, 30, 3, 3, rule=rule, workers=1)
    assert json.loads(out) == recorded(expected)
    assert out.count("\n") == 1


def test_a_table_and_files(run, tmp_path):
    figure, data, table = tmp_path / "f.png", tmp_path / "d.json", tmp_path / "t.csv"
    files = ("--plot", figure, "--save", data, "--csv", table)
    status, out, err = run("descend", *SHORT, *files)
    assert (status, err) == (0, "")
    expected = bb.descend(MODEL, 6.0, 30, 3, rule=bb.DescentRule(steps=60), workers=1)
    said = f"figure: {figure}\ndata: {data}\ntable: {table}\n"
    assert out == f"{expected.summary()}\n{said}"
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert bb.Result.from_dict(json.loads(data.read_text())).to_dict() == expected.to_dict()
    assert len(table.read_text().splitlines()) == 1 + len(expected.to_dataframe())
    assert sorted(tmp_path.iterdir()) == [data, figure, table]


def test_descents_and_recoveries_take_inputs_with_structure(run):
    structure = ("--covariance", "power:0.5", "--radial", "0.5,1.5", "--profile", "source:1")
    model = MODEL.replace(inputs=bb.InputLaw("power:0.5", [0.5, 1.5], 0.0, "source:1"))
    status, out, err = run("descend", *SHORT, *structure, "--json")
    assert (status, err) == (0, "")
    expected = bb.descend(model, 6.0, 30, 3, rule=bb.DescentRule(steps=60), workers=1)
    assert json.loads(out) == recorded(expected)
    plain = bb.descend(MODEL, 6.0, 30, 3, rule=bb.DescentRule(steps=60), workers=1)
    assert recorded(plain)["trajectories"] != recorded(expected)["trajectories"]
    status, out, err = run(*CURVE, "--p", "2", "--alpha", "2,8", *structure, "--json")
    assert (status, err) == (0, "")
    rule = bb.DescentRule(steps=40)
    curve = bb.recovery(model, [2.0, 8.0], 24, 3, 0, [2], ["random", "spectral"], rule, workers=1)
    assert json.loads(out) == recorded(curve)
    status, out, err = run("descend", *SHORT, "--covariance", "3,2,1,1")
    assert (status, out) == (2, "")
    assert err == "bbpscape: N must be a multiple of the covariance's 4 eigenvalues, got 30\n"


def test_the_hessian_along_the_way(run):
    arguments = ("hessian-along", *SHORT, "--p", "1", "--dtype", "float32")
    status, out, err = run(*arguments, "--at", "0,1", "--json")
    assert (status, err) == (0, "")
    values = json.loads(out)
    assert [one["step"] for one in values["steps"]] == [0, 1]
    rule = bb.DescentRule(steps=60)
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5))
    expected = bb.hessian_along(model, 6.0, 30, [0, 1], 3, rule=rule, dtype="float32", workers=1)
    assert values == recorded(expected)
    status, out, _ = run(*arguments, "--at", "0")
    assert status == 0
    assert "theory of an independent student" in out
    assert str(expected.steps[0].outlier) in out


def test_a_curve_is_kept_and_extended(run, tmp_path):
    arguments = (*CURVE, "--path", tmp_path / "curve.sqlite", "--json")
    status, out, err = run(*arguments, "--alpha", "1,8")
    assert (status, err) == (0, "")
    first = json.loads(out)
    assert [(one["start"], one["p"]) for one in first["lines"]] == [
        ("random", 1), ("random", 2), ("spectral", 1), ("spectral", 2),
    ]  # fmt: skip
    assert first["failed"] == 0
    assert list(first["thresholds"]) == ["1", "2"]
    law = bb.threshold(MODEL)
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
    study = tmp_path / "curve.sqlite"
    bb.Study(bb.TeacherStudent(1, 1), {"alpha": 2.0}, draws=0).run(study, workers=1)
    before = bb.open_study(study).to_dict()
    status, out, err = run(*CURVE, "--alpha", "1,8", "--path", study)
    assert (status, out) == (2, "")
    assert "in a study that has begun" in err
    assert bb.open_study(study).to_dict() == before
    status, out, err = run(*CURVE, "--alpha", "1,8", "--path", tmp_path / "curve.toml")
    assert (status, out) == (2, "")
    assert "must end in .sqlite" in err
    assert list(tmp_path.iterdir()) == [study]


def test_a_curve_says_why_a_threshold_is_missing(run):
    arguments = (*SMALL, "--p", "3", "--alpha", "3", "--N", "24", "--draws", "3", "--steps", "3")
    network = ("--activation", "tanh", "--loss", "absolute-normalized-square")
    status, out, _ = run("recovery", *arguments, *network)
    assert status == 0
    assert "note: no α_BBP at p = 3: it takes minutes beyond p = 2" in out


def test_starts_that_are_given_one_by_one_are_one_list(run):
    arguments = (*SMALL, "--alpha", "3", "--N", "24", "--draws", "2", "--steps", "3", "--json")
    status, out, _ = run("recovery", *arguments, "--start", "random", "--start", "spectral")
    assert status == 0
    assert [one["start"] for one in json.loads(out)["lines"]] == ["random", "spectral"]


def test_a_photograph(run):
    pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    arguments = ("photograph", "--side", "8", "--p", "2", "--a", "0.5", "--alpha", "8")
    status, out, err = run(*arguments, "--steps", "150", "--json")
    assert (status, err) == (0, "")
    values = json.loads(out)
    assert values["N"] == 64
    expected = bb.photograph(8.0, 8, 2, 0.5, rule=bb.DescentRule(steps=150))
    assert values == recorded(expected)
    starts = {one["name"]: one["begin_m2"] for one in values["recoveries"]}
    assert starts["random start, p = 1"] < 0.1 < starts["spectral start, p = 1"]
    status, out, _ = run(*arguments, "--steps", "20")
    assert status == 0
    assert "spectral start, p = 1" in out


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        ("descend", ("--p", "x"), "p must be an integer, got 'x'"),
        ("descend", ("--p", "inf"), "p must be finite"),
        ("descend", ("--p", "1,2"), "p must be an integer, got '1,2'"),
        ("descend", ("--alpha", "1:2:3"), "alpha must be a number, got '1:2:3'"),
        ("descend", ("--alpha", "-1"), "alpha must be finite and greater than 0"),
        ("descend", ("--N", "1000000000"), "N must be at most"),
        ("descend", ("--draws", "1000000000"), "draws must be from 1 to 100000"),
        ("descend", ("--draws", "few"), "draws must be an integer, got 'few'"),
        ("descend", ("--steps", "0"), "steps must be a positive integer"),
        ("descend", ("--steps", "99999999999"), "steps must be at most 1000000000"),
        ("descend", ("--step", "nan"), "step must be a number"),
        ("descend", ("--method", "adam"), "method must be one of gd, momentum, flow"),
        (
            "descend",
            ("--start", "overlap"),
            "goes with a model with an overlap: give one",
        ),
        (
            "descend",
            ("--overlap", "0.3"),
            "goes with a model without an overlap: use",
        ),
        ("descend", ("--dtype", "half"), "dtype must be one of"),
        ("descend", ("--device", "tpu"), "device must be one of"),
        ("descend", ("--side", "9"), "No such option"),
        ("descend", ("--plot", "figure.gif"), "a figure must end in"),
        ("descend", ("--save", "missing/data.json"), "needs an existing folder"),
        ("descend", ("--csv", "table.txt"), "--csv must end in .csv"),
        ("hessian-along", ("--at", "x"), "at must be an integer, got 'x'"),
        ("hessian-along", ("--at", "3,1"), "at must increase along the list, got '3,1'"),
        ("hessian-along", ("--at", "-1"), "hessian steps must be"),
        ("hessian-along", ("--at", "0,99999"), "steps from 0 to 2000"),
        ("recovery", ("--step", "0.1"), "takes method, sphere and steps of a rule alone"),
        ("recovery", ("--start", "random,cold"), "start must be one of"),
    ],
)
def test_refusals(run, tmp_path, monkeypatch, command, arguments, message):
    monkeypatch.chdir(tmp_path)
    files = () if {"--plot", "--save"} & set(arguments) else ("--save", "data.json")
    status, out, err = run(command, *SMALL, *arguments, *files)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("option", "name"), [("--save", "x.json"), ("--plot", "x.png")])
def test_a_place_that_takes_no_file_is_refused_before_the_work(run, monkeypatch, option, name):
    if not os.path.isdir("/proc/self"):
        pytest.skip("needs a file system that takes no files")
    monkeypatch.setattr("bbpscape.cli.derive.call", lambda *_, **__: pytest.fail("it descended"))
    status, out, err = run("descend", *SMALL, option, f"/proc/{name}")
    assert (status, out) == (2, "")
    assert f"'/proc/{name}' cannot be written" in err or "no permission" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--p-star", "2"), "No such option"),
        (("--label-noise", "0.1"), "No such option"),
        (("--start", "hessian"), "No such option"),
        (("--side", "4"), "side must be from 8 to 128, got 4"),
    ],
)
def test_a_photograph_refuses_what_it_would_ignore(run, arguments, message):
    pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    status, out, err = run("photograph", *arguments)
    assert (status, out) == (2, "")
    assert message in err


def test_an_interruption_writes_nothing(run, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("bbpscape.cli.derive.call", interrupted)
    status, out, err = run("descend", *SHORT, "--save", tmp_path / "data.json")
    assert (status, out, err) == (130, "", "bbpscape: interrupted\n")
    assert not list(tmp_path.iterdir())
