"""Real inputs: what is refused, and what whitening gives."""

import math

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.inputs import load_inputs, prepare_inputs, sample


def correlated(n=300, N=10, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, N)) @ rng.standard_normal((N, N)) + 3.0


def test_round_trip(tmp_path):
    rows = np.arange(12, dtype=np.uint8).reshape(4, 3)
    np.save(tmp_path / "rows.npy", rows)
    loaded = load_inputs(str(tmp_path / "rows.npy"))
    assert loaded.dtype == np.float64
    np.testing.assert_array_equal(loaded, rows)


def bad_values():
    values = np.ones((6, 3))
    values[4, 1] = np.inf
    values[5, 2] = np.nan
    return values


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(5), r"shape \(n, N\), got \(5,\)"),
        (np.ones((2, 3, 4)), r"shape \(n, N\), got \(2, 3, 4\)"),
        (np.ones((3, 0)), r"shape \(n, N\), got \(3, 0\)"),
        (np.ones((1, 4)), "at least 2 rows, got 1"),
        (np.ones((3, 2), dtype=complex), "real numbers, got dtype complex128"),
        (np.array([["a", "b"]] * 3), "real numbers, got dtype <U1"),
        (np.ones((3, 2), dtype=bool), "real numbers, got dtype bool"),
        (np.array([[{}, 1]] * 3, dtype=object), "cannot be read"),
        (bad_values(), r"finite, got nan or inf in 2 rows \(the first is row 4\)"),
    ],
)
def test_bad_arrays(tmp_path, array, message):
    path = tmp_path / "rows.npy"
    np.save(path, array)
    with pytest.raises(InvalidInput, match=message) as error:
        load_inputs(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.npy", None, "there is no file"),
        ("rows.csv", b"1,2\n3,4\n", r"must be a \.npy file"),
        ("text.npy", b"1,2\n3,4\n", "cannot be read"),
        ("empty.npy", b"", "cannot be read"),
    ],
)
def test_bad_files(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=message) as error:
        load_inputs(tmp_path / name)
    assert "\n" not in str(error.value)


def test_an_archive_is_refused(tmp_path):
    np.savez(tmp_path / "rows.npz", rows=np.ones((3, 2)))
    (tmp_path / "rows.npz").rename(tmp_path / "rows.npy")
    with pytest.raises(InvalidInput, match="got an archive"):
        load_inputs(tmp_path / "rows.npy")


def test_whitening():
    rows = correlated()
    inputs = prepare_inputs(rows)
    assert inputs.whitened
    assert (inputs.n, inputs.N) == rows.shape
    np.testing.assert_allclose(inputs.rows.mean(axis=0), 0, atol=1e-12)
    covariance = inputs.rows.T @ inputs.rows / inputs.n
    np.testing.assert_allclose(covariance, np.eye(10) / 10, atol=1e-12)
    # ZCA: of all whitenings the one with a symmetric positive matrix.
    matrix = np.linalg.lstsq(rows - rows.mean(axis=0), inputs.rows)[0]
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-10)
    assert (np.linalg.eigvalsh(matrix) > 0).all()


def test_one_scale_without_whitening():
    rows = correlated()
    inputs = prepare_inputs(rows, whiten=False)
    assert not inputs.whitened
    assert inputs.rows.var(axis=0).mean() == pytest.approx(1 / 10)
    ratio = inputs.rows / (rows - rows.mean(axis=0))
    np.testing.assert_allclose(ratio, ratio[0, 0])


def test_constant_columns_can_stay_without_whitening():
    rows = correlated()
    rows[:, 3] = 1.0
    inputs = prepare_inputs(rows, whiten=False)
    assert (inputs.rows[:, 3] == 0).all()


def constant_column():
    rows = correlated()
    rows[:, [2, 5]] = 1.0
    return rows


def duplicated_column():
    rows = correlated()
    rows[:, 7] = rows[:, 1] - rows[:, 2]
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (constant_column(), r"drop 2 of 10 columns \(the first is column 2\) or use whiten=False"),
        (duplicated_column(), "rank 9 of 10: drop 1 columns"),
        (duplicated_column().astype(np.float32), "rank 9 of 10: drop 1 columns"),
        (correlated(n=10), "need more than 10 rows, got 10"),
        (np.ones((20, 3)), "must vary, got identical rows"),
        (np.ones((1, 3)), "at least 2 rows"),
        (bad_values(), "the first is row 4"),
    ],
)
def test_what_cannot_be_whitened(rows, message):
    with pytest.raises(InvalidInput, match=message) as error:
        prepare_inputs(rows)
    assert "\n" not in str(error.value)
    with pytest.raises(InvalidInput, match="whiten must be True or False"):
        prepare_inputs(correlated(), whiten="no")


def test_one_row_more_than_columns_is_enough():
    inputs = prepare_inputs(correlated(n=11))
    np.testing.assert_allclose(inputs.rows.T @ inputs.rows / 11, np.eye(10) / 10, atol=1e-9)


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


def test_inputs_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        prepare_inputs(correlated()).rows[0] = 0
