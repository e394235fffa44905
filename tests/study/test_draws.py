"""Draw i of a model at α and N with a seed is one and the same, whoever asks for it; and what every
registered observable owes."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.study.cells import Cell
from bbpscape.study.observables import DESCENT, OBSERVABLES, SPECTRUM, draw_values, observable
from bbpscape.study.subject import Numerics

MODELS = [
    bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0)),
    bb.TeacherStudent(1, 2, "huber", "tanh", labels=bb.Labels(0.1)),
]
MEASURED = [name for name, one in OBSERVABLES.items() if one.measure is not None]
THEORY = [name for name, one in OBSERVABLES.items() if one.theory is not None]


@pytest.mark.parametrize("model", MODELS, ids=["source", "other"])
def test_a_study_draw_simulate_and_compare_share_their_draws(model):
    alpha, N, seed = 3.0, 40, 7
    study = bb.Study(model, {"alpha": alpha, "N": N}, ["lowest"], 3, seed, theory=False)
    (row,) = study.run(workers=1).rows
    lowest = []
    for draw in range(3):
        instance = bb.draw(model, alpha, N, seed, draw)
        dense = bb.Hessian(instance.inputs, instance.curvature).dense()
        lowest.append(np.linalg.eigvalsh(dense)[0])
    assert row.values == pytest.approx(lowest, rel=1e-9)
    simulated = bb.simulate(model, alpha, N, 3, seed, workers=1)
    assert [one.eigenvalues[0] for one in simulated.draws] == pytest.approx(lowest, rel=1e-6)


def test_compare_has_the_same_draws():
    model = bb.TeacherStudent(1, 1)
    (row,) = (
        bb.Study(model, {"alpha": 6.0, "N": 40}, ["lowest"], 3, 7, theory=False).run(workers=1).rows
    )
    compared = bb.compare(model, 6.0, 40, 3, 7)
    assert compared.rows[0].quantity.endswith("outlier")
    assert compared.rows[0].measured == pytest.approx(row.mean, rel=1e-9)
    assert compared.rows[0].standard_error == pytest.approx(row.standard_error, rel=1e-6)


def test_a_descent_starts_where_the_draw_is():
    model, alpha, N, seed = MODELS[0], 3.0, 30, 2
    own = bb.Observable("first", lambda path: path.loss[0], of=DESCENT)
    axes = {"alpha": alpha, "N": N, "steps": 3}
    (row,) = bb.Study(model, axes, [own], 2, seed, theory=False).run(workers=1).rows
    found = bb.descend(model, alpha, N, 2, seed, rule=bb.DescentRule(steps=3), workers=1)
    losses = [one.loss[0] for one in found.trajectories]
    for draw in range(2):
        instance = bb.draw(model, alpha, N, seed, draw)
        assert instance.loss(instance.student) / instance.M == pytest.approx(losses[draw])
    assert row.values == pytest.approx(losses)


def test_draws_of_different_points_share_nothing():
    cells = [
        Cell.of({"p": p, "p_star": 1, "alpha": alpha, "N": N})
        for p in (1, 2) for alpha in (1.0, 2.0) for N in (10, 11)
    ]  # fmt: skip
    states = {
        tuple(cell.seed(seed, draw).generate_state(4))
        for cell in cells for seed in (0, 1) for draw in (0, 1)
    }  # fmt: skip
    assert len(states) == 32


@pytest.mark.parametrize("name", MEASURED)
def test_what_an_observable_owes(name):
    """A finite number or None of every draw, the same again, with a symbol, a meaning, a cost."""
    one, values = observable(name), []
    for model in MODELS:
        cell = Cell.of({**_parameters(model), "alpha": 2.0, "N": 20, "steps": 10})
        first, again = (draw_values(cell, cell.seed(0, 3), [one])[name] for _ in range(2))
        values.append(first)
        assert first == again
        assert first is None or math.isfinite(first)
        seconds, size = one.of.cost(cell, Numerics())
        extra = one.seconds(model, 20, 40, seconds)
        assert 0 < seconds < 10
        assert 0 < size < 1e9
        assert 0 <= extra < 10
    assert one.of in (SPECTRUM, DESCENT)
    assert one.symbol
    assert one.meaning
    assert one.name == name


@pytest.mark.parametrize("name", THEORY)
def test_what_the_theory_of_an_observable_owes(name):
    """Below the transition nothing of the teacher is seen; far above it nearly all is."""
    model = bb.TeacherStudent(1, 1)
    none, all_of_it = (
        {row.observable: row.mean for row in _theory(model, alpha)}[name] for alpha in (0.5, 60.0)
    )
    if name in ("m2", "total_m2", "teacher_mass"):
        assert none == 0.0
        assert 0.9 < all_of_it < 1.0
    else:
        assert math.isfinite(none)
        assert math.isfinite(all_of_it)


def test_the_values_are_what_their_names_say():
    cell = Cell.of({"p": 2, "p_star": 1, "alpha": 3.0, "N": 30})
    instance = bb.draw(cell.model, 3.0, 30, 0, 1)
    values, vectors = np.linalg.eigh(bb.Hessian(instance.inputs, instance.curvature).dense())
    m2 = bb.eigen.teacher_overlap(vectors, instance.teacher_basis)
    names = ["lowest", "m2", "total_m2", "gap", "phi", "teacher_mass"]
    found = draw_values(cell, cell.seed(0, 1), [observable(name) for name in names])
    edge = bb.spectrum(cell.model, 3.0).left_edge.value
    assert found == pytest.approx(
        {
            "lowest": values[0],
            "m2": m2[0],
            "total_m2": m2[0] + m2[1],
            "gap": values[2] - values[1],
            "phi": float(m2.argmax() < 2),
            "teacher_mass": m2[values < edge].sum() / 2,
        },
        abs=1e-7,
    )


def test_the_cost_of_phi_is_beside_that_of_its_spectrum():
    model = bb.TeacherStudent(2, 1)
    axes = {"alpha": 3.0, "N": 400}
    plain = bb.Study(model, axes, ["lowest"], theory=False).plan(workers=1).seconds
    phi = bb.Study(model, axes, ["lowest", "phi"], theory=False).plan(workers=1).seconds
    assert phi > 3 * plain
    twice = bb.Observable("twice", lambda one: 0.0, cost=2.0)
    own = bb.Study(model, axes, ["lowest", twice], theory=False).plan(workers=1).seconds
    assert own == pytest.approx(3 * plain)
    descending = bb.Study(model, axes, ["lowest", "recovered"], theory=False).plan(workers=1)
    assert descending.seconds > plain


def _parameters(model):
    values = model.to_dict()
    return {**{"label_noise": 0.0, "flip": 0.0, "overlap": 0.0}, **values}


def _theory(model, alpha):
    names = [name for name in THEORY if name in MEASURED]
    return bb.Study(model, {"alpha": alpha}, names, draws=0).run(workers=1).rows
