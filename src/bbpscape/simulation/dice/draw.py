"""The lowest eigenpairs of one draw of Gaussian inputs, without its inputs."""

import functools
import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.memory import require_memory
from bbpscape.model.curvature import curvature
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import check_size, sample_count
from bbpscape.simulation.data.weights import random_weights
from bbpscape.simulation.dice.inputs import DicedInputs
from bbpscape.simulation.dice.lanczos import DicedLanczos
from bbpscape.simulation.eigen.lowest_pairs import Goal, error_bounds
from bbpscape.simulation.eigen.signal import LargestOverlap, bounded_overlap, largest_of_pairs

DICE = "dice"  # the name of the method
FIRST, LATER = 12, 1.12  # steps until the Ritz values are looked at, and how many more each time
MOST_STEPS = 3000
# Ritz pairs above the wanted ones among which a larger overlap is looked for: so many at least, and
# more as more of them converge.
NEARBY = 24
USUAL_STEPS = 250  # of which time and memory are predicted


@dataclass(frozen=True, eq=False)
class DicedPairs:
    """The lowest eigenpairs of a draw by their numbers; arrays have shape (k,).

    ``m2`` are the squared overlaps with the teacher's span; ``products`` vectors were multiplied by
    H.
    """

    eigenvalues: NDArray[np.float64]
    residuals: NDArray[np.float64]
    bounds: NDArray[np.float64]
    m2: NDArray[np.float64]
    tolerance: float
    converged: bool
    products: int
    seconds: float


def check_diced(model: TeacherStudent, held: bool = False, device: str = "cpu") -> None:
    """InvalidInput for inputs that are not independent standard Gaussian numbers, or ``held``."""
    law = model.inputs
    if held or law.replace(profile="random", metric="covariance") != InputLaw():
        raise InvalidInput(
            "the method dice is for standard Gaussian inputs that are not held: use auto, or leave "
            "out inputs, stream, covariance, radial and mean"
        )
    if device != "cpu":
        raise InvalidInput(f"the method dice runs on the cpu, got device {device!r}: use auto")


def diced_bytes(model: TeacherStudent, alpha: float, N: int, itemsize: int = 8) -> int:
    """What a draw holds after ``USUAL_STEPS`` steps."""
    p = int(model.p)
    return _held(sample_count(alpha, N), p, p * model.p_star, N, USUAL_STEPS, itemsize)


def diced_seconds(model: TeacherStudent, alpha: float, N: int) -> float:
    """Of one draw on one core, bound by memory: each step reads all that is held a few times."""
    return 8 * USUAL_STEPS / 2 * diced_bytes(model, alpha, N) / 8e9


class DicedDraw:
    """A draw with the law of those of ``draw``, and another one: X is drawn as Lanczos asks for it.

    Lanczos starts from the teacher's directions in each block, so that the overlap of a Ritz vector
    with the teacher is known without the vector.

    Parameters
    ----------
    model : TeacherStudent
        On standard Gaussian inputs.
    alpha, N, seed, dtype
        As in ``draw`` and ``lowest``.

    Raises
    ------
    InvalidInput
        If the inputs have another law.
    """

    def __init__(
        self,
        model: TeacherStudent,
        alpha: float,
        N: int,
        seed: np.random.SeedSequence,
        dtype: str = "float64",
    ):
        check_diced(model)
        self._p, self._M, self._N = check_size(model, N), sample_count(alpha, N), N
        self._copies, self._dtype = self._p * model.p_star, dtype
        self._lanczos = _planted(model, self._M, N, np.random.default_rng(seed), dtype)
        self._look = FIRST

    def lowest(self, k: int, tol: float = 1e-8, below: float = -math.inf) -> DicedPairs:
        """The k lowest pairs at least, and all below the eigenvalue ``below`` and one above it.

        Raises
        ------
        InvalidInput
            If memory does not suffice for the steps that this takes.
        """
        began, lanczos = time.perf_counter(), self._lanczos
        while True:
            self._advance()
            values, residuals, m2 = lanczos.ritz(k)
            while values[-1] < below and len(values) < lanczos.dimension:
                values, residuals, m2 = lanczos.ritz(2 * len(values))
            wanted = min(max(k, int((values < below).sum()) + 1), len(values))
            goal = Goal(tol, lanczos.norm(), self._dtype)
            bounds = error_bounds(values, residuals, wanted)
            values, residuals, m2 = values[:wanted], residuals[:wanted], m2[:wanted]
            done = wanted >= k and goal.reached(values, residuals, bounds)
            if done or self._ended:
                break
        return DicedPairs(
            eigenvalues=values,
            residuals=residuals,
            bounds=bounds,
            m2=m2,
            tolerance=goal.tolerance(values),
            converged=done or lanczos.exhausted,
            products=lanczos.steps * self._copies,
            seconds=time.perf_counter() - began,
        )

    def largest_overlap(self, tol: float = 1e-8) -> LargestOverlap:
        """Whether the largest overlap is among the p·p* lowest, by as many steps as that takes.

        With one direction, p = p* = 1, all is decided but by MOST_STEPS. With more, the bound on
        the overlap of every eigenvector is missing, and only the pairs found can decide.
        """
        lanczos, copies = self._lanczos, self._copies
        if not lanczos.steps:
            self._advance()
        while True:
            values, residuals, m2 = lanczos.ritz(copies + max(NEARBY, lanczos.steps // 4))
            settled = residuals <= Goal(tol, lanczos.norm(), self._dtype).tolerance(values)
            # As far as all of them are: what is above is for the bound.
            known = len(settled) if settled.all() else int(settled.argmin())
            if known >= copies:
                found = largest_of_pairs(m2[:known], copies)
                if found.lowest is None and copies == 1:
                    above, best = float(values[known - 1]), float(m2[0])
                    found = bounded_overlap([lanczos.measure()], above, best)
                if found.lowest is not None or copies > 1:
                    return found
            if lanczos.exhausted:
                every = lanczos.ritz(lanczos.dimension)[2]
                return LargestOverlap(bool(every.argmax() < copies), "diagonalization")
            if self._ended:
                return LargestOverlap(None, "open")
            self._advance()

    @property
    def _ended(self) -> bool:
        return self._lanczos.exhausted or self._lanczos.steps >= MOST_STEPS

    def _advance(self) -> None:
        """Lanczos to where the Ritz values are looked at next."""
        itemsize = np.dtype(self._dtype).itemsize
        held = functools.partial(_held, self._M, self._p, self._copies, self._N, itemsize=itemsize)
        require_memory(held, self._look, "steps", "lower N, alpha or p")
        while self._lanczos.steps < self._look and not self._lanczos.exhausted:
            self._lanczos.step()
        self._look = min(math.ceil(LATER * self._look), MOST_STEPS)


def _planted(
    model: TeacherStudent, M: int, N: int, generator: np.random.Generator, dtype: str
) -> DicedLanczos:
    """Lanczos from the teacher's directions in each block, for a new teacher and student."""
    p, p_star = int(model.p), model.p_star
    student, teacher = random_weights(model, N, generator)
    # The coordinates of the weights on a basis of their span, whose first directions are w*'s.
    coordinates = np.linalg.qr(np.concatenate([teacher, student]).T).R.T
    inputs = DicedInputs(M, N, coordinates.shape[1], generator, dtype)
    preactivations = inputs.columns.T.astype(float) @ coordinates.T
    labels = model.teacher_output(preactivations[:, :p_star])
    if not model.labels.clean:
        labels = model.labels.apply(labels, generator)
    start = np.zeros((p, p_star, p, inputs.size))
    for neuron in range(p):
        start[neuron, np.arange(p_star), neuron, np.arange(p_star)] = 1.0
    samples = curvature(model, preactivations[:, p_star:], labels)
    return DicedLanczos(inputs, samples, start.reshape(p * p_star, p, -1))


def _held(M: int, p: int, copies: int, N: int, steps: int, itemsize: int) -> int:
    """Bytes of both sets of rows, of the curvature, and of the basis, after so many steps."""
    asked = min(p * copies * steps, max(M, N))
    vectors = min(copies * steps, p * N)
    return 3 * M * asked * itemsize + 3 * M * p * p * itemsize + 16 * vectors * p * min(asked, N)
