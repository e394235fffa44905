"""Labels for losses with kinks in ŷ: a rule of y for each output of the student, split there.

Where ℓ″ jumps on a line of the (y, ŷ) plane, a product of two rules has an error of the first order
in their spacing. Given ŷ the jumps lie at known y, and between them all is smooth.
"""

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
from bbpscape.theory.laws.network.label_nodes import LabelNodes
from bbpscape.theory.laws.network.own_labels import (
    crossings_along,
    own_label_nodes,
    split_functions,
)
from bbpscape.theory.laws.network.teacher_rule import Split

# Gaussian coordinates are cut at REACH, in panels of PANEL or less with NODES each at refinement 1.
REACH = 8.0
PANEL = 1.25
NODES = 8
# Panels about a break of a teacher; points of a line that its breaks are looked for between.
GRADES, LINE = 14, 4_801
# Labels beyond so many deviations of their noise.
HEAVY = 3_000.0
# Points of a panel between which signs of a kink are compared, and halvings of a crossing.
LOOKS = 12
HALVINGS = 45
BLOCK = 2**21


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


def kinked_labels(model: TeacherStudent, outputs: NDArray, refinement: float) -> LabelNodes | None:
    """A rule of y for each output ŷ of shape (n,): arrays (n, m), (n, m, p*), (n, m, p*, p*).

    None where the law of y is not known along a line: discrete labels, and exact labels of a
    teacher of several neurons that is not invariant under rotations and brings no ``law``.
    """
    lines = label_lines(model, refinement)
    if lines is None:
        return None
    parts = []
    for share, line in lines:
        t, steps = _split(model, line, outputs, round(NODES * refinement))
        density, first, second = line.law(t)
        parts.append((line.label(t), share * steps * density, first, second))
    y, weights, first, second = (
        np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True)
    )
    return LabelNodes(y, weights / weights.sum(axis=1, keepdims=True), first, second)


def singular_outputs(model: TeacherStudent, outputs: NDArray) -> NDArray[np.float64]:
    """Positions along increasing ``outputs`` where a kink comes to an end of the label range.

    Fractional indices into ``outputs``: there a mean over exact labels is singular in ŷ. Discrete
    labels are ends all of them.
    """
    found = [np.zeros(0)]
    noise = model.labels.noise
    if noise and not narrow_noise(model):
        return found[0]
    for end in (end for end in label_ends(model) if math.isfinite(end)):
        for _, shift in noise_shifts(math.sqrt(noise), SHIFTS):
            for kink in model.loss.kinks(np.full(outputs.size, end + shift), outputs):
                value = np.where(np.isfinite(kink), kink, 1.0)
                i = np.flatnonzero((value[1:] > 0) != (value[:-1] > 0))
                found.append(i + value[i] / (value[i] - value[i + 1]))
    return np.concatenate(found)


def label_ends(model: TeacherStudent) -> list[float]:
    """Ends of the range of labels without noise, or all labels where these are discrete."""
    labels, teacher = model.labels, model.teacher
    if labels.poisson:
        return own_label_nodes(
            dataclasses.replace(model, labels=Labels(0.0, labels.flip, True)), 1.0
        ).y.tolist()
    values = () if teacher.unit is not None else teacher.facts(model.p_star).values
    if values:
        return [sign * y for y in values for sign in ((1.0, -1.0) if labels.flip else (1.0,))]
    return list(Labels(flip=labels.flip).range(*teacher.range(model.p_star)))


def narrow_noise(model: TeacherStudent) -> bool:
    """Whether label noise is narrow beside the law of exact labels."""
    return noise_is_narrow(teacher_nodes(model, 0.5, full=False), model.labels.noise)


def label_lines(model: TeacherStudent, refinement: float) -> list[tuple[float, Line]] | None:
    """(share, line) for every sign of the label, or None; see ``kinked_labels``.

    A student with an overlap needs u itself, and noise is a sum of shifted lines.
    """
    flip, noise, teacher = model.labels.flip, model.labels.noise, model.teacher
    together = model.overlap != 0.0
    alone = teacher.reads(model.p_star) == 1
    facts = teacher.facts(model.p_star)
    if model.labels.poisson or facts.values:
        return None
    wide = noise > 0 and not narrow_noise(model)
    if wide and not together and not heavy(model):
        return [(1.0, _noisy_line(model, refinement))]
    if alone and (not together or model.p_star == 1):
        line = _exact_line(model)
    elif together:
        return None
    elif facts.rotations:
        line = _radial_line(model)
    elif teacher.law is not None:
        line = _law_line(model, teacher.law)
    else:
        return None
    shifts = noise_shifts(math.sqrt(noise), round(12 * refinement) if wide else SHIFTS)
    return [
        (share * part, line.moved(sign, shift))
        for sign, share in ((1.0, 1.0 - flip), (-1.0, flip))
        for part, shift in shifts
        if share
    ]


def _panels(low: float, high: float, breaks: list[float]) -> NDArray[np.float64]:
    inside = [b for b in breaks if low < b < high]
    return np.unique([*np.linspace(low, high, math.ceil((high - low) / PANEL) + 1), *inside])


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


def graded(breaks: list[float]) -> list[float]:
    """Breaks with ever narrower panels about them, for what diverges there."""
    steps = PANEL * 2.0 ** -np.arange(GRADES)
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


def _split(
    model: TeacherStudent, line: Line, outputs: NDArray, nodes: int
) -> tuple[NDArray, NDArray]:
    """Gauss nodes and steps in t for every output: the line's panels, split at its kinks."""
    points = [
        np.linspace(a, b, LOOKS, endpoint=False)
        for a, b in zip(line.edges[:-1], line.edges[1:], strict=True)
    ]
    grid = np.append(np.concatenate(points), line.edges[-1])
    rows = max(1, BLOCK // grid.size)
    blocks = [outputs[i : i + rows] for i in range(0, outputs.size, rows)]
    found = [_crossings(model, line, block, grid) for block in blocks]
    most = max(one.shape[1] for one in found)
    # A panel without width has no weight.
    breaks = np.full((outputs.size, most), line.edges[-1])
    for i, one in enumerate(found):
        breaks[i * rows : i * rows + len(one), : one.shape[1]] = one
    fixed = np.broadcast_to(line.edges, (outputs.size, line.edges.size))
    edges = np.sort(np.concatenate([fixed, breaks], axis=1), axis=1)
    x, w = np.polynomial.legendre.leggauss(nodes)
    half = np.diff(edges, axis=1)[:, :, None] / 2
    middle = (edges[:, 1:] + edges[:, :-1])[:, :, None] / 2
    return (middle + half * x).reshape(outputs.size, -1), (half * w).reshape(outputs.size, -1)


def _crossings(model: TeacherStudent, line: Line, outputs: NDArray, grid: NDArray) -> NDArray:
    """The t at which kinks change sign, shape (outputs, most), filled up with the last edge."""
    y_hat, found = outputs[:, None], []
    for k in range(len(model.loss.kinks(line.label(grid[:1]), outputs[:1]))):

        def kink(t: NDArray, y_hat: NDArray = y_hat, k: int = k) -> NDArray:
            return np.asarray(model.loss.kinks(line.label(t), y_hat)[k])

        positive = np.broadcast_to(kink(grid[None]) > 0, (outputs.size, grid.size))
        row, column = np.nonzero(positive[:, 1:] != positive[:, :-1])
        low, high, sign = grid[column], grid[column + 1], positive[row, column]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            same = (kink(middle, outputs[row]) > 0) == sign
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found.append((row, high))
    row, at = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.argsort(row, kind="stable")
    row, at = row[order], at[order]
    counts = np.bincount(row, minlength=outputs.size)
    result = np.full((outputs.size, counts.max(initial=0)), grid[-1])
    result[row, np.arange(row.size) - (np.cumsum(counts) - counts)[row]] = at
    return result
