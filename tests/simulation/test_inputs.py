"""Real inputs: what is refused, and what whitening, scales and components give."""

import math

import numpy as np
import pandas as pd
import pytest

from bbpscape.core import memory
from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.inputs import Inputs, inputs_of, prepare_inputs, sample


def correlated(n=300, N=10, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, N)) @ rng.standard_normal((N, N)) + 3.0


def centred(rows):
    return rows - rows.mean(axis=0)


def projection(rows):
    """Q Qᵀ on the span of the centred columns: n/N times the products x·x' of whitened rows."""
    Q = np.linalg.qr(centred(rows))[0]
    return Q @ Q.T


def test_whitening():
    rows = correlated()
    inputs = prepare_inputs(rows)
    assert inputs.whitened
    assert (inputs.n, inputs.N) == rows.shape
    np.testing.assert_allclose(inputs.rows.mean(axis=0), 0, atol=1e-12)
    covariance = inputs.rows.T @ inputs.rows / inputs.n
    np.testing.assert_allclose(covariance, np.eye(10) / 10, atol=1e-12)
    products = inputs.rows @ inputs.rows.T * inputs.N / inputs.n
    np.testing.assert_allclose(products, projection(rows), atol=1e-12)
    # Of all whitenings of the columns in units of their deviations, the symmetric positive one.
    matrix = np.linalg.lstsq(centred(rows) / rows.std(axis=0), inputs.rows)[0]
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-10)
    assert (np.linalg.eigvalsh(matrix) > 0).all()


def test_units_do_not_matter():
    rows = correlated()
    whole = prepare_inputs(rows).rows
    for scales in (10.0 ** np.arange(10), 10.0 ** np.linspace(-150, 90, 10)):
        np.testing.assert_allclose(prepare_inputs(rows * scales).rows, whole, atol=1e-11)
    rng = np.random.default_rng(1)
    independent = rng.standard_normal((300, 20)) * 10.0 ** np.linspace(0, 5, 20)
    np.testing.assert_allclose(
        np.cov(prepare_inputs(independent).rows.T, bias=True), np.eye(20) / 20, atol=1e-12
    )


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-161, 1e-154, 1e90])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"whiten": False},
        {"whiten": False, "equal_norms": True},
        {"whiten": False, "standardize": True},
        {"pca": 3},
        {"pca": 3, "whiten": False},
    ],
)
def test_tiny_and_large_numbers(scale, options):
    rows = centred(correlated())
    found = prepare_inputs(rows * scale, **options).rows
    np.testing.assert_allclose(found, prepare_inputs(rows, **options).rows, atol=1e-12)


def test_a_large_mean_leaves_nothing():
    rows = 1e9 + np.random.default_rng(0).standard_normal((3000, 3))
    for options in ({}, {"whiten": False}, {"pca": 2}):
        found = prepare_inputs(rows, **options).rows
        assert abs(found.mean(axis=0)).max() < 1e-14


def test_rows_that_are_tiny_beside_others_have_a_norm():
    rows = correlated()
    rows[:150] = rows[:150].mean(axis=0) + 1e-13 * centred(rows[:150])
    rows -= rows[:150].mean(axis=0)
    rows[150:] = np.concatenate([rows[150:225], -rows[150:225]])  # the mean is that of the others
    found = prepare_inputs(rows, whiten=False, equal_norms=True).rows
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-14)


def test_one_scale_without_whitening():
    rows = correlated()
    inputs = prepare_inputs(rows, whiten=False)
    assert not inputs.whitened
    assert inputs.rows.var(axis=0).mean() == pytest.approx(1 / 10)
    ratio = inputs.rows / centred(rows)
    np.testing.assert_allclose(ratio, ratio[0, 0])


def test_standardized_columns():
    inputs = prepare_inputs(correlated(), whiten=False, standardize=True)
    assert (inputs.standardized, inputs.whitened) == (True, False)
    np.testing.assert_allclose(inputs.rows.var(axis=0), 1 / 10, rtol=1e-12)
    np.testing.assert_allclose(np.corrcoef(inputs.rows.T), np.corrcoef(correlated().T), atol=1e-12)


@pytest.mark.parametrize("shape", [(300, 10), (12, 40)])
@pytest.mark.parametrize("standardize", [False, True])
def test_components_are_those_of_the_svd(shape, standardize):
    rows = correlated(*shape)
    columns = centred(rows) / (rows.std(axis=0) if standardize else 1.0)
    U, S, _ = np.linalg.svd(columns, full_matrices=False)
    share = (S[:4] ** 2).sum() / (S**2).sum()
    n = len(rows)
    for whiten, wanted in (
        (False, U[:, :4] * S[:4] * math.sqrt(n / (S[:4] ** 2).sum())),
        (True, U[:, :4] * math.sqrt(n / 4)),
    ):
        inputs = prepare_inputs(rows, whiten, standardize=standardize, pca=4)
        assert (inputs.n, inputs.N) == (n, 4)
        assert inputs.share == pytest.approx(share, rel=1e-12)
        assert 0.4 < share < 0.95
        np.testing.assert_allclose(abs(inputs.rows), abs(wanted), atol=1e-10)
        np.testing.assert_allclose(inputs.rows @ inputs.rows.T, wanted @ wanted.T, atol=1e-10)
        assert (inputs.rows.max(axis=0) > -inputs.rows.min(axis=0)).all()  # one choice of signs


def frame(**columns):
    found = pd.DataFrame(correlated(), columns=[f"x{j}" for j in range(10)])
    return found.assign(**{name: found.eval(text) for name, text in columns.items()})


def test_constant_columns():
    # The last varies by rounding alone.
    rows = frame(one="x0 * 0 + 1", share="x1 - x1 + 0.3")
    rows.loc[5, "share"] = 0.1 + 0.2
    for options in ({}, {"standardize": True, "whiten": False}, {"standardize": True}):
        with pytest.raises(InvalidInput, match="2 of 12 are: columns 'one', 'share'; drop"):
            prepare_inputs(rows, **options)
    kept = prepare_inputs(rows, drop_constant=True)
    assert kept.dropped == ("one", "share")
    np.testing.assert_array_equal(kept.rows, prepare_inputs(frame()).rows)
    assert prepare_inputs(rows.to_numpy(), drop_constant=True).dropped == (10, 11)
    assert prepare_inputs(frame(), drop_constant=True).dropped == ()
    still = prepare_inputs(rows, whiten=False)
    assert still.N == 12
    assert abs(still.rows[:, 10:]).max() < 1e-15
    np.testing.assert_allclose(
        prepare_inputs(rows, pca=10).rows, prepare_inputs(frame(), pca=10).rows, atol=1e-12
    )


@pytest.mark.parametrize("kind", [float, np.float32])
def test_dependent_columns_are_named(kind):
    rows = frame(sum="x1 + 1000 * x2").astype(kind)
    with pytest.raises(InvalidInput, match=r"rank 10 of 11: column '.*' depends on") as error:
        prepare_inputs(rows)
    words = str(error.value).split("'")[1::2]
    assert set(words) == {"x1", "x2", "sum"}
    assert prepare_inputs(rows.drop(columns=words[0])).N == 10
    rows = frame(a="x1 + x2", b="x3 - x4 + x5", c="x6", d="2 * (x1 + x2)").astype(kind)
    with pytest.raises(InvalidInput, match=r"rank 10 of 14: columns .* depend on others") as error:
        prepare_inputs(rows)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_named_is_a_combination(seed):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((60, 8))
    used = rng.choice(7, 3, replace=False)
    rows[:, 7] = rows[:, used] @ rng.uniform(1, 2, 3)
    rows = rows[:, order := rng.permutation(8)]
    with pytest.raises(InvalidInput) as error:
        prepare_inputs(rows)
    one, others = str(error.value).split("column ")[1].split(" depends on columns ")
    named = [int(one), *map(int, others.partition(";")[0].split(", "))]
    assert set(order[named]) == {7, *used}
    residual = np.linalg.lstsq(centred(rows)[:, named[1:]], centred(rows)[:, named[0]])[1]
    assert residual.size == 0 or residual < 1e-20


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            correlated(n=10),
            {},
            "need more than 10 rows, got 10; add rows, drop columns or use pca=K",
        ),
        (np.ones((20, 3)), {}, "must vary, got identical rows"),
        (np.ones((20, 3)), {"drop_constant": True}, "must vary, got identical rows"),
        (np.ones((1, 3)), {}, "at least 2 rows"),
        (correlated(), {"pca": 11}, "pca must be at most 10, with 10 columns, got 11"),
        (correlated(8), {"pca": 8}, "pca must be at most 7, with 8 rows, got 8"),
        (correlated(), {"pca": 0}, "pca must be a positive integer, got 0"),
        (correlated(), {"pca": 2.5}, "pca must be a positive integer, got 2.5"),
        (correlated(), {"pca": True}, "pca must be a positive integer, got True"),
        (
            frame(a="x1 + x2"),
            {"pca": 11},
            "pca must be at most 10, the number of components with more than 1e-10",
        ),
        (
            correlated() * 10.0 ** np.arange(10),
            {"pca": 10},
            r"pca must be at most \d, .* columns of different units need standardize=True",
        ),
        (correlated(), {"whiten": "no"}, "whiten must be True or False, got 'no'"),
        (correlated(), {"equal_norms": 1}, "equal_norms must be True or False, got 1"),
        (correlated(), {"drop_constant": 1}, "drop_constant must be True or False, got 1"),
        (correlated(), {"standardize": None}, "standardize must be True or False, got None"),
        ([[0, 0], [1, 0], [-1, 0]], {"whiten": False, "equal_norms": True}, "row 0 is the mean"),
    ],
)
def test_what_cannot_be_prepared(rows, options, message):
    with pytest.raises(InvalidInput, match=message) as error:
        prepare_inputs(rows, **options)
    assert "\n" not in str(error.value)


def test_what_does_not_fit_is_refused(monkeypatch):
    rows = correlated()
    available = 8 * rows.size - 1

    monkeypatch.setattr(memory, "available_memory", lambda: available)
    with pytest.raises(InvalidInput, match=r"rows = 300 needs .*: rows must be at most \d+$"):
        prepare_inputs(rows)


def test_one_row_more_than_columns_is_enough():
    inputs = prepare_inputs(correlated(n=11))
    np.testing.assert_allclose(inputs.rows.T @ inputs.rows / 11, np.eye(10) / 10, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "300 inputs of dimension 10, whitened"),
        ({"whiten": False}, "300 inputs of dimension 10, not whitened"),
        ({"equal_norms": True}, "300 inputs of dimension 10, whitened, equal norms"),
        (
            {"standardize": True, "whiten": False},
            "300 inputs of dimension 10, columns of one variance, not whitened",
        ),
        (
            {"pca": 10},
            "300 inputs of dimension 10, 10 components with 100 % of the variance, whitened",
        ),
    ],
)
def test_the_description_says_what_was_done(options, said):
    assert prepare_inputs(correlated(), **options).description == said
    rows = frame(one="x0 * 0 + 1")
    dropped = prepare_inputs(rows, drop_constant=True, **options).description
    assert dropped == said.replace("10, ", "10, without constant column 'one', ", 1)


def test_inputs_of_files_rows_and_inputs(tmp_path):
    rows = correlated()
    np.savez(tmp_path / "rows.npz", x=rows, y=2 * rows)
    wanted = prepare_inputs(rows, whiten=False, pca=3)
    for source, key in ((rows, None), (tmp_path / "rows.npz", "x"), (f"{tmp_path}/rows.npz", "y")):
        found = inputs_of(source, key, whiten=False, pca=3)
        np.testing.assert_allclose(found.rows, wanted.rows, atol=1e-14)
        assert found.description == wanted.description
    assert inputs_of(wanted) is wanted
    with pytest.raises(InvalidInput, match="inputs are prepared already: leave out whiten, pca"):
        inputs_of(wanted, whiten=False, pca=3)
    with pytest.raises(InvalidInput, match="key is for a file, got key='x' with ndarray"):
        inputs_of(rows, "x")


def test_norm_spread():
    gaussian = prepare_inputs(np.random.default_rng(0).standard_normal((20000, 50)))
    assert gaussian.gaussian_norm_spread == math.sqrt(2 / 50)
    assert gaussian.norm_spread == pytest.approx(math.sqrt(2 / 50), rel=0.05)
    # Control: a random scale for each row makes heavy tails.
    scales = np.random.default_rng(1).lognormal(size=(20000, 1))
    assert prepare_inputs(gaussian.rows * scales).norm_spread > 5 * gaussian.norm_spread


def test_sample():
    inputs = prepare_inputs(correlated())
    generators = [np.random.default_rng(seed) for seed in (0, 0, 1)]
    first, again, other = (sample(inputs, 4.0, g) for g in generators)
    assert first.shape == (40, 10)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    rows = {row.tobytes() for row in first}
    assert len(rows) == 40
    assert rows <= {row.tobytes() for row in inputs.rows}
    everything = sample(inputs, 30.0, np.random.default_rng(0))
    assert {row.tobytes() for row in everything} == {row.tobytes() for row in inputs.rows}


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        (30.1, "alpha must be at most n/N = 300/10 = 30, got 30.1"),
        (0.05, r"alpha must be at least 1/N = 0\.1"),
        (math.nan, "alpha must be finite"),
    ],
)
def test_sample_refusals(alpha, message):
    with pytest.raises(InvalidInput, match=message):
        sample(prepare_inputs(correlated()), alpha, np.random.default_rng(0))
    with pytest.raises(InvalidInput, match="generator must be a numpy Generator, got 0"):
        sample(prepare_inputs(correlated()), 1.0, 0)


def test_rows_that_are_made_elsewhere():
    inputs = Inputs(pd.DataFrame(np.eye(3)), True)
    assert inputs.rows.tolist() == np.eye(3).tolist()
    assert inputs.description == "3 inputs of dimension 3, whitened"


def test_inputs_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        prepare_inputs(correlated()).rows[0] = 0
