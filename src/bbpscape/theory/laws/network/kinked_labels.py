"""Labels for losses with kinks in ŷ: a rule of y for each output of the student, split there.

Where ℓ″ jumps on a line of the (y, ŷ) plane, a product of two rules has an error of the first order
in their spacing. Given ŷ the jumps lie at known y, and between them all is smooth.
"""

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.labels import Labels
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.label_law import SHIFTS, noise_shifts
from bbpscape.theory.laws.network.label_nodes import LabelNodes
from bbpscape.theory.laws.network.lines import Line, label_lines, narrow_noise
from bbpscape.theory.laws.network.own_labels import own_label_nodes

# Nodes of a panel at refinement 1.
NODES = 8
# Points of a panel between which signs of a kink are compared, and halvings of a crossing.
LOOKS = 12
HALVINGS = 45
BLOCK = 2**21


def kinked_labels(model: TeacherStudent, outputs: NDArray, refinement: float) -> LabelNodes | None:
    """A rule of y for each output ŷ of shape (n,): arrays (n, m), (n, m, p*), (n, m, p*, p*).

    None where the law of y is not known along a line: discrete labels, and for wider students
    exact labels of a teacher of several neurons that is not invariant under rotations and brings no
    ``law``.
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
