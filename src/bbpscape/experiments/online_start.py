"""What one-pass SGD is asked: its times, and the student that it begins with."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, integer
from bbpscape.core.seeds import stream
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import check_size

MOST_TIMES, LATEST, MOST_DRAWS = 1000, 1e5, 10_000
MOST_STEPS = 1e9


def learnt(model: TeacherStudent, gram: NDArray, overlap: NDArray) -> TeacherStudent:
    """The model with a student of this Gram matrix and overlap."""
    return model.replace(overlap=overlap, student_gram=gram)


def check_online(
    model: TeacherStudent,
    times: Sequence[float],
    hessian: Sequence[float] | None,
    N: int,
    draws: int,
) -> tuple[NDArray[np.float64], set[float], tuple[int, int]]:
    """(times, those of the Hessian, (N, draws)), each in its own type."""
    TeacherStudent.check(model)
    if model.p == float("inf"):
        raise InvalidInput("p must be finite for one-pass SGD, got inf")
    if not model.inputs.standard:
        raise InvalidInput("one-pass SGD needs standard Gaussian inputs: Q and m are all it knows")
    chosen = real_array("times", times, 1)
    if not 1 <= chosen.size <= MOST_TIMES or chosen[0] < 0 or (np.diff(chosen) <= 0).any():
        raise InvalidInput(
            f"times must be 1 to {MOST_TIMES} numbers that rise from 0 or later, got {times!r}"
        )
    if chosen[-1] > LATEST:
        raise InvalidInput(f"times must be at most {LATEST:g}, got {chosen[-1]:g}")
    at = set() if hessian is None else set(real_array("hessian", hessian, 1).tolist())
    if not at <= set(chosen.tolist()):
        raise InvalidInput(f"hessian must be some of the times {chosen.tolist()}, got {hessian!r}")
    size, many = integer("N", N), integer("draws", draws, 0, MOST_DRAWS)
    if many:
        check_size(model, size)
        if size < model.p + model.p_star:
            raise InvalidInput(f"N must be at least p + p_star = {model.p + model.p_star}, got {N}")
        if chosen[-1] * size * many > MOST_STEPS:
            raise InvalidInput(
                f"{many} draws of N t = {chosen[-1] * size:.3g} steps are too many: lower N, draws "
                "or times"
            )
    return chosen, at, (size, many)


def random_start(model: TeacherStudent, start_N: int, seed: int) -> TeacherStudent:
    """The model with w = mᵀb + R^½ e for unit vectors e of dimension ``start_N``, not orthogonal.

    Of the Gaussian e only the coordinates along b and along each other matter: those of a triangle,
    by Bartlett's decomposition.
    """
    p, p_star = int(model.p), model.p_star
    N = integer("start_N", start_N, p + p_star)
    generator = stream("start of one-pass SGD", seed)
    m, known = model.overlap_matrix, generator.standard_normal((p, p_star))
    own = np.tril(generator.standard_normal((p, p)), -1)
    own += np.diag(np.sqrt(generator.chisquare(N - p_star - np.arange(p))))
    e = np.concatenate([known, own], axis=1)
    e /= np.linalg.norm(e, axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(model.gram - m.T @ m)
    w = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T @ e
    w[:, :p_star] += m.T
    return learnt(model, w @ w.T, w[:, :p_star].T)
