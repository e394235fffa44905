"""The extreme eigenpairs of a torch network's Hessian beside scipy's eigsh on the same products.

A network of 94,218 weights, 100 – 256 – 256 – 10 with tanh, on 400 samples, after 200 steps of
Adam. eigsh takes the same operator one vector at a time, with its own number of Lanczos vectors and
with 80.
"""

import time

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

import bbpscape as bb
from benchmarks.frame import Row, spent

K, TOL = 10, 1e-6


def network(samples, steps):
    torch.manual_seed(0)
    nn = torch.nn
    net = nn.Sequential(
        nn.Linear(100, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, 10)
    )
    x = torch.randn(samples, 100)
    y = (x[:, :10] + 0.5 * torch.randn(samples, 10)).argmax(1)
    loss, rule = nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters(), 1e-3)
    for _ in range(steps):
        rule.zero_grad()
        loss(net(x), y).backward()
        rule.step()
    return bb.torch_hessian(net, loss, (x, y))


def residual(H, values, vectors):
    return float(np.linalg.norm(H.matmat(vectors) - vectors * values, axis=0).max())


def rows():
    """Both ends together; eigsh with its own number of vectors, and with 80."""
    torch.set_num_threads(1)
    H = network(400, 200)
    products = residuals = 0.0
    began = time.process_time()
    for ends in (bb.lowest, bb.highest):
        pairs = ends(H, K, TOL)
        residuals = max(residuals, residual(H, pairs.eigenvalues, pairs.eigenvectors))
        products += pairs.products
        if not (pairs.converged and pairs.certificate.passed):
            raise AssertionError("the pairs are not certified")
    ours = time.process_time() - began
    one = np.random.default_rng(0).standard_normal((H.size, 1))
    floor = products * spent(lambda: H.matmat(one))
    start = np.random.default_rng(0).standard_normal(H.size)
    told = f"{products:.0f} products, residual {residuals:.0e}, certified; floor: its products"
    for held, name, asked in ((None, "eigsh", 3), (80, "eigsh, 80 vectors", None)):
        began, worst = time.process_time(), 0.0
        operator = LinearOperator(
            (H.size, H.size), matvec=lambda v: H.matmat(v.reshape(-1, 1))[:, 0], dtype=float
        )
        for which in ("SA", "LA"):
            values, vectors = eigsh(operator, K, which=which, tol=TOL, v0=start, ncv=held)
            worst = max(worst, residual(H, values, vectors))
        seconds = time.process_time() - began
        note = f"{told}; its residual {worst:.0e}"
        yield Row(f"10 lowest and 10 highest of {H.size}", ours, name, seconds, floor, asked, note)
