"""Whether the eigenvector that knows most of the teacher is the lowest one, with a proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.core.result import Result, result
from bbpscape.simulation.eigen.diagonalize import all_eigenvalues_and_lowest, teacher_overlap
from bbpscape.simulation.eigen.lanczos import SpectralMeasure, spectral_measures
from bbpscape.simulation.samples import check_samples

FULL_SIZE = 2000  # pN up to which a full diagonalization decides what the bounds leave open
LANCZOS_STEPS = 80


@result
class LargestOverlap(Result):
    """Whether the largest m² of all pN eigenvectors is among the p·p* lowest: φ is its mean.

    ``lowest`` is True or False, or None if it could not be decided. ``by`` says what decided:
    "found" (a found eigenvector above the p·p* lowest has more), "mass" (the others together have
    less than the largest found), "lanczos" (a bound on any one of them, from the spectral measures
    in the teacher directions), "diagonalization", or "open".

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.simulate(bb.TeacherStudent(1, 1), alpha=8.0, N=40, phi=True)
    >>> found.draws[0].largest_overlap.lowest
    True
    """

    lowest: bool | None
    by: str

    def headline(self) -> str:
        answer = {True: "among the lowest", False: "not among the lowest", None: "undecided"}
        return f"largest overlap: {answer[self.lowest]} ({self.by})"


def teacher_directions(p: int, teacher_basis: ArrayLike) -> NDArray[np.float64]:
    """The p·p* unit rows e_l placed in each block k, shape (p p_star, pN).

    Parameters
    ----------
    p : int
        Student width.
    teacher_basis : array, shape (N, p_star)
        Orthonormal columns.

    Returns
    -------
    array, shape (p p_star, p N)
        Orthonormal rows.

    Examples
    --------
    >>> teacher_directions(2, [[1.0]]).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    rows: NDArray[np.float64] = real_array("teacher_basis", teacher_basis, 2).T
    return np.kron(np.eye(p), rows).astype(float, copy=False)


def largest_overlap(
    hessian: Any,
    eigenvalues: ArrayLike,
    m2: ArrayLike,
    teacher_basis: ArrayLike,
    steps: int = LANCZOS_STEPS,
) -> LargestOverlap:
    """Decide ``LargestOverlap`` from the k lowest pairs, the cheapest argument first.

    Parameters
    ----------
    hessian : Hessian or StreamedHessian
    eigenvalues, m2 : arrays, shape (k,)
        The lowest eigenvalues, at least p·p* of them, and their squared teacher overlaps.
    teacher_basis : array, shape (N, p_star)
    steps : int
        Lanczos steps of the third argument.

    Returns
    -------
    LargestOverlap
        Whether the largest overlap is among the lowest pairs, and how that is known.

    Raises
    ------
    InvalidInput
        If an argument is of another kind or shape.

    Examples
    --------
    >>> import bbpscape as bb
    >>> one = bb.draw(bb.TeacherStudent(1, 1), alpha=8.0, N=40)
    >>> pairs = bb.lowest(one.hessian, k=3)
    >>> m2 = bb.eigen.teacher_overlap(pairs.eigenvectors, one.teacher_basis)
    >>> bb.eigen.largest_overlap(one.hessian, pairs.eigenvalues, m2, one.teacher_basis).lowest
    True
    """
    check_samples(hessian)
    eigenvalues = real_array("eigenvalues", eigenvalues, 1)
    m2, teacher_basis = real_array("m2", m2, 1), real_array("teacher_basis", teacher_basis, 2)
    p, copies = hessian.p, hessian.p * teacher_basis.shape[1]
    if not copies <= len(m2) == len(eigenvalues):
        raise InvalidInput(
            f"eigenvalues and m2 must be at least p p_star = {copies} pairs, "
            f"got {len(eigenvalues)} and {len(m2)}"
        )
    found = largest_of_pairs(m2, copies)
    if found.lowest is not None:
        return found
    measures = spectral_measures(hessian, teacher_directions(p, teacher_basis), steps)
    found = bounded_overlap(measures, float(eigenvalues[-1]), float(m2[:copies].max()))
    if found.lowest is None and hessian.held and hessian.shape[0] <= FULL_SIZE:
        pairs = all_eigenvalues_and_lowest(hessian, hessian.shape[0])
        overlaps = teacher_overlap(pairs.eigenvectors, teacher_basis)
        return LargestOverlap(bool(overlaps.argmax() < copies), "diagonalization")
    return found


def largest_of_pairs(m2: NDArray[np.float64], copies: int) -> LargestOverlap:
    """By the overlaps of the lowest pairs alone, of which the first ``copies`` are asked about."""
    best = float(m2[:copies].max())
    if (m2[copies:] > best).any():
        return LargestOverlap(False, "found")
    if copies - float(m2.sum()) < best:
        return LargestOverlap(True, "mass")
    return LargestOverlap(None, "open")


def bounded_overlap(
    measures: Sequence[SpectralMeasure], above: float, best: float
) -> LargestOverlap:
    """By the bound on every atom from ``above`` on, of the measures in the teacher's directions."""
    # The bound is constant between nodes: one point in each interval and the nodes are all of it.
    nodes = np.sort(np.concatenate([measure.nodes for measure in measures]))
    points = np.concatenate([nodes, (nodes[1:] + nodes[:-1]) / 2, [above]])
    points = points[points >= above]
    bound = sum(measure.largest_atom(points) for measure in measures)
    if float(np.max(bound)) < best:
        return LargestOverlap(True, "lanczos")
    return LargestOverlap(None, "open")
