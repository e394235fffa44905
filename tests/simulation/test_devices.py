"""All that runs on a torch device, beside numpy: on torch's CPU, and on a GPU if there is one."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.core.seeds import stream
from bbpscape.simulation import backend as backends
from bbpscape.simulation import simulate as simulation
from bbpscape.simulation.backend import backend
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.gradient import BatchGradient
from bbpscape.simulation.descent.step import safe_step, safe_steps
from bbpscape.simulation.eigen import eigensolver
from bbpscape.simulation.eigen.batch import draw_bytes, lowest_batch
from bbpscape.simulation.eigen.lockstep import lowest_of_stack
from bbpscape.simulation.eigen.preconditioner import Preconditioner
from bbpscape.simulation.operator import Operator

MODEL = bb.TeacherStudent(p=3, p_star=2, loss=bb.NormalizedSquare(a=0.5))
NETWORK = bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("tanh"))
TOLERANCE = {"float64": 1e-9, "float32": 2e-4}


@pytest.fixture(params=["torch-cpu", "cuda"])
def device(request):
    torch = pytest.importorskip("torch", reason="torch is an optional extra")
    pytest.importorskip("array_api_compat", reason="array-api-compat comes with the extra gpu")
    if request.param == "cuda" and not torch.cuda.is_available():
        with pytest.raises(InvalidInput, match="'cuda' is not available: torch finds no GPU here"):
            backend("cuda")
        pytest.skip("torch finds no GPU here")
    return request.param


def hessian_of(N=40, alpha=2.5, p=3, seed=0):
    return bb.draw(MODEL.replace(p=p), alpha, N, seed).hessian


@pytest.mark.parametrize("chunk", [1, 2**28])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-4)])
def test_products_and_inverses(device, dtype, tolerance, chunk, monkeypatch):
    monkeypatch.setattr(backends, "CHUNK", chunk)
    where, hessian = backend(device), hessian_of(N=400, alpha=3.1)  # three panels, one short
    block = np.random.default_rng(1).standard_normal((5, 1200))
    there = where.asarray(block, dtype)
    operator = Operator(hessian, dtype, where)
    assert len(list(operator.panels())) == (3 if chunk == 1 else 1)
    expected = hessian.matmat(block.T).T
    np.testing.assert_allclose(where.host(operator(there)), expected, atol=tolerance * 30)
    other = {"float64": "float32", "float32": "float64"}[dtype]
    cast = operator.to(other)
    result = where.host(cast(where.asarray(block, other)))
    assert result.dtype == other
    np.testing.assert_allclose(result, expected, atol=30 * 1e-4)
    assert (cast.columns, operator.columns) == (5, 5)
    inverse = Preconditioner(Operator(hessian), "float64")(block)
    result = where.host(Preconditioner(operator, dtype)(there))
    assert abs(result - inverse).max() < (1e-9 if dtype == "float64" else 1e-2) * abs(inverse).max()


@pytest.mark.parametrize("method", ["iterative", "dense"])
@pytest.mark.parametrize("p", [1, 3])
def test_pairs(device, method, p):
    hessian, k = hessian_of(N=150, p=p), 2 * p + 1
    expected = bb.lowest(hessian, k, method="dense")
    result = bb.lowest(hessian, k, method=method, device=device)
    assert result.converged
    assert result.certificate.passed
    scale = abs(expected.eigenvalues).max()
    np.testing.assert_allclose(result.eigenvalues, expected.eigenvalues, atol=1e-9 * scale)
    image = hessian.matmat(result.eigenvectors)
    residuals = np.linalg.norm(image - result.eigenvectors * result.eigenvalues, axis=0)
    np.testing.assert_allclose(residuals, result.residuals, atol=1e-10 * scale)
    assert (residuals <= result.tolerance).all()
    # The same space: k lies in a gap.
    cosines = np.linalg.svd(expected.eigenvectors.T @ result.eigenvectors, compute_uv=False)
    assert cosines.min() > 1 - 1e-9


def test_single_precision_and_the_second_block(device, monkeypatch):
    hessian = hessian_of(N=150)
    expected = bb.lowest(hessian, 7, method="dense")
    one = bb.lowest(hessian, 7, device=device, dtype="float32")
    assert one.converged
    assert one.certificate.kind == "inertia"
    assert one.certificate.passed
    monkeypatch.setattr("bbpscape.simulation.eigen.iterative.INERTIA_SIZE", 10)
    two = bb.lowest(hessian, 7, device=device, method="iterative")
    assert two.certificate.kind == "second block"
    assert two.certificate.passed
    scale = abs(expected.eigenvalues).max()
    for result, accuracy in ((one, 1e-4), (two, 1e-9)):
        np.testing.assert_allclose(result.eigenvalues, expected.eigenvalues, atol=accuracy * scale)
    assert abs(one.eigenvalues - expected.eigenvalues).max() > 1e-12 * scale


def test_streamed_inputs(device):
    held = bb.lowest(bb.draw(MODEL, 6.5, 100, 4).hessian, 4, method="dense")
    result = bb.lowest(StreamedHessian(MODEL, 6.5, 100, 4), 4, device=device)
    assert result.converged
    np.testing.assert_allclose(result.eigenvalues, held.eigenvalues, atol=1e-9)


@pytest.mark.parametrize("method", ["auto", "iterative"])
def test_draws_go_in_batches(device, method, monkeypatch):
    seen = []
    real = simulation.lowest_batch

    def batch(hessians, *rest):
        seen.append(len(hessians))
        return real(hessians, *rest)

    monkeypatch.setattr(simulation, "lowest_batch", batch)
    monkeypatch.setattr(simulation, "batch_size", lambda *_: 3)
    model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.1))
    there, here = (
        bb.simulate(model, 2.0, 60, k=3, draws=7, seed=7, workers=1, device=one, method=how)
        for one, how in ((device, method), ("cpu", "auto"))
    )
    assert seen == ([3, 3] if method == "auto" else [])
    for one, other in zip(there.draws, here.draws, strict=True):
        assert one.converged
        np.testing.assert_allclose(one.eigenvalues, other.eigenvalues, atol=1e-8)
        assert one.total_m2 == pytest.approx(other.total_m2, abs=1e-7)
        assert (one.residuals <= one.tolerance).all()


@pytest.mark.parametrize(("p", "N", "k"), [(1, 90, 2), (3, 40, 7)])
@pytest.mark.parametrize("flat", [False, True])
def test_a_stack_in_lockstep(device, p, N, k, flat):
    """Where the k-th eigenvalue is that of others too, the matrix is diagonalized whole."""
    where = backend(device)
    where.lockstep = True
    model = MODEL.replace(p=p, p_star=1)
    hessians = [bb.draw(model, 3.0, N, 5, index).hessian for index in range(3)]
    if flat:
        few = hessians[1].inputs[: N // 2]
        few = np.concatenate([few, np.zeros_like(hessians[1].inputs[N // 2 :])])
        hessians[1] = bb.Hessian(few, abs(hessians[1].curvature) + 9 * p * np.eye(p))
    found = lowest_batch(hessians, k, 1e-8, where)
    kinds = [one.certificate.kind for one in found]
    assert kinds == ["lifted", "dense" if flat else "lifted", "lifted"]
    for one, hessian in zip(found, hessians, strict=True):
        expected = bb.lowest(hessian, k, method="dense")
        scale = abs(expected.eigenvalues).max() + 1e-3
        np.testing.assert_allclose(one.eigenvalues, expected.eigenvalues, atol=1e-9 * scale)
        if one.certificate.kind == "lifted":
            cosines = np.linalg.svd(expected.eigenvectors.T @ one.eigenvectors, compute_uv=False)
            assert cosines.min() > 1 - 1e-9
        assert one.converged
        assert one.certificate.passed


def test_a_stack_with_a_missed_eigenvalue_is_not_certain(device):
    """A lowest eigenvector that no start knows of: the lifted matrix is not positive."""
    where, n = backend(device), 60
    start = stream("starting block").standard_normal(n)
    start /= np.linalg.norm(start)
    Q = np.linalg.qr(np.c_[start, np.random.default_rng(0).standard_normal((n, n - 1))])[0]
    H = (Q * np.r_[np.linspace(1, 9, n - 1), -1.0]) @ Q.T
    found = lowest_of_stack(where.asarray(np.stack([H, (H + H.T) / 2]), "float64"), 3, where)
    if found is not None:
        lowest = found.values[:, 0]
        assert ((abs(lowest + 1) < 1e-9) == found.certain).all()


@pytest.mark.parametrize("model", [MODEL, NETWORK], ids=["quadratic", "tanh"])
@pytest.mark.parametrize(("dtype", "accuracy"), [("float64", 1e-12), ("float32", 1e-4)])
def test_gradients_and_products_with_hessians(device, model, dtype, accuracy):
    instances = [bb.draw(model, 3.0, 60, 0, index) for index in range(4)]
    where, at = backend(device), np.stack([one.student for one in instances])
    loss, slope = BatchGradient(instances)(at)
    there = BatchGradient(instances, dtype, where)
    found, gradient = there(where.asarray(at, dtype))
    np.testing.assert_allclose(found, loss, rtol=accuracy)
    np.testing.assert_allclose(where.host(gradient), slope, atol=accuracy * abs(slope).max())
    block = np.random.default_rng(0).standard_normal(at.shape)
    images = where.host(there.hessians(where.asarray(at, dtype))(where.asarray(block, dtype)))
    for one, image, vector in zip(instances, images, block, strict=True):
        expected = one.hessian.matvec(vector.ravel())
        np.testing.assert_allclose(image.ravel(), expected, atol=accuracy * abs(expected).max())
    steps = safe_steps(there, where.asarray(at, dtype))
    expected = [safe_step(one, one.student) for one in instances]
    np.testing.assert_allclose(steps, expected, rtol=1e-9 if dtype == "float64" else 1e-3)


@pytest.mark.parametrize("method", ["gd", "momentum", "flow"])
@pytest.mark.parametrize("model", [MODEL, NETWORK], ids=["quadratic", "tanh"])
def test_descents_take_the_same_way(device, method, model):
    instances = [bb.draw(model, 4.0, 30, 0, index) for index in range(3)]
    starts = [one.student for one in instances]
    rule = bb.DescentRule(method, sphere=True, steps=60, until_recovery=True)
    expected = descend_batch(instances, starts, rule)
    found = descend_batch(instances, starts, rule, where=backend(device))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.loss, other.loss, rtol=1e-7)
        np.testing.assert_allclose(one.m2, other.m2, atol=1e-7)
        assert (one.status, one.recovered_step) == (other.status, other.recovered_step)
        assert one.loss[-1] < one.loss[0]


def test_what_does_not_fit_is_refused(device, monkeypatch):
    """Before anything is there: the memory is that of the device."""
    where, hessian = backend(device), hessian_of(N=100)
    if device == "cuda":
        monkeypatch.setattr(where._torch.cuda, "mem_get_info", lambda: (2**20, 2**30))
        monkeypatch.setattr(where._torch.cuda, "memory_reserved", lambda: 0)
        monkeypatch.setattr(where._torch.cuda, "memory_allocated", lambda: 0)
        of = "the GPU's memory"
    else:
        monkeypatch.setattr(backends, "available_memory", lambda: 2**20)
        of = "memory"
    for method in ("dense", "iterative"):
        monkeypatch.setattr(eigensolver, "lowest_iterative", lambda *_, **__: pytest.fail("ran"))
        with pytest.raises(InvalidInput, match=f"GiB of {of}"):
            bb.lowest(hessian, 1, device=device, method=method)
    fits = 2**20 // draw_bytes(3, 4, 10)
    small = [hessian_of(N=4)] * (fits + 1)
    assert len(lowest_batch(small[:fits], 1, 1e-8, where)) == fits
    with pytest.raises(InvalidInput, match=f"N = 4 needs .* of {of}.*must be at most 3"):
        lowest_batch(small, 1, 1e-8, where)


def test_products_of_fewer_digits_are_refused(device):
    torch = pytest.importorskip("torch")
    torch.set_float32_matmul_precision("high")
    try:
        with pytest.raises(InvalidInput, match=r"call torch.set_float32_matmul_precision"):
            backend(device)
    finally:
        torch.set_float32_matmul_precision("highest")
    backend(device)


def test_a_command_says_that_there_is_no_gpu(run):
    torch = pytest.importorskip("torch", reason="torch is an optional extra")
    if torch.cuda.is_available():
        pytest.skip("torch finds a GPU here")
    for command in ("simulate", "descend"):
        status, out, err = run(command, "--device", "cuda")
        assert (status, out) == (2, "")
        assert "device 'cuda' is not available: torch finds no GPU here" in err
        assert err.count("\n") == 1
