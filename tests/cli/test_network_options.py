"""The options of a general network, and the command ``methods``."""

import json

import pytest


def test_threshold_of_a_network(run):
    options = ["--activation", "log-cosh", "--a", "0.3", "--json"]
    status, out, err = run("threshold", *options)
    values = json.loads(out)
    assert (status, err) == (0, "")
    assert values["model"]["activation"] == "log-cosh"
    assert values["alpha_bbp"] == pytest.approx(1.7257257, rel=1e-6)
    assert values["a_critical"] is None


def test_all_options_reach_the_model(run):
    options = ["--p", "2", "--loss", "absolute-normalized-square", "--label-noise", "0.1"]
    options += ["--flip", "0.05", "--alpha", "4", "--json", "--points", "20"]
    status, out, _ = run("spectrum", *options)
    model = json.loads(out)["model"]
    assert status == 0
    assert (model["loss"], model["label_noise"], model["flip"]) == (options[3], 0.1, 0.05)


def test_compare_a_network(run):
    options = ["--p", "1", "--activation", "tanh", "--loss", "square", "--overlap", "0.3"]
    options += ["--N", "40", "--draws", "2", "--alpha", "8", "--json"]
    status, out, _ = run("compare", *options)
    values = json.loads(out)
    assert status == 0
    assert values["model"]["overlap"] == [[0.3]]
    assert values["rows"][0]["finite_size"] < 0


@pytest.mark.parametrize("as_json", [True, False])
def test_methods(run, tmp_path, as_json):
    figure = tmp_path / "methods.png"
    options = ["--alpha", "1:3:2", "--N", "40", "--draws", "2", "--plot", str(figure)]
    status, out, _ = run("methods", *options, *(["--json"] if as_json else []))
    assert status == 0
    assert figure.stat().st_size > 5000
    if as_json:
        values = json.loads(out)
        assert values["alpha"] == [1.0, 3.0]
        assert len(values["methods"]) == 5
    else:
        assert "average Hessian" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["threshold", "--activation", "tahn"], "activation must be one of"),
        (["threshold", "--activation", "().__class__"], "expression"),
        (["threshold", "--loss", "square"], "no left edge"),
        (["threshold", "--activation", "tanh"], "a + y > 0"),
        (["threshold", "--loss", "huber", "--a", "1"], "the loss 'huber' has no a: leave it out"),
        (["threshold", "--delta", "1"], "the loss 'normalized-square' has no delta"),
        (["threshold", "--overlap", "x"], "overlap must be a number, got 'x'"),
        (["threshold", "--second-layer", "1,2,3"], "second_layer"),
        (["threshold", "--flip", "2", "--loss", "huber"], "flip must be"),
        (["methods", "--alpha", "1:2"], "start:stop:count"),
    ],
)
def test_bad_input_is_one_line(run, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
