"""Lines of labels: coordinates t along which y, and what it says of u, are known functions."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.labels import Labels
from bbpscape.model.teacher import Law
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.label_law import (
    FINER_NOISE,
    SHIFTS,
    label_panels,
    mixture,
    noise_is_narrow,
    noise_shifts,
    teacher_nodes,
)
from bbpscape.theory.laws.network.own_labels import (
    crossings_along,
    own_label_nodes,
    split_functions,
)
from bbpscape.theory.laws.network.tabulated import tabulated_law
from bbpscape.theory.laws.network.teacher_rule import Split, crossings, outer_rule, turning_rule

# Gaussian coordinates are cut at REACH, in panels of PANEL or less.
REACH = 8.0
PANEL = 1.25
# Panels about a break of a teacher; points of a line that its breaks are looked for between.
GRADES, LINE = 14, 4_801
# Of the many lines of a plane: panels are wider and have fewer grades, students are no wider than
# this, and so many are the angles without breaks. u by which a y is told that is one along rays.
WIDER, FEW_GRADES, WIDEST, ANGLES = 1.4, 2, 1, 64
PROBES, SAME = np.array([[0.3, 1.1], [-1.7, 0.4], [0.8, -0.9], [-0.2, -1.3]]), 1e-12
# Labels beyond so many deviations of their noise.
HEAVY = 3_000.0


@dataclass(frozen=True, eq=False)
class Line:
    """Labels along one coordinate t, smooth between ``edges``.

    ``label`` is y(t), ``law`` gives the density of t with E[u | t], E[u uᵀ | t] behind its shape.
    """

    edges: NDArray[np.float64]
    label: Callable[[NDArray], NDArray]
    law: Callable[[NDArray], tuple[NDArray, NDArray, NDArray]]

    def moved(self, sign: float, shift: float) -> "Line":
        return Line(self.edges, lambda t: sign * self.label(t) + shift, self.law)


def narrow_noise(model: TeacherStudent) -> bool:
    """Whether label noise is narrow beside the law of exact labels."""
    return noise_is_narrow(teacher_nodes(model, 0.5, full=False), model.labels.noise)


def label_lines(model: TeacherStudent, refinement: float) -> list[tuple[float, Line]] | None:
    """(share, line) for every sign of the label, or None; see ``kinked_labels``.

    A student with an overlap needs u itself, and noise is a sum of shifted lines.
    """
    flip, noise, teacher = model.labels.flip, model.labels.noise, model.teacher
    together = model.overlap != 0.0
    reads = teacher.reads(model.p_star)
    alone, facts = reads == 1, teacher.facts(reads)
    if model.labels.poisson or facts.values:
        return None
    wide = noise > 0 and not narrow_noise(model)
    if wide and not together and not heavy(model):
        return [(1.0, _noisy_line(model, refinement))]
    if alone and (not together or model.p_star == 1):
        lines = [(1.0, _exact_line(model))]
    elif together:
        return None
    elif facts.rotations:
        lines = [(1.0, _radial_line(model))]
    elif teacher.law is not None:
        lines = [(1.0, _law_line(model, teacher.law))]
    elif teacher.unit is None and teacher.reads(model.p_star) == 2 and model.p <= WIDEST:
        lines = _plane_lines(model, refinement)
    elif reads == model.p_star and (known := tabulated_law(teacher, reads)):
        lines = [(1.0, _law_line(model, known))]
    else:
        return None
    shifts = noise_shifts(math.sqrt(noise), round(12 * refinement) if wide else SHIFTS)
    return [
        (mass * share * part, line.moved(sign, shift))
        for mass, line in lines
        for sign, share in ((1.0, 1.0 - flip), (-1.0, flip))
        for part, shift in shifts
        if share
    ]


def _panels(
    low: float, high: float, breaks: list[float], width: float = PANEL
) -> NDArray[np.float64]:
    inside = [b for b in breaks if low < b < high]
    return np.unique([*np.linspace(low, high, math.ceil((high - low) / width) + 1), *inside])


def heavy(model: TeacherStudent) -> bool:
    """Whether labels reach too far for panels as narrow as their noise."""
    exact = teacher_nodes(model, 0.5, full=False)
    return bool(abs(exact.y).max() > HEAVY * math.sqrt(model.labels.noise))


def _exact_line(model: TeacherStudent) -> Line:
    """t = u of a teacher of one neuron; of one sign where both say the same."""
    teacher = model.teacher
    half = teacher.facts(model.p_star).even and model.overlap == 0.0

    def law(t: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        first = np.zeros((*t.shape, model.p_star))
        second = np.broadcast_to(np.eye(model.p_star), (*t.shape, *[model.p_star] * 2)).copy()
        first[..., 0] = 0.0 if half else t
        second[..., 0, 0] = t**2
        return np.exp(-(t**2) / 2), first, second

    if teacher.unit is not None:
        breaks = list(teacher.unit.breaks)
    else:
        split = Split(split_functions(model), 1)
        breaks = graded(crossings_along(split, np.linspace(-REACH, REACH, LINE)))
    edges = _panels(0.0 if half else -REACH, REACH, breaks)
    return Line(edges, lambda t: teacher(t[..., None]), law)


def graded(breaks: list[float], grades: int = GRADES) -> list[float]:
    """Breaks with ever narrower panels about them, for what diverges there."""
    steps = PANEL * 2.0 ** -np.arange(grades)
    return [at + step for at in breaks for step in (0.0, *steps, *-steps)]


def _radial_line(model: TeacherStudent) -> Line:
    """t = |u| of a teacher that is invariant under rotations of the k that it reads."""
    teacher, p_star = model.teacher, model.p_star
    k = teacher.reads(p_star)
    axis = np.eye(k)[0]

    def law(t: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        with np.errstate(divide="ignore"):
            density = np.exp((k - 1) * np.log(t / math.sqrt(k)) - (t**2 - k) / 2)
        second = np.broadcast_to(np.eye(p_star), (*t.shape, p_star, p_star)).copy()
        second[..., :k, :k] = (t**2 / k)[..., None, None] * np.eye(k)
        return density, np.zeros((*t.shape, p_star)), second

    centre = math.sqrt(k)
    edges = _panels(max(0.0, centre - REACH), centre + REACH, [])
    return Line(edges, lambda t: teacher(t[..., None] * axis), law)


def _plane_lines(model: TeacherStudent, refinement: float) -> list[tuple[float, Line]]:
    """Lines that together are the plane of (u₁, u₂), with their shares.

    Through the origin, t = ±|u|, along which labels are seldom at an extreme; or along u₂ where y
    is one along each of those.
    """
    teacher = model.teacher
    rays = abs(teacher(2 * PROBES) - teacher(PROBES)).max() > SAME * abs(teacher(PROBES)).max()
    half = teacher.facts(model.p_star).even
    if not rays:
        split = Split(split_functions(model), 2)
        x, w = outer_rule(split, refinement, half)
        starts, steps = np.stack([x, np.zeros(x.size)], axis=1), np.array([[0.0, 1.0]] * x.size)
    else:
        turned = tuple(
            lambda v, one=one: one(v[..., 1:] * _direction(v[..., 0]))
            for one in (*split_functions(model), teacher)
        )
        split = Split(turned, 2)
        x, w = turning_rule(split, ANGLES, refinement)
        starts, steps = np.zeros((x.size, 2)), _direction(x)
    breaks = crossings(split, x[:, None])
    halved = half and rays
    return [
        (mass, _plane_line(model, start, step, [0.0, *at] if rays else at, halved, half))
        for mass, start, step, at in zip(w.tolist(), starts, steps, breaks, strict=True)
    ]


def _direction(angle: NDArray) -> NDArray[np.float64]:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _plane_line(
    model: TeacherStudent,
    start: NDArray,
    step: NDArray,
    breaks: list[float],
    positive: bool,
    even: bool,
) -> Line:
    """u = start + t step; through the origin its law is that of |u| with either sign."""
    teacher, p_star = model.teacher, model.p_star
    radial = not start.any()

    def place(t: NDArray) -> NDArray[np.float64]:
        return start + t[..., None] * step

    def law(t: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        u = place(t)
        first = np.zeros((*t.shape, p_star))
        second = np.broadcast_to(np.eye(p_star), (*t.shape, p_star, p_star)).copy()
        if not even:
            first[..., :2] = u
        second[..., :2, :2] = u[..., :, None] * u[..., None, :]
        size = abs(t) / (1.0 if positive else 2.0) if radial else 1 / math.sqrt(2 * math.pi)
        return np.exp(-(t**2) / 2) * size, first, second

    low = 0.0 if positive else -REACH
    edges = _panels(low, REACH, graded(breaks, FEW_GRADES), WIDER * PANEL)
    return Line(edges, lambda t: teacher(place(t)), law)


def _noisy_line(model: TeacherStudent, refinement: float) -> Line:
    """t = y itself."""
    if model.teacher.unit is None:
        clean = dataclasses.replace(model, labels=Labels())
        exact = own_label_nodes(clean, refinement)
    else:
        exact = teacher_nodes(model, FINER_NOISE * refinement, full=False)
    if model.labels.flip:
        exact = exact.flipped(model.labels.flip)
    sigma = math.sqrt(model.labels.noise)

    def law(t: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        density, first, second = mixture(exact, sigma, t.ravel())
        shape, p_star = t.shape, first.shape[1]
        return (
            density.reshape(shape),
            first.reshape(*shape, p_star),
            second.reshape(*shape, p_star, p_star),
        )

    return Line(label_panels(exact, sigma, model, 1.0), lambda t: t, law)


def _law_line(model: TeacherStudent, known: Law) -> Line:
    """t = y of a teacher that brings the inverse image of its labels."""
    teacher, p_star = model.teacher, model.p_star
    exact = own_label_nodes(dataclasses.replace(model, labels=Labels()), 1.0)
    low, high = (float(one) for one in (exact.y.min(), exact.y.max()))
    ends = [one for one in teacher.range(p_star) if math.isfinite(one)]
    law = np.cumsum(exact.weights)
    quartiles = exact.y[np.searchsorted(law, (0.25, 0.75))]
    width = float(quartiles[1] - quartiles[0]) / 4
    steps = width * 2.0 ** np.arange(-GRADES, 60)
    about = [0.0, *ends]
    edges = np.array([low, high, *about, *(a + s for a in about for s in (*steps, *-steps))])
    edges = np.unique(np.clip(edges, low, high))

    def moments(t: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        density, first, second = known(t.ravel())
        return (
            density.reshape(t.shape),
            first.reshape(*t.shape, p_star),
            second.reshape(*t.shape, p_star, p_star),
        )

    return Line(edges, lambda t: t, moments)
