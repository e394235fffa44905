"""The lowest eigenpairs with inputs of condition number 1e6, beside those with isotropic inputs.

    python benchmarks/inputs.py

Power laws σ_i ∝ i^−β with β = 6/log10 N, p = 2, a = 0.5, at equal tolerance of the residuals. Draws
of both kinds take turns, and of each the median time of three solutions counts. Set
OPENBLAS_NUM_THREADS=1 where other programs run beside it.
"""

import argparse
import math
import statistics

from bbpscape import NormalizedSquare, TeacherStudent, draw, lowest
from bbpscape.model.inputs.law import InputLaw
from bbpscape.simulation.data.stream import StreamedHessian

CONDITION, REPEATS = 1e6, 3


def hessian_of(law, alpha, N, seed, stream):
    model = TeacherStudent(2, 1, NormalizedSquare(0.5), inputs=law)
    if stream:
        return StreamedHessian(model, alpha, N, seed)
    return draw(model, alpha, N, seed).hessian


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--N", type=int, nargs="+", default=[1000, 1500, 2000])
    parser.add_argument("--alpha", type=float, nargs="+", default=[3.0, 8.0, 20.0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--stream", action="store_true")
    given = parser.parse_args()
    print(
        f"{'N':>5} {'alpha':>6} {'inputs':>12} {'products':>9} {'seconds':>8} {'residual':>9} notes"
    )
    for N in given.N:
        steep = InputLaw(f"power:{math.log(CONDITION) / math.log(N):.12g}")
        for alpha in given.alpha:
            for seed in range(given.seeds):
                compare(N, alpha, (InputLaw(), steep), seed, given.stream)


def compare(N, alpha, laws, seed, stream):
    seconds, products = [], []
    for law in laws:
        hessian = hessian_of(law, alpha, N, seed, stream)
        runs = [lowest(hessian, 3, method="iterative") for _ in range(REPEATS)]
        one = runs[0]
        seconds.append(statistics.median(run.seconds for run in runs))
        products.append(one.products)
        notes = "" if one.converged else "NOT CONVERGED, "
        notes += f"tolerance {one.tolerance:.1e}, {one.certificate.verdict}"
        print(
            f"{N:5d} {alpha:6g} {law.covariance.label:>12} {one.products:9d} {seconds[-1]:8.2f} "
            f"{one.residuals.max():9.1e} {notes}",
            flush=True,
        )
    print(f"{'ratio':>25} {products[1] / products[0]:9.2f} {seconds[1] / seconds[0]:8.2f}")


if __name__ == "__main__":
    main()
