"""Figures of descents: what they draw, how many of it, and what their titles and legends say."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.statistics import Estimate
from bbpscape.experiments.hessian_along import DescentHessian, HessianStep

MODEL = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5))


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def numbers(line):
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_trajectories():
    result = bb.descend(MODEL, 3.0, 30, 4, rule=bb.DescentRule(steps=25), workers=1)
    figure = bb.plots.plot(result)
    for part in ("p = 2", "p^* = 1", "a = 0.5", r"\alpha = 3", "N = 30", "random start"):
        assert part in figure.get_suptitle()
    count = result.recovered.count
    assert f"{count or 'none'} of 4 recovered" in figure.get_suptitle()
    assert ("(full lines)" in figure.get_suptitle()) == (count > 0)
    assert "gd free" in figure.get_suptitle()
    titles = [axes.get_ylabel() for axes in figure.axes]
    assert titles == ["loss a sample", "generalization error", r"squared magnetization $m^2$"]
    for axes, field in zip(figure.axes, ("loss", "generalization", "m2"), strict=True):
        assert (axes.get_xlabel(), axes.get_yscale()) == ("step", "log")
        lines = axes.get_lines()[:4]
        for line, one in zip(lines, result.trajectories, strict=True):
            x, y = numbers(line)
            assert x.tolist() == one.step.tolist()
            assert y.tolist() == getattr(one, field).tolist()
            assert line.get_linestyle() == ("-" if one.recovered else "--")
    assert [len(axes.get_lines()) for axes in figure.axes] == [4, 4, 5]
    assert numbers(figure.axes[2].get_lines()[4])[1] == pytest.approx([1 / 30, 1 / 30])


@pytest.mark.parametrize("known", [1, 3])
def test_the_hessian_along_the_way(known):
    rule = bb.DescentRule(steps=20)
    steps = [
        HessianStep(
            step,
            0.1 * i,
            0.1 * i,
            Estimate(-1.2 - i, 0.1, 2),
            Estimate(-1.0 - i, 0.1, 2),
            Estimate(-0.5 - i, 0.2, 2),
            Estimate(0.3, 0.05, 2),
            *((-0.6, -0.9, 0.4) if i < known else (None, None, None)),
        )
        for i, step in enumerate((0, 5, 20))
    ]
    descent = bb.descend(MODEL, 4.0, 30, 2, rule=rule, workers=1)
    figure = bb.plots.plot(DescentHessian(descent, tuple(steps)))
    left, right = figure.axes
    assert left.get_ylabel() == r"eigenvalue $\lambda$"
    assert right.get_ylabel() == r"$m^2$ with the teacher"
    assert (len(left.containers), len(right.containers)) == (2, 1)
    for container, name in zip(left.containers, ("outlier", "above"), strict=True):
        x, y = numbers(container.lines[0])
        assert x.tolist() == [0, 5, 20]
        assert y.tolist() == [getattr(one, name).mean for one in steps]
    # The theory is drawn where there is one.
    (edge,) = [line for line in left.get_lines() if line.get_linestyle() == ":"]
    assert numbers(edge)[0].tolist() == [0, 5, 20][:known]
    (student,) = [line for line in right.get_lines() if line.get_linestyle() == "--"]
    assert numbers(student)[1].tolist() == [one.student_m2 for one in steps]
    assert len(legend(figure)) == 6
    for part in ("left edge, theory", "outlier, theory", "lowest eigenvalue", "of the student"):
        assert any(part in label for label in legend(figure))
    assert "2 draws,  random start" in figure.get_suptitle()


@pytest.mark.parametrize("a", [0.5, 2.0])
def test_a_curve_marks_the_thresholds(a):
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(a))
    rule = bb.DescentRule(steps=20)
    curve = bb.recovery(
        model, [0.4, 2.0, 4.0], 20, 3, p=[1, 2], start=["random", "hessian"], rule=rule, workers=1
    )
    figure = bb.plots.plot(curve)
    assert len(figure.axes) == 4
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels[0].startswith("random start")
    assert labels[2].startswith("Hessian start")
    assert labels[1] == labels[3] == "fraction recovered"
    assert figure.axes[3].get_xlabel() == r"samples per dimension $\alpha$"
    for part in ("p^* = 1", f"a = {a:g}", "N = 20", "3 draws", "stopped at $m^2 = 0.9$"):
        assert part in figure.get_suptitle()
    assert "p = 1" not in figure.get_suptitle().replace("p^*", "")
    discontinuous = [one for one in curve.thresholds.values() if one.transition != "continuous"]
    expected = ["p = 1", "p = 2", r"$\alpha_\mathrm{BBP}$"]
    expected += [r"$\alpha_0$"] * bool(discontinuous) + ["weak recovery"]
    assert legend(figure) == expected
    at = [one.alpha_bbp for one in curve.thresholds.values()]
    at += [one.alpha_0 for one in discontinuous] + [0.5]
    for axes in figure.axes:
        low, high = axes.get_xlim()
        marks = [line for line in axes.get_lines() if len(set(line.get_xdata())) == 1]
        drawn = sorted(float(line.get_xdata()[0]) for line in marks)
        assert drawn == pytest.approx(sorted(x for x in at if low <= x <= high))
        assert len(axes.containers) == 2
    for line, container in zip(curve.lines[:2], figure.axes[0].containers, strict=True):
        x, y = numbers(container.lines[0])
        assert x == pytest.approx([0.4, 2.0, 4.0], abs=0.03), "beside their α"
        assert y == pytest.approx(line.m2)
    shown = {container.lines[0].get_marker() for container in figure.axes[1].containers}
    assert len(shown) == 2, "widths are told apart in grey"


def test_a_photograph_beside_its_recoveries():
    pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    result = bb.photograph(8.0, 8, 2, 0.5, rule=bb.DescentRule(steps=60))
    figure = bb.plots.plot(result)
    above, below = figure.subfigs
    assert len(above.axes) == 5
    assert len(below.axes) == len(result.strip)
    np.testing.assert_array_equal(above.axes[0].get_images()[0].get_array(), result.image)
    for axes, one in zip(above.axes[1:], result.recoveries, strict=True):
        np.testing.assert_array_equal(axes.get_images()[0].get_array(), one.image)
        assert axes.get_title().startswith(one.name)
        assert f"{one.begin_m2:.2g} → {one.m2:.2g}" in axes.get_title()
    for axes, one in zip(below.axes, result.strip, strict=True):
        np.testing.assert_array_equal(axes.get_images()[0].get_array(), one.image)
        assert axes.get_title() == f"step {one.step}\n$m^2$ = {one.m2:.2g}"
    shades = {axes.get_images()[0].get_clim() for axes in (*above.axes, *below.axes)}
    assert len(shades) == 1, "images are compared in the same greys"
    assert "8 × 8 pixels" in above.get_suptitle()
    assert result.recoveries[result.strip_of].name in below.get_suptitle()
