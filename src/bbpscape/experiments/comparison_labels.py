"""What the labels, norms and teacher of one draw predict."""

import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.inputs.law import STANDARD
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance
from bbpscape.theory.finite.label_population import sampled_side, solve_side
from bbpscape.theory.finite.label_sampled import LabelSampled, solve_labels
from bbpscape.theory.population.population import Population
from bbpscape.theory.roots import NoConvergence


def labels_predict(model: TeacherStudent) -> bool:
    """Whether there are label-sampled equations for the model."""
    known = model.inputs.preactivations_known
    return known and model.replace(inputs=STANDARD).is_reference


def predicted_by_labels(instance: Instance, sampled: bool) -> LabelSampled | None:
    """The label-sampled theory of one draw of the source's model; None of others, where the
    variance of preactivations is not known, and where a handful of samples has no left edge.

    ``sampled`` inputs are those of the model's law, others are given.
    """
    model, law = instance.model, instance.model.inputs
    if not labels_predict(model):
        return None
    y, r = instance.label_scalars
    norms = None if sampled and law.radial.trivial else _norms(instance, sampled)
    if law.covariance.isotropic:
        return solve_labels(model, instance.N, r, y, norms)
    N, sigma = instance.N, law.covariance.values(instance.N)
    single = law.covariance.single or not law.profile.random
    teacher = (instance.teacher**2).mean(axis=0)
    population = Population(sigma, np.full(N, 1 / N), teacher, single)
    try:
        return solve_side(model, N, sampled_side(model, N, r, y, norms, population))
    except NoConvergence:
        return None


def _norms(instance: Instance, sampled: bool) -> NDArray[np.float64]:
    """τ_μ = x·Σ⁻¹x over its rank, shape (M,); Σ of given rows may be shrunk, and then |x|² says
    how large they are."""
    law, N = instance.model.inputs, instance.N
    rows = instance.inputs
    if instance.mean is not None:
        rows = rows - instance.mean / math.sqrt(N)
    square = rows**2
    if law.covariance.isotropic:
        return square.sum(axis=1)
    sigma = law.covariance.values(N)
    known = sigma > 0
    norms = square[:, known] @ (1 / sigma[known]) * (N / known.sum())
    return norms if sampled else norms * (square.sum() / norms.sum())
