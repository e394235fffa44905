"""Observables of the spectrum: the lowest eigenvalues, and what their eigenvectors know."""

import functools
import math

import numpy as np

from bbpscape.core.checks import NoConvergence
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.eigen.teacher_mass import teacher_mass_below
from bbpscape.study.observable import OBSERVABLES, Observable
from bbpscape.study.spectrum import LeftEnd, Limit
from bbpscape.theory.finite.draw_copies import DrawCopies
from bbpscape.theory.finite.label_sampled import LabelSampled
from bbpscape.theory.route import route
from bbpscape.theory.threshold import threshold

Predicted = LabelSampled | DrawCopies
# Of α_BBP: where it is asked how much the lowest eigenvectors know.
ALPHAS = np.geomspace(1.0, 10.0, 13)


def _lowest(one: LeftEnd) -> float:
    return float(one.eigenvalues[0])


def _lowest_limit(model: TeacherStudent, limit: Limit) -> float:
    return limit.lowest


def _m2(one: LeftEnd) -> float:
    return float(one.m2[0])


def _m2_limit(model: TeacherStudent, limit: Limit) -> float:
    return limit.m2


def _total_m2(one: LeftEnd) -> float:
    return float(one.m2[: one.copies].sum())


def _total_m2_limit(model: TeacherStudent, limit: Limit) -> float:
    return limit.total_m2


def _copies(model: TeacherStudent) -> int:
    return int(model.p) * model.p_star


def _lowest_finite(model: TeacherStudent, draw: Predicted) -> float:
    return draw.at(slice(0, 1))[0]


def _m2_finite(model: TeacherStudent, draw: Predicted) -> float:
    return draw.at(slice(0, 1))[1]


def _total_m2_finite(model: TeacherStudent, draw: Predicted) -> float:
    return _copies(model) * draw.at(slice(0, _copies(model)))[1]


def _phi(one: LeftEnd) -> float | None:
    found = one.largest_overlap().lowest
    return None if found is None else float(found)


def _phi_seconds(model: TeacherStudent, N: int, M: int) -> float:
    """None where the lowest eigenvectors have most of the teacher, which decides it."""
    p, directions = int(model.p), int(model.p) * model.p_star
    if _decided_from(model) < M / N:
        return 0.0
    return CostModel(p, N, M, 1, directions).phi_seconds


@functools.lru_cache(maxsize=256)
def _decided_from(model: TeacherStudent) -> float:
    """α from which c copies with m² each leave less than m² to all others: m² > c/(c + 1).

    Asked of the source's models alone, whose theory takes milliseconds.
    """
    if not model.is_reference:
        return math.inf
    try:
        alphas = ALPHAS * _threshold(model, None)
    except NoConvergence:
        return math.inf
    copies = model.p * model.p_star
    enough = route(model).overlaps(alphas)[0] > copies / (copies + 1)
    return float(alphas[enough.argmax()]) if enough.any() else math.inf


def _gap(one: LeftEnd) -> float | None:
    if len(one.eigenvalues) <= one.copies:
        return None
    return float(one.eigenvalues[one.copies] - one.eigenvalues[one.copies - 1])


def _teacher_mass(one: LeftEnd) -> float | None:
    if one.limit is None or not math.isfinite(one.limit.edge):
        return None
    return teacher_mass_below(one.eigenvalues, one.m2, one.limit.edge, one.copies)


def _teacher_mass_limit(model: TeacherStudent, limit: Limit) -> float:
    return limit.total_m2 / (model.p * model.p_star)


def _edge(model: TeacherStudent, limit: Limit) -> float:
    return limit.edge


@functools.lru_cache(maxsize=256)
def _threshold(model: TeacherStudent, N: int | None) -> float:
    return threshold(model, N).alpha_bbp


def _alpha_bbp(model: TeacherStudent, limit: Limit) -> float:
    return _threshold(model, limit.N)


EDGE = Observable("edge", None, _edge, "left edge", "left edge of the bulk")
ALPHA_BBP = Observable(
    "alpha_bbp", None, _alpha_bbp, r"$\alpha_\mathrm{BBP}$", "threshold of the transition"
)

for _one in (
    Observable(
        "lowest",
        _lowest,
        _lowest_limit,
        r"lowest eigenvalue $\lambda$",
        "lowest eigenvalue",
        finite=_lowest_finite,
    ),
    Observable(
        "m2",
        _m2,
        _m2_limit,
        "squared overlap $m^2$",
        "squared teacher overlap (Frobenius norm at p* > 1) of the lowest eigenvector",
        finite=_m2_finite,
    ),
    Observable(
        "total_m2",
        _total_m2,
        _total_m2_limit,
        r"total squared overlap $\sum m^2$",
        "sum of m2 over the p p* lowest eigenvectors",
        finite=_total_m2_finite,
    ),
    Observable(
        "phi",
        _phi,
        None,
        r"fraction $\phi$",
        "1 if the eigenvector with the largest m2 is among the p p* lowest, else 0",
        cost=_phi_seconds,
    ),
    Observable("gap", _gap, None, "gap", "distance from the p p*-th lowest eigenvalue to the next"),
    Observable(
        "teacher_mass",
        _teacher_mass,
        _teacher_mass_limit,
        "teacher mass below the edge $Q$",
        "m2 of all eigenvectors below the N → ∞ edge, over p p*",
        needs_edge=True,
        cost=1.0,  # twice as many pairs until one is above the edge
    ),
    EDGE,
    ALPHA_BBP,
):
    OBSERVABLES.add(_one.name, _one)
