"""The lowest pairs of inputs of condition number 1e6: as fast as of isotropic ones, and as sure."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.eigen import iterative, sketch
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.preconditioner import Preconditioner
from bbpscape.simulation.simulate import simulate

N, ALPHA = 300, 8.0
STEEP = InputLaw(f"power:{6 / math.log10(N):.12g}")


def model_of(law):
    return TeacherStudent(2, 1, NormalizedSquare(0.5), inputs=law)


def hessian_of(law, seed=0):
    return draw(model_of(law), ALPHA, N, seed).hessian


def test_steep_inputs_need_no_more_than_three_times_the_products(monkeypatch):
    sigma = STEEP.covariance.values(N)
    assert sigma[0] / sigma[-1] == pytest.approx(1e6, rel=1e-6)
    plain = lowest(hessian_of(InputLaw()), 3, method="iterative")
    hessian = hessian_of(STEEP)
    found = lowest(hessian, 3, method="iterative")
    assert found.converged
    assert found.certificate.passed
    assert found.products < 1.5 * plain.products
    exact = np.linalg.eigvalsh(hessian.dense())
    # To 1e-8 of the largest of them, 1e-13 of ‖H‖.
    np.testing.assert_allclose(found.eigenvalues, exact[:3], atol=1e-8 * abs(exact[:3]).max())

    # Control: one shift for every direction, of the size of the negative part.
    class Uniform(Preconditioner):
        def __init__(self, operator):
            super().__init__(operator)
            self._least = np.full(N, self._unit)

    monkeypatch.setattr(sketch, "Preconditioner", Uniform)
    slow = lowest(hessian, 3, method="iterative")
    assert slow.products > 4 * plain.products or not slow.converged


@pytest.mark.parametrize("seed", range(3))
def test_the_second_block_certifies_steep_inputs(seed, monkeypatch):
    hessian = hessian_of(STEEP, seed)
    exact = np.linalg.eigvalsh(hessian.dense())
    monkeypatch.setattr(iterative, "INERTIA_SIZE", 10)
    found = lowest(hessian, 3, method="iterative", seed=seed)
    assert found.certificate.kind == "second block"
    assert found.certificate.passed
    np.testing.assert_allclose(found.eigenvalues, exact[:3], atol=1e-8 * abs(exact[:3]).max())


LAWS = {
    "steep": STEEP,
    "half of the directions empty": InputLaw("product:0.5"),
    "norms": InputLaw("power:0.5", "lognormal:1"),
    "all": InputLaw("power:1", "chi2:3", 2.0, "source:1", "sphere"),
}


@pytest.mark.parametrize("name", LAWS)
def test_streamed_and_single_precision_pairs_are_those_of_lapack(name):
    model = model_of(LAWS[name])
    hessian = draw(model, ALPHA, N, 4).hessian
    exact = np.linalg.eigvalsh(hessian.dense())
    streamed = lowest(StreamedHessian(model, ALPHA, N, 4), 3)
    assert streamed.converged
    error = abs(streamed.eigenvalues - exact[:3]).max()
    assert error < max(2e-8 * abs(exact[:3]).max(), 1e-13 * abs(exact).max())
    if name == "steep" and find_spec("torch") and find_spec("array_api_compat"):
        there = lowest(hessian, 3, method="iterative", device="torch-cpu")
        assert there.converged
        assert abs(there.eigenvalues - exact[:3]).max() < 2e-8 * abs(exact[:3]).max()
    single = lowest(hessian, 3, dtype="float32")
    assert single.method == "iterative"
    # Every value within its bound, and rounding's, of one of H.
    slack = single.bounds + 1e-6 * abs(exact).max()
    assert (abs(single.eigenvalues - exact[:3]) < slack).all()


def test_simulations_do_not_depend_on_the_workers_and_streams():
    model = model_of(InputLaw("power:1", "chi2:3", 2.0, "source:1"))
    alone = simulate(model, 3.0, 60, 2, 9, method="iterative", phi=True, workers=1)
    for options in ({"workers": 2}, {"workers": 1, "stream": True}):
        other = simulate(model, 3.0, 60, 2, 9, method="iterative", phi=True, **options)
        for a, b in zip(alone.draws, other.draws, strict=True):
            exactly = "stream" not in options
            np.testing.assert_allclose(a.eigenvalues, b.eigenvalues, atol=0 if exactly else 1e-8)
            np.testing.assert_allclose(a.m2, b.m2, atol=0 if exactly else 1e-6)
            assert a.largest_overlap.lowest == b.largest_overlap.lowest or "stream" in options
    again = draw(model, 3.0, 60, 9, 1).hessian
    exact = np.linalg.eigvalsh(again.dense())
    np.testing.assert_allclose(alone.draws[1].eigenvalues, exact[: alone.k], atol=1e-7)
    other = simulate(model.replace(mean=1.0), 3.0, 60, 1, 9, workers=1)
    assert abs(other.draws[0].eigenvalues - alone.draws[0].eigenvalues).max() > 1e-3
