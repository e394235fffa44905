"""A photograph as the teacher, and what gradient descent makes of its random measurements."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.codec import BULKY
from bbpscape.core.memory import require_memory
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.backend import backend, check_dtype
from bbpscape.simulation.data.instance import Instance, draw, sample_count
from bbpscape.simulation.data.patches import PHOTOGRAPHS, load_photographs
from bbpscape.simulation.descent.descend import descend_batch
from bbpscape.simulation.descent.overlap import squared_magnetization
from bbpscape.simulation.descent.rule import DescentRule, Trajectory, record_steps
from bbpscape.simulation.memory import instance_bytes
from bbpscape.study.spectral_start import find_start

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
    m2: float
    begin_m2: float
    trajectory: Trajectory
    image: NDArray[np.float64] = field(repr=False, metadata=BULKY)
    begin: NDArray[np.float64] = field(repr=False, metadata=BULKY)


@dataclass(frozen=True, eq=False)
class Frame:
    """The image of the student at one step of a descent, and its m²."""

    step: int
    m2: float
    image: NDArray[np.float64] = field(repr=False, metadata=BULKY)


@result
class Photograph(Result):
    """The teacher's image, its recoveries, and a strip of frames of one of them.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.photograph(alpha=3.0, side=8, rule=bb.DescentRule(steps=5))
    >>> found.image.shape, found.M
    ((8, 8), 192)
    """

    derived: ClassVar[tuple[str, ...]] = ("N",)

    which: str
    side: int
    alpha: float
    M: int
    a: float
    seed: int
    rule: DescentRule
    image: NDArray[np.float64] = field(metadata=BULKY)
    recoveries: tuple[Recovery, ...]
    strip_of: int
    strip: tuple[Frame, ...]

    @property
    def N(self) -> int:
        return self.side**2

    def headline(self) -> str:
        size = f"{self.side} × {self.side} pixels"
        return f"{self.which}, {size}, alpha = {self.alpha:g}, a = {self.a:g}"

    def report(self) -> Report:
        """Each start, where it began and where it came."""
        names = ("start", "m2 at first", "m2 at last", "status", "step")
        rows = [
            (
                one.name,
                f"{one.begin_m2:.4f}",
                f"{one.m2:.4f}",
                one.trajectory.status,
                str(one.trajectory.step[-1]),
            )
            for one in self.recoveries
        ]
        return Report([Table(self.headline(), names, rows)])

    def columns(self) -> Mapping[str, Any]:
        """One row a start."""
        return {
            "start": [one.name for one in self.recoveries],
            "p": [one.p for one in self.recoveries],
            "begin_m2": [one.begin_m2 for one in self.recoveries],
            "m2": [one.m2 for one in self.recoveries],
            "status": [one.trajectory.status for one in self.recoveries],
            "step": [one.trajectory.step[-1] for one in self.recoveries],
        }


@shows_progress
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
    progress: Telling = None,
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
    progress : function or False, optional
        Called with the number of descents that are done, and of all; by default a line
        on standard error once it takes long, False for silence.

    Returns
    -------
    Photograph
        The image recovered from each start, its m² and its way there.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or scikit-image is missing.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.photograph(alpha=3.0, side=8, rule=bb.DescentRule(steps=5))
    >>> found.N
    64
    """
    where, dtype = backend(device), check_dtype(dtype)
    image = load_square(which, side)
    N, M, seed = side**2, sample_count(alpha, side**2), check_seed(seed)
    p = int(positive_integer("p", p))
    require_memory(lambda n: 2 * instance_bytes(p, n, -(-M * n // N)), N)
    rule = DescentRule() if rule is None else rule
    frames = dataclasses.replace(rule, snapshots=tuple(record_steps(rule.steps).tolist()))
    teacher = _teacher(image)
    ways = _ways(p, a, alpha, teacher, seed)
    paths: list[Trajectory] = []
    recoveries: list[Recovery] = []
    for name, start, instance in ways:
        begin = find_start(start).begin(instance)
        (path,) = descend_batch([instance], [begin], frames, dtype=dtype, where=where)
        paths.append(path)
        recoveries.append(_recovery(name, path, begin, teacher, image))
        if progress:
            progress(len(recoveries), len(ways))
    best = max(range(len(ways)), key=lambda i: (recoveries[i].m2 - recoveries[i].begin_m2, -i))
    return Photograph(
        which=which,
        side=side,
        alpha=M / N,
        M=M,
        a=a,
        seed=seed,
        rule=rule,
        image=image,
        recoveries=tuple(recoveries),
        strip_of=best,
        strip=_strip(paths[best], teacher, image),
    )


def _teacher(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """The photograph less its mean, on the sphere of radius √N."""
    teacher = (image - image.mean()).reshape(1, image.size)
    return teacher * (math.sqrt(image.size) / np.linalg.norm(teacher))


def _recovery(
    name: str, path: Trajectory, begin: NDArray, teacher: NDArray, image: NDArray
) -> Recovery:
    return Recovery(
        name=name,
        p=len(begin),
        m2=float(path.m2[-1]),
        begin_m2=float(path.m2[0]),
        # The strip has what its snapshots show.
        trajectory=dataclasses.replace(path, snapshots={}),
        image=shown(path.student, teacher, image),
        begin=shown(begin, teacher, image),
    )


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


def _ways(
    p: int, a: float, alpha: float, teacher: NDArray, seed: int
) -> list[tuple[str, str, Instance]]:
    """(name, start, instance) of each descent, all on the same measurements of the teacher."""
    wide_model, narrow_model = (TeacherStudent(q, 1, NormalizedSquare(a)) for q in (p, 1))
    one = draw(wide_model, alpha, teacher.shape[1], seed)
    wide = Instance(wide_model, one.inputs, one.student, teacher)
    narrow = Instance(narrow_model, one.inputs, one.student[:1], teacher)
    return [
        ("random start, p = 1", "random", narrow),
        (f"random start, p = {p}", "random", wide),
        ("Hessian start, p = 1", "hessian", narrow),
        ("spectral start, p = 1", "spectral", narrow),
    ]


def _strip(path: Trajectory, teacher: NDArray, image: NDArray) -> tuple[Frame, ...]:
    """Frames at even steps of m², from the first record to the last."""
    steps = sorted(path.snapshots)
    m2 = [float(squared_magnetization(path.snapshots[step], teacher)) for step in steps]
    targets = np.linspace(m2[0], m2[-1], FRAMES)
    chosen = sorted({int(np.argmin(abs(np.array(m2) - target))) for target in targets})
    return tuple(
        Frame(steps[i], m2[i], shown(path.snapshots[steps[i]], teacher, image)) for i in chosen
    )
