"""The theory at a student of any Gram matrix: closed forms, routes and rules against each other."""

import dataclasses
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.laws.network import nodes as network
from bbpscape.theory.laws.network.matrix_law import matrix_law
from bbpscape.theory.laws.network.node_law import NodeLaw
from bbpscape.theory.matrix.edges import left_matrix_edge
from bbpscape.theory.matrix.outliers import left_matrix_outliers
from bbpscape.theory.matrix.route import MatrixRoute
from bbpscape.theory.route import route
from bbpscape.theory.scalar.route import CommitteeRoute, SymmetricRoute

MODEL = bb.TeacherStudent
TABLE = MODEL(
    2, 1, bb.NormalizedSquare(0.5), overlap=((0.4, 0.2),), student_gram=((1.2, 0.3), (0.3, 0.8))
)


@pytest.mark.parametrize(("p", "a", "q"), [(1, 2.0, 0.5), (2, 0.5, 2.0), (3, 2.0, 0.3)])
def test_closed_forms_of_a_norm(p, a, q):
    """Closed form, rotation-invariant quadrature and p × p equation: one threshold and outlier."""
    model = MODEL(p, 1, bb.NormalizedSquare(a), student_gram=q)
    ways = [route(model), SymmetricRoute(model), *([MatrixRoute(model)] if p < 3 else [])]
    assert isinstance(ways[0], CommitteeRoute)
    found = [way.transition() for way in ways]
    alpha = 2 * found[0].alpha
    for way, one in zip(ways, found, strict=True):
        assert one.kind == found[0].kind
        np.testing.assert_allclose(
            [one.alpha, one.m2_jump], [found[0].alpha, found[0].m2_jump], rtol=1e-6, atol=1e-7
        )
        np.testing.assert_allclose(way.edges(alpha)[0].value, ways[0].edges(alpha)[0].value, 1e-6)
        for outlier, first in zip(way.outliers(alpha), ways[0].outliers(alpha), strict=True):
            np.testing.assert_allclose(outlier.eigenvalue, first.eigenvalue, rtol=1e-6)
            np.testing.assert_allclose(outlier.m2, first.m2, rtol=1e-5)


def test_a_norm_scales_the_discontinuous_threshold():
    """p*/(2 E[1/(a + q r)]) = q p*/(2 E[1/(a/q + r)]): that of norm 1 at a/q, times q."""
    one = bb.threshold(MODEL(2, 1, bb.NormalizedSquare(2.0)))
    other = bb.threshold(MODEL(2, 1, bb.NormalizedSquare(1.0), student_gram=0.5))
    assert (one.transition, other.transition) == ("discontinuous", "discontinuous")
    assert other.alpha_bbp == pytest.approx(0.5 * one.alpha_bbp, rel=1e-9)
    wide = bb.threshold(MODEL(math.inf, 3, bb.NormalizedSquare(1.0), student_gram=2.0))
    assert wide.alpha_bbp == pytest.approx(3 * (1 + 2) / 2, rel=1e-12)


@pytest.mark.parametrize("rule", ["own", "sobol"])
def test_rules_of_the_joint_law_agree(rule):
    """Ratios of densities, coordinates of R^½ and Sobol points give one edge, outlier and m²."""
    law = matrix_law(TABLE, 1.0)
    made = {
        "own": lambda: network.own_coordinates(TABLE, 0.7),
        "sobol": lambda: network.joint_quasi_monte_carlo(TABLE, 0.6, 0),
    }[rule]()
    values = []
    for one in (law, dataclasses.replace(law, parts=(NodeLaw(made),))):
        edge = left_matrix_edge(one, 4.0)
        outlier = left_matrix_outliers(one, 4.0, edge)[0]
        values.append((edge.edge.value, outlier.eigenvalue, outlier.m2))
    np.testing.assert_allclose(values[1], values[0], rtol=1e-3 if rule == "sobol" else 2e-4)
    # The table of the theory has -1.1614 here, and 60 draws at N = 300 -1.173 ± 0.016.
    assert values[0][1] == pytest.approx(-1.173795, abs=2e-6)


def test_a_gram_matrix_that_says_nothing_new_changes_nothing():
    known = MODEL(2, 1, bb.NormalizedSquare(0.5), overlap=0.3)
    same = known.replace(student_gram=known.gram)
    edge, other = (route(one).edges(3.0)[0].value for one in (known, same))
    assert edge == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("gram", [((1.0, 1.0), (1.0, 1.0)), ((0.16, 0.08), (0.08, 1.0))])
def test_a_student_without_a_part_of_its_own_is_refused(gram):
    model = TABLE.replace(overlap=0.0 if gram[0][0] == 1 else TABLE.overlap, student_gram=gram)
    with pytest.raises(bb.InvalidInput, match="needs a student with a part of its own"):
        bb.spectrum(model, 4.0)
    assert bb.draw(model, 2.0, 30, 0).student.shape == (2, 30)


def test_finite_size_theory_knows_the_norm():
    """Draws by labels are those of norm one; by preactivations they have the model's own."""
    model = MODEL(1, 1, bb.NormalizedSquare(0.5), student_gram=0.5)
    with pytest.raises(bb.InvalidInput, match="labels give draws of the source's model alone"):
        bb.finite.finite_size_law(model, 6.0, 300, 8, by="labels")
    m2 = bb.finite.finite_size_law(model, 6.0, 300, 8).m2_lowest
    assert m2.mean == pytest.approx(bb.spectrum(model, 6.0).outliers[0].m2, abs=0.03)
    other = bb.spectrum(model.replace(student_gram=None), 6.0).outliers[0].m2
    assert abs(m2.mean - other) > 0.06


def test_an_even_activation_at_a_norm_by_both_routes():
    """Signed permutations, and the p × p equation."""
    model = MODEL(2, 1, bb.NormalizedSquare(0.3), "log-cosh", student_gram=0.6)
    first, second = SymmetricRoute(model), MatrixRoute(model)
    for one, other in zip(first.left(6.0)[1], second.left(6.0)[1], strict=True):
        np.testing.assert_allclose(
            [one.eigenvalue, one.m2], [other.eigenvalue, other.m2], rtol=1e-6
        )
    np.testing.assert_allclose(first.left(6.0)[0].value, second.left(6.0)[0].value, rtol=1e-6)
