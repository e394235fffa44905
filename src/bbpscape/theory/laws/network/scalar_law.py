"""Networks whose law is rotation-invariant enough for one scalar equation: G = g I.

A quadratic activation with a uniform second layer is invariant under O(p); any even activation
under permutations and sign flips of the neurons. The eigenvalues of F are the atoms of the law.
"""

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import (
    STUDENT_ANTISYMMETRIC,
    STUDENT_DIAGONAL,
    STUDENT_OFF_DIAGONAL,
    STUDENT_SYMMETRIC,
    STUDENT_TRACE,
    TEACHER,
)
from bbpscape.theory.laws.discrete import DiscreteLaw, QuadratureLaw
from bbpscape.theory.laws.network.grid import isotropic_teacher, permutable, sign_symmetric
from bbpscape.theory.laws.network.kinked_labels import kinked_labels, singular_outputs
from bbpscape.theory.laws.network.label_law import label_nodes
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.nodes import check_width, has_kinks, network_nodes
from bbpscape.theory.laws.network.rules import radial_rule

RADIAL_STEP = 0.14
ROUNDING = 1e-10
# |λ| at which outputs are looked at for breaks.
LAST, LOOKS = 9.0, 100_001
FLAT = "the Hessian of this model is 0: its loss or its activation does not bend or move"


def is_scalar(model: TeacherStudent) -> bool:
    """Whether G = g I by symmetry, and all of the teacher's directions are alike."""
    return permutable(model) and sign_symmetric(model) and isotropic_teacher(model)


def is_rotation_invariant(model: TeacherStudent) -> bool:
    """Whether the law is invariant under rotations of the neurons, O(p)."""
    return is_scalar(model) and model.activation.quadratic


def curvature_range(model: TeacherStudent) -> tuple[float, float, str | None]:
    """(infimum, supremum, why there is no infimum) of the eigenvalues of F."""
    unit = 1.0
    if is_rotation_invariant(model) and model.p > 2:
        # F depends on p through r = |λ|²/p and the factor 2/p only.
        unit, model = 2 / model.p, dataclasses.replace(model, p=2)
    check_width(model)
    low, high = LowestCurvature(model), LowestCurvature(model, sign=-1.0)
    one = np.eye(int(model.p))
    lower = -math.inf if low.unbounded else -unit * low.reach(one)
    upper = math.inf if high.unbounded else unit * high.reach(one)
    return lower, upper, low.unbounded


def scalar_law(
    model: TeacherStudent, bounds: tuple[float, float], refinement: float = 1.0
) -> QuadratureLaw:
    """The law of the eigenvalues of F with its directions, for a model that ``is_scalar``.

    ``bounds`` are the infimum and supremum of the spectrum of F (``curvature_range``).
    """
    if is_rotation_invariant(model):
        nodes = check_curved(_quadratic_atoms(model, refinement))
    else:
        gather = LowestCurvature(model)
        points = [] if gather.unbounded else gathering_points(gather.minimizers())
        nodes = check_curved(_even_atoms(model, refinement, points))
    # A bound that is 0 was found by a search.
    least = ROUNDING * math.sqrt(float(nodes.weights @ nodes.atoms**2))
    lower, upper = (0.0 if abs(bound) < least else bound for bound in bounds)
    return QuadratureLaw(nodes, (lower, upper))


def check_curved(law: DiscreteLaw) -> DiscreteLaw:
    """``law`` if F is not 0 almost surely, else InvalidInput."""
    if not law.atoms.any():
        raise InvalidInput(FLAT)
    return law


def gathering_points(minimizers: list[NDArray]) -> list[float]:
    """The distinct coordinates of the lowest points of F, within reach of the Gaussian law."""
    found: list[float] = []
    for value in np.concatenate([np.zeros(0), *minimizers]):
        if abs(value) < 5 and all(abs(value - one) > 0.1 for one in found):
            found.append(float(round(value, 6)))
    return found[:4]


def _quadratic_atoms(model: TeacherStudent, refinement: float) -> DiscreteLaw:
    """f₀ = (2/p) ℓ′ and f₁ = (2/p)(ℓ′ + 2 r ℓ″), with r = s²/p, s = |λ|."""
    p, q = int(model.p), model.student_norm or 1.0
    fine = np.linspace(0, LAST + math.sqrt(p), LOOKS)
    breaks = np.interp(singular_outputs(model, q * fine**2 / p), np.arange(LOOKS), fine)
    s, mass = radial_rule(p, RADIAL_STEP, refinement, breaks.tolist())
    r = q * s**2 / p
    labels = kinked_labels(model, r, refinement) if has_kinks(model) else None
    if labels is None:
        labels = label_nodes(model, refinement)
    y, along_y = np.atleast_2d(labels.y), np.atleast_2d(labels.second[..., 0, 0])
    first, second = model.loss.derivatives(y, r[:, None])
    unit, weights = 2 / p, mass[:, None] * np.atleast_2d(labels.weights)
    ones = np.ones(weights.shape)
    along_r, along_y = (s**2 / p)[:, None] * ones, along_y * ones
    branches = [(unit * (first + 2 * r[:, None] * second), 1 / p, 1.0)]
    if p > 1:
        branches.append((unit * first * ones, 1 - 1 / p, 0.0))
    atoms = np.concatenate([f.ravel() for f, _, _ in branches])
    shares = np.concatenate([(share * weights).ravel() for _, share, _ in branches])
    along = {TEACHER: np.tile(along_y.ravel(), len(branches))}
    multiplicities = {TEACHER: float(p * model.p_star), STUDENT_TRACE: 1.0}
    factors: dict[str, tuple[float, float]] = {STUDENT_TRACE: (p, 0.0)}
    if p > 1:
        multiplicities[STUDENT_SYMMETRIC] = p * (p + 1) / 2 - 1
        multiplicities[STUDENT_ANTISYMMETRIC] = p * (p - 1) / 2
        factors[STUDENT_SYMMETRIC] = (2 * p / (p + 2), p * p / ((p + 2) * (p - 1)))
        factors[STUDENT_ANTISYMMETRIC] = (0.0, p / (p - 1))
    for name, (radial, other) in factors.items():
        along[name] = np.concatenate(
            [((radial if top else other) * along_r).ravel() for _, _, top in branches]
        )
    return _discrete(atoms, shares, along, multiplicities)


def _even_atoms(model: TeacherStudent, refinement: float, points: list[float]) -> DiscreteLaw:
    """The eigenvalues of F at every node; directions by the group of signed permutations."""
    nodes = network_nodes(model, refinement, points)
    p = int(model.p)
    n, m = nodes.shape
    values, vectors = np.linalg.eigh(nodes.curvature)
    shares = np.broadcast_to(nodes.weights[:, :, None] / p, (n, m, p))
    along_y = np.broadcast_to(nodes.second[..., 0, 0][:, :, None], (n, m, p))
    aligned = nodes.coordinates[:, None, :, None] * vectors
    radial, total = (aligned**2).sum(axis=2), aligned.sum(axis=2) ** 2
    square = np.broadcast_to((nodes.coordinates**2).sum(axis=1)[:, None, None], (n, m, p))
    along = {TEACHER: along_y, STUDENT_TRACE: total}
    multiplicities = {TEACHER: float(p * model.p_star), STUDENT_TRACE: 1.0}
    if p > 1:
        pairs = p * (p - 1)
        along[STUDENT_DIAGONAL] = radial - (total - radial) / (p - 1)
        along[STUDENT_OFF_DIAGONAL] = p * (square - 2 * radial + total) / pairs
        along[STUDENT_ANTISYMMETRIC] = p * (square - total) / pairs
        multiplicities[STUDENT_DIAGONAL] = p - 1
        multiplicities[STUDENT_OFF_DIAGONAL] = multiplicities[STUDENT_ANTISYMMETRIC] = pairs / 2
    along = {name: np.ascontiguousarray(w).ravel() for name, w in along.items()}
    return _discrete(values.ravel(), shares.ravel(), along, multiplicities)


def _discrete(
    atoms: NDArray, shares: NDArray, along: dict[str, NDArray], multiplicities: dict[str, float]
) -> DiscreteLaw:
    """Atoms that have a share."""
    kept = shares > 0
    along = {name: values[kept] for name, values in along.items()}
    return DiscreteLaw(atoms[kept], shares[kept] / shares.sum(), along, multiplicities)
