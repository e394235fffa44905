"""The law of the labels of any teacher: y = φ(u), then counts, flips and noise."""

import functools
import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.label_nodes import LabelNodes, compressed
from bbpscape.theory.laws.network.rules import gaussian_rule, radial_rule, tensor_nodes
from bbpscape.theory.laws.network.teacher_rule import (
    Function,
    Split,
    nodes_of,
    sets_of,
    settled,
    slopes,
)

RADIAL_STEP = 0.1
# Preactivations that are resolved until they settle; more, with kinks, have one density.
RESOLVED = 2
# To which accuracy.
SMOOTH, KINKED = 1e-10, 1e-8
# Counts beyond their mean, in standard deviations, how large they may be, and of how many means.
BEYOND, MOST_COUNTS, MOST_MEANS = 9.0, 20_000, 20_000
SMALLEST = 1e-18
LINE = np.linspace(0.0, 12.0, 4_801)


@functools.lru_cache(maxsize=16)
def own_teacher_nodes(model: TeacherStudent, refinement: float, *, full: bool) -> LabelNodes:
    """Nodes in u itself: y is that of an exact label.

    With ``full`` every u is a node of its own, as a student that overlaps with the teacher needs;
    else those that say the same share one, as far as the teacher's symmetries are known.
    """
    teacher, p_star = model.teacher, model.p_star
    k = teacher.reads(p_star)
    facts = teacher.facts(k)
    functions = split_functions(model)
    if facts.rotations and not full and k > 1:
        return _padded(_radial(model, k, refinement), p_star)
    half = facts.even and not full
    together = k > 1 and facts.exchangeable and not functions and not full

    def rule(density: float) -> tuple[NDArray, NDArray, NDArray]:
        if together:
            u, weights = sets_of(k, density * refinement)
        else:
            u, weights = nodes_of(functions, k, density * refinement, half)
        return u, weights, teacher(u)

    # A student that overlaps multiplies nodes of u by its own.
    if k == 1 or not (full or (functions and k > RESOLVED)):
        u, weights, y = settled(rule, _scales(model), KINKED if functions else SMOOTH)
    else:
        u, weights, y = rule(1.0)
    if not np.isfinite(y).all():
        raise InvalidInput(f"the teacher {teacher.name!r} is not finite at all preactivations")
    if together:
        return _padded(_exchangeable(u, weights, y), p_star)
    if full and k < p_star:
        rest, mass = tensor_nodes(*gaussian_rule((), (), refinement), p_star - k, symmetric=False)
        i, j = (one.ravel() for one in np.indices((len(u), len(rest))))
        u, weights, y = np.concatenate([u[i], rest[j]], axis=1), weights[i] * mass[j], y[i]
        k = p_star
    first = np.zeros_like(u) if half else u
    return _padded(LabelNodes(y, weights, first, u[:, :, None] * u[:, None, :]), p_star)


def split_functions(model: TeacherStudent) -> tuple[Function, ...]:
    """At whose zeros labels, or what a loss makes of them, are not smooth in u."""
    teacher, k = model.teacher, model.teacher.reads(model.p_star)
    found: list[Function] = [
        lambda u, i=i: teacher.kinks(u)[i]  # type: ignore[misc]
        for i in range(len(teacher.kinks(np.ones((1, k)))))
    ]
    discrete = bool(teacher.facts(model.p_star).values)
    labels = model.labels
    if discrete or labels.poisson:
        return tuple(found)
    if not labels.noise:
        signs = [1.0, -1.0][slice(labels.flip == 1, 2 if labels.flip else 1)]
        found += [
            lambda u, b=sign * b: teacher(u) - b  # type: ignore[misc]
            for b in model.loss.label_breaks
            for sign in signs
        ]
    if model.loss.label_scale is not None:
        found += slopes(teacher, k)
    return tuple(found)


def _scales(model: TeacherStudent) -> list[tuple[float, float]]:
    """Labels next to which the loss varies, and on which scale."""
    scale = model.loss.label_scale
    if scale is None:
        return []
    ends = [one for one in model.teacher.range(model.p_star) if math.isfinite(one)]
    return [(one, scale) for one in (*ends, *model.loss.label_breaks)]


def _radial(model: TeacherStudent, k: int, refinement: float) -> LabelNodes:
    """y = φ(s e), s = |u|, for a teacher that is invariant under rotations."""
    direction = np.sqrt(2.0 + np.arange(k))
    direction /= np.linalg.norm(direction)
    along = tuple(lambda s, one=one: one(s * direction) for one in split_functions(model))
    breaks = crossings_along(Split(along, 1), LINE) if along else []
    s, weights = radial_rule(k, RADIAL_STEP, refinement, breaks)
    y = model.teacher(s[:, None] * direction)
    second = (s**2 / k)[:, None, None] * np.eye(k)
    return LabelNodes(y, weights, np.zeros((y.size, k)), second)


def crossings_along(split: Split, grid: NDArray) -> list[float]:
    """Where a line crosses kinks, from the points of a grid on it."""
    code = split(grid[:, None])
    found = []
    for i in np.flatnonzero(code[1:] != code[:-1]):
        low, high = grid[i], grid[i + 1]
        for _ in range(60):
            middle = (low + high) / 2
            same = split(np.array([[middle]]))[0] == code[i]
            low, high = (middle, high) if same else (low, middle)
        found.append(float(high))
    return found


def _exchangeable(u: NDArray, weights: NDArray, y: NDArray) -> LabelNodes:
    """Sets of points, each of which stands for its permutations."""
    k = u.shape[1]
    square = (u**2).mean(axis=1)
    mixed = (u.sum(axis=1) ** 2 - (u**2).sum(axis=1)) / (k * (k - 1))
    second = square[:, None, None] * np.eye(k) + mixed[:, None, None] * (1 - np.eye(k))
    return LabelNodes(y, weights, np.repeat(u.mean(axis=1)[:, None], k, axis=1), second)


def _padded(nodes: LabelNodes, p_star: int) -> LabelNodes:
    """With the preactivations that the teacher does not read: independent of y."""
    n, k = nodes.first.shape
    if k == p_star:
        return nodes
    first = np.concatenate([nodes.first, np.zeros((n, p_star - k))], axis=1)
    second = np.broadcast_to(np.eye(p_star), (n, p_star, p_star)).copy()
    second[:, :k, :k] = nodes.second
    return LabelNodes(nodes.y, nodes.weights, first, second)


@functools.lru_cache(maxsize=64)
def own_label_nodes(model: TeacherStudent, refinement: float) -> LabelNodes:
    """The law of y in as few nodes as carry it: u is integrated out."""
    special = [*model.loss.label_breaks, *(e for e in model.label_range if math.isfinite(e))]
    if model.loss.label_scale is not None:
        special += [e for e in model.teacher.range(model.p_star) if math.isfinite(e)]
    labels = model.labels
    nodes = own_teacher_nodes(model, refinement, full=False)
    if not labels.poisson or nodes.y.size > MOST_MEANS:
        nodes = compressed(nodes, special, refinement)
    if labels.poisson:
        nodes = counted(nodes)
    if labels.flip:
        nodes = compressed(nodes.flipped(labels.flip), special, refinement)
    if labels.noise:
        nodes = compressed(_noisy(nodes, model, refinement), special, refinement)
    return nodes


def counted(nodes: LabelNodes) -> LabelNodes:
    """y ~ Poisson(φ) in place of φ."""
    kept = nodes.weights > SMALLEST
    mean, weights = nodes.y[kept], nodes.weights[kept]
    most = math.ceil(mean.max() + BEYOND * math.sqrt(mean.max()) + BEYOND**2 / 2)
    if most > MOST_COUNTS:
        raise InvalidInput(
            f"the theory of Poisson labels has counts up to {MOST_COUNTS}, and these go to "
            f"{most:.2g}: choose a smaller teacher"
        )
    y = np.arange(most + 1.0)
    joint = weights * np.exp(xlogy(y[:, None], mean) - mean - gammaln(y[:, None] + 1))
    mass = joint.sum(axis=1)
    y, joint, mass = y[mass > SMALLEST], joint[mass > SMALLEST], mass[mass > SMALLEST]
    share = joint / mass[:, None]
    first, second = (np.tensordot(share, one[kept], 1) for one in (nodes.first, nodes.second))
    return LabelNodes(y, mass / mass.sum(), first, second)


def counted_apart(nodes: LabelNodes) -> LabelNodes:
    """The same with a node for every count at every node."""
    mean = nodes.y
    parts = []
    for y in counted(nodes).y.tolist():
        mass = nodes.weights * np.exp(xlogy(y, mean) - mean - gammaln(y + 1))
        kept = np.flatnonzero(mass > SMALLEST)
        parts.append((np.full(kept.size, y), mass[kept], nodes.first[kept], nodes.second[kept]))
    y, weights, first, second = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return LabelNodes(y, weights / weights.sum(), first, second)


def _noisy(nodes: LabelNodes, model: TeacherStudent, refinement: float) -> LabelNodes:
    """y + √noise ξ: a rule of ξ for every y, split where the loss is at that y."""
    sigma = math.sqrt(model.labels.noise)
    parts = []
    for i, y in enumerate(nodes.y.tolist()):
        breaks = [(b - y) / sigma for b in model.loss.label_breaks]
        x, w = gaussian_rule((), breaks, refinement)
        parts.append((y + sigma * x, nodes.weights[i] * w, np.full(x.size, i)))
    y, weights, which = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return LabelNodes(y, weights, nodes.first[which], nodes.second[which])
