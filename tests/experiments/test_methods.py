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
    # Nothing crosses what can be known.
    for one in result.methods:
        assert (one.theory <= result.message_passing).all()
    assert result.message_passing == pytest.approx(result.information_limit) == [1.0]
    # The method's own theory is refused for another method's measurement.
    wrong = by_name["optimal"].theory - by_name["trimming"].measured
    assert abs(wrong / by_name["trimming"].standard_error).max() > 4


def test_measured_values_are_those_of_the_draws():
    """m² of H and of D, and their errors, from whole diagonalizations of the same draws."""
    model, N, draws = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1)), 20, 5
    result = methods(model, [2.0, 3.0], N, draws, 4)
    by_name = {one.name: one for one in result.methods}
    optimal = bb.spectral.optimal(bb.spectral.QuadraticTeacher(1))
    for i, alpha in enumerate((2.0, 3.0)):
        found = {"Hessian": [], "optimal": []}
        for j in range(draws):
            one = bb.draw(model, alpha, N, 4, j)
            teacher = one.teacher_basis[:, 0]
            vectors = np.linalg.eigh(one.hessian.dense())[1][:, :2]
            blocks = vectors.T.reshape(2, 2, N) @ teacher
            found["Hessian"].append((blocks**2).sum(axis=1).mean())
            matrix = one.inputs.T @ (optimal(one.labels)[:, None] * one.inputs)
            found["optimal"].append((np.linalg.eigh(matrix)[1][:, -1] @ teacher) ** 2)
        for name, values in found.items():
            assert by_name[name].measured[i] == pytest.approx(np.mean(values), abs=1e-6)
            error = np.std(values, ddof=1) / np.sqrt(draws)
            assert by_name[name].standard_error[i] == pytest.approx(error, abs=1e-6)


def test_the_errors_are_those_of_the_means():
    """Points of the same sizes are repetitions: their means spread as their errors say."""
    model, draws = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1)), 12
    alphas = np.linspace(2.0, 2.02, 24)
    result = methods(model, alphas, 20, draws, 1)
    spread = [one.measured - one.measured.mean() for one in result.methods]
    errors = [one.standard_error for one in result.methods]

    def pulls(factor):
        return np.std([x / (factor * e) for x, e in zip(spread, errors, strict=True)], ddof=1)

    # t of 11 degrees of freedom has a spread of 1.1.
    assert 0.8 < pulls(1.0) < 1.5
    for wrong in (np.sqrt(draws), 1 / np.sqrt(draws)):
        assert not 0.8 < pulls(wrong) < 1.5


def test_one_draw_has_no_standard_error():
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1))
    result = methods(model, [2.0], 20, 1)
    assert all(np.isnan(one.standard_error).all() for one in result.methods)
    record = result.to_dict()
    assert [one["standard_error"] for one in record["methods"]] == [[None]] * 5
    assert "±" not in result.summary().splitlines()[-3]


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
            {
                "model": bb.TeacherStudent(
                    1, 4, "absolute-normalized-square", teacher="u1*u2 + u3*u4"
                )
            },
            "at most 3 directions",
        ),
        ({"model": bb.TeacherStudent(2, 1, overlap=0.1)}, "without overlap"),
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


@pytest.mark.parametrize(
    ("teacher", "labels", "alpha", "N"),
    [
        ("u1*u2", bb.Labels(), 2.0, 120),
        ("sign(u1*u2)", bb.Labels(flip=0.1), 9.0, 60),
    ],
)
def test_the_optimal_matrix_of_any_teacher(teacher, labels, alpha, N):
    model = bb.TeacherStudent(
        1, 2, "absolute-normalized-square", teacher=teacher, labels=labels
    ).replace(a=1.0)
    result = methods(model, [alpha], N=N, draws=12, seed=3)
    assert [one.name for one in result.methods] == ["Hessian", "optimal matrix"]
    matrix = result.methods[1]
    assert matrix.alpha == bb.weak_recovery(model).information_limit.alpha == result.weak_recovery
    assert abs(matrix.measured - matrix.theory)[0] < 4 * matrix.standard_error[0] + 1 / N
    assert abs(matrix.measured - methods(model, [alpha / 2], 10, 1).methods[1].theory)[0] > (
        4 * matrix.standard_error[0]
    )
    assert np.isnan(result.message_passing).all()
    assert type(result).from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_own_preprocessings_are_of_the_quadratic_teacher():
    model = bb.TeacherStudent(1, 2, "absolute-normalized-square", teacher="u1*u2")
    with pytest.raises(bb.InvalidInput, match="preprocessings need a quadratic teacher"):
        methods(model, [2.0], 20, 1, preprocessings=[bb.Preprocessing("tanh", np.tanh)])
