"""The lowest eigenpairs beside tools that take the Hessian by automatic differentiation.

    pip install torch curvlinops-for-pytorch hessian-eigenthings

curvlinops' Hessian operator under scipy's eigsh, and hessian-eigenthings' Lanczos, run to the end
at pN = 1000; at pN = 8000, where they take hours, one product of each is timed. All in double
precision, with the same instance and the same number of threads.
"""

import math
import warnings

import numpy as np
import torch
from scipy.sparse.linalg import eigsh

from bbpscape import NormalizedSquare, TeacherStudent, draw, lowest
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.operator import Operator
from benchmarks.frame import Row, flops, spent

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


def to_the_end(N):
    hessian, student, loss, data = problem(N)
    found, vector = {}, np.random.default_rng(0).standard_normal(4 * N)
    operator = curvlinops_operator(student, loss, data)
    # A Hessian of Σ ℓ over all weights is H in other units: ∂²/∂w² = H, up to a common factor.
    image, other = operator @ vector, hessian.matvec(vector)
    factor = float(image @ other / (other @ other))

    def ours():
        found["ours"] = lowest(hessian, K, method="iterative").eigenvalues

    def curvlinops():
        values = eigsh(operator, K, which="SA", tol=1e-6, v0=vector)[0]
        found["curvlinops"] = np.sort(values) / factor

    def eigenthings():
        values = eigenthings_lowest(eigenthings_operator(student, loss, data), 1000, True)
        found["eigenthings"] = values / factor

    seconds = spent(ours)
    for key, name, call in (
        ("curvlinops", "curvlinops + eigsh", curvlinops),
        ("eigenthings", "hessian-eigenthings, 1000 orthogonal steps", eigenthings),
    ):
        theirs = spent(call, 1, warm=False)
        apart = abs(found[key] - found["ours"]).max() / abs(found["ours"]).max()
        yield Row(f"8 pairs, pN = {4 * N}", seconds, name, theirs, note=f"apart {apart:.0e}")


def one_product(N):
    hessian, student, loss, data = problem(N)
    ours = Operator(hessian)
    block = np.random.default_rng(0).standard_normal((8, 4 * N))
    seconds = spent(lambda: ours(block), 5) / 8
    floor = ours.flops(1) / flops()
    operator = curvlinops_operator(student, loss, data)
    other = eigenthings_operator(student, loss, data)
    tensor = torch.tensor(block[0])
    for name, call in (
        ("curvlinops", lambda: operator @ block[0]),
        ("hessian-eigenthings", lambda: other.matvec(tensor)),
    ):
        note = "ours in a block of 8; floor: operations"
        yield Row(f"product, pN = {4 * N}", seconds, name, spent(call), floor, note=note)


def rows():
    try:
        import curvlinops  # noqa: F401
        import hessian_eigenthings  # noqa: F401
    except ImportError as error:
        yield Row("8 pairs, pN = 1000", math.nan, f"{error.name} is not installed")
        return
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield from to_the_end(250)
        yield from one_product(2000)
