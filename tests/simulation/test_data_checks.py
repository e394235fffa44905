"""Data that would be cast silently is refused in one line, at every public entrance."""

import numpy as np
import pytest

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.model.labels import Labels
from bbpscape.model.losses import Square
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.inputs import Inputs, prepare_inputs
from bbpscape.simulation.data.instance import Instance, draw, plant
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.overlap import generalization_error, squared_magnetization
from bbpscape.simulation.descent.rule import DescentRule
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.lanczos import spectral_density, spectral_measures
from bbpscape.simulation.eigen.signal import largest_overlap, teacher_directions
from bbpscape.simulation.eigen.teacher_mass import teacher_mass_below
from bbpscape.simulation.hessian import Hessian

MODEL = TeacherStudent(p=2, p_star=1)
NOISY = TeacherStudent(p=2, p_star=1, loss=Square(), labels=Labels(noise=0.1))
ONE = draw(MODEL, 3.0, 8, np.random.default_rng(0))
H = ONE.hessian
STREAMED = StreamedHessian(MODEL, 3.0, 8, np.random.default_rng(0))
LABELS = np.linspace(0, 1, ONE.M)
PAIRS = np.linspace(0, 1, 4)
ROWS = np.random.default_rng(1).standard_normal((20, 3))

# name of the argument, sound data, what takes it.
ENTRANCES = {
    "Instance inputs": (ONE.inputs, lambda a: Instance(MODEL, a, ONE.student, ONE.teacher)),
    "Instance student": (ONE.student, lambda a: Instance(MODEL, ONE.inputs, a, ONE.teacher)),
    "Instance teacher": (ONE.teacher, lambda a: Instance(MODEL, ONE.inputs, ONE.student, a)),
    "Instance noisy_labels": (
        LABELS,
        lambda a: Instance(NOISY, ONE.inputs, ONE.student, ONE.teacher, a),
    ),
    "Instance.at student": (ONE.student, ONE.at),
    "plant rows": (ONE.inputs, lambda a: plant(MODEL, a, np.random.default_rng(0))),
    "Hessian inputs": (ONE.inputs, lambda a: Hessian(a, ONE.curvature)),
    "Hessian curvature": (ONE.curvature, lambda a: Hessian(ONE.inputs, a)),
    "Hessian.matmat block": (np.eye(16), H.matmat),
    "Hessian.matvec vector": (np.ones(16), H.matvec),
    "StreamedHessian.matmat block": (np.eye(16), STREAMED.matmat),
    "Inputs inputs": (ROWS, lambda a: Inputs(a, True)),
    "prepare_inputs inputs": (ROWS, prepare_inputs),
    "teacher_overlap eigenvectors": (np.eye(16), lambda a: teacher_overlap(a, ONE.teacher_basis)),
    "teacher_overlap teacher_basis": (ONE.teacher_basis, lambda a: teacher_overlap(np.eye(16), a)),
    "teacher_directions teacher_basis": (ONE.teacher_basis, lambda a: teacher_directions(2, a)),
    "teacher_mass_below eigenvalues": (PAIRS, lambda a: teacher_mass_below(a, PAIRS, 0.5)),
    "teacher_mass_below m2": (PAIRS, lambda a: teacher_mass_below(PAIRS, a, 0.5)),
    "largest_overlap eigenvalues": (
        PAIRS,
        lambda a: largest_overlap(H, a, PAIRS, ONE.teacher_basis),
    ),
    "largest_overlap m2": (PAIRS, lambda a: largest_overlap(H, PAIRS, a, ONE.teacher_basis)),
    "largest_overlap teacher_basis": (
        ONE.teacher_basis,
        lambda a: largest_overlap(H, PAIRS, PAIRS, a),
    ),
    "spectral_measures directions": (np.ones((2, 16)), lambda a: spectral_measures(H, a, 3)),
    "spectral_density eigenvalue": (PAIRS, lambda a: spectral_density(H, a, 0.1)),
    "squared_magnetization student": (
        ONE.student,
        lambda a: squared_magnetization(a, ONE.teacher),
    ),
    "squared_magnetization teacher": (
        ONE.teacher,
        lambda a: squared_magnetization(ONE.student, a),
    ),
    "generalization_error student": (
        ONE.student,
        lambda a: generalization_error(MODEL, a, ONE.teacher),
    ),
    "generalization_error teacher": (
        ONE.teacher,
        lambda a: generalization_error(MODEL, ONE.student, a),
    ),
    "descend starts": (ONE.student[None], lambda a: descend_batch([ONE], a, DescentRule(steps=1))),
}


def spoiled(kind, data):
    if kind == "complex":
        return data + 0.5j
    if kind == "masked":
        mask = np.zeros(data.shape, dtype=bool)
        mask.flat[0] = True
        return np.ma.masked_array(data, mask)
    if kind == "text":
        return data.astype(str)
    wrong = data.copy()
    wrong.flat[0] = {"nan": np.nan, "inf": -np.inf}[kind]
    return wrong


MESSAGES = {
    "complex": "must be real numbers, got dtype complex128",
    "masked": "must have no masked entries",
    "text": "must be real numbers, got dtype <U",
    "nan": "must be finite, got nan or inf in 1 ",
    "inf": "must be finite, got nan or inf in 1 ",
}


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_refused_at_every_entrance(entrance, kind):
    data, call = ENTRANCES[entrance]
    with pytest.raises(InvalidInput) as error:
        call(spoiled(kind, np.asarray(data)))
    message = str(error.value)
    assert message.startswith(f"{entrance.split()[1]} {MESSAGES[kind]}"), message
    assert "\n" not in message


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_sound_data_is_taken(entrance):
    data, call = ENTRANCES[entrance]
    call(np.asarray(data))
    call(np.ma.masked_array(np.asarray(data)))  # nothing is masked
    call(np.asarray(data).astype(object))


def test_an_asymmetric_curvature_is_refused():
    curvature = ONE.curvature.copy()
    curvature[3, 0, 1] *= 1.001
    with pytest.raises(InvalidInput, match=r"must be symmetric .* 1 samples .* sample 3\)"):
        Hessian(ONE.inputs, curvature)
    # Rounding is none, and both routes give one answer then.
    curvature[3] = ONE.curvature[3]
    curvature[5, 0, 1] *= 1 + 1e-15
    hessian = Hessian(ONE.inputs, curvature)
    np.testing.assert_array_equal(hessian.curvature, hessian.curvature.swapaxes(1, 2))
    np.testing.assert_allclose(hessian.dense(), H.dense(), rtol=1e-12)


def test_a_matrix_is_no_hessian():
    with pytest.raises(InvalidInput, match=r"hessian must be a Hessian.*, got ndarray"):
        spectral_density(np.eye(4), [0.0], 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0], [1.0, 2.0]], "x must be an array of numbers, got rows that differ"),
        ([1.0, None], "x must be real numbers, got NoneType"),
        ([True, False], "x must be real numbers, got dtype bool"),
        (np.array([1, 2], dtype="m8[s]"), r"x must be real numbers, got dtype timedelta64"),
        (np.nan, "x must be finite, got nan or inf in it"),
        ([0.0, 1.0, np.inf], r"in 1 entries \(the first is entry 2\)"),
        ({1.0}, "x must be real numbers, got set"),
    ],
)
def test_what_no_array_is_made_of(values, message):
    with pytest.raises(InvalidInput, match=message):
        real_array("x", values)


def test_shapes_and_copies():
    values = np.ones((2, 3))
    assert real_array("x", values) is values
    assert real_array("x", values.astype(np.float32)).dtype == np.float64
    with pytest.raises(InvalidInput, match=r"x must have 1 axes, got shape \(2, 3\)"):
        real_array("x", values, 1)
    with pytest.raises(InvalidInput, match=r"x must have 2 axes, got shape \(0, 3\)"):
        real_array("x", values[:0], 2)
