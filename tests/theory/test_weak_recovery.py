"""Weak recovery: its rows against the single calls, families of one's own, records and refusals."""

import json
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.spectral.families import PREPROCESSINGS, Choice, Family, Setting
from bbpscape.theory.weak_recovery import WeakRecovery, weak_recovery

spectral = bb.spectral


def names(found):
    return [one.preprocessing for one in found.thresholds]


def test_rows_are_the_single_calls():
    teacher, alpha = spectral.QuadraticTeacher(2, 0.3), 6.0
    found = weak_recovery(2, 0.3, alpha, trimming_t=4.0)
    assert found.information_limit.to_dict() == spectral.information_limit(teacher).to_dict()
    assert names(found) == ["optimal", "trimming", "subset", "mondelli-montanari"]
    t, best = spectral.best_threshold(
        teacher, spectral.subset, 0.1, 1 + 10 * math.sqrt(2 / 2 + 0.3)
    )
    methods = [
        spectral.optimal(teacher),
        spectral.trimming(4.0),
        spectral.subset(found.thresholds[2].t),
        spectral.mondelli_montanari(teacher, alpha),
    ]
    for method, threshold, overlap in zip(methods, found.thresholds, found.overlaps, strict=True):
        expected = spectral.spectral_threshold(teacher, method)
        assert threshold.to_dict() == expected.to_dict()
        at_alpha = spectral.spectral_overlap(teacher, method, alpha)
        assert overlap.to_dict() == at_alpha.to_dict()
    assert found.thresholds[1].t == 4.0
    assert found.thresholds[2].t == pytest.approx(t, rel=1e-6)
    assert found.thresholds[2].alpha == pytest.approx(best.alpha, rel=1e-10)


@pytest.mark.parametrize(
    ("p_star", "noise", "limit", "subset", "trimming"),
    [
        (1, 0.0, 0.5, (0.8687, 2.69), (1.4860, 7.12)),
        (1, 1.0, 0.646591, (1.0536, 3.48), (1.6161, 7.87)),
        (2, 0.1, 1.081286, (1.9420, 2.10), (2.4069, 5.50)),
        (3, 1.0, 3.233797, (6.0296, 2.60), (5.1134, 6.50)),
    ],
)
def test_the_table_of_the_page(p_star, noise, limit, subset, trimming):
    """weak-recovery.md; and no t beside the best, over all of the labels, begins earlier."""
    found = weak_recovery(p_star, noise)
    rows = {one.preprocessing: one for one in found.thresholds}
    assert found.information_limit.alpha == pytest.approx(limit, abs=5e-7)
    assert rows["optimal"].alpha == pytest.approx(limit, abs=5e-7)
    for name, expected in (("subset", subset), ("trimming", trimming)):
        one = rows[name]
        assert one.alpha == pytest.approx(expected[0], abs=5e-5)
        assert one.t == pytest.approx(expected[1], abs=5e-3)
        family = getattr(spectral, name)
        beside = [
            spectral.spectral_threshold(found.channel, family(t)).alpha
            for t in (*(one.t * np.array([0.97, 1.03])), *np.geomspace(0.3, 20, 7))
        ]
        assert min(beside) > one.alpha


def test_without_an_alpha_nothing_is_tuned_to_it():
    found = weak_recovery(1)
    assert (names(found), found.overlaps) == (["optimal", "trimming", "subset"], ())
    assert list(found.columns())[-1] == "eigenvalue"
    below = weak_recovery(1, alpha=0.4)
    assert names(below) == names(found)
    assert [one.m2 for one in below.overlaps] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("alpha", [None, 3.0])
def test_the_record_is_exact_and_the_table_says_it_all(alpha):
    found = weak_recovery(1, 0.1, alpha)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.dumps(WeakRecovery.from_dict(json.loads(text)).to_dict()) == text
    assert found.to_dict()["channel"] == {"p_star": 1, "label_noise": 0.1}
    first, *more = found.summary().split("\n\n")
    title, _, _, limit, *rows = first.splitlines()
    assert title == found.headline() == "Weak recovery, p* = 1, label noise = 0.1"
    assert limit.split() == ["information", "limit", f"{found.information_limit.alpha:.8g}"]
    assert ("m2 at alpha = 3" in " ".join(more)) == (alpha is not None) == bool(more)
    for row, one in zip(rows, found.thresholds, strict=True):
        assert row.startswith(one.preprocessing)
        assert {f"{one.alpha:.6g}", one.transition, f"{one.m2_jump:.6g}"} <= set(row.split())
    frame = found.to_dataframe()
    assert frame.method.tolist() == ["information limit", *names(found)]
    assert frame.alpha.tolist()[1:] == [one.alpha for one in found.thresholds]
    if alpha is not None:
        assert frame.m2_at_alpha.tolist()[1:] == [one.m2 for one in found.overlaps]
        assert frame.right_edge_at_alpha.tolist()[1:] == [one.edge.value for one in found.overlaps]
        assert found.overlaps[0].eigenvalue == pytest.approx(1, abs=1e-10)


def test_a_model_gives_its_teacher_and_its_own_average():
    labels = bb.Labels(noise=0.2)
    model = bb.TeacherStudent(3, 2, bb.loss("square"), labels=labels)
    found = weak_recovery(model)
    assert names(found) == ["average Hessian", "optimal", "trimming", "subset"]
    plain = weak_recovery(2, 0.2)
    assert found.channel == plain.channel
    assert [one.to_dict() for one in found.thresholds[1:]] == [
        one.to_dict() for one in plain.thresholds
    ]
    average = spectral.spectral_threshold(plain.channel, spectral.averaged_curvature(model))
    assert found.thresholds[0].to_dict() == average.to_dict()
    wide = bb.TeacherStudent(math.inf, 2, bb.NormalizedSquare(0.5))
    assert names(weak_recovery(wide)) == ["optimal", "trimming", "subset"]
    uneven = bb.TeacherStudent(2, 2, "square", second_layer=(0.3, 0.7))
    assert names(weak_recovery(uneven)) == ["optimal", "trimming", "subset"]


def test_a_family_of_ones_own_is_a_row():
    def bounded(setting, t):
        return bb.Preprocessing("bounded", lambda y: np.minimum(y, t), (t,), t=t)

    known = dict(PREPROCESSINGS)
    family = PREPROCESSINGS.add("bounded", Family("bounded", bounded, lambda setting: (0.5, 20.0)))
    try:
        found = weak_recovery(1)
    finally:
        PREPROCESSINGS._known.clear()
        PREPROCESSINGS._known.update(known)
    row = found.thresholds[-1]
    assert row.preprocessing == "bounded"
    # min(y, t): a Huber loss. Worse than the optimal T, better than trimming; t is the best.
    assert 0.5 < row.alpha < found.thresholds[1].alpha
    channel = found.channel
    beside = [
        spectral.spectral_threshold(channel, bounded(None, row.t * f)).alpha for f in (0.98, 1.02)
    ]
    assert row.alpha < min(beside)
    given = family.choose(Setting(channel), 2.0)
    assert isinstance(given, Choice)
    assert given.threshold.t == 2.0
    with pytest.raises(bb.InvalidInput, match="optimal has no t, got 2"):
        PREPROCESSINGS["optimal"].choose(Setting(channel), 2.0)


def test_what_falls_short_is_said():
    found = weak_recovery(10**9)
    assert not found.status.ok
    assert "quadrature error" in found.status.problem
    assert f"note: {found.status}" in " ".join(found.summary().split())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weak_recovery(0), "p_star must be a positive integer"),
        (lambda: weak_recovery("x"), "p_star must be a positive integer"),
        (lambda: weak_recovery(1, -1.0), "label_noise must be from 0"),
        (lambda: weak_recovery(1, 1e300), "label_noise must be from 0"),
        (lambda: weak_recovery(1, alpha=0.0), "alpha must be"),
        (lambda: weak_recovery(1, alpha=1e300), "alpha must be"),
        (lambda: weak_recovery(1, alpha="x"), "alpha must be"),
        (lambda: weak_recovery(1, trimming_t=-1.0), "t must be"),
        (lambda: weak_recovery(1, subset_t=math.nan), "t must be"),
        (lambda: weak_recovery(1, subset_t=1000.0), "subset, t = 1000"),
        (lambda: weak_recovery(bb.TeacherStudent(2, 1, overlap=0.3)), "without overlap"),
        (lambda: weak_recovery(bb.TeacherStudent(2, 1), 0.3), "label_noise of the model is 0"),
    ],
)  # fmt: skip
def test_refusals_are_one_line(call, message):
    with pytest.raises(bb.InvalidInput, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
