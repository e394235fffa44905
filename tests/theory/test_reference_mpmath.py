"""The theory to ten digits against the 30-digit reference of benchmarks/, on a few models."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest
from tests.theory.direct import model_of

from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.threshold import threshold

PATH = Path(__file__).parents[2] / "benchmarks" / "mpmath_reference.py"
if not PATH.exists():
    pytest.skip("benchmarks/ is not part of this distribution", allow_module_level=True)


def load():
    spec = importlib.util.spec_from_file_location("mpmath_reference", PATH)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


mpmath_reference = load()
MODELS = [(1, 1, 1e-2), (2, 1, 1.0), (math.inf, 5, 1e-4)]


@pytest.mark.parametrize(("p", "p_star", "a"), MODELS)
def test_threshold_edge_and_outlier(p, p_star, a):
    reference, model = mpmath_reference.Reference(p, p_star, a), model_of(p, p_star, a)
    exact, point = reference.transition()
    at = threshold(model)
    assert at.alpha_bbp == pytest.approx(float(exact), rel=1e-12)
    assert at.eigenvalue == pytest.approx(float(reference.eigenvalue(exact, point)), rel=1e-12)
    assert (at.transition == "discontinuous") == (point.s == 1)

    alpha = 1.7 * float(exact)
    edge, exact_edge = left_edge(CommitteeLaw(model), alpha), reference.edge(alpha)
    assert edge.value == pytest.approx(float(reference.eigenvalue(alpha, exact_edge)), rel=1e-12)
    outlier = left_outlier(CommitteeLaw(model), alpha, edge, TEACHER)
    exact_outlier = reference.outlier(alpha, exact_edge)
    value = float(reference.eigenvalue(alpha, exact_outlier))
    assert outlier.eigenvalue == pytest.approx(value, rel=1e-12)
    assert outlier.m2 == pytest.approx(float(reference.m2(alpha, exact_outlier)), rel=1e-12)


@pytest.mark.parametrize("case", [(1, 5, 1e-2), (2, 1, 1.0), (math.inf, 1, 100.0)])
def test_the_reference_is_sure_of_20_digits(case):
    """Against more digits, and against a sum over r in place of the exponential integral."""
    reference = mpmath_reference.Reference(*case)
    assert reference.disagreement(reference.means(mpmath_reference.mpf("0.6"))) < 1e-20


def test_a_wrong_law_is_noticed():
    """Negative control: the reference at a width one off disagrees in the first digits."""
    exact, _ = mpmath_reference.Reference(3, 1, 1.0).transition()
    assert abs(threshold(model_of(2, 1, 1.0)).alpha_bbp / float(exact) - 1) > 1e-3
