"""The lowest eigenpairs beside tools that take the Hessian by automatic differentiation.

    pip install torch curvlinops-for-pytorch hessian-eigenthings
    python benchmarks/autograd_alternatives.py

curvlinops' Hessian operator under scipy's eigsh, and hessian-eigenthings' Lanczos, run to the end
at pN = 1000; at pN = 8000, where they take hours, one product of each is timed. All in double
precision, with the same instance and the same number of threads.
"""

import argparse
import statistics
import time
import warnings

import numpy as np
import torch
from scipy.sparse.linalg import eigsh

from bbpscape import NormalizedSquare, TeacherStudent, draw, lowest
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.operator import Operator

K = 8


class Student(torch.nn.Module):
    """ŷ = (1/p) Σ_k (x · w_k)²."""

    def __init__(self, weights):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.tensor(weights))

    def forward(self, inputs):
        return ((inputs @ self.weights.T) ** 2).mean(dim=1, keepdim=True)


class Loss(torch.nn.Module):
    """Σ_μ (y − ŷ)² / (2 (a + y))."""

    reduction = "sum"

    def __init__(self, a):
        super().__init__()
        self.a = a

    def forward(self, output, labels):
        return ((labels - output) ** 2 / (2 * (self.a + labels))).sum()


def problem(N, a=0.01):
    instance = draw(TeacherStudent(4, 1, NormalizedSquare(a)), 3.0, N, 0)
    data = torch.tensor(instance.inputs), torch.tensor(instance.labels)[:, None]
    return Hessian(instance.inputs, instance.curvature), Student(instance.student), Loss(a), data


def curvlinops_operator(student, loss, data):
    from curvlinops import HessianLinearOperator

    return HessianLinearOperator(
        student, loss, [student.weights], [data], check_deterministic=False
    ).to_scipy(dtype=np.float64)


def eigenthings_operator(student, loss, data):
    from hessian_eigenthings import HessianOperator, supervised_loss

    return HessianOperator(student, [data], supervised_loss(loss))


def eigenthings_lowest(operator, steps, full):
    from hessian_eigenthings import lanczos

    result = lanczos(
        operator, k=K, max_iter=steps, tol=1e-8, reorthogonalize=full, which="SA", seed=0
    )
    return np.sort(result.eigenvalues.numpy())


def timed(call, repeats):
    call()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def to_the_end(N):
    hessian, student, loss, data = problem(N)
    unit = lowest(hessian, K, method="dense").eigenvalues
    # A Hessian of Σ ℓ over all weights is H in other units: ∂²/∂w² = H, up to a common factor.
    operator = curvlinops_operator(student, loss, data)
    vector = np.random.default_rng(0).standard_normal(operator.shape[0])
    image, ours = operator @ vector, hessian.matvec(vector)
    factor = float(image @ ours / (ours @ ours))
    agreement = np.linalg.norm(image - factor * ours) / np.linalg.norm(image)
    print(f"pN = {4 * N}: Hessian = {factor:.6f} H, relative difference {agreement:.1e}")
    rows = []
    began = time.perf_counter()
    pairs = lowest(hessian, K, method="iterative")
    rows.append(("bbpscape", time.perf_counter() - began, pairs.eigenvalues))
    began = time.perf_counter()
    values = eigsh(operator, K, which="SA", tol=1e-6, v0=vector)[0] / factor
    rows.append(("curvlinops + eigsh", time.perf_counter() - began, np.sort(values)))
    other = eigenthings_operator(student, loss, data)
    for steps, full in ((100, True), (1000, False), (1000, True)):
        began = time.perf_counter()
        values = eigenthings_lowest(other, steps, full) / factor
        name = f"eigenthings, {steps} steps{', orthogonal' if full else ''}"
        rows.append((name, time.perf_counter() - began, values))
    for name, seconds, values in rows:
        error = abs(values - unit).max() / abs(unit).max()
        print(f"  {name:34s} {seconds:8.2f} s  {seconds / rows[0][1]:7.1f}x  error {error:.1e}")


def one_product(N):
    hessian, student, loss, data = problem(N)
    ours = Operator(hessian)
    block = np.random.default_rng(0).standard_normal((8, 4 * N))
    floor = timed(lambda: ours(block), 5) / 8
    print(f"pN = {4 * N}, one product:\n  {'bbpscape, in a block of 8':34s} {floor * 1e3:8.1f} ms")
    operator = curvlinops_operator(student, loss, data)
    other = eigenthings_operator(student, loss, data)
    tensor = torch.tensor(block[0])
    for name, call in (
        ("curvlinops", lambda: operator @ block[0]),
        ("hessian-eigenthings", lambda: other.matvec(tensor)),
    ):
        seconds = timed(call, 5)
        print(f"  {name:34s} {seconds * 1e3:8.1f} ms  {seconds / floor:7.1f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    to_the_end(250)
    one_product(2000)


if __name__ == "__main__":
    main()
