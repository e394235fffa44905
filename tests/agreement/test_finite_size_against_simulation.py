"""The finite-N law against full diagonalization."""

import functools
import math

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen.diagonalize import all_eigenvalues_and_lowest, teacher_overlap
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.finite.draws import drawn_by
from bbpscape.theory.finite.half_point import half_alpha
from bbpscape.theory.finite.law import finite_size_law

# (p, p*, a, N, alpha, draws): a continuous and two discontinuous models, all above the onset.
ABOVE = [
    (2, 1, 0.01, 250, 3.0, 30),
    (1, 1, 2.0, 400, 2.2, 60),
    (3, 1, 1.0, 150, 1.5, 30),
]
# Below the onset the overlap at the edge is a leading order, good to a factor.
BELOW = [(1, 1, 2.0, 300, 0.8, 100), (3, 1, 1.0, 120, 0.6, 30), (1, 1, 0.01, 300, 1.5, 100)]
FACTOR = 1.4


@functools.cache
def measured(p, p_star, a, N, alpha, draws):
    """(λ_min averaged over the p p* lowest, their m², the next eigenvalue), shape (3, draws)."""
    model = TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))
    k, rows = p * p_star, []
    for index in range(draws):
        instance = draw(model, alpha, N, 20, index)
        pairs = all_eigenvalues_and_lowest(Hessian(instance.inputs, instance.curvature), k)
        m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
        values = pairs.eigenvalues
        rows.append((values[:k].mean(), m2.mean(), values[k]))
    return model, np.array(rows).T


def errors(values, summary):
    """The joint standard error of a measured and a predicted mean."""
    return math.hypot(values.std(ddof=1) / math.sqrt(values.size), summary.standard_error)


@pytest.mark.parametrize("case", ABOVE)
def test_above_the_onset(case):
    _, _, _, N, alpha, _ = case
    model, (lowest, m2, following) = measured(*case)
    law = finite_size_law(model, alpha, N, draws=400, seed=9, by="labels")
    assert abs(lowest.mean() - law.lowest.mean) < 3.5 * errors(lowest, law.lowest)
    assert abs(m2.mean() - law.m2_lowest.mean) < 3.5 * errors(m2, law.m2_lowest)
    # The lowest of the bulk follows the edge and its shift to leading order, 8 % off at N = 150.
    assert abs(following.mean() - law.left_edge.mean) < 3.5 * errors(following, law.left_edge) + (
        0.1 * abs(law.left_edge.mean)
    )


@pytest.mark.parametrize("case", ABOVE)
def test_another_alpha_is_told_apart(case):
    _, _, _, N, alpha, _ = case
    model, (_, m2, _) = measured(*case)
    law = finite_size_law(model, 0.75 * alpha, N, draws=400, seed=9, by="labels")
    assert abs(m2.mean() - law.m2_lowest.mean) > 3.5 * errors(m2, law.m2_lowest)


@pytest.mark.parametrize("case", BELOW)
def test_below_the_onset(case):
    p, _, _, N, alpha, _ = case
    model, (lowest, m2, _) = measured(*case)
    law = finite_size_law(model, alpha, N, draws=400, seed=9, by="labels")
    assert law.probability < 0.5
    assert abs(math.log(m2.mean() / law.m2_lowest.mean)) < math.log(FACTOR) + 3 * (
        m2.std(ddof=1) / math.sqrt(m2.size) / m2.mean()
    )
    # Without the edge the prediction would be of another order.
    outlier_alone = np.nan_to_num(law.samples["m2"]).mean()
    assert m2.mean() > 2 * outlier_alone
    if p == 1:
        slack = 0.02 * abs(law.lowest.mean)
        assert abs(lowest.mean() - law.lowest.mean) < 3.5 * errors(lowest, law.lowest) + slack


# (p, p*, a, N, alpha), and of the lowest eigenvalue and the mean m² of the p p* lowest the mean
# and its error over 60, 60 and 40 diagonalized draws.
SEVERAL = [
    ((3, 2, 0.1495, 200, 5.175), (-0.477, 0.017), (0.4046, 0.0075)),
    ((2, 2, 0.897, 300, 3.229), (-0.979, 0.012), (0.1539, 0.0047)),
    ((2, 3, 0.481, 300, 18.761), (3.392, 0.057), (0.5385, 0.0070)),
]


def test_several_copies_are_by_coordinates():
    """Labels alone, which have all copies at one place, are off by many errors."""
    by_labels = []
    for (p, p_star, a, N, alpha), *expected in SEVERAL:
        model = TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))
        law = finite_size_law(model, alpha, N, draws=12, seed=1)
        labels = finite_size_law(model, alpha, N, draws=60, seed=1, by="labels")
        assert (law.by, labels.by) == ("coordinates", "labels")
        for name, (mean, error) in zip(("lowest", "m2_lowest"), expected, strict=True):
            found, other = getattr(law, name), getattr(labels, name)
            assert abs(found.mean - mean) < 3 * math.hypot(error, found.standard_error)
            by_labels.append(abs(other.mean - mean) / math.hypot(error, other.standard_error))
    assert min(by_labels) > 2.5
    assert max(by_labels) > 6


def test_how_draws_are_given():
    model = TeacherStudent(2, 1, NormalizedSquare(1.0))
    known = {
        (100, 24): "labels",
        (100, 25): "coordinates",
        (35, 99): "labels",
        (2001, 9000): "labels",
    }
    assert {at: drawn_by(model, *at) for at in known} == known
    assert drawn_by(TeacherStudent(1, 1), 100, 200) == "labels"
    assert drawn_by(TeacherStudent(5, 1, NormalizedSquare(1.0)), 100, 200) == "labels"
    assert half_alpha(model, 40, draws=2).by == "coordinates"
    steep = TeacherStudent(2, 1, NormalizedSquare(1.0), inputs=InputLaw("power:1"))
    assert drawn_by(steep, 100, 200) == "labels"
    with pytest.raises(InvalidInput, match="leave by out"):
        finite_size_law(steep, 2.0, 100, by="coordinates")
    with pytest.raises(InvalidInput, match="leave by out"):
        finite_size_law(TeacherStudent(2, 1, "square", activation="tanh"), 2.0, 100, by="labels")
    with pytest.raises(InvalidInput, match="by must be"):
        finite_size_law(model, 2.0, 100, by="rows")
