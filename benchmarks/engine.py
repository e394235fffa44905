"""The lowest eigenpairs at pN = 8000 beside LAPACK, scipy's eigsh and PRIMME; products; draws.

p = 4, p* = 1, a = 0.01, α = 3, N = 2000, 8 pairs, set-up included and certificates left out, as the
others have none. PRIMME has our preconditioner, and is asked for the residual that ours has.
"""

import contextlib
import functools

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

import bbpscape as bb
from bbpscape.simulation.backend import NumpyBackend
from bbpscape.simulation.eigen.diagonalize import lowest_dense
from bbpscape.simulation.eigen.preconditioner import Preconditioner
from bbpscape.simulation.operator import Operator, operator_of
from benchmarks.frame import Row, Rows, bandwidth, flops, spent, taking_turns

P, N, ALPHA, K, TOL = 4, 2000, 3.0, 8, 1e-8
EIGSH = 20_656  # products of eigsh at tol 1e-6, run to the end; a part of them is timed
PART = 1000


def problem(seed: int = 0) -> bb.Hessian:
    return bb.draw(bb.TeacherStudent(P, 1, bb.NormalizedSquare(0.01)), ALPHA, N, seed).hessian


def residual(H: bb.Hessian, values: np.ndarray, vectors: np.ndarray) -> float:
    return float(np.linalg.norm(H.matmat(vectors) - vectors * values, axis=0).max())


def with_eigsh(H: bb.Hessian) -> float:
    """CPU seconds of ``PART`` products of eigsh and what it does beside them."""
    count = 0

    class Enough(Exception):
        pass

    def matvec(v: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        if count > PART:
            raise Enough
        return H.matvec(v.ravel())

    def run() -> None:
        nonlocal count
        count = 0
        operator = LinearOperator(H.shape, matvec=matvec, dtype=float)
        start = np.random.default_rng(0).standard_normal(H.shape[0])
        with contextlib.suppress(Enough, ArpackNoConvergence):
            eigsh(operator, K, which="SA", tol=1e-6, v0=start)

    return spent(run, 1, warm=False)


def with_primme(H: bb.Hessian, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """PRIMME's pairs with our operator and preconditioner, to an absolute residual."""
    import primme

    operator = operator_of(H, "float64", scaled=True)
    inverse = Preconditioner(operator.to("float32"))
    unit, start = operator.units.eigenvalue, np.random.default_rng(0)

    def rows(function: object) -> LinearOperator:
        def matmat(V: np.ndarray) -> np.ndarray:
            return np.asarray(function(np.ascontiguousarray(V.reshape(len(V), -1).T))).T

        return LinearOperator(H.shape, matvec=matmat, matmat=matmat, dtype=float)

    given = {"which": "SA", "tol": tolerance / unit, "maxBlockSize": 8, "aNorm": 1.0}
    first = inverse(start.standard_normal((8, H.shape[0]))).T
    values, vectors = primme.eigsh(
        rows(operator), K, OPinv=rows(inverse), v0=np.asarray(first, float), **given
    )
    return values * unit, vectors


def pairs() -> Rows:
    H = problem()
    found = {}

    def ours() -> None:
        found["ours"] = bb.lowest(H, K, TOL, method="iterative", certificate=False)

    def theirs() -> None:
        found["primme"] = with_primme(H, float(found["ours"].residuals.max()))

    try:
        import primme  # noqa: F401
    except ImportError:
        seconds, primme_seconds = spent(ours), None
    else:
        seconds, primme_seconds = taking_turns([ours, theirs])
    one = found["ours"]
    # Products in single precision, and the Gram matrix of the preconditioner.
    M = len(H.curvature)
    least = one.products * Operator(H).flops(1) + M * N**2 + N**3 / 3
    told = f"{one.products} products, residual {one.residuals.max():.0e}; floor: their operations"
    row = functools.partial(Row, ours=seconds, floor=least / flops("float32"))
    lapack = spent(lambda: lowest_dense(H, K), 1, warm=False)
    yield row("8 pairs, pN = 8000", alternative="LAPACK", theirs=lapack, asked=15, note=told)
    slow = with_eigsh(H) * EIGSH / PART
    note = f"{PART} of its {EIGSH} products timed"
    yield row("the same", alternative="scipy eigsh", theirs=slow, asked=100, note=note)
    if primme_seconds is None:
        yield row("the same", alternative="PRIMME is not installed")
        return
    values, vectors = found["primme"]
    note = f"its residual {residual(H, values, vectors):.0e}"
    yield row("the same", alternative="PRIMME", theirs=primme_seconds, asked=1, note=note)


def products() -> Rows:
    H = problem()
    generator = np.random.default_rng(0)
    for dtype in ("float64", "float32"):
        operator = Operator(H, dtype, NumpyBackend(1))
        X = np.concatenate([panel for _, panel in operator.panels()])
        for b in (1, 8):
            block = generator.standard_normal((b, P * N)).astype(dtype)
            right = np.ascontiguousarray(block.reshape(b * P, N).T)
            image = np.ones((len(X), b * P), dtype)

            def both(right=right, image=image, X=X) -> None:
                X @ right
                image.T @ X

            ours, theirs = taking_turns([lambda o=operator, v=block: o(v), both], 7)
            least = max(operator.flops(b) / flops(dtype), X.nbytes / bandwidth())
            yield Row(
                f"product with {b} vectors, {dtype}",
                ours,
                "its two matrix products by numpy",
                theirs,
                least,
                note="floor: operations, or one reading of X",
            )
