"""The law of given rows, against the law that they were drawn from."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

import bbpscape as bb
from bbpscape.model.inputs.estimate import estimate_inputs

N = 60


def rows_of(n, beta=0.0, tau=None, mean=0.0, seed=0):
    rng = np.random.default_rng(seed)
    sigma = np.arange(1, N + 1) ** -beta
    rows = rng.standard_normal((n, N)) * np.sqrt(sigma / sigma.mean())
    if tau is not None:
        rows *= np.sqrt(rng.choice(tau, (n, 1)))
    direction = rng.standard_normal(N)
    rotation = np.linalg.qr(rng.standard_normal((N, N)))[0]
    return (rows + mean * direction / np.linalg.norm(direction)) @ rotation


def test_what_is_gaussian_and_centred_is_found_so():
    for seed in range(5):
        found = bb.InputLaw.of_data(7.0 * rows_of(4000, seed=seed))
        assert found.radial.trivial
        assert found.mean == 0


def test_covariance_norms_and_mean():
    found = bb.InputLaw.of_data(1e-3 * rows_of(20_000, 0.5, (0.4, 1.6), 3.0))
    expected = bb.InputLaw("power:0.5").covariance.values(N)
    assert np.array(found.covariance.given) == pytest.approx(expected, rel=0.15)
    tau, weights = found.radial.nodes()
    assert weights @ (tau - 1) ** 2 == pytest.approx(0.36, rel=0.06)
    assert found.mean == pytest.approx(3.0, rel=0.03)


def test_few_rows_are_shrunk_to_a_smaller_error():
    rows = rows_of(100, 0.3)
    found = estimate_inputs(rows)
    assert "shrunk by" in found.covariance_by
    truth = bb.InputLaw("power:0.3").covariance.values(N)
    centred = rows - rows.mean(axis=0)
    plain = np.linalg.eigvalsh(centred.T @ centred)[::-1]
    plain *= N / plain.sum()
    error = np.linalg.norm(np.array(found.covariance.given) - truth)
    assert error < 0.6 * np.linalg.norm(plain - truth)
    # The optimal share is |S − Σ|² over |S − 1|² in expectation: all but 1 of isotropic rows.
    isotropic = np.array(bb.InputLaw.of_data(rows_of(61)).covariance.given)
    assert np.ptp(isotropic) < 0.35
    assert "shrunk" not in estimate_inputs(rows_of(400)).covariance_by


def test_rows_of_any_size_and_kind():
    rows = rows_of(400, 0.5, (0.4, 1.6), 3.0)
    law = bb.InputLaw.of_data(rows)
    for given in (2.0**-700 * rows, 2.0**300 * rows, pd.DataFrame(rows), rows.reshape(400, 6, 10)):
        assert bb.InputLaw.of_data(given) == law


def test_one_copy_of_the_rows(monkeypatch):
    monkeypatch.setattr("bbpscape.model.inputs.estimate.BLOCK", 2**14)
    rows = rows_of(20_000, 0.5, (0.4, 1.6))
    law = bb.InputLaw.of_data(rows)
    tracemalloc.start()
    try:
        assert bb.InputLaw.of_data(rows) == law
        assert tracemalloc.get_traced_memory()[1] < 1.3 * rows.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("rows", "told"), [(np.ones((5, 3)), "must vary"), (np.ones(5), r"shape \(n, N\)")]
)
def test_what_is_refused(rows, told):
    with pytest.raises(bb.InvalidInput, match=told):
        bb.InputLaw.of_data(rows)
