"""What one draw predicts, by its labels, norms and weights."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.inputs.law import STANDARD
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance
from bbpscape.theory.finite.conditioned import Conditioned, solve_conditioned
from bbpscape.theory.finite.conditioned_law import DEPENDENT, ConditionedLaw, Directions
from bbpscape.theory.finite.draw_copies import DrawCopies, solve_copies
from bbpscape.theory.finite.draw_law import DrawLaw
from bbpscape.theory.finite.draws import WIDEST
from bbpscape.theory.finite.label_sampled import solve_labels
from bbpscape.theory.matrix.components import MOST_APART
from bbpscape.theory.population.population import Population
from bbpscape.theory.roots import NoConvergence

# Of what a draw's inputs leave to chance.
SAMPLES = 32


class Predicted(Protocol):
    """What one draw is expected to show."""

    def bulk(self, position: int) -> float:
        """The lowest eigenvalue of the bulk, which has so many others left of it."""

    def fraction_below(self, eigenvalue: float) -> float | None:
        """Of all eigenvalues, those below one; None where it is not solved for."""

    @property
    def errors(self) -> tuple[float, float]:
        """What the theory itself is expected to be off by, of eigenvalue and m²."""

    def at(self, chosen: slice) -> tuple[float, float]:
        """The mean eigenvalue and m² of the lowest eigenvectors at these places."""


def draws_predict(model: TeacherStudent) -> bool:
    """Whether there are equations for one draw of the model."""
    plain = model.inputs.covariance.isotropic and model.inputs.mean == 0
    return model.p <= WIDEST or (plain and model.replace(inputs=STANDARD).is_reference)


def predicted(instance: Instance, count: int, sampled: bool) -> Predicted | None:
    """The theory of one draw, of its ``count`` lowest eigenvectors.

    By its preactivations, and where Σ is not 1 by its weights along the principal components, for
    any network of a few neurons; wider ones of the source's model by their labels. None of others,
    and where a handful of samples has no left edge. ``sampled`` inputs are those of the model's
    law, others are given.
    """
    model, law = instance.model, instance.model.inputs
    if not draws_predict(model):
        return None
    plain = law.covariance.isotropic and law.mean == 0
    if plain and model.p > WIDEST:
        y, r = instance.label_scalars
        if sampled and law.radial.trivial:
            return solve_labels(model, instance.N, r, y)
        norms = _norms(instance, sampled)
        some = norms > 0  # others add nothing
        return solve_labels(model, instance.N, r[some], y[some], norms[some])
    try:
        if plain:
            return _copies(instance, count, sampled)
        return _conditioned(instance, count, sampled)
    except NoConvergence:
        return None


def _copies(instance: Instance, count: int, sampled: bool) -> DrawCopies:
    """By the coordinates along the weights; the stream of its rest is that of the draw."""
    N, tau = instance.N, np.ones(instance.M)
    if not (sampled and instance.model.inputs.radial.trivial):
        tau = _norms(instance, sampled)
    some = tau > 0  # others add nothing
    vectors, triangle = np.linalg.qr(np.concatenate([instance.student, instance.teacher]).T)
    vectors = vectors * np.where(np.diag(triangle) < 0, -1.0, 1.0)  # as Gram and Schmidt have them
    rows = instance.inputs[some] @ vectors * np.sqrt(N / tau[some])[:, None]
    curvature = tau[some, None, None] * instance.curvature[some]
    law = DrawLaw.of(curvature, rows, vectors.T @ instance.teacher_basis, N)
    # Of numbers that rounding and the signs of a basis leave as they are, so that it is the same
    # on every machine.
    named = np.ascontiguousarray(abs(rows[0]), np.float32).view(np.uint32)
    generator = np.random.default_rng(named)
    return solve_copies(law, count, generator, SAMPLES)


def _conditioned(instance: Instance, count: int, sampled: bool) -> Conditioned:
    """With F̃ = τ F, and ξ = x/√(τ σ/N) along the weights and the largest components."""
    law, N = instance.model.inputs, instance.N
    sigma = law.covariance.values(N)
    tau = np.ones(instance.M)
    if not (sampled and law.radial.trivial):
        tau = _norms(instance, sampled)
    some = tau > 0  # others add nothing
    tau, rows = tau[some], _centred(instance)[some]
    rows = rows / np.sqrt(tau)[:, None]
    W = np.concatenate([instance.student, instance.teacher]).T
    left, sizes, right = np.linalg.svd(W * np.sqrt(sigma / N)[:, None], full_matrices=False)
    kept = sizes > DEPENDENT * sizes[0]
    coordinates = rows @ W @ (right[kept].T / sizes[kept])
    mean = instance.mean
    share = None if mean is None else 1 / np.sqrt(tau)
    vectors = left[:, kept]
    directions = Directions(sigma, vectors, coordinates, instance.teacher_basis, mean, share)
    first = slice(0, min(MOST_APART, np.count_nonzero(sigma)))
    leading = rows[:, first] / np.sqrt(sigma[first] / N)
    # What is left to chance has no part along the weights.
    free = (1 - (vectors**2).sum(axis=1)) / N
    population = Population(sigma, free, np.ones(N), law.covariance.single)
    scaled = ConditionedLaw(tau[:, None, None] * instance.curvature[some], population)
    return solve_conditioned(scaled, directions, leading, count)


def _norms(instance: Instance, sampled: bool) -> NDArray[np.float64]:
    """τ_μ = x·Σ⁻¹x over its rank, shape (M,); Σ of given rows may be shrunk, and then |x|² says
    how large they are."""
    law, N = instance.model.inputs, instance.N
    square = _centred(instance) ** 2
    if law.covariance.isotropic:
        return square.sum(axis=1)
    sigma = law.covariance.values(N)
    known = sigma > 0
    norms = square[:, known] @ (1 / sigma[known]) * (N / known.sum())
    return norms if sampled else norms * (square.sum() / norms.sum())


def _centred(instance: Instance) -> NDArray[np.float64]:
    """X without the mean of its law."""
    if instance.mean is None:
        return instance.inputs
    return instance.inputs - instance.mean / math.sqrt(instance.N)
