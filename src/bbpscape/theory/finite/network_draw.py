"""One draw of any network on isotropic inputs, by its coordinates along teacher and student.

The rows of p* + p Gaussian vectors in N dimensions are, orthonormalized, a triangle of normal
variables with roots of χ² on its diagonal; inputs have normal coordinates along them. So a draw
takes O(αN) numbers, and the theory of it is that of ``draw_copies``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.curvature import curvature
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.draw_bulk import DrawBulk
from bbpscape.theory.finite.draw_copies import DrawCopies, solve_copies, strengths
from bbpscape.theory.finite.draw_law import DrawLaw
from bbpscape.theory.finite.draws import generators

# Of what a draw leaves to chance.
SAMPLES = 8


def sample_law(model: TeacherStudent, N: int, M: int, seed: int, draw: int) -> DrawLaw:
    """F and coordinates of the M samples of one draw; those for a larger M begin with them."""
    rows, noise, norms, weights = generators(seed, draw, 4)
    p_star, q = model.p_star, model.p_star + int(model.p)
    if q > N:
        raise InvalidInput(f"N must be at least p + p_star = {q}, got {N}")
    triangle = np.tril(weights.standard_normal((q, q)), -1)
    triangle[np.diag_indices(q)] = np.sqrt(weights.chisquare(N - np.arange(q)))
    triangle /= np.linalg.norm(triangle, axis=1, keepdims=True)
    teacher, student = triangle[:p_star], triangle[p_star:]
    directions = np.concatenate([teacher, learnt(model, teacher, student)])
    v = rows.standard_normal((M, q))
    radial = model.inputs.radial
    tau = np.ones(M) if radial.trivial else radial.sample(norms, M)
    u = np.sqrt(tau)[:, None] * (v @ directions.T)
    y = model.labels.apply(model.teacher_output(u[:, :p_star]), noise)
    F = tau[:, None, None] * curvature(model, u[:, p_star:], y)
    some = tau > 0  # others add nothing
    return DrawLaw.of(F[some], v[some], np.eye(q)[:, :p_star], N)


def learnt(model: TeacherStudent, teacher: NDArray, student: NDArray) -> NDArray[np.float64]:
    """The student's unit vectors with the overlap and the Gram matrix of the model."""
    m = model.overlap_matrix
    if model.student_gram is None and not np.any(m):
        return student
    basis = _orthonormal(teacher)
    rest = student - student @ basis.T @ basis
    if model.student_gram is None:
        norms = np.linalg.norm(rest, axis=1, keepdims=True)
        own = np.sqrt(1 - (m**2).sum(axis=0))[:, None] * rest / norms
    else:
        values, vectors = np.linalg.eigh(model.gram - m.T @ m)
        own = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T @ _orthonormal(rest)
    return np.asarray(m.T @ basis + own)


def _orthonormal(vectors: NDArray) -> NDArray[np.float64]:
    """The nearest orthonormal rows."""
    left, _, right = np.linalg.svd(vectors, full_matrices=False)
    return np.asarray(left @ right)


def network_strength(model: TeacherStudent, N: int, M: int, seed: int, draw: int) -> float:
    """That of the first copy of one draw: above 1 it has an outlier."""
    return float(strengths(DrawBulk(sample_law(model, N, M, seed, draw)))[0])


def network_copies(model: TeacherStudent, N: int, M: int, seed: int, draw: int) -> DrawCopies:
    """The p p* + 1 lowest eigenvalues of one draw and their m²."""
    law, rest = sample_law(model, N, M, seed, draw), generators(seed, draw, 5)[4]
    return solve_copies(law, int(model.p) * model.p_star + 1, rest, SAMPLES)


def solve_network(
    model: TeacherStudent, N: int, M: int, seed: int, draw: int
) -> tuple[float, float, float, float, float]:
    """(left edge, outlier, its m², lowest, m² of the p p* lowest) of one draw, means over its rest.

    The outlier is the mean of the copies that are out, NaN where none is.
    """
    copies, found = int(model.p) * model.p_star, network_copies(model, N, M, seed, draw)
    outlier, m2 = found.at(slice(0, found.out)) if found.out else (math.nan, math.nan)
    lowest, overlap = found.at(slice(0, 1))[0], found.at(slice(0, copies))[1]
    return found.bulk(found.out), outlier, m2, lowest, overlap
