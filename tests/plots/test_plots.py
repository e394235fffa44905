"""Figures: what they show, and files that are written whole or not at all."""

import math
import resource

import matplotlib as mpl
import numpy as np
import pytest

import bbpscape as bb

MODEL = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.01))


def test_a_comparison_shows_its_parameters_and_both_sides():
    figure = bb.plots.plot(bb.compare(MODEL, 3.0, N=60, draws=2))
    title = figure.get_suptitle()
    for parameter in ("p = 2", "p^* = 1", "a = 0.01", r"\alpha = 3", "N = 60", "Gaussian inputs"):
        assert parameter in title
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    for part in ("simulation, 2 draws", "bulk", "sharp left edge", "teacher outlier", "measured"):
        assert any(part in label for label in labels)


def test_a_histogram_shares_the_normalization_of_the_density():
    result = bb.compare(MODEL, 3.0, N=200, draws=4)
    axes = bb.plots.plot(result).axes[1]
    (stairs,) = [patch for patch in axes.patches if hasattr(patch, "get_data")]
    heights, edges, _ = stairs.get_data()
    counted = (heights * (edges[1:] - edges[:-1])).sum()
    assert counted == pytest.approx(float(result.theory.fraction_below(edges[-1])), abs=0.03)


def test_a_law_of_inputs_is_named_once():
    """In the title of draws of the model's law; the dimension is that of the spectrum."""
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw("power:0.5"))
    title = bb.compare(model, alpha=6.0, N=50, draws=2).plot().get_suptitle()
    assert title.count("power:0.5") == 1
    assert "$N = 50$" in bb.spectrum(model, alpha=6.0, N=50).plot().get_suptitle()


def test_the_theory_of_methods_is_seen_at_a_single_alpha():
    found = bb.methods(bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5)), [4.0], N=40, draws=2)
    lines = found.plot().axes[0].get_lines()
    best = ("information limit", "message passing")
    bars = [one for one in lines if one.get_marker() == "_" and one.get_label() not in best]
    assert [float(one.get_ydata()[0]) for one in bars] == [
        float(m.theory[0]) for m in found.methods
    ]


def test_an_overlap_curve_marks_the_transition():
    model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(a=2.0))
    labels = [
        text.get_text()
        for text in bb.plots.plot(bb.overlap_curve(model)).axes[0].get_legend().get_texts()
    ]
    assert len(labels) == 4
    assert any("1.69" in label for label in labels)


@pytest.mark.parametrize(("a", "jump"), [(0.5, 0.0), (1.5, 0.1098)])
def test_an_overlap_curve_starts_at_the_transition_whatever_the_grid(a, jump):
    """In order of α, 0 up to α_BBP, from the jump of m² on."""
    model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=a))
    curve = bb.overlap_curve(model, [3.0, 0.5, 2.0])
    at = curve.threshold.alpha_bbp
    x, y = curve.plot().axes[0].get_lines()[0].get_data()
    assert x.tolist() == [0.5, at, at, at, 2.0, 3.0]
    assert y[:2].tolist() == [0.0, 0.0]
    assert math.isnan(y[2])
    assert y[3] == pytest.approx(jump, abs=1e-4)
    assert y[4:].tolist() == curve.m2[[2, 0]].tolist()


def test_methods_on_rows_of_ones_own_say_so_in_the_title():
    rows = bb.data.prepare_inputs(np.random.default_rng(0).standard_normal((60, 8)))
    found = bb.methods(MODEL, [4.0], draws=2, inputs=rows)
    assert "60 inputs of dimension 8, whitened" in found.plot().get_suptitle()


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_figures_are_saved(tmp_path, suffix):
    model = bb.TeacherStudent(p=math.inf, p_star=2, loss=bb.NormalizedSquare(a=1.0))
    figure = bb.plots.plot(bb.spectrum(model, 0.5, points=50))
    path = bb.plots.save(figure, tmp_path / f"figure.{suffix}")
    assert path.stat().st_size > 1000
    assert list(tmp_path.iterdir()) == [path]
    if suffix == "pdf":
        assert b"/FontFile2" in path.read_bytes()
        assert b"/Type3" not in path.read_bytes()  # journals refuse it


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_figure_that_cannot_be_written_leaves_what_was_there(tmp_path, suffix):
    path = tmp_path / f"figure.{suffix}"
    path.write_text("before")
    figure = bb.plots.plot(bb.spectrum(MODEL, 3.0, points=50))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))  # as a disk that fills up
    try:
        with pytest.raises(bb.InvalidInput, match="could not be written: File too large"):
            bb.plots.save(figure, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_user_who_sets_tex_needs_none(tmp_path):
    with mpl.rc_context({"text.usetex": True}):
        figure = bb.plots.plot(bb.spectrum(MODEL, 3.0, points=50))
        path = bb.plots.save(figure, tmp_path / "figure.pdf")
    assert path.stat().st_size > 1000
