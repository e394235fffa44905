"""Nodes of the joint law of student preactivations, labels and teacher preactivations."""

import functools
import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, pdtrik

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.grid import NetworkNodes, permutable, sign_symmetric
from bbpscape.theory.laws.network.kinked_labels import kinked_labels, singular_outputs
from bbpscape.theory.laws.network.label_law import (
    label_nodes,
    noise_shifts,
    teacher_nodes,
)
from bbpscape.theory.laws.network.label_nodes import LabelNodes
from bbpscape.theory.laws.network.learnt import (
    conditional,
    correlated,
    deviations,
    is_narrow,
    own_root,
    whitening,
)
from bbpscape.theory.laws.network.own_labels import counted_apart
from bbpscape.theory.laws.network.rules import (
    WIDTH,
    gaussian_rule,
    sobol_points,
    tensor_nodes,
    tensor_size,
)
from bbpscape.theory.laws.network.thinned import COUNTS, thinned

# Nodes of a product of rules of refinement FINEST, which the sparsest of DENSITIES must fit: they
# take time and memory as p grows. Beyond, nodes are quasi-Monte Carlo, of as many numbers as that.
MOST_NODES = {1: 20_000_000, 2: 6_000_000}
MOST_NODES_OF_MANY = 2_300_000
MOST_NUMBERS = 60_000_000
FINEST = 1.4
DENSITIES = (1.0, 0.8, 0.65, 0.55, 0.45)
# What is left out at p ≥ 3, where most of a product lies far out.
SMALLEST = 1e-13
# Preactivations of a single neuron that are looked at for breaks.
LAST, LOOKS = 8.5, 100_001
LEAST_BITS, MOST_BITS = 9, 20
QMC_POWER = 4
# Widest teacher of an overlapping student whose coordinates are a product, without kinks.
MOST_TOGETHER = 2
# Memory and time grow as p² or p³ at every node.
WIDEST = 8
WIDEST_TEACHER = 16


def network_nodes(
    model: TeacherStudent, refinement: float, gather: list[float], seed: int = 0
) -> NetworkNodes:
    """Nodes for a model of finite widths.

    Parameters
    ----------
    model : TeacherStudent
    refinement : float
        Density of nodes; the difference between two values estimates the error.
    gather : list of floats
        Preactivations next to which 1 − g f nearly vanishes.
    seed : int
        Of the scrambling, where the nodes are quasi-Monte Carlo.

    Raises
    ------
    InvalidInput
        If p is above 8.
    """
    check_width(model)
    density = _density(model, tuple(gather))
    if density is not None and is_narrow(model, density):
        return own_coordinates(model, density * refinement)
    if density is None:
        if model.overlap != 0.0:
            return joint_quasi_monte_carlo(model, refinement, seed)
        # As exact as the student's side can be.
        labels = label_nodes(model, refinement / 2)
        coordinates, mass = _quasi_monte_carlo(model, refinement, labels.y.size, seed)
        root = own_root(model)
    else:
        labels = _product_labels(model, density, refinement, gather)
        x, w = _student_rule(model, density * refinement, gather)
        p, symmetric = int(model.p), permutable(model)
        coordinates, mass = tensor_nodes(x, w, p, symmetric=symmetric, smallest=_smallest(p))
        root = np.diag(deviations(model))
    points = coordinates @ root
    if has_kinks(model):
        finer = (density or 0.5) * refinement
        labels = kinked_labels(model, model.output(points), finer) or labels
    y, given, first, second = (
        one if labels.y.ndim == 2 else one[None]
        for one in (labels.y, labels.weights, labels.first, labels.second)
    )
    weights, L = mass[:, None] * given, np.eye(int(model.p) + model.p_star)
    if density is not None and correlated(model):
        weights = weights * conditional(model, points, first)
        # Both rules are exact for their own law; their joint sum is 1 to quadrature accuracy.
        weights /= weights.sum()
        coordinates, L = points, whitening(model)
    kept = weights.sum(axis=1) > 1e-17
    if len(y) > 1:
        y, first, second = y[kept], first[kept], second[kept]
    method = "quasi-Monte Carlo" if density is None else "tensor"
    places = points[kept], coordinates[kept]
    return NetworkNodes(model, *places, L, y, weights[kept], first, second, method)


def check_width(model: TeacherStudent) -> None:
    """Refuse a student wider than WIDEST, before anything is computed."""
    if model.p > WIDEST:
        raise InvalidInput(f"the theory of a general network needs p of at most {WIDEST}")


def has_kinks(model: TeacherStudent) -> bool:
    """Whether ℓ′ or ℓ″ jumps with ŷ."""
    return len(model.loss.kinks(np.zeros(1), np.zeros(1))) > 0


def held_numbers(model: TeacherStudent) -> float:
    """How many numbers are held at the nodes of the refinement FINEST, about."""
    p = int(model.p)
    if p > WIDEST:
        return 0.0  # refused
    density = _density(model, ())
    if density is None:
        return MOST_NUMBERS
    return _points(model, density, []) * _labels_at(model, density).y.size * (2 * p * p + p)


@functools.lru_cache(256)
def _density(model: TeacherStudent, gather: tuple[float, ...]) -> float | None:
    """The first of DENSITIES whose product of rules fits at the refinement FINEST, if one does."""
    together = MOST_TOGETHER if not has_kinks(model) else 1
    if model.overlap != 0.0 and model.p_star > together:
        return None
    most = MOST_NODES.get(int(model.p), MOST_NODES_OF_MANY)
    return next((one for one in DENSITIES if _fits(model, one, list(gather), most)), None)


def _fits(model: TeacherStudent, density: float, gather: list[float], most: float) -> bool:
    """Whether a product of rules at the refinement FINEST times ``density`` has ``most`` nodes."""
    points, labels = _points(model, density, gather), _labels_at(model, density)
    if points * labels.y.size <= most:
        return True
    if model.overlap != 0.0 or labels.y.ndim == 2 or points * COUNTS[0] > most:
        return False
    return points * thinned(model, labels, FINEST, gather).y.size <= most


def _points(model: TeacherStudent, density: float, gather: list[float]) -> float:
    """How many points of λ a product has, about."""
    _, w = _student_rule(model, density * FINEST, gather)
    p, symmetric = int(model.p), permutable(model)
    return tensor_size(w, p, symmetric=symmetric, smallest=_smallest(p))


def _labels_at(model: TeacherStudent, density: float) -> LabelNodes:
    """Labels beside a point at the refinement FINEST times ``density``; at a point, if split."""
    split = kinked_labels(model, np.ones(1), density * FINEST) if has_kinks(model) else None
    return split or _labels(model, density * FINEST)


def _smallest(p: int) -> float:
    """The least weight of a point of a product."""
    return SMALLEST if p > 2 else SMALLEST**2


def _product_labels(
    model: TeacherStudent, density: float, refinement: float, gather: list[float]
) -> LabelNodes:
    """Labels beside a product of rules, as few as they may be where every student has the same."""
    labels = _labels(model, density * refinement)
    return labels if model.overlap != 0.0 else thinned(model, labels, refinement, gather)


def _labels(model: TeacherStudent, refinement: float) -> LabelNodes:
    if model.overlap == 0.0:
        return label_nodes(model, refinement)
    return _overlapping_labels(model, refinement)


def _student_rule(
    model: TeacherStudent, refinement: float, gather: list[float]
) -> tuple[NDArray, NDArray]:
    """One preactivation over its deviation, by half of its rule where its sign does not matter.

    Half of a rule stands for all signs only if the whole is symmetric; without that symmetry F is
    often nearly as low at −λ.
    """
    scales = np.unique(deviations(model)).tolist()
    signed = {s * c / one for c in gather for s in (1, -1) for one in scales}
    gathered = [(c, WIDTH) for c in sorted(signed)]
    breaks = [b / one for b in model.activation.breaks for one in scales]
    if model.p == 1:
        fine = np.linspace(-LAST, LAST, LOOKS)
        at = singular_outputs(model, model.output(scales[0] * fine[:, None]))
        breaks += np.interp(at, np.arange(LOOKS), fine).tolist()
        # Nodes gather at breaks even more.
        breaks += [c for c, _ in gathered] if breaks else []
    x, w = gaussian_rule(gathered, breaks, refinement)
    if sign_symmetric(model):
        return x[x > 0], w[x > 0] / w[x > 0].sum()
    return x, w


def _quasi_monte_carlo(
    model: TeacherStudent, refinement: float, labels: int, seed: int
) -> tuple[NDArray, NDArray]:
    """Scrambled Sobol points of λ, as many as ``labels`` of each allow."""
    p = int(model.p)
    bits = _bits(p, refinement, labels)
    cube = sobol_points(p, 2**bits, seed)
    return ndtri(np.clip(cube, 1e-16, 1 - 1e-16)), np.full(2**bits, 2.0**-bits)


def _bits(p: int, refinement: float, labels: int) -> int:
    """The number of Sobol points, as a power of 2."""
    most = MOST_NUMBERS / (2 * p * p + p) * (refinement / FINEST) ** QMC_POWER / labels
    return min(max(math.floor(math.log2(most)), LEAST_BITS), MOST_BITS)


def _overlapping_labels(model: TeacherStudent, refinement: float) -> LabelNodes:
    """Every u with its labels."""
    nodes = teacher_nodes(model, refinement, full=True)
    if model.labels.poisson:
        nodes = counted_apart(nodes)
    noise, flip = model.labels.noise, model.labels.flip
    y, w, first, second = nodes.y, nodes.weights, nodes.first, nodes.second
    shifts = [
        (share * part, sign, shift)
        for share, sign in ((1.0 - flip, 1.0), (flip, -1.0))
        if share
        for part, shift in noise_shifts(math.sqrt(noise), round(12 * refinement))
    ]
    return LabelNodes(
        np.concatenate([sign * y + shift for _, sign, shift in shifts]),
        np.concatenate([share * w for share, _, _ in shifts]),
        np.concatenate([first] * len(shifts)),
        np.concatenate([second] * len(shifts)),
    )


def own_coordinates(model: TeacherStudent, refinement: float) -> NetworkNodes:
    """λ = mᵀu + R^½ ζ, with rules of ζ and of the labels, of every u where there is an overlap."""
    p = int(model.p)
    rule, smallest = gaussian_rule(refinement=refinement), _smallest(p)
    zeta, mass = tensor_nodes(*rule, p, symmetric=permutable(model), smallest=smallest)
    labels, points, L = _labels(model, refinement), zeta @ own_root(model), np.eye(p + model.p_star)
    if model.overlap == 0.0:
        rows = labels.y[None], mass[:, None] * labels.weights, labels.first[None]
        return NetworkNodes(model, points, zeta, L, *rows, labels.second[None], "tensor")
    weights = np.outer(mass, labels.weights)
    i, j = np.nonzero(weights > smallest)
    weights, points = weights[i, j, None], points[i] + (labels.first @ model.overlap_matrix)[j]
    given = (
        labels.y[j, None],
        weights / weights.sum(),
        labels.first[j, None],
        labels.second[j, None],
    )
    return NetworkNodes(model, points, zeta[i], L, *given, "tensor")


def joint_quasi_monte_carlo(model: TeacherStudent, refinement: float, seed: int) -> NetworkNodes:
    """Scrambled Sobol points in all coordinates at once: a grid of n × 1 nodes."""
    p, p_star = int(model.p), model.p_star
    if p_star > WIDEST_TEACHER:
        raise InvalidInput(
            f"the theory of a student that overlaps needs p_star of at most {WIDEST_TEACHER}, "
            f"got {p_star}"
        )
    count = 2 ** _bits(p, refinement, 1)
    cube = sobol_points(p + p_star + 2 + model.labels.poisson, count, seed)
    z = ndtri(np.clip(cube[:, : p + p_star + 2], 1e-16, 1 - 1e-16))
    u, zeta = z[:, p : p + p_star], z[:, :p]
    points = u @ model.overlap_matrix + zeta @ own_root(model)
    y = model.teacher_output(u)
    if model.labels.poisson:
        y = np.ceil(pdtrik(cube[:, -1], y)).clip(0)
    sign = np.where(cube[:, p + p_star] < model.labels.flip, -1.0, 1.0)
    y = sign * y + math.sqrt(model.labels.noise) * z[:, -1]
    return NetworkNodes(
        model,
        points,
        zeta,
        np.eye(p + p_star),
        y[:, None],
        np.full((count, 1), 1 / count),
        u[:, None, :],
        (u[:, :, None] * u[:, None, :])[:, None],
        "quasi-Monte Carlo",
    )
