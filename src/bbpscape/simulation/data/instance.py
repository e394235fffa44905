"""One draw of the teacher, the student and the data at finite N."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, natural, positive, positive_integer
from bbpscape.core.memory import require_memory
from bbpscape.core.seeds import check_seed, draw_seed
from bbpscape.model import curvature as _curvature
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.sampler import Sampler
from bbpscape.simulation.data.weights import Sphere, random_weights
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.memory import instance_bytes

MOST = 2**53  # samples, or rows of a Hessian: a double holds every integer up to here
DrawSeed = int | np.random.Generator | np.random.SeedSequence


@dataclass(frozen=True, eq=False)
class Instance:
    """λ = X wᵀ, y = (1/p*) Σ_l σ(X w*ᵀ)_l, L(w) = Σ_μ ℓ(y_μ, ŷ_μ) for one draw of X, w and w*.

    The arrays are held as they come, without a copy, and through read-only views. Components are
    those of the eigenbasis of Σ where the model's inputs have a covariance.

    Parameters
    ----------
    model : TeacherStudent
        p must be finite.
    inputs : array, shape (M, N)
        X, scaled so that an entry has variance 1/N, or σ_i/N.
    student : array, shape (p, N)
        w, its rows on the ``Sphere`` of the model's inputs: of radius √N, or w·Σw = N.
    teacher : array, shape (p_star, N)
        w*, its rows on the same sphere.
    noisy_labels : array, shape (M,), optional
        y where the model's labels are random; needed then, and only then.
    mean : array, shape (N,), optional
        μ of the inputs, where the model gives them one; needed then, and only then.

    Raises
    ------
    InvalidInput
        If p is infinite, N < p_star, a shape does not fit, or the numbers are not real and finite.

    Examples
    --------
    >>> import bbpscape as bb
    >>> one = bb.draw(bb.TeacherStudent(p=1, p_star=1), alpha=3.0, N=20)
    >>> same = bb.data.Instance(one.model, one.inputs, one.student, one.teacher)
    >>> np.allclose(same.labels, (one.inputs @ one.teacher[0]) ** 2)
    True
    """

    model: TeacherStudent
    inputs: NDArray[np.float64]
    student: NDArray[np.float64]
    teacher: NDArray[np.float64]
    noisy_labels: NDArray[np.float64] | None = None
    mean: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if (self.noisy_labels is None) != self.model.labels.clean:
            raise InvalidInput("noisy_labels go with a model whose labels are random")
        if (self.mean is None) != (self.model.inputs.mean == 0):
            raise InvalidInput("mean goes with a model whose inputs have one")
        names = ("inputs", "student", "teacher", "noisy_labels", "mean")
        for name in (one for one in names if getattr(self, one) is not None):
            view = real_array(name, getattr(self, name)).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        if self.inputs.ndim != 2 or 0 in self.inputs.shape:
            raise InvalidInput(f"inputs must have shape (M, N), got {self.inputs.shape}")
        check_size(self.model, self.N)
        for name, width in (("student", self.model.p), ("teacher", self.model.p_star)):
            shape = getattr(self, name).shape
            if shape != (width, self.N):
                raise InvalidInput(f"{name} must have shape ({width}, {self.N}), got {shape}")
        if self.noisy_labels is not None and self.noisy_labels.shape != (self.M,):
            raise InvalidInput(
                f"noisy_labels must have shape ({self.M},), got {self.noisy_labels.shape}"
            )
        if self.mean is not None and self.mean.shape != (self.N,):
            raise InvalidInput(f"mean must have shape ({self.N},), got {self.mean.shape}")

    @property
    def M(self) -> int:
        """Number of samples."""
        return self.inputs.shape[0]

    @property
    def N(self) -> int:
        """Dimension of the inputs."""
        return self.inputs.shape[1]

    @cached_property
    def preactivations(self) -> NDArray[np.float64]:
        """λ = X wᵀ, shape (M, p)."""
        return _frozen(self.inputs @ self.student.T)

    @cached_property
    def labels(self) -> NDArray[np.float64]:
        """y, shape (M,)."""
        if self.noisy_labels is not None:
            return self.noisy_labels
        return _frozen(self.model.teacher_output(self.inputs @ self.teacher.T))

    @cached_property
    def label_scalars(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(y, r) with r = |λ|²/p, which is ŷ of the quadratic activation, both of shape (M,)."""
        return self.labels, _frozen(_curvature.student_output(self.preactivations))

    @cached_property
    def curvature(self) -> NDArray[np.float64]:
        """F of every sample, shape (M, p, p)."""
        return _frozen(_curvature.curvature(self.model, self.preactivations, self.labels))

    @cached_property
    def teacher_basis(self) -> NDArray[np.float64]:
        """An orthonormal basis of the span of the rows of w*, shape (N, p_star)."""
        return _frozen(np.linalg.qr(self.teacher.T)[0])

    @cached_property
    def sphere(self) -> Sphere:
        """On which the model's inputs have the weights."""
        return Sphere(self.model.inputs, self.N)

    @property
    def hessian(self) -> Hessian:
        """H at the student, of size pN × pN."""
        return Hessian(self.inputs, self.curvature)

    def at(self, student: NDArray[np.float64]) -> Instance:
        """The same data and teacher at another student.

        Parameters
        ----------
        student : array, shape (p, N)
            w.

        Returns
        -------
        Instance
            With the labels of this one.

        Raises
        ------
        InvalidInput
            If the shape is another.

        Examples
        --------
        >>> import bbpscape as bb
        >>> one = bb.draw(bb.TeacherStudent(p=1, p_star=1), alpha=3.0, N=20)
        >>> float(one.at(one.teacher).loss(one.teacher))
        0.0
        """
        return replace(self, student=student)

    def loss(self, weights: NDArray) -> float:
        """L(w) = Σ_μ ℓ(y_μ, ŷ_μ(w)) at any weights, real or complex.

        Parameters
        ----------
        weights : array, shape (p, N)
            w.

        Returns
        -------
        float
            A sum over the samples, or a complex number of complex weights.

        Examples
        --------
        >>> import bbpscape as bb
        >>> one = bb.draw(bb.TeacherStudent(p=1, p_star=1), alpha=3.0, N=20)
        >>> float(one.loss(one.teacher)), bool(one.loss(one.student) > 0)
        (0.0, True)
        """
        outputs = self.model.output(self.inputs @ np.asarray(weights).T)
        return self.model.loss.value(self.labels, outputs).sum()


def draw(
    model: TeacherStudent, alpha: float, N: int, seed: DrawSeed = 0, draw: int = 0
) -> Instance:
    """x_μ = √τ_μ Σ^½ ξ_μ/√N + μ/√N for M = round(αN) samples, and w, w* random on their sphere.

    Standard inputs are x_μ ~ N(0, I_N/N), and the sphere has radius √N; others have the components
    of the eigenbasis of Σ, by decreasing σ, and w·Σw = N unless their metric is "sphere".

    Parameters
    ----------
    model : TeacherStudent
        p must be finite, and its inputs exist at N.
    alpha : float
        Samples per dimension, M/N before rounding; at least 1/N.
    N : int
        Dimension, at least p_star.
    seed : int, Generator or SeedSequence
        An int names, with the model, α and N, the draws of ``simulate``, ``compare``, ``descend``
        and studies, of which this is the one of index ``draw``. A numpy Generator or SeedSequence
        is the stream that is sampled itself.
    draw : int
        Index of the draw.

    Returns
    -------
    Instance
        Inputs, student, teacher and labels, and the Hessian that they make.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the inputs would not fit in the memory available.

    See Also
    --------
    simulate : The lowest eigenpairs of such draws.

    Examples
    --------
    >>> import bbpscape as bb
    >>> one = bb.draw(bb.TeacherStudent(p=2, p_star=1), alpha=3.0, N=20, seed=0)
    >>> one.inputs.shape, one.hessian.shape
    ((60, 20), (40, 40))
    >>> bool(np.allclose(one.labels, (one.inputs @ one.teacher[0]) ** 2))
    True
    """
    N = int(positive_integer("N", N))
    M = sample_count(alpha, N)
    p = check_size(model, N)
    generator = generator_of(model, alpha, N, seed, draw)
    require_memory(lambda n: instance_bytes(p, n, max(1, round(alpha * n))), N)
    sampler = Sampler(model.inputs, N, M, generator)
    inputs = sampler.rows(generator, slice(0, M))
    return plant(model, inputs, generator, sampler.mean)


def draw_seeds(
    model: TeacherStudent, alpha: float, N: int, seed: int, draws: int
) -> list[np.random.SeedSequence]:
    """The seeds of draws 0, 1, … of a model at α and N: ``draw`` takes one in place of an int.

    A draw is the same for any number of draws, and whoever asks for it.
    """
    identity, count = model.identity(alpha, N), int(positive_integer("draws", draws))
    return [draw_seed(identity, seed, index) for index in range(count)]


def generator_of(
    model: TeacherStudent, alpha: float, N: int, seed: DrawSeed, draw: int = 0
) -> np.random.Generator:
    """The stream of one draw, for ``seed`` and ``draw`` as in the function ``draw``."""
    index = natural("draw", draw)
    if isinstance(seed, np.random.Generator | np.random.SeedSequence):
        if index:
            raise InvalidInput(f"draw {index} needs an integer seed: a stream is one draw")
        return np.random.default_rng(seed)
    return np.random.default_rng(draw_seed(model.identity(alpha, N), check_seed(seed), index))


def plant(
    model: TeacherStudent,
    rows: NDArray[np.float64],
    generator: np.random.Generator,
    mean: NDArray[np.float64] | None = None,
) -> Instance:
    """w, then w*, for given inputs of shape (M, N), on the sphere that the model's inputs say.

    Both are of random direction, w* by the model's profile, and w at the model's overlap with w*;
    the labels' noise is drawn last. ``mean`` is that of the inputs, where the model has one. Inputs
    of a covariance are in its eigenbasis.
    """
    if not isinstance(generator, np.random.Generator):
        raise InvalidInput(f"generator must be a numpy Generator, got {generator!r}")
    rows = real_array("rows", rows)
    shape = rows.shape
    if len(shape) != 2 or 0 in shape:
        raise InvalidInput(f"rows must have shape (M, N), got {shape}")
    check_size(model, shape[1])
    student, teacher = random_weights(model, shape[1], generator)
    labels = None
    if not model.labels.clean:
        labels = model.labels.apply(model.teacher_output(rows @ teacher.T), generator)
    return Instance(model, rows, student, teacher, labels, mean)


def sample_count(alpha: float, N: int) -> int:
    """M = round(αN), refused below 1 and above 2⁵³.

    >>> sample_count(1.5, 100)
    150
    """
    alpha = positive("alpha", alpha)
    if alpha * N < 1:
        raise InvalidInput(
            f"alpha must be at least 1/N = {1 / N:.6g}, for one sample, got {alpha!r}"
        )
    if max(alpha * N, N) > MOST:
        raise InvalidInput(
            f"N and alpha N must be at most {MOST:.3g}, got {N:.3g} and {alpha * N:.3g}"
        )
    return round(alpha * N)


def check_size(model: TeacherStudent, N: int) -> int:
    """Return p, refusing p = ∞, pN above 2⁵³, an N without room for p_star directions, and inputs
    that do not exist at N."""
    if math.isinf(model.p):
        raise InvalidInput("p must be finite at finite N, got inf")
    if model.p_star > N:
        raise InvalidInput(f"N must be at least p_star = {model.p_star}, got {N}")
    if model.p * N > MOST:
        raise InvalidInput(f"p N must be at most {MOST:.3g}, got {float(model.p) * N:.3g}")
    profile = model.inputs.profile
    if profile.room(N) < model.p_star:
        raise InvalidInput(
            f"profile {profile.label} has no room for p_star = {model.p_star} directions"
        )
    model.inputs.covariance.check(N)
    return int(model.p)


def _frozen(array: NDArray) -> NDArray:
    array.flags.writeable = False
    return array
