"""Where results go: standard output, the files of --save, --csv and --plot, and refusals."""

import csv
import json
import math
from dataclasses import field

import numpy as np
import pytest
from numpy.typing import NDArray

import bbpscape as bb
from bbpscape.cli.output import Output
from bbpscape.core.codec import BULKY
from bbpscape.core.result import Result, result


@result
class Curve(Result):
    name: str
    x: NDArray[np.float64]
    big: NDArray[np.float64] = field(metadata=BULKY)

    def columns(self):
        return {"x": self.x, "said": [None, "a,b", True]}


CURVE = Curve("curve", np.array([0.1 + 0.2, math.nan, -1e300]), np.arange(3.0))


def test_a_summary_and_where_the_files_are(capsys, tmp_path):
    data, table = tmp_path / "d.json", tmp_path / "t.csv"
    Output(save=str(data), csv=str(table)).write(CURVE)
    assert capsys.readouterr().out == f"{CURVE.summary()}\ndata: {data}\ntable: {table}\n"
    assert json.loads(data.read_text()) == CURVE.to_dict()
    assert "big" in CURVE.to_dict()
    with table.open(newline="") as stream:
        names, *rows = csv.reader(stream)
    assert names == ["x", "said"]
    assert rows == [["0.30000000000000004", ""], ["", "a,b"], ["-1e+300", "True"]]


def test_one_json_object_and_nothing_else(capsys, tmp_path):
    data = tmp_path / "d.json"
    Output(save=str(data), json=True).write(CURVE)
    out = capsys.readouterr().out
    assert json.loads(out) == CURVE.to_dict(compact=True)
    assert "big" not in json.loads(out)
    assert (out.count("\n"), out[-1]) == (1, "\n")
    assert json.loads(data.read_text()) == CURVE.to_dict()


def test_a_figure(tmp_path, capsys):
    path = tmp_path / "f.svg"
    found = bb.threshold(bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0)))
    Output(plot=str(path)).write(found)
    assert capsys.readouterr().out.endswith(f"\nfigure: {path}\n")
    assert b"<svg" in path.read_bytes()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"plot": "x.txt"}, "a figure must end in"),
        ({"save": "x.csv"}, "--save must end in .json, got 'x.csv'"),
        ({"csv": "x.json"}, "--csv must end in .csv, got 'x.json'"),
        ({"save": "none/x.json"}, "needs an existing folder"),
    ],
)
def test_files_are_refused_before_the_work(tmp_path, monkeypatch, files, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(bb.InvalidInput, match=message):
        Output(**files).check()
    assert not list(tmp_path.iterdir())


def test_files_that_can_be_written_are_not_made_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Output("x.png", "x.json", "x.csv").check()
    assert not list(tmp_path.iterdir())


def test_options():
    assert [one.name for one in Output.options()] == ["plot", "save", "csv", "json"]
