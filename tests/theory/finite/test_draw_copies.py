"""The theory of one draw by its coordinates: its parts against plain matrices, and its copies."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.finite.draw_bulk import DrawBulk
from bbpscape.theory.finite.draw_law import DrawLaw
from bbpscape.theory.finite.draw_levels import gaussian_edges
from bbpscape.theory.finite.draw_noise import kappa, mean_shifts


def law_of(p, N, a=0.1, alpha=2.5):
    one = bb.draw(bb.TeacherStudent(p, 1, bb.NormalizedSquare(a)), alpha, N, 0)
    V = np.linalg.qr(np.concatenate([one.student, one.teacher]).T)[0]
    v = np.sqrt(N) * one.inputs @ V
    return DrawLaw.of(one.curvature, v, V.T @ one.teacher_basis, N)


def schur(law, z, generator):
    """S_v(z) of one sample of the rest, by plain matrices."""
    p, (M, q) = law.p, law.coordinates.shape
    Z = generator.standard_normal((law.N - q, M)) / np.sqrt(law.N)
    v, F = law.coordinates.T / np.sqrt(law.N), law.curvature.transpose(1, 2, 0)
    blocks = [
        np.block([[(a * one) @ b.T for one in row] for row in F])
        for a, b in ((Z, Z), (v, Z), (v, v))
    ]
    rest, side, own = blocks
    S = own + side @ np.linalg.solve(z * np.eye(len(rest)) - rest, side.T)
    return S.reshape(p, q, p, q).transpose(1, 0, 3, 2).reshape(q * p, q * p)


def sampled(p, N, below, samples):
    law, generator = law_of(p, N), np.random.default_rng(0)
    bulk = DrawBulk(law)
    z = bulk.edge.z - below
    return bulk, bulk.left_at(z), np.array([schur(law, z, generator) for _ in range(samples)])


def test_the_mean_has_the_terms_of_one_over_N():
    bulk, point, found = sampled(1, 40, 2.0, 4000)
    traces, plain = np.trace(found, axis1=1, axis2=2), np.trace(bulk.law.signal(point.A))
    error = traces.std() / len(found) ** 0.5
    assert abs(traces.mean() - plain - np.trace(mean_shifts(bulk, point)[1])) < 3 * error
    # Without them it is off.
    assert abs(traces.mean() - plain) > 3.5 * error


def test_fluctuations_of_every_entry():
    bulk, point, found = sampled(2, 60, 0.6, 400)
    law, T = bulk.law, bulk.law.whole(point.A)
    TT = np.einsum("nij,nkl->ijkl", T, T) / law.N
    K = kappa(law, point.A, point.A, TT)
    Q = np.einsum("na,nc,nij,nkl->aickjl", *[law.coordinates] * 2, T, T, optimize=True) / law.N
    size = law.size
    Q = Q.reshape(size, size, law.p, law.p)
    whole = np.einsum("aceg,egfh,bdfh->abcd", Q, K, Q, optimize=True) / law.N
    whole = whole + whole.transpose(0, 1, 3, 2)
    expected = np.sqrt(np.einsum("abab->ab", whole))
    assert abs(found.std(axis=0) / expected - 1).max() < 0.2


def test_the_branch_ends_where_the_bulk_begins():
    law, generator = law_of(2, 150), np.random.default_rng(1)
    bulk, M = DrawBulk(law), len(law.curvature)
    assert all(one.stable for one in bulk.branch)
    Z = generator.standard_normal((147, M)) / np.sqrt(150)
    F = law.curvature.transpose(1, 2, 0)
    H = np.block([[(Z * one) @ Z.T for one in row] for row in F])
    lowest = np.linalg.eigvalsh(H)[0]
    assert -3 < (lowest - bulk.edge.z) / bulk.scale < 5
    for tau in (0.5 * bulk.edge.tau, 0.9 * bulk.edge.tau):
        point = bulk.at_tau(tau, bulk.branch[0]) or bulk.left_at(bulk.edge.z - 0.1)
        assert bulk.left_at(point.z).tau == pytest.approx(point.tau, rel=1e-6)
        root = np.linalg.cholesky(point.A)
        inside = np.eye(2) + root.T @ law.curvature @ root
        assert law.within(point.A) == (np.linalg.eigvalsh(inside).min() > 0)
    assert not law.within(100 * bulk.edge.A)


def test_samples_that_are_split_off_leave_the_matrix_what_it_was():
    law = law_of(1, 50)
    split = law.splitting_off(np.array([3, 7]), np.random.default_rng(0))
    assert split.coordinates.shape == (len(law.curvature) - 2, law.coordinates.shape[1] + 2)
    # All of the two inputs lies within the coordinates: traces are F |x|².
    own = sum(law.curvature[i, 0, 0] * (law.coordinates[i] ** 2).sum() for i in (3, 7)) / 50
    added = np.trace(split.own) - own
    assert added == pytest.approx(law.curvature[[3, 7], 0, 0].sum(), rel=0.5)
    assert split.free == pytest.approx(law.free - 2 / 50)


def test_gaussian_edges_have_the_law_of_tracy_and_widom():
    levels = gaussian_edges()
    assert levels[:, 0].mean() == pytest.approx(1.2065, abs=0.15)
    assert levels[:, 0].std() == pytest.approx(1.268, abs=0.1)
    # Deep ones stand where as many are expected below.
    assert levels[:, 20].mean() == pytest.approx((1.5 * np.pi * 20.5) ** (2 / 3), abs=0.4)
