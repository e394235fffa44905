"""The lowest eigenpairs of large Hessians: seconds, peak memory and residuals, beside alternatives.

    python benchmarks/simulate.py                 # pN = 8000 beside LAPACK and scipy's eigsh
    python benchmarks/simulate.py --case product  # the product with a block, beside its floor
    python benchmarks/simulate.py --case wide     # p = 16, N = 2000
    python benchmarks/simulate.py --case large    # p = 1, N = 16,000 (10 GiB of memory)
    python benchmarks/simulate.py --case scaling  # fitted exponents in N and in p
    python benchmarks/simulate.py --case edges    # near the threshold, and a smooth edge

Each run is a process of its own, so that its peak memory (of the process, Python and the inputs
included) is its own. Set OPENBLAS_NUM_THREADS=1 where other programs run beside it.
The tools that differentiate automatically are in autograd_alternatives.py.
"""

import argparse
import multiprocessing
import resource
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from bbpscape import Hessian, NormalizedSquare, TeacherStudent, draw, lowest, threshold
from bbpscape.simulation.eigen.diagonalize import lowest_dense
from bbpscape.simulation.operator import Operator

TARGET = (4, 1, 0.01, 3.0, 2000, 8)


def hessian_of(p, p_star, a, alpha, N, seed=0):
    model = TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))
    instance = draw(model, alpha, N, seed)
    return Hessian(instance.inputs, instance.curvature)


def run(method, case, seed, tol):
    """(seconds, CPU seconds, products, worst residual, peak bytes, k-th eigenvalue, notes)."""
    p, p_star, a, alpha, N, k = case
    hessian = hessian_of(p, p_star, a, alpha, N, seed)
    began, used, products, certificate = time.perf_counter(), time.process_time(), 0, ""
    if method in ("iterative", "certified"):
        pairs = lowest(hessian, k, tol, method="iterative", certificate=method == "certified")
        products, values, vectors = pairs.products, pairs.eigenvalues, pairs.eigenvectors
        certificate = f"{pairs.certificate.kind} {pairs.certificate.passed}"
        certificate += "" if pairs.converged else " NOT CONVERGED"
    elif method == "lapack":
        pairs = lowest_dense(hessian, k)
        values, vectors = pairs.eigenvalues, pairs.eigenvectors
    else:
        count = 0

        def matvec(v):
            nonlocal count
            count += 1
            return hessian.matvec(v.ravel())

        operator = LinearOperator(hessian.shape, matvec=matvec, dtype=float)
        start = np.random.default_rng(0).standard_normal(hessian.shape[0])
        try:
            values, vectors = eigsh(operator, k, which="SA", tol=tol, v0=start)
        except ArpackNoConvergence as error:
            values, vectors = error.eigenvalues, error.eigenvectors
            certificate = "NOT CONVERGED"
        products = count
    seconds, used = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    residual = np.linalg.norm(hessian.matmat(vectors) - vectors * values, axis=0).max()
    return seconds, used, products, float(residual), peak, float(values.max()), certificate


def alone(*arguments):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(run, *arguments).result()


HEADER = "method          seconds      CPU  products  residual     GiB  highest wanted  notes"


def line(name, result):
    seconds, used, products, residual, peak, value, notes = result
    print(
        f"{name:14s} {seconds:8.2f} {used:8.2f} {products:9d}  {residual:.1e} {peak / 2**30:7.2f}"
        f"  {value:14.9f}  {notes}",
        flush=True,
    )


def target(repeats):
    print(f"p, p*, a, alpha, N, k = {TARGET}\n{HEADER}")
    ours = [alone("iterative", TARGET, 0, 1e-8) for _ in range(repeats)]
    for result in ours:
        line("iterative", result)
    seconds, used = (statistics.median(result[i] for result in ours) for i in (0, 1))
    line("certified", alone("certified", TARGET, 0, 1e-8))
    for method, tol in (("lapack", 0.0), ("eigsh", 1e-6)):
        other = alone(method, TARGET, 0, tol)
        line(method, other)
        print(
            f"  {other[0] / seconds:.1f} times the iterative solver's median, {seconds:.2f} s; "
            f"{other[1] / used:.1f} times its CPU time, {used:.2f} s"
        )


def product(repeats):
    hessian = hessian_of(*TARGET[:-1])
    M, N, p = *hessian.inputs.shape, hessian.p
    print("dtype     b   seconds  Gflop/s   GEMM floor  distance  memory floor")
    for dtype in ("float64", "float32"):
        operator = Operator(hessian, dtype)
        X = np.concatenate([panel for _, panel in operator.panels()])
        begun = []
        for _ in range(repeats + 4):
            start = time.perf_counter()
            X.sum()
            begun.append(time.perf_counter() - start)
        memory = min(begun)  # one reading of X
        for b in (1, 8, 16, 32):
            block = np.random.default_rng(0).standard_normal((b, p * N)).astype(dtype)
            right = np.ascontiguousarray(block.reshape(b * p, N).T)
            image = np.ones((M, b * p), dtype)
            both, ours = [], []
            for _ in range(repeats + 4):
                start = time.perf_counter()
                X @ right
                image.T @ X
                both.append(time.perf_counter() - start)
                start = time.perf_counter()
                operator(block)
                ours.append(time.perf_counter() - start)
            seconds, floor = statistics.median(ours), statistics.median(both)
            print(
                f"{dtype} {b:3d} {seconds:9.4f} {operator.flops(b) / seconds / 1e9:8.1f} "
                f"{floor:12.4f} {seconds / floor:9.2f} {memory:13.4f}"
            )


def scaling():
    """CPU seconds against M N p: N over a factor 8 at p = 2, then p over a factor 8 at N = 500."""
    for name, cases in (
        ("N", [(2, 1, 0.01, 3.0, N, 8) for N in (500, 1000, 2000, 4000)]),
        ("p", [(p, 1, 0.01, 3.0, 500, 8) for p in (2, 4, 8, 16)]),
    ):
        print(f"growing {name}\n{HEADER}")
        work, seconds, products = [], [], []
        for case in cases:
            result = alone("iterative", case, 0, 1e-8)
            line(str(case[:1] + case[4:5]), result)
            work.append(case[3] * case[4] ** 2 * case[0])
            seconds.append(result[1])
            products.append(result[2])
        for what, values in (("CPU seconds", seconds), ("products", products)):
            slope = np.polyfit(np.log(work), np.log(values), 1)[0]
            print(f"  {what} grow as (M N p)^{slope:.2f}")


def edges():
    print(HEADER)
    for p, a in ((1, 0.01), (2, 0.01)):
        law = threshold(TeacherStudent(p=p, p_star=1, loss=NormalizedSquare(a=a)))
        case = (p, 1, a, 1.02 * law.alpha_bbp, 2000, p + 1)
        line(f"p={p} a={a} 1.02", alone("certified", case, 0, 1e-8))
    line("p=1 a=2 1.1", alone("certified", (1, 1, 2.0, 1.1, 4000, 2), 0, 1e-8))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = ("target", "product", "wide", "large", "scaling", "edges")
    parser.add_argument("--case", choices=names, default="target")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.case == "target":
        target(arguments.repeats)
    elif arguments.case == "product":
        product(arguments.repeats)
    elif arguments.case == "scaling":
        scaling()
    elif arguments.case == "edges":
        edges()
    else:
        wide = arguments.case == "wide"
        case = (16, 1, 0.01, 3.0, 2000, 20) if wide else (1, 1, 0.01, 2.0, 16000, 2)
        print(f"p, p*, a, alpha, N, k = {case}\n{HEADER}")
        line("certified", alone("certified", case, 0, 1e-8))


if __name__ == "__main__":
    main()
