"""The teacher–student model at a random initialization."""

import dataclasses
import math
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.model.activations import Activation
from bbpscape.model.activations import activation as to_activation
from bbpscape.model.labels import Labels
from bbpscape.model.loss import Loss, examine
from bbpscape.model.losses import loss as to_loss

# Wider students than this are p = ∞ to all digits.
WIDEST = 10**9
# The second layer and the overlaps are tables of one entry a neuron.
MOST_ENTRIES = 10_000
SMALLEST_WEIGHT = 1e-6
EXACT = Labels()


@dataclass(frozen=True)
class TeacherStudent:
    """y = (1/p*) Σ_l σ(w*_l·x),  ŷ = Σ_k c_k σ(w_k·x),  L = Σ_μ ℓ(y_μ, ŷ_μ).

    Inputs are x ~ N(0, I_N/N), and the rows of w and w* lie on the sphere of radius √N. With the
    defaults, σ(x) = x², c_k = 1/p and w independent of w*, it is the model of the source.

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
        σ, of the teacher and of the student: a name in ACTIVATIONS, an expression in x, or an
        object.
    labels : Labels
        Noise and sign flips of the labels y.
    second_layer : sequence of p numbers, optional
        c_k, fixed; 1/p each by default.
    overlap : number, or array of shape (p_star, p)
        w*_l·w_k/N, a number standing for every pair. Beyond it the student is random.

    Raises
    ------
    InvalidInput
        If an argument is of another type or shape, or the loss is not defined for every label.

    Source: Annesi, Bocchi, Cammarota (2025), arXiv 2510.18435.

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

    def __init__(
        self,
        p: float = 2,
        p_star: int = 1,
        loss: Loss | str = "normalized-square",
        activation: Activation | str = "quadratic",
        labels: Labels = EXACT,
        second_layer: ArrayLike | None = None,
        overlap: ArrayLike = 0.0,
    ) -> None:
        given = (p, p_star, to_loss(loss), to_activation(activation), labels, second_layer, overlap)
        for one, value in zip(dataclasses.fields(self), given, strict=True):
            object.__setattr__(self, one.name, value)
        self._check()

    def _check(self) -> None:
        object.__setattr__(self, "p", positive_integer("p", self.p, infinite=True))
        object.__setattr__(self, "p_star", positive_integer("p_star", self.p_star))
        for name in ("p", "p_star"):
            width = getattr(self, name)
            if width != math.inf and width > WIDEST:
                raise InvalidInput(f"{name} must be at most {WIDEST}, got {width!r}")
        if not isinstance(self.labels, Labels):
            raise InvalidInput(f"labels must be Labels, got {self.labels!r}")
        self._check_second_layer()
        self._check_overlap()
        examine(self.loss, *self.label_range)
        if math.isinf(self.p) and not self.is_reference:
            raise InvalidInput("p must be finite but for the quadratic model of the source")

    def _check_second_layer(self) -> None:
        if self.second_layer is None:
            return
        weights = _numbers("second_layer", self.second_layer)
        if weights.shape != (self.p,) or not weights.all():
            raise InvalidInput(
                f"second_layer must be p = {self.p} numbers other than 0, got {self.second_layer!r}"
            )
        if not ((abs(weights) >= SMALLEST_WEIGHT) & (abs(weights) <= 1 / SMALLEST_WEIGHT)).all():
            raise InvalidInput(
                f"second_layer must have sizes from {SMALLEST_WEIGHT:g} to "
                f"{1 / SMALLEST_WEIGHT:g}, got {self.second_layer!r}"
            )
        uniform = self.p <= MOST_ENTRIES and np.allclose(weights, 1 / self.p, rtol=1e-14, atol=0)
        object.__setattr__(self, "second_layer", None if uniform else tuple(weights.tolist()))

    def _check_overlap(self) -> None:
        if isinstance(self.overlap, numbers.Real) and not isinstance(self.overlap, bool):
            if self.overlap == 0:
                object.__setattr__(self, "overlap", 0.0)
                return
            if self.p * self.p_star > MOST_ENTRIES:
                raise InvalidInput("a model with an overlap needs p p_star of at most 10000")
            table = np.full((self.p_star, int(self.p)), float(self.overlap))
        else:
            table = _numbers("overlap", self.overlap)
        if table.shape != (self.p_star, self.p):
            raise InvalidInput(
                f"overlap must be a number or have shape ({self.p_star}, {self.p}), "
                f"got {self.overlap!r}"
            )
        if not ((table**2).sum(axis=0) < 1).all():
            raise InvalidInput(
                "the squared overlaps of a student neuron with the teacher must sum to less than "
                f"1, got {self.overlap!r}"
            )
        nested = tuple(tuple(row) for row in table.tolist()) if table.any() else 0.0
        object.__setattr__(self, "overlap", nested)

    @staticmethod
    def check(model: object) -> "TeacherStudent":
        """``model`` if it is one, else InvalidInput."""
        if not isinstance(model, TeacherStudent):
            raise InvalidInput(f"model must be a TeacherStudent, got {type(model).__name__}")
        return model

    @staticmethod
    def check_reference(model: object, what: str) -> "TeacherStudent":
        """``model`` if it is the source's, for ``what`` exists for that one only."""
        checked = TeacherStudent.check(model)
        if not checked.is_reference:
            raise InvalidInput(
                f"{what} needs the quadratic activation, the normalized square loss, exact labels, "
                "a uniform second layer and no overlap"
            )
        return checked

    @property
    def is_reference(self) -> bool:
        """Whether this is the model of the source, which has closed forms."""
        return (
            self.activation.quadratic
            and self.loss.closed_form is not None
            and self.labels.clean
            and self.second_layer is None
            and self.overlap == 0.0
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
    def label_range(self) -> tuple[float, float]:
        """Infimum and supremum of y; either may be infinite."""
        return self.labels.range(*self.activation.bounds)

    def output(self, preactivations: ArrayLike) -> NDArray:
        """ŷ = Σ_k c_k σ(λ_k), over the last axis: (..., p) → (...)."""
        values = self.activation.value(np.asarray(preactivations))
        if self.second_layer is None:
            return values.mean(axis=-1)
        return values @ self.output_weights

    def teacher_output(self, preactivations: ArrayLike) -> NDArray:
        """(1/p*) Σ_l σ(u_l), over the last axis: (..., p_star) → (...)."""
        return self.activation.value(np.asarray(preactivations)).mean(axis=-1)

    def label(self, **others: object) -> str:
        """The parameters on one line, then ``others``; what is as in the source goes unsaid.

        >>> TeacherStudent(p=2, p_star=1).label(N=500)
        'p = 2, p* = 1, a = 0.01, N = 500'
        """
        values = self.to_dict()
        parts = [f"p = {self.p:g}", f"p* = {self.p_star}"]
        if values["activation"] != "quadratic":
            parts.append(str(values["activation"]))
        if values["loss"] != "normalized-square":
            parts.append(f"{values['loss']} loss")
        parts += [f"{name} = {values[name]:g}" for name in ("a", "delta") if name in values]
        for name in ("label_noise", "flip"):
            if values.get(name):
                parts.append(f"{name.replace('_', ' ')} = {values[name]:g}")
        for name in ("second_layer", "overlap"):
            if name in values:
                parts.append(f"{name.replace('_', ' ')} {values[name]}")
        return ", ".join([*parts, *(f"{name} = {value}" for name, value in others.items())])

    def to_dict(self) -> dict[str, Any]:
        """The parameters as plain JSON values; p = ∞ is the string "inf"."""
        loss = self.loss.to_dict()
        values = {
            "p": "inf" if math.isinf(self.p) else self.p,
            "p_star": self.p_star,
            "activation": self.activation.name,
            "loss": loss.pop("name"),
            **loss,
        }
        if not self.labels.clean:
            values |= {"label_noise": self.labels.noise, "flip": self.labels.flip}
        if self.second_layer is not None:
            values["second_layer"] = list(self.second_layer)
        if self.overlap != 0.0:
            values["overlap"] = self.overlap_matrix.tolist()
        return values


def _numbers(name: str, value: object) -> NDArray[np.float64]:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers, got {value!r}") from None
    if not np.isfinite(array).all():
        raise InvalidInput(f"{name} must be finite numbers, got {value!r}")
    return array
