"""Weak recovery of any teacher, and what its optimal matrix T(y) shows at one α."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import positive
from bbpscape.core.report import Report, Table, number
from bbpscape.core.result import Result, result
from bbpscape.core.status import Diagnostics, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.solution import Edge
from bbpscape.theory.spectral.information import NO_INFORMATION, InformationLimit
from bbpscape.theory.spectral.matrix.information import modes
from bbpscape.theory.spectral.matrix.law_of import label_law
from bbpscape.theory.spectral.matrix.method import (
    MatrixOverlap,
    optimal_matrix,
    ridge_of,
    right_side,
)
from bbpscape.theory.spectral.matrix.moments import LabelNodes

# Of the probabilities of the labels, and E[E[u | y]²] that is rounding.
ACCURACY, UNSIGNED = 1e-6, 1e-12
MOST = 1e6
# An eigenvalue of 𝓕 that is rounding, of the largest.
NONE = 1e-9


@result
class MatrixRecovery(Result):
    """1/α_c = the largest eigenvalue of 𝓕(S) = E_y[(C_y − 1) S (C_y − 1)], C_y = E[u uᵀ | y].

    ``alphas`` are 1/eigenvalue of all its symmetric eigenmatrices ``modes``, shape (k, p*, p*), by
    increasing |α|: a mode of negative eigenvalue, or of none, is never found. ``linear`` is
    E|E[u | y]|²: where it is not 0 the linear statistic Σ_μ E[u | y_μ] x_μ works at every α.
    ``ridge`` is ε of T = 1 − ((C + ε 1)/(1 + ε))⁻¹, 0 but where C_y is singular. At ``alpha``,
    ``edge`` is the right one of D = Σ_μ T(y_μ) ⊗ x_μ x_μᵀ, and ``overlaps`` are its outliers.

    Examples
    --------
    The largest eigenvalue belongs to the smallest α that is not negative:

    >>> import bbpscape as bb
    >>> found = bb.weak_recovery(2, teacher="u1*u2").matrix
    >>> found.limit.alpha == min(a for a in found.alphas if a > 0)
    np.True_
    """

    model: TeacherStudent
    alphas: NDArray[np.float64]
    modes: NDArray[np.float64]
    linear: float
    ridge: float
    alpha: float | None
    edge: Edge | None
    overlaps: tuple[MatrixOverlap, ...]
    diagnostics: Diagnostics

    @property
    def status(self) -> Status:
        return self.diagnostics.status

    @property
    def limit(self) -> InformationLimit:
        """α of weak recovery: 0 where a linear statistic suffices."""
        found = float(self.alphas[0])
        spectral = found if found > 0 else math.inf
        return InformationLimit(0.0 if self.linear else spectral, spectral, self.diagnostics)

    def columns(self) -> Mapping[str, Any]:
        """One row a mode."""
        return {
            "alpha": self.alphas,
            **{
                f"mode_{i + 1}{j + 1}": self.modes[:, i, j]
                for i in range(self.model.p_star)
                for j in range(i, self.model.p_star)
            },
        }

    def headline(self) -> str:
        return f"Weak recovery, {self.model.label()}"

    def report(self) -> Report:
        rows = [
            (_alpha(alpha), _matrix(mode))
            for alpha, mode in zip(self.alphas.tolist(), self.modes, strict=True)
        ]
        tables = [Table(self.headline(), ("spectral alpha", "mode of u uᵀ"), rows)]
        if self.edge is not None:
            p = self.model.p_star
            kinds = "m2 (Frobenius)", "(nuclear)"
            names = ["eigenvalue", "times", *kinds, *(f"of u{k + 1}" for k in range(p))]
            outliers = [
                (f"{x.eigenvalue:.8g}", str(x.multiplicity), f"{x.m2:.5f}",
                 number(x.m2_nuclear, ".5f"),
                 *(f"{one:.5f}" for one in x.directions), _matrix(x.matrix))
                for x in self.overlaps
            ]  # fmt: skip
            title = f"Optimal T at alpha = {self.alpha:g}: right edge {self.edge.value:.6g}"
            tables.append(Table(title, (*names, "overlap matrix"), outliers))
        notes = [] if self.status.ok else [str(self.status)]
        if self.linear:
            notes.append(
                f"E[u|y] is not 0 (E|E[u|y]|^2 = {self.linear:.5g}): a linear statistic suffices, "
                "alpha_c = 0"
            )
        if self.ridge:
            notes.append(
                f"E[uu'|y] is singular, and T = -inf there: T is that of E[uu'|y] + {self.ridge:g}"
            )
        return Report(tables, notes)


def matrix_recovery(model: TeacherStudent, alpha: float | None = None) -> MatrixRecovery:
    """Weak recovery of the teacher of ``model``, and the optimal T at ``alpha``.

    Raises
    ------
    InvalidInput
        If the labels are none of those whose C_y is known (``label_law``).

    >>> model = TeacherStudent(1, 2, "square", teacher="u1*u2")
    >>> round(matrix_recovery(model).limit.alpha, 6)
    0.593751
    """
    if alpha is not None:
        alpha = positive("alpha", alpha, MOST)
    nodes = LabelNodes.of(label_law(model))
    values, matrices = modes(nodes)
    with np.errstate(divide="ignore"):
        seen = abs(values) > NONE * abs(values).max() + NO_INFORMATION
        alphas = np.where(seen, 1 / values, math.inf)
    order = np.argsort(np.where(alphas > 0, alphas, math.inf), kind="stable")
    linear = float(nodes.weights @ (nodes.first**2).sum(axis=1))
    ridge, edge = ridge_of(nodes, alpha), None
    overlaps: tuple[MatrixOverlap, ...] = ()
    if alpha is not None:
        edge, overlaps = right_side(nodes, optimal_matrix(nodes.second, ridge), alpha)
    return MatrixRecovery(
        model=model,
        alphas=alphas[order],
        modes=matrices[order],
        linear=linear if linear > UNSIGNED else 0.0,
        ridge=ridge,
        alpha=alpha,
        edge=edge,
        overlaps=overlaps,
        diagnostics=Diagnostics(0, 0.0, nodes.missing, ACCURACY),
    )


def _alpha(alpha: float) -> str:
    return f"{alpha:.8g}" if 0 < alpha < 1e12 else "never"


def _matrix(values: NDArray) -> str:
    """[a b; c d]."""
    rows = (" ".join(f"{one + 0.0:.3f}" for one in row) for row in values.round(3))
    return f"[{'; '.join(rows)}]"
