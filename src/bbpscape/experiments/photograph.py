"""A photograph as the teacher, and what gradient descent makes of its random measurements."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import backend, check_dtype
from bbpscape.simulation.data.instance import Instance, draw, sample_count
from bbpscape.simulation.data.patches import PHOTOGRAPHS, load_photographs
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.overlap import squared_magnetization
from bbpscape.simulation.descent.rule import DescentRule, Trajectory, record_steps
from bbpscape.simulation.descent.start import starting_point
from bbpscape.simulation.memory import instance_bytes, require_memory
from bbpscape.study.spectral_start import spectral_preprocessing

FRAMES = 6
SIDES = (8, 128)


@dataclass(frozen=True, eq=False)
class Recovery:
    """One way to the photograph: ``image``, shape (side, side), and m² of the student it is of.

    ``begin`` is the image that the descent starts from, ``begin_m2`` its m². At p > 1 the image is
    the leading right singular vector of w. Its sign is the teacher's, which no measurement of
    squares tells.
    """

    name: str
    p: int
    image: NDArray[np.float64] = field(repr=False)
    m2: float
    begin: NDArray[np.float64] = field(repr=False)
    begin_m2: float
    trajectory: Trajectory = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "p": self.p, "m2": self.m2, "begin_m2": self.begin_m2} | {
            "descent": self.trajectory.to_dict()
        }


@dataclass(frozen=True, eq=False)
class Photograph:
    """The teacher's image, its recoveries, and a strip of (step, image, m²) of one of them."""

    side: int
    which: str
    alpha: float
    a: float
    seed: int
    image: NDArray[np.float64] = field(repr=False)
    recoveries: tuple[Recovery, ...]
    strip_of: int
    strip: tuple[tuple[int, NDArray[np.float64], float], ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """JSON values, without the images."""
        values = {name: getattr(self, name) for name in ("side", "which", "alpha", "a", "seed")}
        return {
            **values,
            "N": self.side**2,
            "recoveries": [one.to_dict() for one in self.recoveries],
            "strip": {
                "of": self.recoveries[self.strip_of].name,
                "steps": [step for step, _, _ in self.strip],
                "m2": [m2 for _, _, m2 in self.strip],
            },
        }


def photograph(
    alpha: float = 3.0,
    side: int = 64,
    p: int = 2,
    a: float = 0.01,
    which: str = "camera.png",
    seed: Seed = 0,
    rule: DescentRule | None = None,
    *,
    dtype: str = "float32",
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Photograph:
    """Recover a photograph from M = αN quadratic measurements y = (w*·x)², N = side².

    w* is the photograph less its mean, on the sphere of radius √N. Descents start at random with
    one neuron, at random with p, from the Hessian's lowest eigenvector and from the spectral
    method's highest, all on the same measurements and with the loss of normalization a.

    Parameters
    ----------
    alpha : float
        Samples per dimension.
    side : int
        Pixels, from 8 to 128.
    p, a
        The larger width, and the loss's normalization.
    which : str
        A photograph of scikit-image; its largest central square is averaged over blocks.
    seed : int or numpy Generator
    rule : DescentRule, optional
    dtype, device : str
        Of the descents, as in ``descend``.
    progress : function, optional
        Called with the number of descents that are done, and of all.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or scikit-image is missing.
    """
    where = backend(device)
    image = load_square(which, side)
    N = side**2
    seed, width = check_seed(seed), int(positive_integer("p", p))
    M = sample_count(alpha, N)
    require_memory(lambda n: 2 * instance_bytes(width, n, -(-M * n // N)), N)
    rule = DescentRule() if rule is None else rule
    rule = dataclasses.replace(rule, snapshots=tuple(record_steps(rule.steps).tolist()))
    teacher = (image - image.mean()).reshape(1, N)
    teacher = teacher * (math.sqrt(N) / np.linalg.norm(teacher))
    wide = _instance(TeacherStudent(width, 1, NormalizedSquare(a)), alpha, teacher, seed)
    narrow = Instance(
        TeacherStudent(1, 1, NormalizedSquare(a)), wide.inputs, wide.student[:1], teacher
    )
    ways = (
        ("random start, p = 1", "random", narrow),
        (f"random start, p = {width}", "random", wide),
        ("Hessian start, p = 1", "hessian", narrow),
        ("spectral start, p = 1", "spectral", narrow),
    )
    recoveries = []
    for name, start, instance in ways:
        transform = spectral_preprocessing(instance.model) if start == "spectral" else None
        begin = starting_point(instance, start, transform)
        (path,) = descend_batch([instance], [begin], rule, dtype=check_dtype(dtype), where=where)
        recoveries.append(
            Recovery(
                name,
                len(begin),
                shown(path.student, teacher, image),
                float(path.m2[-1]),
                shown(begin, teacher, image),
                float(path.m2[0]),
                path,
            )
        )
        if progress is not None:
            progress(len(recoveries), len(ways))
    best = max(range(4), key=lambda i: (recoveries[i].m2 - recoveries[i].begin_m2, -i))
    strip = _strip(recoveries[best].trajectory, teacher, image)
    return Photograph(side, which, M / N, a, seed, image, tuple(recoveries), best, strip)


def load_square(which: str, side: int) -> NDArray[np.float64]:
    """The central square of a photograph in grayscale, averaged over blocks to (side, side)."""
    side = int(positive_integer("side", side))
    if not SIDES[0] <= side <= SIDES[1]:
        raise InvalidInput(f"side must be from {SIDES[0]} to {SIDES[1]}, got {side}")
    if which not in PHOTOGRAPHS:
        raise InvalidInput(f"photograph must be one of {', '.join(PHOTOGRAPHS)}, got {which!r}")
    pixels = load_photographs()[PHOTOGRAPHS.index(which)]
    block = min(pixels.shape) // side
    top, left = ((length - block * side) // 2 for length in pixels.shape)
    square = pixels[top : top + block * side, left : left + block * side]
    return square.reshape(side, block, side, block).mean(axis=(1, 3))


def shown(student: NDArray, teacher: NDArray, image: NDArray) -> NDArray[np.float64]:
    """The leading right singular vector of w as an image of the mean and contrast of ``image``."""
    leading = np.linalg.svd(student, full_matrices=False)[2][0]
    sign = math.copysign(1.0, float(leading @ teacher[0]))
    contrast = math.sqrt(image.size) * image.std()
    return image.mean() + sign * contrast * leading.reshape(image.shape)


def _instance(model: TeacherStudent, alpha: float, teacher: NDArray, seed: int) -> Instance:
    (child,) = np.random.SeedSequence(seed).spawn(1)
    one = draw(model, alpha, teacher.shape[1], child)
    return Instance(model, one.inputs, one.student, teacher)


def _strip(
    path: Trajectory, teacher: NDArray, image: NDArray
) -> tuple[tuple[int, NDArray[np.float64], float], ...]:
    """Frames at even steps of m², from the first record to the last."""
    steps = sorted(path.snapshots)
    m2 = [float(squared_magnetization(path.snapshots[step], teacher)) for step in steps]
    targets = np.linspace(m2[0], m2[-1], FRAMES)
    chosen = sorted({int(np.argmin(abs(np.array(m2) - target))) for target in targets})
    return tuple((steps[i], shown(path.snapshots[steps[i]], teacher, image), m2[i]) for i in chosen)
