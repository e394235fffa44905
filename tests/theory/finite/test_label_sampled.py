"""Label-sampled theory: its means over draws, its limit of many labels, and its invariances."""

import dataclasses
import functools
import math

import numpy as np
import pytest
from scipy.linalg import eigh
from tests.theory import direct
from tests.theory.direct import model_of

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.finite.label_sampled import edge_cell, label_sampled_law, solve_labels
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.solution import Edge
from bbpscape.theory.threshold import threshold

DRAWS = 200
# (p, a, N, α), then the mean lowest eigenvalue measured by diagonalization and its error, the one
# predicted without a Tracy–Widom shift, and m² measured and predicted, 0 in draws with no outlier.
TABLE = [
    ((1, 2.0, 800, 1.0), (-1.650, 0.011), -1.667, 0.047, 0.007),
    ((1, 2.0, 800, 1.69), (-1.608, 0.009), -1.615, 0.123, 0.110),
    ((1, 2.0, 800, 2.2), (-1.568, 0.012), -1.573, 0.203, 0.197),
    ((3, 1.0, 300, 0.7), (-0.650, 0.007), -0.647, 0.058, 0.011),
    ((3, 1.0, 300, 1.5), (-0.682, 0.008), -0.678, 0.209, 0.198),
]
TABLE_ARGS = pytest.mark.parametrize(
    ("case", "measured", "predicted", "m2_measured", "m2_predicted"), TABLE
)


def labels(model, M, rng):
    """(r, y) of M samples."""
    return rng.chisquare(model.p, M) / model.p, rng.chisquare(model.p_star, M) / model.p_star


@functools.cache
def sampled(p, a, N, alpha):
    """Of each draw: what it predicts, and its outlier or else its edge, with no shift."""
    model, rng, found = model_of(p, 1, a), np.random.default_rng(1), []
    for _ in range(DRAWS):
        r, y = labels(model, round(alpha * N), rng)
        result = solve_labels(model, N, r, y)
        edge = left_edge(label_sampled_law(model, r, y), y.size / N).value
        found.append((result, edge if result.outlier is None else result.outlier))
    return found


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))


@TABLE_ARGS
def test_reference_predictions(case, measured, predicted, m2_measured, m2_predicted):
    """The reference was averaged over draws too: its error is that of its measured column."""
    draws = sampled(*case)
    mean, error = mean_and_error([lowest for _, lowest in draws])
    assert error < measured[1]
    assert mean == pytest.approx(predicted, abs=2 * math.hypot(error, measured[1]))
    mean, error = mean_and_error([result.m2 or 0.0 for result, _ in draws])
    assert mean == pytest.approx(m2_predicted, abs=3 * error + 0.005)


@TABLE_ARGS
def test_predictions_against_measured_means(case, measured, predicted, m2_measured, m2_predicted):
    """With the shift of the edge and the overlap there, draws below the onset are right too."""
    results = [result for result, _ in sampled(*case)]
    mean, error = mean_and_error([result.lowest for result in results])
    assert mean == pytest.approx(measured[0], abs=3 * math.hypot(error, measured[1]))
    mean, _ = mean_and_error([result.m2_lowest for result in results])
    assert mean == pytest.approx(m2_measured, rel=0.37)
    assert abs(mean - m2_measured) < abs(m2_predicted - m2_measured) or mean > 0.1


@TABLE_ARGS
def test_what_a_draw_predicts_is_consistent(case, measured, predicted, m2_measured, m2_predicted):
    for result, _ in sampled(*case):
        assert (result.outlier is None) == (result.m2 is None)
        assert 0 < result.m2_lowest < 1
        if result.outlier is None:
            assert result.lowest == result.left_edge
        else:
            assert result.lowest == result.outlier < result.left_edge
            assert result.m2_lowest >= result.m2


def test_fraction_of_draws_with_an_outlier():
    """At p = 1, a = 2 (α_BBP = 1.690) half of the draws have one at α ≈ 1.13 for N = 800."""

    def fraction(alpha, N, draws):
        model, rng = model_of(1, 1, 2.0), np.random.default_rng(2)
        found = [
            solve_labels(model, N, *labels(model, round(alpha * N), rng)) for _ in range(draws)
        ]
        return np.mean([result.outlier is not None for result in found])

    assert fraction(0.95, 800, 100) < 0.5 < fraction(1.35, 800, 100)


@pytest.mark.parametrize("scaled", [-0.6, -0.3, -0.5 - 0.5j])
@pytest.mark.parametrize(("p", "p_star", "a"), [(1, 1, 2.0), (2, 1, 0.3), (4, 3, 1.0)])
def test_many_labels_have_the_moments_of_the_law(p, p_star, a, scaled):
    """Within 5 standard errors, which fall as 1/√M; with the bulk's weight on y it would not be."""
    model, g, M = model_of(p, p_star, a), scaled * p / 2, 200_000
    r, y = labels(model, M, np.random.default_rng(p))
    law = label_sampled_law(model, r, y)
    exact = CommitteeLaw(model).moments(g, 2, (BULK, TEACHER))
    sampled_moments = law.moments(g, 2, (BULK, TEACHER))
    ratio = law.atoms / (1 - g * law.atoms)
    for i, weight in enumerate((np.ones(law.atoms.size), law.along[TEACHER])):
        for k in (1, 2):
            values = weight * ratio**k
            error = math.sqrt((law.weights @ abs(values) ** 2) * len(law.atoms) / M / M)
            assert error < 0.02 * (law.weights @ abs(values))
            assert abs(sampled_moments[i, k - 1] - exact[i, k - 1]) < 5 * error
    assert abs(exact[1, 0] - exact[0, 0]) > 20 * error


@pytest.mark.parametrize(
    ("p", "p_star", "a", "alpha"), [(1, 1, 0.01, 4.0), (2, 1, 0.01, 2.5), (1, 2, 0.01, 12.0)]
)
def test_many_labels_have_the_edge_and_outlier_of_the_law(p, p_star, a, alpha):
    model, N = model_of(p, p_star, a), 100_000
    law = CommitteeLaw(model)
    edge = left_edge(law, alpha)
    outlier = left_outlier(law, alpha, edge, TEACHER)
    found = solve_labels(model, N, *labels(model, round(alpha * N), np.random.default_rng(0)))
    assert found.outlier == pytest.approx(outlier.eigenvalue, rel=0.02)
    assert found.m2 == pytest.approx(outlier.m2, rel=0.03)
    assert found.left_edge == pytest.approx(edge.value, rel=0.02)


def test_atoms_at_the_nodes_of_a_quadrature_are_the_law():
    """A DiscreteLaw of (r, y) nodes, with their weights, has the committee's edge and outlier."""
    model, alpha = model_of(2, 1, 0.5), 4.0
    r, r_weights = direct.chi_square(2)
    y, y_weights = direct.chi_square(1)
    r, y = (grid.ravel() for grid in np.meshgrid(r, y, indexing="ij"))
    weights = np.outer(r_weights, y_weights).ravel()
    some = weights > 1e-18
    r, y, weights = r[some], y[some], weights[some] / weights[some].sum()
    atoms = np.concatenate([(r - y) / (0.5 + y), (3 * r - y) / (0.5 + y)])
    law = DiscreteLaw(atoms, np.tile(weights / 2, 2), {TEACHER: np.tile(y, 2)}, {TEACHER: model.p})
    exact = CommitteeLaw(model)
    for discrete, smooth in zip(
        (left_edge(law, alpha), left_outlier(law, alpha, left_edge(law, alpha), TEACHER)),
        (left_edge(exact, alpha), left_outlier(exact, alpha, left_edge(exact, alpha), TEACHER)),
        strict=True,
    ):
        assert discrete.g == pytest.approx(smooth.g, rel=1e-6)
    assert left_edge(law, alpha).value == pytest.approx(left_edge(exact, alpha).value, rel=1e-9)


def test_the_edge_of_sampled_labels_is_sharp_and_right_of_the_smooth_one():
    model = model_of(1, 1, 2.0)
    alpha = threshold(model).alpha_bbp
    limit = left_edge(CommitteeLaw(model), 0.9 * alpha)
    assert limit.kind == "smooth"
    rng = np.random.default_rng(4)
    for N in (300, 3000, 30_000):
        r, y = labels(model, round(0.9 * alpha * N), rng)
        edge = left_edge(label_sampled_law(model, r, y), y.size / N)
        assert edge.kind == "sharp"
        assert edge.value > limit.value


def test_equal_norms_change_nothing_and_others_do():
    model = model_of(2, 1, 0.1)
    rng = np.random.default_rng(5)
    r, y = labels(model, 600, rng)
    plain = solve_labels(model, 200, r, y)
    assert solve_labels(model, 200, r, y, np.ones(600)) == plain
    uneven = solve_labels(model, 200, r, y, rng.uniform(0.2, 1.8, 600))
    assert uneven.left_edge != plain.left_edge


def test_inputs_of_unequal_norm_against_diagonalization():
    """Each draw beside its own labels and norms, |x|² = 0.3 or 1.7; without the norms far off."""
    model, N, rows = model_of(1, 1, 1.0), 400, []
    for seed in range(8):
        rng = np.random.default_rng([3, seed])
        norms = rng.choice([0.3, 1.7], 6 * N)
        x = rng.standard_normal((6 * N, N))
        x *= np.sqrt(norms / (x**2).sum(axis=1))[:, None]
        y, r = N * x[:, 0] ** 2, N * x[:, 1] ** 2
        hessian = (x.T * (2 * (3 * r - y) / (1.0 + y))) @ x
        (lowest,), vectors = eigh(hessian, subset_by_index=[0, 0])
        found, plain = solve_labels(model, N, r, y, norms), solve_labels(model, N, r, y)
        rows.append(
            [lowest - found.lowest, vectors[0, 0] ** 2 - found.m2_lowest, lowest - plain.lowest]
        )
    mean, error = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / math.sqrt(8)
    z = mean / error
    assert abs(z[:2]).max() < 4
    assert abs(z[2]) > 10


@pytest.mark.parametrize(("p", "p_star", "N"), [(1, 1, 500), (3, 2, 200)])
def test_the_cell_of_the_lowest_eigenvalues_at_an_edge(p, p_star, N):
    """ρ = √(2Δ/|z″|)/π has the mass p p*/(pN) up to Δ_c, and there E[Δ] = 3 Δ_c/5."""
    model = model_of(p, p_star, 1.0)
    edge = Edge(value=-1.0, kind="sharp", g=-0.7, z2=3.0)
    g, weights = edge_cell(model, edge, N)
    depth = (g.imag**2) * 3.0 / 2
    whole = (3 * math.pi / (2 * math.sqrt(2 / 3.0)) * p_star / N) ** (2 / 3)
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert weights @ depth == pytest.approx(3 * whole / 5, rel=1e-12)
    assert (g.real == -0.7).all()
    assert (g.imag < 0).all()


def test_order_of_the_labels_does_not_matter():
    model = model_of(3, 2, 0.4)
    rng = np.random.default_rng(6)
    r, y = labels(model, 900, rng)
    order = rng.permutation(900)
    one, other = solve_labels(model, 150, r, y), solve_labels(model, 150, r[order], y[order])
    for name, value in dataclasses.asdict(one).items():
        assert value == pytest.approx(dataclasses.asdict(other)[name], rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"atoms": []}, "atoms must be"),
        ({"atoms": [1.0, math.inf]}, "atoms must be"),
        ({"atoms": [1.0, 2.0], "weights": [0.5, 0.6]}, "weights must be"),
        ({"atoms": [1.0, 2.0], "weights": [1.0]}, "weights must be"),
        ({"atoms": [1.0, 2.0], "weights": [1.5, -0.5]}, "weights must be"),
        ({"atoms": [1.0, 2.0], "along": {TEACHER: np.ones(3)}}, "one value for each atom"),
    ],
)
def test_a_discrete_law_refuses(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        DiscreteLaw(**arguments)
