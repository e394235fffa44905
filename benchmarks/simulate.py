"""The lowest eigenpairs of large and of hard Hessians: seconds, peak memory and residuals.

    python benchmarks/simulate.py --case wide     # p = 16, N = 2000
    python benchmarks/simulate.py --case large    # p = 1, N = 16,000 (10 GiB of memory)
    python benchmarks/simulate.py --case scaling  # fitted exponents in N and in p
    python benchmarks/simulate.py --case edges    # near the threshold, and a smooth edge

Alternatives, at pN = 8000, are in engine.py.

Each run is a process of its own, so that its peak memory (of the process, Python and the inputs
included) is its own. Set OPENBLAS_NUM_THREADS=1 where other programs run beside it.
"""

import argparse
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from bbpscape import Hessian, NormalizedSquare, TeacherStudent, draw, lowest, threshold


def hessian_of(p, p_star, a, alpha, N, seed=0):
    model = TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))
    instance = draw(model, alpha, N, seed)
    return Hessian(instance.inputs, instance.curvature)


def run(case, seed, tol):
    """(seconds, CPU seconds, products, worst residual, peak bytes, k-th eigenvalue, notes)."""
    p, p_star, a, alpha, N, k = case
    hessian = hessian_of(p, p_star, a, alpha, N, seed)
    began, used = time.perf_counter(), time.process_time()
    pairs = lowest(hessian, k, tol, method="iterative")
    seconds, used = time.perf_counter() - began, time.process_time() - used
    certificate = f"{pairs.certificate.kind} {pairs.certificate.passed}"
    certificate += "" if pairs.converged else " NOT CONVERGED"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    values, vectors = pairs.eigenvalues, pairs.eigenvectors
    residual = np.linalg.norm(hessian.matmat(vectors) - vectors * values, axis=0).max()
    return seconds, used, pairs.products, float(residual), peak, float(values.max()), certificate


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


def scaling():
    """CPU seconds against M N p: N over a factor 8 at p = 2, then p over a factor 8 at N = 500."""
    for name, cases in (
        ("N", [(2, 1, 0.01, 3.0, N, 8) for N in (500, 1000, 2000, 4000)]),
        ("p", [(p, 1, 0.01, 3.0, 500, 8) for p in (2, 4, 8, 16)]),
    ):
        print(f"growing {name}\n{HEADER}")
        work, seconds, products = [], [], []
        for case in cases:
            result = alone(case, 0, 1e-8)
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
        line(f"p={p} a={a} 1.02", alone(case, 0, 1e-8))
    line("p=1 a=2 1.1", alone((1, 1, 2.0, 1.1, 4000, 2), 0, 1e-8))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--case", choices=("wide", "large", "scaling", "edges"), default="wide")
    arguments = parser.parse_args()
    if arguments.case == "scaling":
        scaling()
    elif arguments.case == "edges":
        edges()
    else:
        wide = arguments.case == "wide"
        case = (16, 1, 0.01, 3.0, 2000, 20) if wide else (1, 1, 0.01, 2.0, 16000, 2)
        print(f"p, p*, a, alpha, N, k = {case}\n{HEADER}")
        line("certified", alone(case, 0, 1e-8))


if __name__ == "__main__":
    main()
