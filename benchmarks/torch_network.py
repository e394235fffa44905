"""The extreme eigenpairs of a torch network's Hessian beside scipy's eigsh on the same products.

    pip install torch
    OMP_NUM_THREADS=1 python benchmarks/torch_network.py

A network of 94,218 weights, 100 – 256 – 256 – 10 with tanh, on 400 samples, after 200 steps of Adam
and, with --steps 0, as it was initialized: its 10 lowest and 10 highest pairs. eigsh takes the same
operator one vector at a time, with its own number of Lanczos vectors and with 80. Seconds are CPU
seconds of one thread.
"""

import argparse
import time

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

import bbpscape as bb

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


def show(name, seconds, products, error, note=""):
    print(
        f"{name:30s} {seconds:8.1f} s {products:6d} products  residual {error:.1e}  {note}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    H = network(arguments.samples, arguments.steps)
    print(f"{H.size} weights, {arguments.samples} samples, {arguments.steps} steps, tol {TOL:g}")
    sums = {}
    for name, ends in (("lowest", bb.lowest), ("highest", bb.highest)):
        began = time.process_time()
        pairs = ends(H, K, TOL)
        seconds = time.process_time() - began
        check = pairs.certificate
        note = f"{'converged' if pairs.converged else 'NOT CONVERGED'}, {check.kind} {check.passed}"
        error = residual(H, pairs.eigenvalues, pairs.eigenvectors)
        show(f"bbpscape, {name}", seconds, pairs.products, error, note)
        sums["bbpscape"] = sums.get("bbpscape", 0.0) + seconds
        start = np.random.default_rng(0).standard_normal(H.size)
        for held in (None, 80):
            count = 0

            def matvec(v):
                nonlocal count
                count += 1
                return H.matmat(v.reshape(-1, 1))[:, 0]

            operator = LinearOperator((H.size, H.size), matvec=matvec, dtype=float)
            which = {"lowest": "SA", "highest": "LA"}[name]
            began = time.process_time()
            values, vectors = eigsh(operator, K, which=which, tol=TOL, v0=start, ncv=held)
            seconds = time.process_time() - began
            far = abs(np.sort(values) - np.sort(pairs.eigenvalues)).max() / abs(values).max()
            key = f"eigsh, ncv {held or 'its own'}"
            show(f"{key}, {name}", seconds, count, residual(H, values, vectors), f"apart {far:.0e}")
            sums[key] = sums.get(key, 0.0) + seconds
    for key, seconds in sums.items():
        print(f"{key:30s} {seconds:8.1f} s in all, {seconds / sums['bbpscape']:.1f} times")


if __name__ == "__main__":
    main()
