"""The law of the label y, as nodes with what each says of the teacher's preactivations u."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.label_nodes import LabelNodes, gauss_rule
from bbpscape.theory.laws.network.own_labels import own_label_nodes, own_teacher_nodes
from bbpscape.theory.laws.network.rules import WIDTH, gaussian_rule, radial_rule, tensor_nodes

# Bins of y, each halving towards a break or an end, carry a Gauss rule of the law within them.
HALVINGS = 14
BIN_NODES = 7
# Nodes of y for noisy labels: panels of one standard deviation at most.
PANEL_NODES = 10
TAIL = 8.5
# Noise below NARROW of the spread of exact labels is a rule of SHIFTS nodes at every exact label;
# wider noise is resolved in y, and needs more exact labels.
NARROW, SHIFTS = 0.045, 6
FINER_NOISE = 3.0
# At p* = 1 nodes of u cost little.
FINER = 1.25
# Multisets of nodes of u, and labels that need no compression.
MOST_TENSOR = 3_000_000
FEW = 200
# |u| of a quadratic teacher.
WIDEST_TEACHER = 64
RADIAL_STEP = 0.1


def teacher_nodes(model: TeacherStudent, refinement: float, *, full: bool) -> LabelNodes:
    """Nodes in u itself: y is that of an exact label, and ``first`` is u.

    With ``full`` every u is a node of its own, as a student that overlaps with the teacher needs;
    else permutations of u, and signs where σ is even, share one, ``first`` and ``second`` being
    their means.
    """
    activation, p_star = model.teacher.unit, model.p_star
    if activation is None:
        return own_teacher_nodes(model, refinement, full=full)
    if activation.quadratic and not full and p_star > 1:
        return _radial_nodes(model, refinement)
    breaks = list(activation.breaks)
    for label in model.loss.label_breaks:
        if p_star == 1 and model.labels.noise == 0:
            breaks += _preimages(activation.value, label)
    scale = model.loss.label_scale
    gather = []
    if scale is not None and not breaks:
        # 1/(a + y) has a pole at u = i √(2a/σ″(0)) where y is smallest.
        bend = float(abs(activation.second(np.zeros(1)))[0]) or 1.0
        gather.append((0.0, min(1.0, math.sqrt(2 * scale / bend)) if activation.even else 1.0))
    x, w = gaussian_rule(gather, breaks, refinement * (FINER if p_star == 1 and not full else 1.0))
    even = activation.even and not full
    if even:
        kept = x > 0
        x, w = x[kept], w[kept] / w[kept].sum()
    if math.comb(x.size + p_star - 1, p_star) > MOST_TENSOR:
        raise InvalidInput(
            f"the theory of a general network has no p_star as large as {p_star} with this "
            "activation: its labels would need too many nodes"
        )
    u, weights = tensor_nodes(x, w, p_star, symmetric=not full)
    second = u[:, :, None] * u[:, None, :]
    first = u
    if not full:
        diagonal = (u**2).mean(axis=1)[:, None, None] * np.eye(p_star)
        if even or p_star == 1:
            mixed = np.zeros(len(u))
        else:
            mixed = (u.sum(axis=1) ** 2 - (u**2).sum(axis=1)) / (p_star * (p_star - 1))
        second = diagonal + mixed[:, None, None] * (1 - np.eye(p_star))
        mean = np.zeros(len(u)) if even else u.mean(axis=1)
        first = np.repeat(mean[:, None], p_star, axis=1)
    return LabelNodes(model.teacher_output(u), weights, first, second)


def _radial_nodes(model: TeacherStudent, refinement: float) -> LabelNodes:
    """y = s²/p* of a quadratic teacher, s = |u|; E[u uᵀ | y] = y I."""
    p_star = model.p_star
    if p_star > WIDEST_TEACHER:
        raise InvalidInput(
            f"the theory of a general network needs p_star of at most {WIDEST_TEACHER}, "
            f"got {p_star}"
        )
    s, weights = radial_rule(p_star, RADIAL_STEP, refinement)
    y = s**2 / p_star
    return LabelNodes(y, weights, np.zeros((y.size, p_star)), y[:, None, None] * np.eye(p_star))


def label_nodes(model: TeacherStudent, refinement: float) -> LabelNodes:
    """The law of y in as few nodes as carry it: u is integrated out."""
    flip, noise = model.labels.flip, model.labels.noise
    if model.teacher.unit is None or model.labels.poisson:
        return own_label_nodes(model, refinement)
    exact = teacher_nodes(model, refinement, full=False)
    narrow = noise_is_narrow(exact, noise)
    if exact.y.size > FEW and model.p_star > 1 and (narrow or not noise):
        exact = _compress(exact, model, refinement)
    elif noise and not narrow and model.p_star <= 2:
        exact = teacher_nodes(model, FINER_NOISE * refinement, full=False)
    if flip:
        exact = exact.flipped(flip)
    if noise and narrow:
        return _shifted(exact, math.sqrt(noise))
    return _noisy(exact, math.sqrt(noise), model, refinement) if noise else exact


def noise_is_narrow(exact: LabelNodes, noise: float) -> bool:
    """Whether the noise is narrow beside the law of exact labels, which it hardly smooths."""
    spread = exact.weights @ (exact.y - exact.weights @ exact.y) ** 2
    return bool(noise < NARROW**2 * spread)


def noise_shifts(sigma: float, count: int) -> list[tuple[float, float]]:
    """(share, shift) of a Gauss–Hermite rule of the noise; (1, 0) for none."""
    if sigma == 0:
        return [(1.0, 0.0)]
    xi, mass = np.polynomial.hermite_e.hermegauss(count)
    return list(zip((mass / mass.sum()).tolist(), (sigma * xi).tolist(), strict=True))


def _shifted(exact: LabelNodes, sigma: float) -> LabelNodes:
    """Narrow noise node by node: what a label says of u changes little across it."""
    shifts = noise_shifts(sigma, SHIFTS)
    return LabelNodes(
        np.concatenate([exact.y + shift for _, shift in shifts]),
        np.concatenate([share * exact.weights for share, _ in shifts]),
        np.concatenate([exact.first] * SHIFTS),
        np.concatenate([exact.second] * SHIFTS),
    )


def _preimages(function: Callable, value: float) -> list[float]:
    """The x at which a function of one variable crosses a value."""
    grid = np.linspace(-12.03, 12.01, 2405)
    gap = np.asarray(function(grid)) - value
    # An even function that touches 0 at 0 has its break there.
    found = [0.0] if abs(float(np.asarray(function(np.zeros(1)))[0]) - value) < 1e-14 else []
    for i in np.flatnonzero(gap[1:] * gap[:-1] < 0):
        root = brentq(
            lambda x: float(np.asarray(function(np.array([x])))[0]) - value, grid[i], grid[i + 1]
        )
        if not any(abs(root - one) < 1e-9 for one in found):
            found.append(float(root))
    return found


def _bin_edges(low: float, high: float, special: list[float]) -> NDArray:
    """Bins that halve towards those of the ``special`` points that lie in the label range."""
    span = high - low
    points = [low, high, *special]
    halves = span * 2.0 ** -np.arange(HALVINGS + 1)
    sides = [b + s * halves for b in special for s in (1, -1)]
    edges = np.concatenate([points, *sides])
    return np.unique(edges[(edges >= low) & (edges <= high)])


def _compress(nodes: LabelNodes, model: TeacherStudent, refinement: float) -> LabelNodes:
    """A Gauss rule of the law of y within each bin; the moments of u become polynomials in y."""
    count = round(BIN_NODES * refinement)
    order = np.argsort(nodes.y, kind="stable")
    y, w = nodes.y[order], nodes.weights[order]
    first, second = nodes.first[order], nodes.second[order]
    low, high = float(y[0]), float(y[-1])
    # Where σ is smooth, so is the law of y between its ends.
    kinked = bool(model.teacher.kinks(np.zeros((1, model.p_star))))
    special = [*model.loss.label_breaks, *([0.0] if kinked else [])]
    edges = _bin_edges(low, high, [low, high, *special])
    parts = []
    for start, stop in zip(
        np.searchsorted(y, edges[:-1], "left"),
        np.append(np.searchsorted(y, edges[1:-1], "left"), y.size),
        strict=True,
    ):
        if stop == start:
            continue
        part = slice(start, stop)
        parts.append(gauss_rule(y[part], w[part], first[part], second[part], count))
    joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return LabelNodes(*joined)


def label_panels(
    exact: LabelNodes, sigma: float, model: TeacherStudent, refinement: float
) -> NDArray[np.float64]:
    """Ends of the panels of y for labels with Gaussian noise of deviation σ."""
    low, high = exact.y.min() - TAIL * sigma, exact.y.max() + TAIL * sigma
    spread = math.sqrt(sigma**2 + float(exact.weights @ (exact.y - exact.weights @ exact.y) ** 2))
    scale = WIDTH if model.loss.label_scale is None else model.loss.label_scale
    width = min(sigma, spread) / refinement
    edges = _bin_edges(low, high, [0.0, *model.loss.label_breaks])
    points = [e for e in edges if low < e < high and min(abs(e), high - low) > scale / 8]
    ends = np.unique([low, *points, *[b for b in model.loss.label_breaks if low < b < high], high])
    panels = [
        np.linspace(a, b, math.ceil((b - a) / (2 * width)), endpoint=False)
        if b - a > 2 * width and min(abs(a), abs(b)) < 10 * spread
        else [a]
        for a, b in pairwise(ends)
    ]
    return np.append(np.concatenate(panels), high)


def mixture(exact: LabelNodes, sigma: float, y: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """(density, E[u | y], E[u uᵀ | y]) of the mixture Σ_i weights_i N(y; y_i, σ²)."""
    p_star = exact.first.shape[1]
    columns = np.concatenate(
        [np.ones((exact.y.size, 1)), exact.first, exact.second.reshape(-1, p_star**2)], axis=1
    )
    columns *= exact.weights[:, None]
    result = np.empty((y.size, columns.shape[1]))
    for start in range(0, y.size, 64):
        block = slice(start, start + 64)
        kernel = np.exp(-((y[block, None] - exact.y) ** 2) / (2 * sigma**2))
        result[block] = kernel @ columns / (sigma * math.sqrt(2 * math.pi))
    density = result[:, 0]
    moments = result[:, 1:] / np.maximum(density, 1e-300)[:, None]
    return density, moments[:, :p_star], moments[:, p_star:].reshape(-1, p_star, p_star)


def _noisy(exact: LabelNodes, sigma: float, model: TeacherStudent, refinement: float) -> LabelNodes:
    ends = label_panels(exact, sigma, model, refinement)
    nodes, steps = np.polynomial.legendre.leggauss(PANEL_NODES)
    half = np.diff(ends)[:, None] / 2
    y = ((ends[1:] + ends[:-1])[:, None] / 2 + half * nodes).ravel()
    density, first, second = mixture(exact, sigma, y)
    weights = (half * steps).ravel() * density
    kept = weights > 1e-300
    weights = weights[kept]
    return LabelNodes(y[kept], weights / weights.sum(), first[kept], second[kept])
