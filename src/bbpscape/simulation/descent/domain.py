"""Where a descent keeps the neurons: anywhere, or on the sphere of the model's metric."""

import math
from typing import Any

import numpy as np

from bbpscape.simulation.backend import Backend
from bbpscape.simulation.data.weights import Sphere


class Free:
    """All weights."""

    def onto(self, w: Any) -> Any:
        """The weights scaled back to the domain."""
        return w

    def tangent(self, w: Any, vectors: Any) -> Any:
        """``vectors`` without the part that leaves the domain at w."""
        return vectors


class OnSphere(Free):
    """w_k·G w_k = N for every neuron, whose normal is G w_k; arrays of shape (n, p, N)."""

    def __init__(self, sphere: Sphere, where: Backend, dtype: str):
        self._round, self._N, self._xp = sphere.round, sphere.N, where.xp
        self._metric = where.asarray(sphere.metric, dtype)
        self._roots = where.asarray(np.sqrt(sphere.metric), dtype)

    def onto(self, w: Any) -> Any:
        norms = self._xp.linalg.vector_norm(w * self._roots, axis=2, keepdims=True)
        return w * (math.sqrt(self._N) / norms)

    def tangent(self, w: Any, vectors: Any) -> Any:
        normal, squares = w * self._metric, self._N
        if not self._round:
            squares = self._xp.sum(normal * normal, axis=2, keepdims=True)
        along = self._xp.sum(normal * vectors, axis=2, keepdims=True) / squares
        return vectors - along * normal
