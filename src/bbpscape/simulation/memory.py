"""How much memory a draw and its Hessian take."""

CHUNK_BYTES = 2**26  # of scaled rows, copied at a time while a dense matrix is built
STRIPE = 2**25  # of the columns of a Gram matrix that workers sum at a time
WORK_VECTORS = 256  # vectors of pN numbers that LAPACK and the eigenvectors take, generously
KEPT = 4096  # bytes of a draw that is kept: its seed, its task, its result


def instance_bytes(p: int, N: int, M: int) -> int:
    """8 M (N + p² + 4p): bytes of the inputs, the curvatures and the scalars of M samples."""
    return 8 * M * (N + p * p + 4 * p)


def dense_bytes(p: int, N: int, M: int) -> int:
    """8 [(pN)² + N²]: peak bytes of building and diagonalizing a dense Hessian.

    N² is one block, not needed at p = 1. Work space of a fixed size and a few vectors are
    counted; what the instance itself holds, ``instance_bytes``, is not.
    """
    block = N * N if p > 1 else 0
    chunk = min(CHUNK_BYTES, 8 * M * N)
    return 8 * ((p * N) ** 2 + block + WORK_VECTORS * p * N) + chunk


def kept_bytes(draws: int, numbers: int) -> int:
    """Bytes of what is kept of many draws, ``numbers`` floats of each."""
    return draws * (KEPT + 8 * numbers)
