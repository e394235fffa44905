"""The command ``diagram``."""

import csv
import json

import numpy as np
import pytest

import bbpscape as bb


def test_json_csv_and_figure_say_the_same(run, tmp_path):
    table, figure = tmp_path / "d.csv", tmp_path / "d.png"
    grid = ["--a", "0.1:10:3:log", "--p", "1:2", "--csv", table, "--plot", figure]
    status, out, err = run("diagram", *grid, "--json")
    assert (status, err) == (0, "")
    expected = bb.diagram(a=np.geomspace(0.1, 10, 3), p=[1, 2])
    assert json.loads(out) == expected.to_dict()
    frame = expected.to_dataframe()
    with table.open(newline="") as stream:
        written = list(csv.reader(stream))
    assert written[0] == list(frame)
    assert [list(map(float, row)) for row in written[1:]] == frame.to_numpy().tolist()
    assert figure.stat().st_size > 10_000


def test_over_alpha_the_student_width_is_two(run):
    status, out, _ = run("diagram", "--a", "0.1,1", "--alpha", "1:2:3", "--json")
    assert status == 0
    assert json.loads(out)["fixed"] == {"p": 2.0, "p_star": 1.0}


def test_inputs_with_structure_and_beta(run):
    options = ["--a", "0.3,1", "--beta", "0:0.4:2", "--p", "1", "--N", "60", "--radial", "0.4,1.6"]
    status, out, err = run("diagram", *options, "--json")
    assert (status, err) == (0, "")
    law = bb.InputLaw(radial="0.4,1.6")
    expected = bb.diagram(a=[0.3, 1], beta=[0, 0.4], p=1, N=60, inputs=law)
    assert json.loads(out) == expected.to_dict()
    status, out, _ = run("diagram", "--help")
    assert "Exponent" in out
    assert "Momentum" not in out


def test_the_table_says_the_status(run):
    status, out, _ = run("diagram", "--a", "0.1,1", "--p", "1:3")
    assert status == 0
    assert "converged" in out
    assert "where the kind changes" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--a", "1", "--p", "2"], "exactly two"),
        (["--a", "0:1:5"], "a must be finite and greater than 0"),
        (["--p", "1,inf"], "p cannot have inf in a list"),
        (["--p", "1.5"], "p must be an integer"),
        (["--a", "0.1,1", "--beta", "0,1"], "N must be given: a power law"),
        (["--a", "0.1,1", "--p", "1,2", "--covariance", "power:1"], "N must be given"),
        (["--csv", "d.txt"], "--csv must end in .csv"),
        (["--alpha", "2", "--p", "1:3"], "alpha must be a list"),
    ],
)
def test_a_mistake_is_one_line(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("diagram", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
