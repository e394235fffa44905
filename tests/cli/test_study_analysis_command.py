"""The command ``study analyse``."""

import json

import pytest

import bbpscape as bb

STUDY = """
draws = 20
block = 20
observables = ["total_m2", "lowest"]
[model]
p = 1
p_star = 1
a = 2.0
[axes]
alpha = [1.0, 1.7, 1.9, 2.1, 2.3]
N = [20, 40]
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("analysis") / "s.toml"
    made.write_text(STUDY)
    bb.Study.load(made).run(made.with_suffix(".sqlite"), workers=1)
    return made


def test_one_json_object_and_the_tables(run, path, tmp_path):
    options = ("--label-draws", 10, "--resamples", 50, "--windows", "0.2,0.4")
    status, out, err = run("study", "analyse", path, *options, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["observable"] == "total_m2"
    assert found["predictions"]["alpha_bbp"] == pytest.approx(1.690417, abs=1e-6)
    assert [one["N"] for one in found["predictions"]["half"]] == [20, 40]
    assert [one["window"] for one in found["onsets"][0]["windows"]] == [0.2, 0.4]
    again = bb.analyse(path, label_draws=10, resamples=50, windows=(0.2, 0.4))
    assert again.to_dict(compact=True) == found

    files = ("--plot", tmp_path / "f.png", "--save", tmp_path / "f.json")
    status, out, _ = run("study", "analyse", path, *options, *files)
    assert status == 0
    for text in ("alpha_bbp (discontinuous)", "Onset by a line", "preferred", "N = 20 and 40"):
        assert text in out
    assert json.loads((tmp_path / "f.json").read_text()) == again.to_dict()
    assert (tmp_path / "f.png").stat().st_size > 5_000


def test_a_level_and_a_part_of_the_study(run, path, tmp_path):
    options = ("--observable", "lowest", "--level", "-1.6", "--label-draws", 0)
    status, out, _ = run(
        "study", "analyse", path, *options, "--where", "N=40", "--plot", tmp_path / "f.svg"
    )
    assert status == 0
    assert "N = 40 at -1.6" in out
    assert "Onset" not in out


def test_several_conditions_hold_together(run, path):
    options = ("--label-draws", 0, "--resamples", 20, "--where", "N=40")
    for where in (("--where", "a=2"), ("--where", "p=1")):
        assert run("study", "analyse", path, *options, *where)[0] == 0
    status, out, err = run("study", "analyse", path, *options, "--where", "a=3")
    assert (status, out) == (2, "")
    assert "no results" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--observable", "phi"], "observable must be one of total_m2, lowest"),
        (["--windows", "x"], "windows must be"),
        (["--windows", "-1"], "windows must be"),
        (["--resamples", "0"], "resamples must be"),
        (["--plot", "f.txt"], "a figure must end in"),
        (["--save", "f.txt"], "--save must end in"),
        (["--where", "N=21"], "no results"),
    ],
)
def test_a_mistake_is_one_line(run, path, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("study", "analyse", path, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
