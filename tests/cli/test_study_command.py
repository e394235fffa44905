"""The commands of ``study``."""

import json
import re
import sqlite3

import pytest

import bbpscape as bb
from bbpscape.study.layout import add_functions

STUDY = """
draws = 3
observables = ["lowest", "total_m2"]
[model]
p = 1
p_star = 1
a = 2.0
[axes]
alpha = [1.0, 2.0]
N = [20, 30]
"""


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "s.toml"
    made.write_text(STUDY)
    return made


def test_from_the_definition_to_the_figure(run, path, tmp_path):
    status, out, _ = run("study", "check", path, "--json")
    assert status == 0
    plan = json.loads(out)
    assert (plan["cells"], plan["missing_draws"], plan["missing_theory"]) == (4, 12, 2)
    assert plan["seconds"] > 0
    assert not path.with_suffix(".sqlite").exists()

    status, out, err = run("study", "run", path, "--workers", 1, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["done"] == 14

    assert json.loads(run("study", "check", path, "--json")[1])["missing_points"] == 0
    found = json.loads(run("study", "status", path, "--json")[1])
    assert found["points"]["done"]["simulation"]["draws"] == 12
    assert found["failures"] == []

    status, out, _ = run("study", "export", path, "--out", tmp_path / "t.csv")
    assert (status, out) == (0, f"table: {tmp_path / 't.csv'}\n")
    frame = bb.open_study(path).to_dataframe()
    assert len((tmp_path / "t.csv").read_text().splitlines()) == len(frame) + 1

    for name, *options in (
        ("a.png",),
        ("b.svg", "--x", "N"),
        ("c.pdf", "--observable", "total_m2", "--where", "N=20"),
        ("d.svg", "--observable", "edge"),
    ):
        assert run("study", "plot", path, "--out", tmp_path / name, *options)[0] == 0
        assert (tmp_path / name).stat().st_size > 5_000


def test_the_tables(run, path):
    status, out, _ = run("study", "check", path, "--workers", 2)
    assert status == 0
    assert "time on 2 workers, predicted" in out
    assert "time on 1 worker, predicted" in run("study", "check", path, "--workers", 1)[1]
    status, out, _ = run("study", "run", path, "--workers", 1)
    assert re.search(r"^time  +(under 1|\d+(\.\d)?) s$", out, re.M)
    assert status == 0
    assert "serial" in out
    assert "at the pace so far" in run("study", "check", path)[1]
    assert "core time" in run("study", "status", path)[1]
    for command in ("check", "run", "status", "analyse"):
        out = run("study", command, path)[1]
        assert max(map(len, out.splitlines())) <= 80


def test_all_that_a_command_of_a_study_writes(run, path, tmp_path):
    made = tmp_path / "new.toml"
    assert json.loads(run("study", "init", made, "--json")[1]) == {"study": str(made)}
    files = {one: tmp_path / f"run.{end}" for one, end in (("csv",) * 2, ("plot", "svg"))}
    options = [text for one, to in files.items() for text in (f"--{one}", to)]
    status, out, _ = run("study", "run", path, "--workers", 1, *options)
    assert status == 0
    assert out.endswith(f"figure: {files['plot']}\ntable: {files['csv']}\n")
    assert all(one.stat().st_size for one in files.values())
    out = tmp_path / "f.svg"
    more = {"data": tmp_path / "f.json", "table": tmp_path / "f.csv"}
    options = ["--save", more["data"], "--csv", more["table"], "--where", "N=20", "--json"]
    status, said, _ = run("study", "plot", path, "--out", out, *options)
    assert json.loads(said) == {"figure": str(out), **{k: str(one) for k, one in more.items()}}
    kept = bb.Result.from_dict(json.loads(more["data"].read_text()))
    assert kept.summary() == bb.open_study(path).select(N=20).summary()
    copy = tmp_path / "copy.sqlite"
    assert json.loads(run("study", "backup", path, copy, "--json")[1]) == {"backup": str(copy)}
    table = tmp_path / "t.csv"
    said = run("study", "export", path, "--out", table, "--json")[1]
    assert json.loads(said) == {"table": str(table)}


def test_a_study_says_what_theory_of_several_outliers_is(tmp_path):
    axes = {"p": [1, 2], "alpha": [3.0], "N": [20]}
    found = bb.Study(bb.TeacherStudent(), axes, ["lowest"], draws=2)
    found = found.run(workers=1)
    assert "they split" in " ".join(found.report().notes)
    assert "they split" not in " ".join(found.select(p=1).report().notes)


def test_init_writes_a_study_that_can_be_checked(run, tmp_path):
    path = tmp_path / "new.toml"
    assert run("study", "init", path)[0] == 0
    assert run("study", "check", path)[0] == 0
    status, out, err = run("study", "init", path)
    assert (status, out) == (2, "")
    assert "--force" in err
    assert run("study", "init", path, "--force")[0] == 0


def test_failures_are_told_and_give_a_status(run, path):
    assert run("study", "run", path, "--workers", 1)[0] == 0
    db = sqlite3.connect(path.with_suffix(".sqlite"))
    add_functions(db)
    db.execute(
        "UPDATE points SET status = 'failed', reason = 'Why: not', result = NULL, "
        "digest = digest(source, cell, first, count, NULL) WHERE id = 1"
    )
    db.commit()
    db.close()
    status, out, err = run("study", "run", path, "--workers", 1, "--json")
    assert status == 1
    assert json.loads(out)["status"]["points"]["failed"]["simulation"]["points"] == 1
    assert "1 point failed: Why: not" in err
    assert "Why: not" in run("study", "status", path)[1]
    assert run("study", "run", path, "--workers", 1, "--retry-failed")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.toml"], "there is no file 'none.toml'"),
        (["run", "s.toml", "--workers", "0"], "workers"),
        (["run", "s.toml", "--scheduler", "nowhere://x"], "scheduler"),
        (["status", "none.toml"], "there is no study"),
        (["export", "s.toml", "--out", "t.csv"], "there is no study"),
        (["plot", "s.toml", "--out", "t.txt"], "a figure must end in"),
        (["init", "s.json"], "end in .toml"),
    ],
)
def test_a_mistake_is_one_line(run, path, monkeypatch, arguments, message):
    monkeypatch.chdir(path.parent)
    status, out, err = run("study", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--x", "a"], "x must be an axis with several values: alpha, N"),
        (["--observable", "m3"], "observable must be one of"),
        (["--where", "N"], "NAME=VALUE"),
        (["--where", "N=25"], "no results"),
        (["--where", "M=25"], "M is no parameter"),
    ],
)
def test_a_figure_that_cannot_be(run, path, tmp_path, arguments, message):
    run("study", "run", path, "--workers", 1)
    status, _, err = run("study", "plot", path, "--out", tmp_path / "f.png", *arguments)
    assert status == 2
    assert message in err
    assert not (tmp_path / "f.png").exists()


def test_a_changed_definition_is_one_line(run, path):
    run("study", "run", path, "--workers", 1)
    path.write_text(STUDY.replace("[1.0, 2.0]", "[1.0]"))
    for command in ("run", "check"):
        status, _, err = run("study", command, path)
        assert status == 2
        assert "axes can only grow" in err


@pytest.mark.parametrize("command", ["status", "export", "plot", "check", "run", "backup"])
@pytest.mark.parametrize(
    "path", ["", ".", "..", "/", "s", "s.csv", "none.toml", "x" * 300 + ".toml"]
)
def test_a_path_that_is_no_study_is_one_line(run, tmp_path, monkeypatch, command, path):
    monkeypatch.chdir(tmp_path)
    more = {"export": ["--out", "t.csv"], "plot": ["--out", "t.png"], "backup": ["t.sqlite"]}
    status, out, err = run("study", command, path, *more.get(command, []))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert len(err) < 400
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "out", ["s.sqlite", "s.toml", "s.sqlite-wal", "other.toml", "other.sqlite", "link.csv"]
)
def test_a_table_never_replaces_a_study(run, path, monkeypatch, out):
    monkeypatch.chdir(path.parent)
    run("study", "run", path, "--workers", 1)
    (path.parent / "link.csv").symlink_to(path.with_suffix(".sqlite"))
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    status, _, err = run("study", "export", path, "--out", out, "--to", "csv")
    assert (status, err.count("\n")) == (2, 1)
    assert "take the place of a study" in err
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before


def test_a_backup_is_a_study(run, path, tmp_path):
    run("study", "run", path, "--workers", 1)
    copy = tmp_path / "copy.sqlite"
    for _ in range(2):
        assert run("study", "backup", path, copy) == (0, f"backup: {copy}\n", "")
    assert run("study", "export", path, "--out", tmp_path / "one.csv")[0] == 0
    assert run("study", "export", copy, "--out", tmp_path / "other.csv")[0] == 0
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "other.csv").read_text()
    status, _, err = run("study", "backup", path, path.with_suffix(".sqlite"))
    assert (status, err.count("\n")) == (2, 1)


@pytest.mark.parametrize("command", ["status", "check", "run", "export", "backup"])
def test_a_damaged_study_is_one_line(run, path, tmp_path, command):
    run("study", "run", path, "--workers", 1)
    store = path.with_suffix(".sqlite")
    store.write_bytes(store.read_bytes().replace(b'{"lowest":[', b'{"lowest":[1'))
    more = {"export": ["--out", tmp_path / "t.csv"], "backup": [tmp_path / "t.sqlite"]}
    status, _, err = run("study", command, path, *more.get(command, []))
    assert (status, err.count("\n")) == (2, 1)
    assert "is damaged" in err
    assert not list(tmp_path.glob("t.*"))
