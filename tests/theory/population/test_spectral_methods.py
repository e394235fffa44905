"""Spectral methods on inputs with structure: others' instances, and methods beside draws."""

import math

import numpy as np
import pytest
from tests.theory.population.measured import PHASE_RETRIEVAL

import bbpscape as bb
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.scalar import PopulationLevel, Side
from bbpscape.theory.population.transition import search, solve
from bbpscape.theory.roots import NoConvergence, NoTransition
from bbpscape.theory.spectral import structured
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.law import preprocessing_law
from bbpscape.theory.spectral.preprocessing import optimal


@pytest.mark.parametrize("gamma", [0.5, 1.0])
def test_spectral_method_of_product_inputs(gamma):
    """Overlaps of others' instances, ten to a point: z of Student's law with 9 degrees."""
    channel = QuadraticTeacher(1)
    law = Mirrored(preprocessing_law(channel, optimal(channel), 2))
    population = Population.of(bb.InputLaw(f"product:{gamma}"))
    level = PopulationLevel(law, population, 1)
    found, _ = solve(level, search(level))
    assert found.alpha == pytest.approx(gamma / (2 * (1 + gamma)), rel=1e-8)

    def z_of(population):
        z = []
        for alpha, q, error in PHASE_RETRIEVAL[gamma]:
            outlier = Side(law, population, 1, alpha).outlier(TEACHER)
            if outlier is not None:
                z.append((q - math.sqrt(outlier.m2)) / error)
        return np.array(z)

    z = z_of(population)
    assert len(z) >= 12
    assert abs(z.mean()) < 3 * 1.134 / math.sqrt(len(z))
    assert 0.7 < z.std() < 1.7
    assert abs(z).max() < 4
    # Isotropic inputs, and a K that forgets the covariance.
    one = np.ones(1)
    assert abs(z_of(Population(one, one, one)).mean()) > 10


def test_methods_on_inputs_with_structure():
    """Thresholds γ/(2(1 + γ)) of the optimal T on products; norms against their own simulation."""
    channel = QuadraticTeacher(1)
    inputs = bb.InputLaw("product:0.5")
    found = bb.spectral.spectral_threshold(channel, optimal(channel), inputs)
    assert found.alpha == pytest.approx(0.5 / 3, rel=1e-8)
    model = bb.TeacherStudent(1, 1, inputs=bb.InputLaw("power:0.4", "0.5,1.5"))
    result = bb.methods(model, [2.0, 4.0], N=200, draws=8)
    assert math.isnan(result.weak_recovery)
    assert "weak recovery" not in result.summary()
    for one in result.methods:
        z = (one.measured - one.theory) / one.standard_error
        assert abs(z[one.theory > 0.1]).max(initial=0) < 4.5
    plain = bb.overlap_curve(model.replace(inputs=bb.InputLaw()), [4.0]).m2[0]
    hessian = result.methods[0]
    assert abs(plain - hessian.theory[1]) > 0.1


def test_a_search_that_fails_is_no_method_that_never_begins(monkeypatch):
    level = structured.spectral_level(
        QuadraticTeacher(1), optimal(QuadraticTeacher(1)), bb.InputLaw("1,4"), None
    )
    for error in (NoTransition("none up to 1e5"), NoConvergence("lost")):

        def search(level, error=error):
            raise error

        monkeypatch.setattr(structured, "search", search)
        if isinstance(error, NoTransition):
            assert structured.spectral_transition(level) is None
        else:
            with pytest.raises(NoConvergence, match="lost"):
                structured.spectral_transition(level)


@pytest.mark.parametrize("name", ["trimming", "subset"])
def test_components_apart_know_of_the_teacher(name):
    """Without an outlier of its own the teacher moves the largest component, and mixes with it."""
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw("power:1"))
    found = bb.methods(model, [4.0], N=200, draws=30, seed=1)
    (one,) = [method for method in found.methods if method.name == name]
    assert one.alpha == np.inf or one.alpha > 100
    assert one.theory[0] > 0.01
    assert abs(one.measured[0] - one.theory[0]) < 4 * one.standard_error[0]
    # As if the highest eigenvector were that component alone.
    assert one.measured[0] > 4 * one.standard_error[0]
