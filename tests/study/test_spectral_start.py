"""The spectral start: it knows the teacher, and the registry has it wherever it is needed."""

import math
import subprocess
import sys

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.descent.overlap import squared_magnetization
from bbpscape.study.spectral_start import LOWEST_T, STARTS, spectral_preprocessing

MODEL = bb.TeacherStudent(4, 1, bb.NormalizedSquare(0.01))


def test_it_knows_the_teacher():
    one = bb.draw(MODEL, 6.0, 100, 1)
    w = STARTS["spectral"].begin(one)
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), math.sqrt(100))
    assert np.linalg.matrix_rank(w) == 4
    assert squared_magnetization(w, one.teacher) > 0.4


def test_the_leading_direction_is_the_highest_eigenvector():
    one = bb.draw(bb.TeacherStudent(1, 1), 4.0, 40)
    y = one.labels
    weights = np.maximum(1 - 1 / y, LOWEST_T)  # the optimal T of one exact quadratic teacher
    np.testing.assert_allclose(spectral_preprocessing(one.model)(y), weights, rtol=1e-6)
    top = np.linalg.eigh(one.inputs.T @ (weights[:, None] * one.inputs))[1][:, -1]
    w = STARTS["spectral"].begin(one)[0]
    assert abs(w @ top) == pytest.approx(math.sqrt(40), rel=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        bb.TeacherStudent(1, 1, "square", "tanh"),
        bb.TeacherStudent(1, 1, "huber", labels=bb.Labels(flip=0.1)),
        bb.TeacherStudent(1, 1, overlap=0.3),
    ],
)
def test_what_it_does_not_start(model):
    with pytest.raises(bb.InvalidInput, match="spectral"):
        STARTS["spectral"].check_model(model)


@pytest.mark.parametrize("module", ["experiments.descend", "experiments.photograph", "study.cells"])
def test_it_is_there_whatever_was_imported(module):
    code = f"import bbpscape.{module} as m; from bbpscape.simulation.descent.start import STARTS"
    code += "; print(*STARTS)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"random", "hessian", "overlap", "spectral"}
