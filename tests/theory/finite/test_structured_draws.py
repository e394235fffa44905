"""The label-sampled law of inputs with structure: limits, other solvers, refusals, records."""

import dataclasses
import json

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.finite.draws import generators, sample_labels
from bbpscape.theory.finite.label_population import sampled_side, solve_side
from bbpscape.theory.finite.label_sampled import solve_labels
from bbpscape.theory.population.population import Population
from bbpscape.theory.route import route

finite = bb.finite


def model_of(p, p_star, a, covariance="isotropic", radial="gaussian", **others):
    inputs = bb.InputLaw(covariance, radial, **others)
    return bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a), inputs=inputs)


@pytest.mark.parametrize("norms", [False, True])
@pytest.mark.parametrize(
    ("p", "p_star", "a", "N", "alpha"),
    [(1, 1, 2.0, 800, 1.0), (1, 1, 2.0, 400, 2.2), (2, 1, 0.01, 250, 3.0), (3, 2, 1.0, 200, 4.0)],
)
def test_equal_eigenvalues_are_standard_inputs(p, p_star, a, N, alpha, norms):
    """By the equations of a covariance, whose teacher lies anyhow along equal components."""
    model, rng = model_of(p, p_star, a), np.random.default_rng(1)
    share = np.full(9, 1 / 9)
    population = Population(np.ones(9), share, rng.uniform(0.5, 2, 9))
    for draw in range(5):
        r, y = sample_labels(model, round(alpha * N), 0, draw)
        tau = rng.choice([0.4, 1.6], r.size) if norms else None
        if tau is not None:
            r, y = r * tau, y * tau
        plain = dataclasses.asdict(solve_labels(model, N, r, y, tau))
        found = dataclasses.asdict(
            solve_side(model, N, sampled_side(model, N, r, y, tau, population))
        )
        for name, value in plain.items():
            # Two expansions of one leading order at the edge; that of an outlier is exact.
            exact = name != "m2_lowest" or (plain["m2"] or 0) == value
            if value is None:
                assert found[name] is None
            else:
                assert found[name] == pytest.approx(value, rel=1e-9 if exact else 0.45), name


def test_a_mean_and_norms_of_one_change_nothing():
    by = "labels"
    plain = finite.finite_size_law(model_of(2, 1, 0.3), 1.2, 300, draws=6, by=by)
    mean = finite.finite_size_law(model_of(2, 1, 0.3, mean=3.0), 1.2, 300, draws=6)
    for name, values in plain.samples.items():
        np.testing.assert_allclose(mean.samples[name], values, rtol=1e-9)
    # Norms do: the same labels with others.
    other = finite.finite_size_law(model_of(2, 1, 0.3, radial="0.4,1.6"), 1.2, 300, draws=6, by=by)
    assert (other.samples["left_edge"] < plain.samples["left_edge"]).all()


@pytest.mark.parametrize(
    ("covariance", "radial", "alpha", "N"),
    [
        ("1,4", "gaussian", 4.0, 20_000),
        ("1,4", "0.4,1.6", 6.0, 10_000),
        ("isotropic", "0.4,1.6", 4.0, 20_000),
    ],
)
def test_many_labels_reach_the_infinite_n_theory(covariance, radial, alpha, N):
    model = model_of(1, 1, 0.5, covariance, radial)
    law = finite.finite_size_law(model, alpha, N, draws=6)

    def z_of(model, alpha):
        theory = route(model).outliers(alpha)
        (one,) = [found for found in theory if found.direction == "teacher"]
        pairs = ((law.outlier, one.eigenvalue), (law.m2, one.m2))
        return [(found.mean - value) / (found.standard_error + 1e-5) for found, value in pairs]

    assert abs(np.array(z_of(model, alpha))).max() < 4
    # Negative controls: a little more of α, and no covariance or no norms.
    assert abs(np.array(z_of(model, 1.03 * alpha))).max() > 4
    dropped = {"covariance": "isotropic"} if covariance != "isotropic" else {"radial": "gaussian"}
    assert abs(np.array(z_of(model.replace(**dropped), alpha))).min() > 10


def test_the_teacher_of_a_draw_lies_along_the_components():
    """c_i of p* teachers and w N components are means of as many squares."""
    from bbpscape.theory.finite.one_draw import _population

    model = model_of(1, 2, 0.5, "power:0.5", profile="source:0.5")
    expected = Population.of(model.inputs, 50).teacher
    found = np.array([_population(model, 50, 3, draw).teacher / expected for draw in range(400)])
    assert found.mean() == pytest.approx(1, abs=4 / np.sqrt(400 * 50))
    # χ²_2/2 has the variance 1.
    assert found.var() == pytest.approx(1, abs=0.06)
    levels = _population(model_of(1, 1, 0.5, "1,4"), 2000, 3, 0).teacher
    assert 0 < abs(levels - 1).max() < 5 * np.sqrt(2 / 1000)
    # The streams of labels are those of standard inputs.
    assert generators(3, 0, 4)[1].random() == generators(3, 0, 2)[1].random()


@pytest.mark.parametrize(
    "model",
    [
        model_of(1, 1, 0.5, "power:0.5"),
        model_of(2, 1, 0.5, "1,4", "chi2:5"),
        model_of(2, 2, 1.0, "product:0.5", profile="source:0.5"),
    ],
)
def test_the_seed_alone_decides(model):
    one = finite.finite_size_law(model, 4.0, 60, draws=6, seed=4, workers=1)
    many = finite.finite_size_law(model, 4.0, 60, draws=6, seed=4, workers=3)
    assert one.to_dict() == many.to_dict()
    other = finite.finite_size_law(model, 4.0, 60, draws=6, seed=5)
    assert other.samples["lowest"][0] != one.samples["lowest"][0]


def test_half_of_the_draws_have_an_outlier_at_half_alpha():
    model = model_of(1, 1, 2.0, "power:0.3", "0.4,1.6")
    point = finite.half_alpha(model, 100, draws=40)
    law = finite.finite_size_law(model, point.alpha, 100, draws=40)
    assert law.probability == pytest.approx(0.5, abs=0.05)
    assert finite.finite_size_law(model, 1.7 * point.alpha, 100, draws=40).probability > 0.7


def test_the_table_of_a_power_law_has_a_threshold_at_each_size():
    model = model_of(1, 1, 0.5, "power:0.5")
    found = bb.finite_size(model, N=[60, 120], draws=6)
    expected = [bb.threshold(model, N).alpha_bbp for N in (60, 120)]
    assert found.to_dataframe()["alpha_bbp"].tolist() == expected
    assert found.alpha == expected[1]
    assert found.truncated is None
    assert "truncated_alpha" not in found.to_dataframe()
    text = found.summary()
    assert "truncated" not in text
    assert "N → ∞" not in text
    assert f"{expected[0]:.6g}" in text
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert type(found).from_dict(record).to_dict() == found.to_dict()
    (figure,) = [found.plot()]
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert "truncated theory" not in labels
    assert any("Sigma" in label for label in labels)


def test_levels_have_one_limit():
    model = model_of(1, 1, 0.5, "1,4")
    found = bb.finite_size(model, 2.0, N=[50, 100], draws=4)
    assert f"N → ∞: alpha_bbp = {bb.threshold(model).alpha_bbp:.6g}" in found.summary()
    assert "alpha_bbp" not in found.to_dataframe()
    assert len(found.thresholds) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bb.finite_size(model_of(1, 1, 0.5, "1,4", metric="sphere")),
            "metric must be covariance at finite N",
        ),
        (
            lambda: finite.truncated_threshold(model_of(1, 1, 0.5, "1,4"), 100),
            "truncated theory needs .* and standard Gaussian inputs",
        ),
        (
            lambda: bb.finite_size(bb.TeacherStudent(1, 1, "square", inputs=bb.InputLaw("1,4"))),
            "isotropic inputs without a mean but for the source",
        ),
        (lambda: bb.finite_size(model_of(1, 1, 0.5, radial="chi2:3")), "no upper bound"),
        (
            lambda: finite.finite_size_law(model_of(1, 1, 0.5, "power:1"), 0.05, 60, draws=9),
            "all of positive curvature.* raise alpha",
        ),
    ],
)
def test_bad_input_is_one_line(call, message):
    with pytest.raises((bb.InvalidInput, bb.NoConvergence), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
