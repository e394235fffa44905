"""Success of descent against α: what its points are, and what counts as recovered."""

import numpy as np
import pytest

import bbpscape as bb


def test_a_curve_keeps_a_point_with_draws_that_diverge():
    model = bb.TeacherStudent(2, 1, bb.loss("(y-yhat)**4"), labels=bb.Labels(0.3))
    rule = bb.DescentRule("momentum", steps=60)
    found = bb.recovery(model, [3.0], 40, 8, rule=rule, workers=1)
    (line,) = found.lines
    assert (found.failed, line.recovered[0].of, line.largest_m2[0].size) == (0, 8, 8)
    assert line.m2[0] == pytest.approx(0.28, abs=0.2)


@pytest.mark.parametrize("start", ["random", "hessian"])
def test_a_point_is_the_descent_of_the_same_draws(start):
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5))
    rule = bb.DescentRule(steps=60)
    found = bb.recovery(model, [2.0, 5.0], 24, 5, 3, [1, 2], [start], rule, workers=1)
    for line in found.lines:
        assert line.start == start
        for i, alpha in enumerate((2.0, 5.0)):
            until = bb.DescentRule(steps=60, until_recovery=True)
            of = model.replace(p=line.p)
            descent = bb.descend(of, alpha, 24, 5, 3, start, until, workers=1)
            largest = [path.largest_m2 for path in descent.trajectories]
            np.testing.assert_array_equal(line.largest_m2[i], largest)
            assert line.m2[i] == pytest.approx(np.mean(largest))
            assert line.m2_error[i] == pytest.approx(np.std(largest, ddof=1) / np.sqrt(5))
            assert line.recovered[i] == descent.recovered
            steps = [path.recovered_step for path in descent.trajectories if path.recovered]
            assert line.recovery_step[i] == (np.median(steps) if steps else None)
    shares = {share.count for line in found.lines for share in line.recovered}
    assert len(shares) > 1


def test_the_theory_beside_a_curve():
    model = bb.TeacherStudent(2, 2, bb.NormalizedSquare(2.0), labels=bb.Labels())
    found = bb.recovery(model, [1.0], 20, 1, p=[1, 3], rule=bb.DescentRule(steps=2), workers=1)
    assert list(found.thresholds) == [1, 3]
    for p, one in found.thresholds.items():
        assert one.alpha_bbp == bb.threshold(model.replace(p=p)).alpha_bbp
    assert found.weak_recovery == pytest.approx(1.0)
    assert (found.notes, found.failed, found.status.ok) == ((), 0, True)
    text = found.summary()
    for one in found.thresholds.values():
        assert f"alpha_BBP = {one.alpha_bbp:.4g} ({one.transition})" in text
        assert (f"alpha_0 = {one.alpha_0:.4g}" in text) == (one.transition == "discontinuous")
    assert np.isnan(found.lines[0].m2_error).all()
    odd = bb.TeacherStudent(3, 1, bb.losses.Huber(1.0), "tanh")
    found = bb.recovery(odd, [1.0], 20, 1, rule=bb.DescentRule(steps=2), workers=1)
    # A label of tanh(u) knows the sign of u.
    assert (found.thresholds, found.weak_recovery) == ({}, 0.0)
    assert "no α_BBP at p = 3" in found.notes[0]


def test_a_longer_curve_computes_what_is_new(tmp_path):
    model, rule = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5)), bb.DescentRule(steps=20)
    told = []

    def run(*alphas):
        told.clear()
        return bb.recovery(
            model, alphas, 20, 3, rule=rule, path=tmp_path / "curve.sqlite", workers=1,
            progress=lambda *done: told.append(done),
        )  # fmt: skip

    short = run(2.0, 4.0)
    assert told[-1] == (2, 2)
    long = run(2.0, 3.0, 4.0)
    assert told == [(0, 1), (1, 1)], "one point is new"
    np.testing.assert_array_equal(long.lines[0].alpha, [2.0, 3.0, 4.0])
    np.testing.assert_array_equal(long.lines[0].m2[[0, 2]], short.lines[0].m2)
    alone = bb.recovery(model, [2.0, 3.0, 4.0], 20, 3, rule=rule, workers=1)
    assert alone.to_dict() == long.to_dict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": bb.DescentRule(step=0.1)}, "method, sphere and steps of a rule alone"),
        ({"start": ["cold"]}, "start must be one of"),
        ({"p": [0]}, "p must be"),
        ({"alpha": [-1.0]}, "alpha"),
        ({"dtype": "half"}, "float64"),
        ({"device": "tpu"}, "device must be one of"),
        ({"workers": 0}, "workers must be"),
        ({"model": bb.TeacherStudent(2, 1, overlap=0.2)}, "no overlap"),
        ({"path": "curve.csv"}, "must end in"),
    ],
)
def test_refusals(arguments, message):
    values = {"model": bb.TeacherStudent(2, 1), "alpha": [2.0], "N": 20, "draws": 1} | arguments
    with pytest.raises(bb.InvalidInput, match=message):
        bb.recovery(**values)
