"""The law of the edge, the outlier and its overlap at finite N, over draws.

By labels, each draw samples M = round(αN) label pairs, y ~ χ²_{p*}/p* and r ~ χ²_p/p, and solves
the label-sampled equations: no matrix, O(M) a draw. Of inputs with structure it samples a norm for
each label, and how the teacher lies along the principal components. By coordinates, see
``network_draw``. Source: theory.md §5–6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.codec import BULKY
from bbpscape.core.report import Report, Table, counted, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.statistics import Distribution, Fraction
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.draws import (
    LABELS,
    check_draws,
    check_sizes,
    drawn_by,
    over_draws,
)
from bbpscape.theory.finite.one_draw import observe_draw, start_of

OBSERVED = ("left_edge", "outlier", "m2", "lowest", "m2_lowest")


@result
class FiniteSizeLaw(Result):
    """The law over draws of M = round(αN) samples, at dimension N.

    ``by`` says how draws are given: by "labels", or by "coordinates" along student and teacher.

    A draw *has an outlier* iff α g (m_1^y − m_1) > 1 at the left edge of its own label-sampled
    bulk: iff the equations with its own labels have a root left of that edge. By coordinates it has
    one iff a copy is left of the edge. ``probability`` is
    the fraction of draws that do, ``probability_standard_error`` that of a ``Fraction``.

    ``samples`` hold every draw: ``left_edge``, the lowest eigenvalue of the bulk (edge and
    Tracy–Widom shift); ``outlier`` and ``m2``, NaN in a draw without an outlier; ``lowest``, the
    outlier or else the left edge, by coordinates the lowest copy; ``m2_lowest``, the mean overlap
    of the p p* lowest eigenvectors. The properties of these names are their means, errors and
    quantiles, over the draws that have them.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.finite.finite_size_law(model, alpha=3.0, N=200, draws=10)
    >>> found.with_outlier, bool(found.outlier.mean < found.left_edge.mean)
    (Fraction(count=10, of=10), True)
    """

    model: TeacherStudent
    alpha: float
    N: int
    M: int
    seed: int
    samples: dict[str, NDArray[np.float64]] = field(metadata=BULKY)
    by: str = LABELS

    derived = ("draws", "probability", "probability_standard_error", *OBSERVED)

    @property
    def draws(self) -> int:
        return self.samples["lowest"].size

    @cached_property
    def with_outlier(self) -> Fraction:
        """The draws that have an outlier."""
        return Fraction(int(np.isfinite(self.samples["outlier"]).sum()), self.draws)

    @property
    def probability(self) -> float:
        return self.with_outlier.value

    @property
    def probability_standard_error(self) -> float:
        return self.with_outlier.standard_error

    @cached_property
    def left_edge(self) -> Distribution:
        return self._over("left_edge")

    @cached_property
    def outlier(self) -> Distribution:
        return self._over("outlier")

    @cached_property
    def m2(self) -> Distribution:
        return self._over("m2")

    @cached_property
    def lowest(self) -> Distribution:
        return self._over("lowest")

    @cached_property
    def m2_lowest(self) -> Distribution:
        return self._over("m2_lowest")

    def _over(self, name: str) -> Distribution:
        values = self.samples[name]
        return Distribution.of(values[np.isfinite(values)])

    def columns(self) -> Mapping[str, Any]:
        """One row a draw."""
        return {"draw": np.arange(self.draws), **self.samples}

    def headline(self) -> str:
        return (
            f"Finite N, {self.model.label()}, alpha = {self.alpha:.6g}, N = {self.N}, "
            f"{counted(self.draws, 'draw')} by {self.by}"
        )

    def report(self) -> Report:
        rows = []
        for name in OBSERVED:
            found: Distribution = getattr(self, name)
            levels = [] if found.quantiles is None else list(found.quantiles.values())
            band = [f"{levels[i]:.5g}" if levels else "" for i in (0, 2, -1)]
            rows.append((name, str(found), *band, str(found.count)))
        probability = with_error(self.probability, self.probability_standard_error, ".3g")
        rows.insert(0, ("P(outlier)", probability, "", "", "", str(self.draws)))
        columns = ("quantity", "mean", "5 %", "median", "95 %", "draws")
        return Report([Table(self.headline(), columns, rows)])


def finite_size_law(
    model: TeacherStudent,
    alpha: float,
    N: int,
    draws: int = 100,
    seed: Seed = 0,
    workers: int | None = None,
    by: str | None = None,
) -> FiniteSizeLaw:
    """λ₋, λ*, m² and the probability of an outlier at N, over draws of the M = round(αN) samples.

    Parameters
    ----------
    model : TeacherStudent
        The source's model, at finite p, on inputs of any law; or any network of up to four neurons
        on isotropic inputs.
    alpha : float
        Samples per dimension; the result is for M/N.
    N : int
        Dimension. Time and memory go with M: at M = 1.7e6 a draw by labels takes about 0.13 s, by
        coordinates one takes 0.05 s at M = 1000.
    draws : int
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone, and its labels at a larger M begin with those at a
        smaller one: results at several α and N share their labels and are correlated.
    workers : int, optional
        Threads; as many as there are processors by default. The result does not depend on it.
    by : str, optional
        "labels", which know the p p* copies of an outlier at one place alone, or "coordinates",
        which know how they split and mix with the bulk. By default coordinates for networks, and
        for the source's model with 1 < p p*, p ≤ 4, isotropic inputs without a mean, N from
        12 (p + p*) to 2000 and M ≥ N/4; labels else: beyond N = 2000 their mean m² is off by about
        1 % or less, and the lowest copy lies left of theirs by some N^(−½).

    Returns
    -------
    FiniteSizeLaw
        Means, errors and quantiles over the draws.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.

    References
    ----------
    theory.md §5.

    Examples
    --------
    >>> from bbpscape.model.losses import NormalizedSquare
    >>> model = TeacherStudent(p=1, p_star=1, loss=NormalizedSquare(a=2.0))
    >>> finite_size_law(model, 3.0, 500, draws=20).probability
    1.0
    """
    N, M = check_sizes(model, alpha, N)
    draws, seed = check_draws(draws), check_seed(seed)
    by = drawn_by(model, N, M, by)
    start = start_of(model, M / N, by)

    def one(draw: int) -> tuple[float, ...]:
        return observe_draw(model, N, M, seed, draw, start, by)

    columns = np.array(over_draws(one, draws, M, workers)).T.copy()
    samples = dict(zip(OBSERVED, columns, strict=True))
    return FiniteSizeLaw(model, M / N, N, M, seed, samples, by)
