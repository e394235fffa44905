"""Every figure, in one of its own and in given axes: it shows its data, labels and parameters."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.plots.samples import MODEL, SAMPLES, sample, study

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.plots import plot


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("studies"))


def holds(axes, x, y):
    """Whether a line of ``axes`` has these points, with others between them or not."""
    wanted = np.column_stack([x, y])
    for line in axes.get_lines():
        points = np.column_stack([line.get_xdata(), line.get_ydata()]).astype(float)
        if len(points) and all(
            np.isclose(points, one, equal_nan=True).all(1).any() for one in wanted
        ):
            return True
    return False


@pytest.mark.parametrize("name", SAMPLES)
def test_a_figure_of_its_own(name, folder):
    result = sample(name, folder)
    figure = plot(result)
    assert isinstance(figure, Figure)
    assert hasattr(figure, "_repr_png_"), "a notebook shows it"
    panels = figure.axes
    for axes in panels:
        assert axes.has_data(), "an empty panel"
        if not axes.get_images():
            assert axes.get_xlabel() or axes.get_ylabel()
    for x, y in SAMPLES[name][1](result):
        assert any(holds(axes, x, y) for axes in panels), "data that are not drawn"
    shown = [one for axes in panels if (one := axes.get_legend())]
    if figure.legends:
        assert not shown, "the same labels in two legends"
    title = figure.get_suptitle() or (figure.subfigs and figure.subfigs[0].get_suptitle())
    assert (title or panels[0].get_title(loc="left")).count(" = ") >= 1, "its parameters"


def test_a_notebook_shows_it(folder):
    """IPython asks a value for this where pyplot has not told it how figures are shown."""
    assert plot(sample("Spectrum", folder))._repr_png_().startswith(b"\x89PNG")


def test_a_result_drawn_into_axes_gives_them_back(folder):
    axes = Figure().subplots()
    assert sample("Spectrum", folder).plot(ax=axes) is axes
    assert axes.has_data()


@pytest.mark.parametrize("name", SAMPLES)
def test_into_given_axes(name, folder):
    result = sample(name, folder)
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot(result, ax=right) is figure
    assert not left.has_data(), "drawn where nothing was asked for"
    assert right.has_data()
    for x, y in SAMPLES[name][1](result):
        assert holds(right, x, y), "data that are not drawn"
    if name != "Photograph":
        assert right.get_xlabel()
        assert right.get_ylabel()
        assert right.get_title() or right.get_title(loc="left")


@pytest.mark.parametrize("name", ["Spectrum", "Photograph", "StudyResults", "Diagram"])
def test_what_is_no_axes_is_refused(name, folder):
    with pytest.raises(InvalidInput, match="ax must be matplotlib axes, got int"):
        plot(sample(name, folder), ax=3)


def test_what_has_no_figure_is_refused_with_what_has():
    with pytest.raises(
        InvalidInput, match=r"no figure of a int: there is one of Analysis, .*Study"
    ):
        plot(3)


def test_the_photograph_in_given_axes_is_its_best_recovery(folder):
    result = sample("Photograph", folder)
    axes = Figure().subplots()
    plot(result, ax=axes)
    best = max(result.recoveries, key=lambda one: one.m2)
    np.testing.assert_array_equal(axes.get_images()[0].get_array(), best.image)


def test_thresholds_over_two_parameters(folder):
    result = bb.diagram(a=[0.1, 0.5, 1.0, 2.0], p=[1, 2, 3])
    own, axes = plot(result), Figure().subplots()
    plot(result, ax=axes)
    for panel, field in ((own.axes[0], "alpha_bbp"), (own.axes[1], "alpha_0"), (axes, "alpha_bbp")):
        (mesh,) = [one for one in panel.collections if one.get_array() is not None][:1]
        shown = np.asarray(mesh.get_array()).reshape(3, 4)
        expected = result.fields[field] / 0.5
        np.testing.assert_allclose(shown[expected > 0], expected[expected > 0])
    assert "tricritical line" in [one.get_text() for one in own.legends[0].get_texts()]


def gaps(line):
    """Where a line breaks: (x, y before, y after)."""
    x, y = (np.asarray(one, float) for one in line.get_data())
    return [(x[i], y[i - 1], y[i + 1]) for i in np.flatnonzero(np.isnan(y))]


@pytest.mark.parametrize(
    "drawn",
    [
        lambda folder: study(folder).plot(observable="total_m2").axes[0].get_lines(),
        lambda folder: sample("Analysis", folder).plot().axes[0].get_lines(),
    ],
)
def test_a_line_of_theory_jumps_at_the_transition_alone(folder, drawn):
    """Whatever α a study has, here 1, 1.5, 2 and 2.5: on each side the line is smooth."""
    at = bb.threshold(MODEL)
    assert at.m2_jump > 0.1
    (line,) = [one for one in drawn(folder) if len(one.get_xdata()) > 100]
    ((x, before, after),) = gaps(line)
    assert x == pytest.approx(at.alpha_bbp)
    assert (before, after) == (0, pytest.approx(at.m2_jump, abs=1e-5))
    x, y = (np.asarray(one, float) for one in line.get_data())
    inside = np.linspace(at.alpha_bbp * 1.01, 2.5, 7)
    exact = bb.overlap_curve(MODEL, inside).m2
    np.testing.assert_allclose(
        np.interp(inside, x[x >= at.alpha_bbp][2:], y[x >= at.alpha_bbp][2:]), exact, atol=2e-5
    )


def test_the_lowest_eigenvalue_at_the_transition_has_a_kink_and_no_gap(folder):
    lines = study(folder).plot(observable="lowest").axes[0].get_lines()
    (line,) = [one for one in lines if len(one.get_xdata()) > 100]
    ((_, before, after),) = gaps(line)
    assert before == pytest.approx(after, abs=1e-5)


def test_several_models_of_a_study_have_a_colour_each_and_each_N_a_marker(tmp_path):
    axes = {"a": [0.5, 2.0], "alpha": [1.0, 3.0], "N": [20, 40]}
    found = bb.Study(MODEL, axes, ["m2"], draws=2).run(tmp_path / "study.sqlite", workers=1)
    figure = found.plot()
    handles = {one.get_label(): one for one in figure.legends[0].get_lines()}
    points = [handles[f"$a$ = {a}, $N$ = {n}"] for a in (0.5, 2) for n in (20, 40)]
    assert points[0].get_color() == points[1].get_color() != points[2].get_color()
    assert points[0].get_marker() == points[2].get_marker() != points[1].get_marker()
    theories = [handles[f"theory, $a$ = {a}"] for a in (0.5, 2)]
    assert theories[0].get_linestyle() != theories[1].get_linestyle()
    assert [one.get_color() for one in theories] == [points[0].get_color(), points[2].get_color()]
    marks = [one.get_xdata()[0] for one in figure.axes[0].get_lines() if one.get_linestyle() == ":"]
    expected = [bb.threshold(bb.TeacherStudent(1, 1, bb.NormalizedSquare(a))) for a in (0.5, 2)]
    assert marks == pytest.approx([one.alpha_bbp for one in expected])


def test_the_information_limit_is_seen_behind_message_passing():
    figure = bb.methods(MODEL, [0.6, 1.5], 20, 1).plot()
    lines = {one.get_label(): one for one in figure.axes[0].get_lines()}
    limit, passing = lines["information limit"], lines["message passing"]
    assert limit.get_linewidth() > 3 * passing.get_linewidth()
    assert limit.get_zorder() <= passing.get_zorder()
    for line, jump in ((limit, 1.0), (passing, 1.1284)):
        x, y = line.get_data()
        steps = np.flatnonzero(np.diff(y) > 0.1)
        assert (x[steps] == x[steps + 1]).all(), "a ramp"
        assert x[steps] == pytest.approx([jump], abs=1e-3)


def test_lines_over_widths_are_level_across_their_cells():
    result = bb.diagram(a=1.0, p=[1, 2, 4], alpha=[1.0, 2.0])
    assert result.lines["critical"]["p"] == 2
    at = result.lines["thresholds"]["alpha_bbp"]
    axes = result.plot().axes[0]
    assert holds(axes, [0.5, 1.5], [at[0], at[0]])
    assert holds(axes, [1.5, 3.0, 3.0, 5.0], [at[1], at[1], at[2], at[2]])
    assert axes.get_xticks().tolist() == [1, 2, 4]
    (corner,) = [one for one in axes.get_lines() if one.get_marker() == "D"]
    assert corner.get_xdata() == 1.5


def test_widths_of_student_and_teacher():
    result = bb.diagram(a=1.0, p=[1, 2, 3, 4], p_star=[1, 2])
    figure = result.plot()
    weak = np.array([0.5, 1.0])
    written = [float(one.get_text()) for one in figure.axes[0].texts]
    np.testing.assert_allclose(written, (result.fields["alpha_bbp"] / weak).ravel(), rtol=5e-3)
    assert "weak recovery" not in [one.get_text() for one in figure.legends[0].get_texts()]
    assert holds(figure.axes[0], [0.5, 1.5, 1.5, 2.5], [1.5, 1.5, 2.5, 2.5]), "along borders"


def test_a_smooth_edge_has_a_logarithmic_inset():
    result = bb.spectrum(bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0)), 0.6)
    assert result.left_edge.kind == "smooth"
    (inner,) = result.plot().axes[0].child_axes
    assert inner.get_yscale() == "log"
    assert "smooth edge" in inner.texts[0].get_text()
    x, y = inner.get_lines()[0].get_data()
    np.testing.assert_allclose(y, result.density(x), rtol=1e-3)
    assert y.max() / y.min() > 1e8
    assert not bb.spectrum(MODEL, 3.0, points=40).plot().axes[0].child_axes


def test_an_atom_does_not_hide_the_rest():
    found = bb.compare(bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0)), 0.6, N=60, draws=2)
    assert found.theory.atom == pytest.approx(0.4)
    axes = found.plot().axes[1]
    assert axes.get_ylim()[1] < 2 * found.theory.rho.max()
    assert any("atom at 0, mass 0.4" in one.get_label() for one in axes.get_lines())
