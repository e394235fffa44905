"""Where a descent begins: objects in a registry, to which users add theirs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, NoConvergence
from bbpscape.core.registry import Registry
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance
from bbpscape.simulation.data.weights import Sphere
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.lowest_pairs import LowestPairs
from bbpscape.simulation.hessian import Hessian

TOLERANCE = 1e-6  # of the eigenvectors that a descent starts from


@dataclass(frozen=True)
class Start:
    """A way to the first student of a descent, by name.

    Parameters
    ----------
    name : str
        As options and studies call it.
    point : callable, Instance to array of shape (p, N)
        The first student; its rows lie on ``instance.sphere``, of radius √N with standard
        inputs, where it is to be compared with the others.
    overlap : bool, optional
        Whether it needs a model with an overlap, or one without; by default any model will do.
    check : callable, TeacherStudent to anything, optional
        Raises InvalidInput for a model that it cannot start.
    title : str, optional
        As figures and tables call it; the name by default.

    Raises
    ------
    InvalidInput
        If the name is no text, or ``point`` or ``check`` cannot be called.

    Examples
    --------
    >>> import bbpscape as bb
    >>> cold = Start("cold", lambda one: 0.01 * one.student)
    >>> bb.descend(bb.TeacherStudent(1, 1), 4.0, 20, draws=1, start=cold).start
    'cold'
    """

    name: str
    point: Callable[[Instance], NDArray[np.float64]] = field(repr=False)
    overlap: bool | None = None
    check: Callable[[TeacherStudent], object] | None = field(default=None, repr=False)
    title: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"the name of a start must be a text, got {self.name!r}")
        for name in ("point", "check"):
            if not callable(getattr(self, name)) and (name == "point" or self.check is not None):
                raise InvalidInput(f"{name} of the start {self.name!r} must be callable")

    @property
    def label(self) -> str:
        """'random start', 'Hessian start'."""
        return f"{self.title or self.name} start"

    def check_model(self, model: TeacherStudent) -> Start:
        """This start, if it goes with the model.

        Parameters
        ----------
        model : TeacherStudent
            Of the descent.

        Returns
        -------
        Start
            Itself.

        Raises
        ------
        InvalidInput
            If it needs an overlap that the model lacks, or the other way round.

        Examples
        --------
        >>> import bbpscape as bb
        >>> zero = bb.Start("cold", lambda one: 0.01 * one.student)
        >>> zero.check_model(bb.TeacherStudent(1, 1)).name
        'cold'
        """
        if self.overlap is not None and self.overlap != (model.overlap != 0.0):
            need = "without an overlap: use start overlap"
            if self.overlap:
                need = "with an overlap: give one"
            raise InvalidInput(f"start {self.name} goes with a model {need}")
        if self.check is not None:
            self.check(model)
        return self

    def begin(self, instance: Instance) -> NDArray[np.float64]:
        """The first student.

        Parameters
        ----------
        instance : Instance
            The data.

        Returns
        -------
        array, shape (p, N)
            w.

        Raises
        ------
        InvalidInput
            If ``point`` gives another shape, or what is not real and finite.
        NoConvergence
            If an eigenvector was not found.

        Examples
        --------
        >>> import bbpscape as bb
        >>> one = bb.draw(bb.TeacherStudent(1, 1), alpha=3.0, N=20)
        >>> cold = bb.Start("cold", lambda one: 0.01 * one.student)
        >>> np.allclose(cold.begin(one), 0.01 * one.student)
        True
        """
        student = real_array(f"the start {self.name!r}", self.point(instance))
        shape = instance.student.shape
        if student.shape != shape:
            raise InvalidInput(
                f"the start {self.name!r} must give an array of shape {shape}, got {student.shape}"
            )
        return student


STARTS: Registry[Start] = Registry("start")


def find_start(start: object) -> Start:
    """A Start itself, or that of a name."""
    return start if isinstance(start, Start) else STARTS.get_known(start)


def start_label(name: str) -> str:
    """How a start is called in a title, by its name."""
    return STARTS[name].label if name in STARTS else f"{name} start"


def check_unit_norms(model: TeacherStudent) -> None:
    """InvalidInput where a start on the sphere would forget the student's own Gram matrix."""
    if model.student_gram is not None:
        raise InvalidInput(
            "this start has neurons of norm √N: leave out student_gram, or use start random or "
            "overlap, which keep it"
        )


def own_student(instance: Instance) -> NDArray[np.float64]:
    """The instance's own student."""
    return instance.student


def lowest_eigenvectors(instance: Instance) -> NDArray[np.float64]:
    """The p·p* lowest eigenvectors of the Hessian at the instance's own student.

    Each has p blocks; the p leading right singular vectors of all the blocks, each as long as its
    singular value, are mixed into p rows.
    """
    p, N = instance.student.shape
    pairs = start_pairs(instance.hessian, min(p * instance.model.p_star, p * N))
    blocks = pairs.eigenvectors.T.reshape(-1, N)
    _, sizes, directions = np.linalg.svd(blocks, full_matrices=False)
    return mixed(sizes[:p], directions[:p], p, instance.sphere)


def start_pairs(matrix: Hessian, count: int) -> LowestPairs:
    """The lowest pairs, to the accuracy that a start needs; NoConvergence if one is not found."""
    pairs = lowest(matrix, count, TOLERANCE, certificate=False)
    if not pairs.converged:
        raise NoConvergence(
            f"the eigenvectors of the start did not converge: {pairs.status.problem}; try another "
            "seed or start"
        )
    return pairs


def mixed(sizes: NDArray, directions: NDArray, p: int, sphere: Sphere) -> NDArray[np.float64]:
    """p rows Σ_j O_kj s_j e_j, scaled to the sphere; O is ``hartley(p)``.

    Before the scaling, Σ_k w_k w_kᵀ = Σ_j s_j² e_j e_jᵀ; the leading e_0 is shared equally.
    """
    return sphere.onto(hartley(p)[:, : len(sizes)] @ (sizes[:, None] * directions))


def hartley(p: int) -> NDArray[np.float64]:
    """O_jk = (cos θ + sin θ)/√p, θ = 2π jk/p: orthogonal, its first column 1/√p.

    >>> bool(np.allclose(hartley(3) @ hartley(3).T, np.eye(3)))
    True
    """
    angle = 2 * math.pi * np.outer(np.arange(p), np.arange(p)) / p
    return (np.cos(angle) + np.sin(angle)) / math.sqrt(p)


for _one in (
    Start("random", own_student, overlap=False),
    Start("hessian", lowest_eigenvectors, False, check_unit_norms, "Hessian"),
    Start("overlap", own_student, overlap=True),
):
    STARTS.add(_one.name, _one)
