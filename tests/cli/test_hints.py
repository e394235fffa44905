"""What the command line says to those who write as other programs do."""

import pytest

import bbpscape as bb
from bbpscape.core.checks import did_you_mean
from bbpscape.model.expressions import Expression


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--loss", "(y - yhat)^2"], "write powers as **"),
        (["--loss", "y^2"], "write powers as **"),
        (["--activation", "np.tanh(x)"], "write tanh(x) for np.tanh(x)"),
        (["--activation", "2·x"], "write products as *"),
        (["--activation", "|x|"], "write abs(x) for |x|"),
        (["--activation", "0,5*x"], "write decimals with a point"),
        (["--activation", "ln(x)"], "did you mean 'log'?"),
        (["--activation", "logcosh"], "did you mean 'log-cosh'?"),
        (["--activation", "ReLU"], "did you mean 'relu'?"),
        (["--loss", "mse"], "did you mean 'square'?"),
        (["--loss", "(y - y_hat)**2/(yhat)"], "did you mean 'yhat'?"),
        (["--a", "0,5"], "write decimals with a point"),
        (["--a", "−0.5"], "write the minus as a plain -"),
        (["--p", "2", "--p", "3"], "--p is given 2 times: give it once"),
        (["--label-noise", "0.1"], "use absolute-normalized-square"),
        (["--lable-noise", "0.1"], "--label-noise"),
        (["--loss", "ReLU"], "--loss ReLU: relu is an activation, for --activation"),
        (["--activation", "huber"], "--activation huber: huber is a loss, for --loss"),
        (["--alpha", "3"], "No such option: --alpha\n"),
        (["--loss", "(y-yhat)**2", "--p", "2"], "take a loss of bounded slope in yhat"),
    ],
)
def test_a_threshold_asked_for_in_another_notation(run, arguments, said):
    status, out, error = run("threshold", *arguments)
    assert (status, out, error.count("\n")) == (2, "", 1)
    assert said in error


def test_a_loss_that_noise_does_not_suit_is_told_what_helps():
    with pytest.raises(bb.InvalidInput, match="use absolute-normalized-square$"):
        bb.NormalizedSquare(0.1).check_labels(float("-inf"), 1.0)
    with pytest.raises(bb.InvalidInput, match="or a > 0.5$"):
        bb.NormalizedSquare(0.1).check_labels(-0.5, 1.0)


def test_what_is_like_nothing_gets_no_hint():
    assert did_you_mean("hyperbolic", ["relu", "tanh"]) == ""
    assert float(Expression("max(2*1,2*x)", ("x",))(3.0)) == 6.0


@pytest.mark.parametrize("text", ["∞", "infinity", "inf", "Inf"])
def test_infinity_has_several_names(run, text):
    status, out, _ = run("threshold", "--p", text, "--a", "1")
    assert status == 0
    assert "alpha_bbp" in out
    assert out == run("threshold", "--p", "inf", "--a", "1")[1]


def test_a_list_may_be_given_option_by_option(run):
    several = run("overlap-curve", "--alpha", "1", "--alpha", "2.5", "--json")
    assert several == run("overlap-curve", "--alpha", "1,2.5", "--json")
    assert several[0] == 0
    status, _, error = run("overlap-curve", "--alpha", "1:2:3", "--alpha", "4")
    assert (status, error) == (2, "bbpscape: --alpha is given 2 times: give it once\n")


@pytest.mark.parametrize("command", [[], ["threshold"], ["study"], ["study", "run"]])
def test_help_is_short_too(run, command):
    assert run(*command, "-h") == run(*command, "--help")
    assert run(*command, "-h")[0] == 0


def test_the_shell_completes_commands_and_options(run, monkeypatch):
    monkeypatch.setenv("_BBPSCAPE_COMPLETE", "complete_bash")
    for words, expected in (
        ("bbpscape thr", "threshold"),
        ("bbpscape cost --lab", "--label-noise"),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        status, out, _ = run()
        assert (status, out.split()) == (0, [expected])


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("threshold --N 100", "leave out --N, or ask finite-size"),
        ("diagram --a 1,2 --p 1,2 --N 100", "leave out --N, or ask finite-size"),
        ("descend --N 20 --beta 0.5", "--beta is of --method momentum: leave it out"),
        ("threshold --delta 2", "the loss 'normalized-square' has no delta: leave it out"),
    ],
)
def test_an_option_that_does_nothing_is_refused(run, command, said):
    status, out, error = run(*command.split())
    assert (status, out, error.count("\n")) == (2, "", 1)
    assert said in error
