"""Observables of one draw that a transition shows in, beside the lowest eigenvectors' overlap."""

from __future__ import annotations

from numpy.typing import ArrayLike

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput


def teacher_mass_below(
    eigenvalues: ArrayLike, m2: ArrayLike, edge: float, copies: int = 1
) -> float:
    """Q = (1/(p p*)) Σ_{λ_j < edge} m²_j: the teacher's spectral mass below a fixed eigenvalue.

    With ``edge`` the N → ∞ left edge, Q is 0 up to α_BBP and m² above it as N → ∞, and at finite N
    the curves Q(α) of two N cross near α_BBP. Measured values: finite-size.md.

    Parameters
    ----------
    eigenvalues : array, shape (k,)
        Eigenvalues in increasing order, the k lowest at least up to ``edge``.
    m2 : array, shape (k,)
        Squared teacher overlap of the eigenvector of each (``diagonalize.teacher_overlap``).
    edge : float
        In the units of the eigenvalues.
    copies : int
        p p*, the dimension of the eigenspace of the outlier.

    Returns
    -------
    float
        The teacher's spectral mass below that eigenvalue.

    Raises
    ------
    InvalidInput
        If the shapes differ.

    Examples
    --------
    >>> teacher_mass_below([-2.0, -1.0, 0.5], [0.5, 0.25, 0.125], edge=0.0)
    0.75
    """
    values, overlaps = real_array("eigenvalues", eigenvalues), real_array("m2", m2)
    if values.ndim != 1 or values.shape != overlaps.shape:
        raise InvalidInput(
            f"eigenvalues and m2 must be of one shape (k,), got {values.shape} and {overlaps.shape}"
        )
    return float(overlaps[values < edge].sum() / copies)
