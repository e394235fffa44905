"""Samples of a given norm: the model that sees the same as samples of norm 1."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from bbpscape.model.activations import Activation
from bbpscape.model.inputs.law import STANDARD
from bbpscape.model.labels import Labels
from bbpscape.model.loss import Loss
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher import committee
from bbpscape.model.teacher_student import TeacherStudent

# Of a normalization in closed form.
LARGEST_A = 1e12


@dataclass(frozen=True)
class Rescaled(Loss):
    """ℓ(τ y, τ ŷ)."""

    inner: Loss
    tau: float

    @property
    def name(self) -> str:
        return f"{self.inner.name} of tau = {self.tau!r}"

    @property
    def label_breaks(self) -> tuple[float, ...]:
        return tuple(one / self.tau for one in self.inner.label_breaks)

    @property
    def label_scale(self) -> float | None:
        scale = self.inner.label_scale
        return None if scale is None else scale / self.tau

    @property
    def is_square(self) -> bool:
        return self.inner.is_square

    def value(self, y, y_hat):
        return self.inner.value(self.tau * np.asarray(y), self.tau * np.asarray(y_hat))

    def derivatives(self, y, y_hat):
        given = self.tau * np.asarray(y), self.tau * np.asarray(y_hat)
        first, second = self.inner.derivatives(*given)
        return self.tau * first, self.tau**2 * second

    def kinks(self, y, y_hat):
        return self.inner.kinks(self.tau * np.asarray(y), self.tau * np.asarray(y_hat))

    def check_labels(self, low: float, high: float) -> None:
        self.inner.check_labels(self.tau * low, self.tau * high)


def rescaled_activation(activation: Activation, factor: float) -> Activation:
    """σ(c x), with its derivatives in x."""

    def value(x):
        return activation.value(factor * np.asarray(x))

    def first(x):
        return factor * activation.first(factor * np.asarray(x))

    def second(x):
        return factor**2 * activation.second(factor * np.asarray(x))

    return Activation(
        f"{activation.name} of {factor!r} x",
        value,
        first,
        second,
        tuple(one / factor for one in activation.breaks),
        activation.even,
        activation.bounds,
    )


def at_radius(model: TeacherStudent, tau: float) -> tuple[float, TeacherStudent]:
    """(c, model′) with τ F(√τ λ; y(√τ u)) = c F′(λ; y′(u)), of inputs of unit variance.

    Samples √τ x of a model are samples x of one whose activation is σ(√τ x) and whose teacher is
    φ(√τ u), or, where these are τ σ(x) and τ φ(u), whose loss is ℓ(τ y, τ ŷ).

    >>> scale, same = at_radius(TeacherStudent(2, 1, "normalized-square"), 4.0)
    >>> scale, same.normalization
    (4.0, 0.0025)
    """
    plain = dataclasses.replace(model, inputs=STANDARD)
    if tau == 1:
        return 1.0, plain
    root = math.sqrt(tau)
    if not model.activation.quadratic or not model.teacher.quadratic or model.labels.poisson:
        activation = rescaled_activation(model.activation, root)
        teacher = model.teacher.scaled(root) if model.own_teacher else committee(activation)
        return 1.0, dataclasses.replace(plain, activation=activation, teacher=teacher)
    labels = Labels(model.labels.noise / tau**2, model.labels.flip)
    a = model.loss.closed_form
    if a is not None and a / tau <= LARGEST_A:
        return tau, dataclasses.replace(plain, loss=NormalizedSquare(a / tau), labels=labels)
    return 1.0, dataclasses.replace(plain, loss=Rescaled(model.loss, tau), labels=labels)
