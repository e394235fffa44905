"""Rows of one's own in every command: one draw, one theory, whatever holds the rows."""

import functools

import numpy as np
import pandas as pd
import pytest

import bbpscape as bb

N, ALPHA, SEED = 20, 5.0, 4
MODEL = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5))


@functools.cache
def rows():
    """Elliptical, of a covariance that falls as i^−0.4, in a basis that is not its own."""
    rng = np.random.default_rng(8)
    made = rng.standard_normal((800, N)) * np.arange(1, N + 1) ** -0.2
    return made @ np.linalg.qr(rng.standard_normal((N, N)))[0] + 3.0


def own():
    return bb.data.prepare_inputs(rows(), whiten=False)


def lowest_of(found):
    return [one.eigenvalues[0] for one in found.draws]


def test_a_draw_has_rows_of_the_data_once_each():
    source = bb.data.source_of(MODEL, own())
    one = source.draw(ALPHA, N, SEED, 2)
    assert one.inputs.shape == (100, N)
    norms, sizes = (np.linalg.norm(x, axis=1) for x in (one.inputs, own().rows))
    chosen = [int(abs(sizes - norm).argmin()) for norm in norms]
    assert len(set(chosen)) == 100
    taken = own().rows[chosen]
    # The same rows in another basis, that of their covariance.
    np.testing.assert_allclose(one.inputs @ one.inputs.T, taken @ taken.T, atol=1e-12)
    whole = bb.data.source_of(MODEL, own()).inputs.rows
    covariance = whole.T @ whole
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-9)
    assert (np.diff(np.diag(covariance)) < 0).all()
    # Teacher and student are on the sphere of that covariance.
    sigma = source.model.inputs.covariance.values(N)
    assert one.teacher[0] @ (sigma * one.teacher[0]) == pytest.approx(N)
    assert one.student[0] @ (sigma * one.student[0]) == pytest.approx(N)


def test_it_is_one_draw_whoever_asks():
    kept = {"draws": 3, "seed": SEED, "inputs": own()}
    simulated = bb.simulate(MODEL, ALPHA, **kept)
    compared = bb.compare(MODEL, ALPHA, **kept)
    np.testing.assert_allclose(lowest_of(simulated), compared.eigenvalues[:, 0], rtol=1e-9)
    source = bb.data.source_of(MODEL, own())
    alone = source.draw(ALPHA, N, SEED, 1).hessian.dense()
    assert lowest_of(simulated)[1] == pytest.approx(np.linalg.eigvalsh(alone)[0])
    assert simulated.N == N
    assert "800 inputs of dimension 20, not whitened" in " ".join(simulated.summary().split())
    other = bb.simulate(MODEL, ALPHA, **kept | {"seed": 5})
    assert lowest_of(other) != lowest_of(simulated)
    found = bb.methods(MODEL, [ALPHA], **kept)
    m2 = np.mean([one.m2[0] for one in simulated.draws])
    assert found.methods[0].measured[0] == pytest.approx(m2, abs=1e-5)
    rule = bb.DescentRule(steps=30, until_recovery=True)
    descended = bb.descend(MODEL, ALPHA, **kept, rule=rule)
    names = ["lowest", "m2", "descent_m2"]
    study = bb.Study(MODEL, {"alpha": ALPHA, "steps": 30}, names, 3, SEED, inputs=own())
    rows = {(row.observable, row.source): row.values for row in study.run(workers=1).rows}
    np.testing.assert_allclose(rows["lowest", "simulation"], lowest_of(simulated), rtol=1e-9)
    np.testing.assert_array_equal(
        rows["descent_m2", "simulation"], [one.largest_m2 for one in descended.trajectories]
    )
    limits = [compared.rows[0].theory, compared.rows[1].theory]
    assert [rows[name, "theory"][0] for name in ("lowest", "m2")] == pytest.approx(limits)
    assert limits[1] == pytest.approx(found.methods[0].theory[0])


@pytest.mark.parametrize("name", ["frame", "nested list", "sparse", "file", "tensor"])
def test_whatever_holds_the_rows(name, tmp_path):
    np.save(tmp_path / "rows.npy", rows())
    if name == "tensor":
        pytest.importorskip("torch")
        import torch

        held = torch.tensor(rows())
    elif name == "sparse":
        import scipy.sparse

        held = scipy.sparse.csr_matrix(rows())
    else:
        held = {
            "frame": pd.DataFrame(rows()),
            "nested list": rows().tolist(),
            "file": tmp_path / "rows.npy",
        }[name]
    expected = bb.data.prepare_inputs(rows())
    kept = {"draws": 1, "workers": 1}
    one, two = (bb.simulate(MODEL, ALPHA, inputs=x, **kept) for x in (held, expected))
    assert lowest_of(one) == lowest_of(two)
    few = bb.DescentRule(steps=3)
    one, two = (bb.descend(MODEL, ALPHA, inputs=x, rule=few, **kept) for x in (held, expected))
    assert one.trajectories[0].m2.tolist() == two.trajectories[0].m2.tolist()
    assert (one.inputs, one.N) == (expected.description, N)


def test_methods_have_the_theory_of_the_inputs():
    rng, steep = np.random.default_rng(8), np.arange(1, 61) ** -0.35
    made = bb.data.prepare_inputs(rng.standard_normal((3000, 60)) * steep, whiten=False)
    found = bb.methods(MODEL, [5.0], draws=16, seed=1, inputs=made)
    plain = bb.methods(MODEL, [5.0], N=60, draws=1)
    hessian, average = found.methods[:2]
    for one in (hessian, average):
        assert abs(one.measured[0] - one.theory[0]) < 4 * one.standard_error[0]
    assert abs(average.measured[0] - plain.methods[1].theory[0]) > 4 * average.standard_error[0]
    assert np.isnan(found.weak_recovery)
    assert "what is not elliptical" in found.summary()


@pytest.mark.parametrize(
    ("function", "options", "said"),
    [
        (bb.simulate, {"stream": True}, "leave out stream"),
        (bb.simulate, {"alpha": 41.0}, "at most n/N = 800/20 = 40"),
        (bb.simulate, {"N": 30}, "N must be that of the inputs, 20, got 30"),
        (bb.descend, {"alpha": 41.0}, "at most n/N"),
        (bb.descend, {"N": 30}, "that of the inputs"),
        (bb.methods, {"alpha": [2.0, 41.0]}, "at most n/N"),
        (bb.methods, {"N": 30}, "that of the inputs"),
    ],
)
def test_refusals(function, options, said):
    with pytest.raises(bb.InvalidInput, match=said):
        function(MODEL, **options, inputs=own())


@pytest.mark.parametrize("function", [bb.simulate, bb.descend, bb.methods, bb.compare])
def test_a_law_and_rows_are_two_answers(function):
    with pytest.raises(bb.InvalidInput, match="leave out covariance, radial and mean"):
        function(MODEL.replace(covariance="power:0.5"), inputs=own())


def test_a_digest_knows_the_rows_and_what_is_done_to_them():
    digests = {own().digest, bb.data.prepare_inputs(rows()).digest}
    digests.add(bb.data.prepare_inputs(rows(), whiten=False, pca=N).digest)
    changed = rows().copy()
    changed[3, 4] = np.nextafter(changed[3, 4], 9.0)
    digests.add(bb.data.prepare_inputs(changed, whiten=False).digest)
    digests.add(bb.data.Inputs(rows(), False).digest)
    assert len(digests) == 5
    assert own().digest == bb.data.prepare_inputs(rows().tolist(), whiten=False).digest
