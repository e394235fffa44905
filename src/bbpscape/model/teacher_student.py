"""The teacher–student model at a random initialization."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.registry import check_listed
from bbpscape.core.short import short
from bbpscape.model.activations import ACTIVATIONS, Activation
from bbpscape.model.activations import activation as to_activation
from bbpscape.model.gram import check_student_gram
from bbpscape.model.inputs.law import PARTS, STANDARD, InputLaw
from bbpscape.model.labels import Labels
from bbpscape.model.layers import check_overlap, check_second_layer, common_overlap
from bbpscape.model.loss import Loss, examine
from bbpscape.model.losses import LOSSES
from bbpscape.model.losses import loss as to_loss
from bbpscape.model.record import LABELS, NUMBERS, arguments_of, identity_of, label_of, values_of
from bbpscape.model.teacher import TEACHERS, Teacher, committee
from bbpscape.model.teacher import teacher as to_teacher
from bbpscape.model.torch_module import read_two_layers

# Wider students than this are p = ∞ to all digits.
WIDEST = 10**9
EXACT = Labels()
# Poisson labels that are looked at for extremes of the curvature.
COUNTS = (*map(float, range(32)), *(2.0**k for k in range(5, 40)))


@dataclass(frozen=True)
class TeacherStudent:
    """y = φ(w*_1·x, …, w*_{p*}·x),  ŷ = Σ_k c_k σ(w_k·x),  L = Σ_μ ℓ(y_μ, ŷ_μ).

    Inputs are x ~ N(0, I_N/N), and the rows of w and w* lie on the sphere of radius √N. With the
    defaults, φ(u) = (1/p*) Σ_l σ(u_l), σ(x) = x², c_k = 1/p and w independent of w*, it is the
    model of the source.
    ``inputs`` may give x a covariance, norms and a mean, and w and w* the sphere w·Σw = N.

    Parameters
    ----------
    p : int or math.inf
        Width of the student. ``inf`` is the limit p → ∞ after N → ∞ (theory of the source's model
        only).
    p_star : int
        Width of the teacher.
    loss : Loss, or text
        The loss of one sample: a name in LOSSES or an expression in y and yhat, or an object.
    activation : Activation, or text
        σ: a name in ACTIVATIONS, an expression in x, or an object.
    labels : Labels
        What is done to the teacher's output: noise, sign flips, counts.
    second_layer : sequence of p numbers, optional
        c_k, fixed; 1/p each by default.
    overlap : number, or array of shape (p_star, p)
        w*_l·w_k/N, a number standing for every pair. Beyond it the student is random.
    inputs : InputLaw
        The law of x; w and w* are scaled, and ``overlap`` is measured, in its metric.
    teacher : Teacher, or text, optional
        φ: an expression in u1, u2, …, the name of a listed teacher, an activation or its name for a
        committee of such neurons, or an object. A committee of the student's σ by default.
    student_gram : number, or array of shape (p, p), optional
        Q = w_k·w_k'/N of a student that has learnt, a number q standing for q·1. By default w_k is
        of norm √N and, beyond the overlap, random.

    Raises
    ------
    InvalidInput
        If an argument is of another type or shape, or the loss is not defined for every label.

    References
    ----------
    Annesi, Bocchi, Cammarota (2025), arXiv 2510.18435.

    Examples
    --------
    >>> TeacherStudent(p=2, p_star=1, loss="normalized-square").curvature_unit
    1.0
    """

    p: float
    p_star: int
    loss: Loss
    activation: Activation
    labels: Labels
    second_layer: tuple[float, ...] | None
    overlap: float | tuple[tuple[float, ...], ...]
    inputs: InputLaw
    teacher: Teacher
    student_gram: float | tuple[tuple[float, ...], ...] | None

    def __init__(
        self,
        p: float = 2,
        p_star: int = 1,
        loss: Loss | str = "normalized-square",
        activation: Activation | str = "quadratic",
        labels: Labels = EXACT,
        second_layer: ArrayLike | None = None,
        overlap: ArrayLike = 0.0,
        inputs: InputLaw = STANDARD,
        teacher: Teacher | Activation | str | None = None,
        student_gram: ArrayLike | None = None,
    ) -> None:
        loss, activation = to_loss(loss), to_activation(activation)
        teacher = committee(activation) if teacher is None else to_teacher(teacher)
        given = (p, p_star, loss, activation, labels, second_layer, overlap, inputs, teacher)
        for one, value in zip(dataclasses.fields(self), (*given, student_gram), strict=True):
            object.__setattr__(self, one.name, value)
        self._check()

    def __repr__(self) -> str:
        return short(self, TeacherStudent(), ("p", "p_star", "loss"))

    def _check(self) -> None:
        object.__setattr__(self, "p", positive_integer("p", self.p, infinite=True))
        object.__setattr__(self, "p_star", positive_integer("p_star", self.p_star))
        for name in ("p", "p_star"):
            width = getattr(self, name)
            if width != math.inf and width > WIDEST:
                raise InvalidInput(f"{name} must be at most {WIDEST}, got {width!r}")
        if not isinstance(self.labels, Labels):
            raise InvalidInput(f"labels must be Labels, got {self.labels!r}")
        if not isinstance(self.inputs, InputLaw):
            raise InvalidInput(f"inputs must be an InputLaw, got {type(self.inputs).__name__}")
        second_layer = check_second_layer(self.second_layer, self.p)
        object.__setattr__(self, "second_layer", second_layer)
        unit_norms = self.student_gram is None
        overlap = check_overlap(self.overlap, self.p, self.p_star, unit_norms)
        object.__setattr__(self, "overlap", overlap)
        known = self.overlap_matrix if overlap else None
        gram = check_student_gram(self.student_gram, self.p, known)
        object.__setattr__(self, "student_gram", gram)
        self._check_names()
        examine(self.loss, *self.label_range)
        if math.isinf(self.p) and not self.is_committee:
            raise InvalidInput("p must be finite but for the quadratic model of the source")

    def _check_names(self) -> None:
        """A listed name stands for the listed object alone: it is all that a record keeps."""
        check_listed(ACTIVATIONS, self.activation)
        if self.teacher.unit is None:
            check_listed(TEACHERS, self.teacher)
        else:
            check_listed(ACTIVATIONS, self.teacher.unit)
        if self.loss.name in LOSSES:
            numbers = self.loss.parameters
            if to_loss(self.loss.name, **numbers) != self.loss:
                raise InvalidInput(
                    f"the loss {self.loss.name!r} is not the one that is listed by this name: "
                    "give it another"
                )

    @staticmethod
    def check(model: object) -> TeacherStudent:
        """``model`` itself, if it is a TeacherStudent.

        Parameters
        ----------
        model : object
            Whatever was given.

        Returns
        -------
        TeacherStudent
            The same.

        Raises
        ------
        InvalidInput
            If it is something else.

        Examples
        --------
        >>> import bbpscape as bb
        >>> model = bb.TeacherStudent(p=2, p_star=1)
        >>> bb.TeacherStudent.check(model) is model
        True
        """
        if not isinstance(model, TeacherStudent):
            raise InvalidInput(f"model must be a TeacherStudent, got {type(model).__name__}")
        return model

    @property
    def own_teacher(self) -> bool:
        """Whether the teacher is other than a committee of the student's activation."""
        return self.teacher != committee(self.activation)

    @property
    def is_reference(self) -> bool:
        """Whether this is the model of the source."""
        return self.is_committee and self.student_norm == 1.0

    @property
    def is_committee(self) -> bool:
        """Whether it is that of the source but for the student's norm: both have closed forms."""
        return (
            self.activation.quadratic
            and self.teacher.quadratic
            and self.loss.closed_form is not None
            and self.labels.clean
            and self.second_layer is None
            and self.student_norm is not None
            and self.inputs.standard
        )

    @property
    def normalization(self) -> float:
        """a of the model of the source."""
        a = self.loss.closed_form
        if a is None:
            raise InvalidInput(f"the loss {self.loss.name!r} is not the normalized square loss")
        return a

    @property
    def curvature_unit(self) -> float:
        """2/p, the scale of the curvature; 1 at p = ∞, where eigenvalues are those of (p/2) H."""
        return 1.0 if math.isinf(self.p) else 2.0 / self.p

    @property
    def output_weights(self) -> NDArray[np.float64]:
        """c, shape (p,)."""
        if self.second_layer is None:
            return np.full(int(self.p), 1 / self.p)
        return np.array(self.second_layer)

    @property
    def overlap_matrix(self) -> NDArray[np.float64]:
        """w*_l·w_k/N, shape (p_star, p)."""
        if self.overlap == 0.0:
            return np.zeros((self.p_star, int(self.p)))
        return np.array(self.overlap)

    @property
    def student_norm(self) -> float | None:
        """q if the student has w_k·w_k'/N = q δ_kk' and no overlap, else None."""
        if self.overlap != 0.0 or isinstance(self.student_gram, tuple):
            return None
        return 1.0 if self.student_gram is None else self.student_gram

    @property
    def gram(self) -> NDArray[np.float64]:
        """Q = w_k·w_k'/N as N → ∞, shape (p, p)."""
        m = self.overlap_matrix
        if self.student_gram is None:
            return m.T @ m + np.diag(1 - (m**2).sum(axis=0))
        if isinstance(self.student_gram, tuple):
            return np.array(self.student_gram)
        return self.student_gram * np.eye(int(self.p))

    @property
    def label_range(self) -> tuple[float, float]:
        """Infimum and supremum of y; either may be infinite."""
        return self.labels.range(*self.teacher.range(self.p_star))

    @property
    def label_values(self) -> tuple[float, ...]:
        """The labels where these are discrete; the first and ever sparser ones of counts."""
        if self.labels.noise:
            return ()
        found = COUNTS if self.labels.poisson else self.teacher.facts(self.p_star).values
        kept = found if self.labels.flip < 1 else ()
        return tuple(sorted({*kept, *(-one for one in found if self.labels.flip)}))

    def output(self, preactivations: ArrayLike) -> NDArray:
        """ŷ = Σ_k c_k σ(λ_k), over the last axis.

        Parameters
        ----------
        preactivations : array, shape (..., p)
            λ.

        Returns
        -------
        array, shape (...)
            ŷ.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.TeacherStudent(p=2, p_star=1).output([1.0, 3.0]).item()  # (1 + 9)/2
        5.0
        """
        values = self.activation.value(np.asarray(preactivations))
        if self.second_layer is None:
            return values.mean(axis=-1)
        return values @ self.output_weights

    def teacher_output(self, preactivations: ArrayLike) -> NDArray:
        """φ(u), over the last axis.

        Parameters
        ----------
        preactivations : array, shape (..., p_star)
            u.

        Returns
        -------
        array, shape (...)
            The labels before noise and flips.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.TeacherStudent(p=2, p_star=2).teacher_output([1.0, 3.0]).item()
        5.0
        """
        return self.teacher(np.asarray(preactivations))

    def label(self, **others: object) -> str:
        """The parameters on one line, then ``others``; what is as in the source goes unsaid.

        Parameters
        ----------
        **others
            Further names and values.

        Returns
        -------
        str
            One line.

        Examples
        --------
        >>> TeacherStudent(p=2, p_star=1).label(alpha=3.0, N=500)
        'p = 2, p* = 1, a = 0.01, alpha = 3, N = 500'
        """
        shown = {k: f"{v:g}" if isinstance(v, float) else v for k, v in others.items()}
        told = [f"{name} = {value}" for name, value in shown.items()]
        return ", ".join([*label_of(self.to_dict()), *told])

    def replace(self, **parameters: Any) -> TeacherStudent:
        """The model with other values of its parameters.

        A loss of another name keeps the numbers that it shares with this one.

        Parameters
        ----------
        **parameters
            Names and values: p, p_star, a, loss, delta, activation, ….

        Returns
        -------
        TeacherStudent
            Another.

        Raises
        ------
        InvalidInput
            If there is no such parameter, the loss has none of this name, or the model is refused.

        Examples
        --------
        >>> TeacherStudent(2, 1).replace(p=4, loss="huber", delta=0.5).label()
        'p = 4, p* = 1, huber loss, delta = 0.5'
        """
        given = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        given["overlap"] = common_overlap(self.overlap)
        if not self.own_teacher:
            given["teacher"] = None
        mine = self.loss.parameters
        others = {name: parameters.pop(name) for name in [*parameters] if name in (*NUMBERS, *mine)}
        loss = parameters.pop("loss", None)
        if loss is not None:
            shared = {name: mine[name] for name in NUMBERS if name in mine}
            given["loss"] = to_loss(loss, **shared | others)
        elif others:
            given["loss"] = self.loss.replace(**others)
        changed = {LABELS[name]: parameters.pop(name) for name in LABELS if name in parameters}
        given["labels"] = dataclasses.replace(parameters.pop("labels", self.labels), **changed)
        parts = {name: parameters.pop(name) for name in PARTS if name in parameters}
        if parts:
            given["inputs"] = parameters.pop("inputs", self.inputs).replace(**parts)
        if unknown := [name for name in parameters if name not in given]:
            raise InvalidInput(f"{unknown[0]} is no parameter of a model")
        return TeacherStudent(**given | parameters)

    def identity(self, alpha: float, N: int | None = None) -> str:
        """The text that names what is drawn at α and N: JSON of all that differs from the defaults.

        Numbers are kept to 12 digits, so that they are the same however they were computed.

        Parameters
        ----------
        alpha : float
            Samples per dimension.
        N : int, optional
            Dimension.

        Returns
        -------
        str
            A line of JSON.

        Examples
        --------
        >>> TeacherStudent(p=2, p_star=1, loss="huber").identity(3, 100)
        '{"N":100,"alpha":3.0,"loss":"huber","p":2,"p_star":1}'
        """
        return identity_of(self.to_dict(), alpha, N)

    def to_dict(self) -> dict[str, Any]:
        """The parameters as plain JSON values; p = ∞ is the string "inf".

        Returns
        -------
        dict
            What ``from_dict`` reads.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.TeacherStudent(p=float("inf"), p_star=1).to_dict()["p"]
        'inf'
        """
        return values_of(self)

    @classmethod
    def of_module(
        cls, module: Any, *, activation: Activation | str | None = None, **others: Any
    ) -> TeacherStudent:
        """The model whose student has the two layers of a torch module, Linear, σ, Linear(p, 1).

        Parameters
        ----------
        module : torch.nn.Module
            Without biases, its rows of norm √N, and orthogonal but for chance unless their
            ``student_gram`` is given.
        activation : Activation or str, optional
            σ, if the module does not say it.
        **others
            The parameters of the model that no student has: p_star, loss, teacher, ….

        Returns
        -------
        TeacherStudent
            With the second layer of the module.

        Raises
        ------
        InvalidInput
            If the module is not two-layer, has biases or rows that are not of norm √N, or that
            overlap.

        Examples
        --------
        >>> import bbpscape as bb
        >>> import pytest
        >>> torch = pytest.importorskip("torch")
        >>> first, second = torch.nn.Linear(4, 2, bias=False), torch.nn.Linear(2, 1, bias=False)
        >>> _ = first.weight.data.copy_(2 * torch.eye(2, 4)), second.weight.data.fill_(0.5)
        >>> net = torch.nn.Sequential(first, torch.nn.Tanh(), second)
        >>> bb.TeacherStudent.of_module(net, p_star=1, loss="square").label()
        'p = 2, p* = 1, tanh, square loss'
        """
        orthogonal = others.get("student_gram") is None
        p, sigma, second = read_two_layers(module, activation, orthogonal)
        return cls(p=p, activation=sigma, second_layer=second, **others)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TeacherStudent:
        """The model of a record, or of parameters by name; numbers that its loss lacks are unused.

        Parameters
        ----------
        values : mapping
            A record, or parameters by name.

        Returns
        -------
        TeacherStudent
            The model.

        Raises
        ------
        InvalidInput
            If a name is unknown, a loss or activation is neither listed nor an expression, or the
            model is refused.

        Examples
        --------
        >>> model = TeacherStudent(3, 2, "huber", "tanh", overlap=0.1)
        >>> TeacherStudent.from_dict(model.to_dict()) == model
        True
        """
        return cls(**arguments_of(values))
