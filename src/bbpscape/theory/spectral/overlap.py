"""What a spectral method D = Σ_μ T(y_μ) x_μ x_μᵀ shows at one α: its right edge and outlier."""

from __future__ import annotations

from bbpscape.core.checks import positive
from bbpscape.core.result import Result, result
from bbpscape.model.inputs.law import STANDARD, InputLaw
from bbpscape.theory.solution import Edge
from bbpscape.theory.spectral.channel import Channel
from bbpscape.theory.spectral.preprocessing import EXTREME, Preprocessing
from bbpscape.theory.spectral.structured import highest_informed, spectral_level


@result
class SpectralOverlap(Result):
    """What D looks like at one α: its right ``edge`` and the informative outlier beyond it.

    ``eigenvalue`` is None and ``m2`` is 0 without one; ``m2`` is the squared overlap of one of its
    p* eigenvectors with the p* directions of the teacher. Of inputs with principal components apart
    from the bulk it is the highest eigenvalue, that of a component that mixes with the teacher.

    Examples
    --------
    >>> import bbpscape as bb
    >>> teacher, T = bb.spectral.QuadraticTeacher(1), bb.spectral.subset(2.0)
    >>> found = bb.spectral.spectral_overlap(teacher, T, alpha=2.0)
    >>> found.eigenvalue > found.edge.value, 0 < found.m2 < 1
    (True, True)
    """

    preprocessing: str
    t: float | None
    alpha: float
    m2: float
    eigenvalue: float | None
    edge: Edge

    def headline(self) -> str:
        return f"Spectral method {self.preprocessing}, alpha = {self.alpha:.6g}"


def spectral_overlap(
    channel: Channel,
    preprocessing: Preprocessing,
    alpha: float,
    inputs: InputLaw = STANDARD,
    N: int | None = None,
) -> SpectralOverlap:
    """m², eigenvalue and right edge of the bulk of D = Σ_μ T(y_μ) x_μ x_μᵀ at M = αN.

    Units: those of T. ``inputs`` is the law of x, ``N`` the dimension that its covariance is that
    of, where it needs one.

    Parameters
    ----------
    channel : Channel
        A teacher with its labels, such as QuadraticTeacher(1).
    preprocessing : Preprocessing
    alpha : float
        Samples per dimension.
    inputs : InputLaw, optional
    N : int, optional
        Dimension, where the covariance belongs to one.

    Returns
    -------
    SpectralOverlap
        m², the outlier and the edge.

    Raises
    ------
    InvalidInput
        If α is not positive, or T is not defined or not seen on the labels.

    See Also
    --------
    spectral_threshold : Where the overlap begins.

    Examples
    --------
    Below 1/α = E[(w − 1)²] nothing is seen, and far above it all:

    >>> import bbpscape as bb
    >>> teacher = bb.spectral.QuadraticTeacher(1)
    >>> T = bb.spectral.optimal(teacher)
    >>> [round(bb.spectral.spectral_overlap(teacher, T, alpha).m2, 3) for alpha in (0.4, 1000.0)]
    [0.0, 1.0]
    """
    alpha = positive("alpha", alpha, EXTREME)
    edge, found = highest_informed(spectral_level(channel, preprocessing, inputs, N), alpha)
    return SpectralOverlap(
        preprocessing=preprocessing.name,
        t=preprocessing.t,
        alpha=alpha,
        m2=0.0 if found is None else found.m2,
        eigenvalue=None if found is None else found.eigenvalue,
        edge=edge,
    )
