"""One-pass SGD sample by sample: w ← w − η ∂ℓ/∂w at one new sample, t N times.

The inputs, the labels' noise, the samples that test the student and those of a Hessian are streams
of their own: a path is the same whichever times are looked at, and however many draws go together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance, sample_count
from bbpscape.simulation.data.weights import Sphere

# Samples that are drawn at once, and those that test a student.
BLOCK = 64
TESTS = 4000
DIVERGED = 1e4
WEIGHTS, INPUTS, NOISE, TEST, HESSIAN = range(5)


@dataclass(frozen=True, eq=False)
class OnlineDraw:
    """One student at the times of ``stream``: w w/N, (T, p, p), w* w/N, (T, p*, p), and its loss.

    ``students`` is w, (T, p, N). NaN from where it diverged.
    """

    gram: NDArray[np.float64]
    overlap: NDArray[np.float64]
    loss: NDArray[np.float64]
    students: NDArray[np.float64]
    teacher: NDArray[np.float64]
    seed: np.random.SeedSequence


def generator_for(seed: np.random.SeedSequence, *purpose: int) -> np.random.Generator:
    """The stream of a draw for one purpose: WEIGHTS, INPUTS, NOISE, TEST or HESSIAN and a step."""
    made = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *purpose))
    return np.random.default_rng(made)


def stream(
    model: TeacherStudent,
    rate: float,
    times: NDArray[np.float64],
    N: int,
    seeds: Sequence[np.random.SeedSequence],
    sphere: bool = False,
) -> list[OnlineDraw]:
    """One draw for each of ``seeds``; they step together.

    w* is exactly orthogonal, and w has the model's Gram matrix and overlap exactly at t = 0.
    """
    ends = np.round(times * N).astype(int)
    starts = [_start(model, N, generator_for(seed, WEIGHTS)) for seed in seeds]
    w, teacher = (np.array(one) for one in zip(*starts, strict=True))
    limit = DIVERGED * (w**2).sum(axis=2).max(axis=1)
    inputs, noise = ([generator_for(seed, what) for seed in seeds] for what in (INPUTS, NOISE))
    students = np.full((len(ends), *w.shape), math.nan)
    step = 0
    for index, end in enumerate(ends):
        while step < end:
            count = min(BLOCK - step % BLOCK, end - step)
            x = np.array([one.standard_normal((count, N)) for one in inputs]) / math.sqrt(N)
            z = model.teacher_output(x @ teacher.transpose(0, 2, 1))
            y = np.array([model.labels.apply(*one) for one in zip(z, noise, strict=True)])
            _advance(model, rate, w, x, y, sphere)
            step += count
        _drop_diverged(w, limit)
        students[index] = w
    return [_measured(model, students[:, d], teacher[d], seed) for d, seed in enumerate(seeds)]


def _start(
    model: TeacherStudent, N: int, generator: np.random.Generator
) -> tuple[NDArray, NDArray]:
    p, sphere = int(model.p), Sphere(model.inputs, N)
    student = generator.standard_normal((p, N))
    directions = generator.standard_normal((model.p_star, N))
    teacher = math.sqrt(N) * sphere.orthonormal(directions)
    return sphere.at_gram(student, teacher, model.overlap_matrix, model.gram), teacher


def _advance(
    model: TeacherStudent, rate: float, w: NDArray, x: NDArray, y: NDArray, sphere: bool
) -> None:
    """Step w, (D, p, N), through x, (D, n, N), and y, (D, n), in place.

    The steps of a block move w by x, so that the preactivations of the samples ahead follow from
    x xᵀ: λ_j ← s (λ_j − δ_i x_i·x_j), where s is 1, or brings w back to its length.
    """
    c, activation, loss = model.output_weights, model.activation, model.loss
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        ahead, products = w @ x.transpose(0, 2, 1), x @ x.transpose(0, 2, 1)
        squared, share = (w**2).sum(axis=2), np.ones(w.shape[:2])
        moved = np.zeros(ahead.shape)
        for i in range(x.shape[1]):
            fields = ahead[:, :, i]
            first, _ = loss.derivatives(y[:, i], activation.value(fields) @ c)
            delta = rate * first[:, None] * c * activation.first(fields)
            moved[:, :, i] = delta
            if sphere:
                change = delta * (delta * products[:, i, i, None] - 2 * fields)
                scale = 1 / np.sqrt(1 + change / squared)
                share *= scale
                moved[:, :, : i + 1] *= scale[:, :, None]
                ahead -= delta[:, :, None] * products[:, i, None, :]
                ahead *= scale[:, :, None]
            else:
                ahead -= delta[:, :, None] * products[:, i, None, :]
        w *= share[:, :, None]
        w -= moved @ x


def _drop_diverged(w: NDArray, limit: NDArray) -> None:
    """NaN in place of students too long to be told apart from infinite ones."""
    with np.errstate(over="ignore", invalid="ignore"):
        w[~((w**2).sum(axis=2).max(axis=1) < limit)] = math.nan


def _measured(
    model: TeacherStudent, students: NDArray, teacher: NDArray, seed: np.random.SeedSequence
) -> OnlineDraw:
    N, generator = teacher.shape[-1], generator_for(seed, TEST)
    gram = students @ students.transpose(0, 2, 1) / N
    overlap = teacher @ students.transpose(0, 2, 1) / N
    # What the weights see of a sample lies in their span: nothing else of it is drawn.
    x = generator.standard_normal((TESTS, len(teacher) + students.shape[1])) / math.sqrt(N)
    losses = np.full(len(students), math.nan)
    y = None
    for i, w in enumerate(students):
        if np.isfinite(w).all():
            # The teacher first: its part of a sample is the same at all times.
            fields = x @ np.linalg.qr(np.concatenate([teacher, w]).T)[1]
            if y is None:
                y = model.labels.apply(model.teacher_output(fields[:, : len(teacher)]), generator)
            losses[i] = model.loss.value(y, model.output(fields[:, len(teacher) :])).mean()
    return OnlineDraw(gram, overlap, losses, students, teacher, seed)


def fresh_instance(
    model: TeacherStudent, draw: OnlineDraw, index: int, time: float, alpha: float
) -> Instance:
    """M = round(αN) samples that the student at ``times[index]`` has never seen."""
    N = draw.teacher.shape[-1]
    generator = generator_for(draw.seed, HESSIAN, round(time * N))
    x = generator.standard_normal((sample_count(alpha, N), N)) / math.sqrt(N)
    labels = None
    if not model.labels.clean:
        labels = model.labels.apply(model.teacher_output(x @ draw.teacher.T), generator)
    return Instance(model, x, draw.students[index], draw.teacher, labels)
