"""The command ``simulate``: one JSON object, a table, and refusals in one line."""

import json

import numpy as np
import pytest

import bbpscape as bb

SMALL = ("simulate", "--p", "2", "--a", "0.1", "--alpha", "2", "--N", "60", "--workers", "1")


def test_infinite_width_has_no_hessian_to_draw(run):
    status, out, err = run("simulate", "--p", "inf", "--N", "60")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "p must be finite" in err


def test_json_is_the_result(run):
    status, out, err = run(*SMALL, "--k", "4", "--draws", "2", "--seed", "3", "--json")
    assert (status, err) == (0, "")
    values = json.loads(out)
    model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.1))
    expected = bb.simulate(model, 2.0, 60, 2, 3, 4, workers=1)
    for one, other in zip(values["draws"], expected.draws, strict=True):
        np.testing.assert_allclose(one["eigenvalues"], other.eigenvalues, atol=1e-12)
        assert one["converged"] is True
        keys = "residuals m2 method products seconds peak_bytes certificate"
        assert set(keys.split()) <= set(one)


@pytest.mark.parametrize("option", [("--method", "iterative"), ("--stream",), ("--phi",)])
def test_a_table(run, option):
    status, out, err = run(*SMALL, *option)
    assert (status, err) == (0, "")
    assert "none missed" in out


def test_the_cost_of_each_method(run):
    status, out, _ = run("cost", "--p", "16", "--N", "2000", "--k", "20")
    assert status == 0
    assert "iterative (chosen)" in out
    values = json.loads(run("cost", "--N", "50", "--json")[1])
    assert values["choice"] == "dense"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "fast"), "method must be one of auto, dense, iterative, got 'fast'"),
        (("--k", "1000"), "k must be at most pN = 120, got 1000"),
        (("--dtype", "half"), "dtype must be one of"),
        (("--device", "tpu"), "device must be one of"),
        (("--tol", "2"), "tol must be from"),
    ],
)
def test_refusals(run, tmp_path, arguments, message):
    path = tmp_path / "result.json"
    status, out, err = run(*SMALL, *arguments, "--save", str(path))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err
    assert not path.exists()
