"""The curvature law: all that the theory needs to know of a model.

A rotation-invariant law is the joint law of the eigenvalues f of the per-sample curvature and of
weights w ≥ 0 that say how much of the sample lies along a *direction*. The theory sees it only
through the resolvent moments m_k^w(g) = E[w (f/(1 − g f))^k], with dm_k/dg = k m_{k+1}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

BULK = "bulk"
TEACHER = "teacher"
# Sectors of the student's own weights under rotations of the neurons, O(p).
STUDENT_TRACE = "student (trace)"
STUDENT_SYMMETRIC = "student (traceless symmetric)"
STUDENT_ANTISYMMETRIC = "student (antisymmetric)"
# Under permutations and signs of the neurons alone the traceless symmetric one falls into two.
STUDENT_DIAGONAL = "student (traceless diagonal)"
STUDENT_OFF_DIAGONAL = "student (symmetric off-diagonal)"
# Of the inputs themselves: their mean, whose weight has the mean 1 + |μ|², and their principal
# components.
MEAN, INPUT = "mean", "input"
# Without symmetry.
STUDENT = "student"


@runtime_checkable
class Law(Protocol):
    """What every rotation-invariant law offers the theory; any object with these is one.

    H = Σ_μ f_μ x_μ x_μᵀ, with M = αN samples x_μ ~ N(0, I/N) and f_μ that depend on x_μ through few
    directions only. A law says how f is distributed, and how large the squared component of √N x
    along each *direction* is given f: the weight w of that direction, with E w = 1; that of
    ``BULK`` is 1. ``threshold``, ``spectrum`` and ``overlap_curve`` take a law in place of a model.

    Half of the samples, f = 1, with a squared component of mean 0.2 along the teacher, the others
    left out: (1/N) Σ x xᵀ over the first, a Wishart matrix with one direction of another variance.

    Examples
    --------
    >>> class Selected:
    ...     zero_mass = 0.5
    ...     directions = {TEACHER: 1}
    ...
    ...     def support(self, direction=BULK):
    ...         return 1.0, 1.0
    ...
    ...     def moments(self, g, order, directions=(BULK,)):
    ...         powers = np.array([(1 - np.asarray(g)) ** -k for k in range(1, order + 1)])
    ...         return np.array([(0.5 if d == BULK else 0.1) * powers for d in directions])
    ...
    ...     def log_moment(self, g):
    ...         return 0.5 * np.log(1 - np.asarray(g))
    >>> from bbpscape.theory.threshold import threshold
    >>> round(threshold(Selected()).alpha_bbp, 9)  # 2/(1 − 0.2)²
    3.125
    """

    def support(self, direction: str = BULK) -> tuple[float, float]:
        """Infimum and supremum of the f that count in a direction.

        Samples of f = 0 add nothing to H and do not count: if all others lie on one side of 0,
        at a distance, so does the support.

        Parameters
        ----------
        direction : str
            ``BULK`` or a key of ``directions``.

        Returns
        -------
        (float, float)
            Either may be infinite.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.laws.DiscreteLaw([1.0, 3.0]).support()
        (1.0, 3.0)
        """

    @property
    def zero_mass(self) -> float:
        """P(f = 0)."""

    @property
    def directions(self) -> Mapping[str, float]:
        """Directions other than the bulk, each with the multiplicity of its outliers."""

    def moments(
        self, g: ArrayLike, order: int, directions: Sequence[str] = (BULK,)
    ) -> NDArray[np.inexact]:
        """m_k^w(g) = E[w (f/(1 − g f))^k] for k = 1 … order.

        Parameters
        ----------
        g : array
            Real with 1 − g f > 0 on the support, or complex with Im g ≤ 0; of real values
            outside that set the limit from below is meant.
        order : int
            The largest k.
        directions : sequence of str
            ``BULK`` and keys of ``directions``.

        Returns
        -------
        array, shape (directions, order, *g.shape)
            In units of f to the power k.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.laws.DiscreteLaw([1.0]).moments(-1.0, order=2).tolist()  # 1/2 and 1/4
        [[0.5, 0.25]]
        """

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        """E[log(1 − g f)] over the bulk, the branch that is continuous from g → 0.

        Parameters
        ----------
        g : array
            As of ``moments``.

        Returns
        -------
        array
            Of the shape of g.

        Examples
        --------
        >>> import bbpscape as bb
        >>> float(bb.laws.DiscreteLaw([1.0]).log_moment(-1.0).real.round(6))  # log 2
        0.693147
        """
