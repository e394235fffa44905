"""Spectral methods side by side: theory, simulation and what is refused."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.experiments.methods import methods
from bbpscape.model.curvature import curvature
from bbpscape.theory.spectral.threshold import spectral_threshold


def test_theory_and_simulation_of_every_method():
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1))
    result = methods(model, [4.0], N=250, draws=16, seed=2)
    assert [one.name for one in result.methods] == [
        "Hessian",
        "average Hessian",
        "optimal",
        "trimming",
        "subset",
    ]
    for one in result.methods:
        z = (one.measured - one.theory) / one.standard_error
        assert abs(z).max() < 4, one
        assert one.alpha >= result.weak_recovery * (1 - 1e-9)
    by_name = {one.name: one for one in result.methods}
    assert by_name["Hessian"].alpha == bb.threshold(model).alpha_bbp
    assert by_name["optimal"].theory[0] == max(one.theory[0] for one in result.methods)
    # The method's own theory is refused for another method's measurement.
    wrong = by_name["optimal"].theory - by_name["trimming"].measured
    assert abs(wrong / by_name["trimming"].standard_error).max() > 4


def test_preprocessings_of_ones_own():
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1))
    step = bb.Preprocessing("step", lambda y: np.where(y > 1, 1.0, 0.0), (1.0,), (0.0, 1.0))
    tuned = bb.spectral.Family(
        "tuned step",
        lambda setting, t: bb.Preprocessing("tuned step", bb.spectral.subset(t), (t,), (0.0, 1.0)),
        lambda setting: (0.2, 10.0),
    )
    result = methods(model, [3.0], 150, 16, 5, [step, tuned])
    by_name = {one.name: one for one in result.methods}
    assert list(by_name)[-2:] == ["step", "tuned step"]
    # The best t of the family is that of the subset.
    assert by_name["tuned step"].alpha == pytest.approx(by_name["subset"].alpha, rel=1e-9)
    np.testing.assert_allclose(by_name["tuned step"].measured, by_name["subset"].measured)
    one = by_name["step"]
    assert by_name["subset"].alpha < one.alpha
    assert abs(one.measured - one.theory) < 4 * one.standard_error
    assert abs(one.measured - by_name["optimal"].theory) > 4 * one.standard_error
    assert "tuned step" in result.summary()
    for taken in ("optimal", "Hessian"):
        with pytest.raises(bb.InvalidInput, match=f"there is a method '{taken}' already"):
            methods(model, [3.0], 20, 1, 0, [bb.Preprocessing(taken, lambda y: y)])


@pytest.mark.parametrize("p", [1, 2, 5])
def test_the_average_over_the_student(p):
    model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(0.3))
    rng = np.random.default_rng(0)
    for y in (0.2, 3.0):
        F = curvature(model, rng.standard_normal((10**5, p)), np.full(10**5, y))
        trace = np.einsum("mkk->m", F) / p
        expected = -float(bb.spectral.averaged_curvature(model)([y])[0])
        assert trace.mean() == pytest.approx(expected, abs=5 * trace.std() / 10**2.5)


def test_the_average_by_quadrature_is_the_closed_form():
    closed = bb.spectral.averaged_curvature(bb.TeacherStudent(3, 1, bb.NormalizedSquare(0.3)))
    loss = bb.loss("(y - yhat)**2/(2*(0.3 + y))")
    numeric = bb.spectral.averaged_curvature(bb.TeacherStudent(3, 1, loss))
    y = np.array([0.1, 1.0, 7.0])
    np.testing.assert_allclose(numeric(y), closed(y), rtol=1e-12)


def test_the_average_begins_before_the_hessian():
    model = bb.TeacherStudent(4, 1, bb.NormalizedSquare(0.1))
    average = spectral_threshold(
        bb.spectral.QuadraticTeacher(1), bb.spectral.averaged_curvature(model)
    )
    assert 0.5 < average.alpha < bb.threshold(model).alpha_bbp


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"model": bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("tanh"))},
            "quadratic",
        ),
        ({"model": bb.TeacherStudent(2, 1, overlap=0.1)}, "no overlap"),
        ({"alpha": []}, "alpha must be 1 to"),
        ({"alpha": [-1.0]}, "alpha"),
        ({"N": 1}, "above p_star"),
        ({"draws": 0}, "draws"),
    ],
)
def test_refusals(arguments, message):
    values = {"model": bb.TeacherStudent(2, 1), "alpha": [2.0], "N": 30, "draws": 1} | arguments
    with pytest.raises(bb.InvalidInput, match=message):
        methods(**values)
