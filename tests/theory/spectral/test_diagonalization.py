"""Spectral methods against diagonalization."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.linalg import eigh

from bbpscape.theory.scalar.edges import right_edge
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.law import preprocessing_law
from bbpscape.theory.spectral.overlap import spectral_overlap
from bbpscape.theory.spectral.preprocessing import (
    Preprocessing,
    optimal,
    subset,
    trimming,
)

OTHERS = {
    "trimming": trimming(5.0),
    "subset": subset(2.0),
    "tanh": Preprocessing("tanh", np.tanh),
    "rational": Preprocessing("rational", lambda y: y / (1 + abs(y)), (0.0,)),
    "null vector": Preprocessing("null vector", lambda y: np.where(y < 0.3, -1.0, 0.0), (0.3,)),
}


@cache
def diagonalized(name, p_star, noise, alpha, size=600, draws=12):
    """Top eigenvalue of D and the overlap of the top p* eigenvectors: means and s.e. over draws."""
    channel = QuadraticTeacher(p_star, noise)
    preprocessing = OTHERS.get(name) or optimal(channel)
    rows = []
    for seed in np.random.SeedSequence(11).spawn(draws):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((round(alpha * size), size))
        y = (x[:, :p_star] ** 2).mean(axis=1) + math.sqrt(noise) * rng.standard_normal(len(x))
        values = np.clip(preprocessing(y), -1e6, None)
        matrix = (x.T * values) @ x / size
        top, vectors = eigh(matrix, subset_by_index=[size - p_star, size - 1])
        rows.append((top.mean(), (vectors[:p_star] ** 2).sum() / p_star))
    return np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / math.sqrt(draws)


AGREEMENT = [
    ("optimal", 1, 0.0, 1.5),
    ("optimal", 1, 0.2, 2.5),
    ("subset", 1, 0.2, 3.5),
    ("trimming", 1, 0.0, 5.0),
    ("rational", 1, 0.2, 3.5),
    ("subset", 2, 0.0, 4.0),
]


@pytest.mark.parametrize("case", AGREEMENT, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}")
def test_diagonalization_agrees(case):
    name, p_star, noise, alpha = case
    channel = QuadraticTeacher(p_star, noise)
    preprocessing = OTHERS.get(name) or optimal(channel)
    predicted = spectral_overlap(channel, preprocessing, alpha)
    mean, error = diagonalized(*case)
    scores = (mean - [predicted.eigenvalue, predicted.m2]) / error
    assert abs(scores).max() < 4


def test_diagonalization_refuses_an_overlap_without_the_signal_weight():
    """1/(1 + α g² m_2/(1 − α g² m_2)) with the bulk's m_2 in place of m_2^w is far off."""
    name, p_star, noise, alpha = case = AGREEMENT[2]
    channel = QuadraticTeacher(p_star, noise)
    law = preprocessing_law(channel, OTHERS[name])
    predicted = spectral_overlap(channel, OTHERS[name], alpha)
    (atoms, weights), target = (law.nodes.atoms, law.nodes.weights), predicted.eigenvalue
    grid = np.linspace(0.01, right_edge(law, alpha).g, 4000)
    z = 1 / grid + alpha * np.array([weights @ (atoms / (1 - g * atoms)) for g in grid])
    g = grid[np.argmin(abs(z - target))]
    noise_strength = alpha * g**2 * float(law.moments(g, 2)[0, 1])
    unweighted = 1 - noise_strength
    mean, error = diagonalized(*case)
    assert abs(unweighted - mean[1]) / error[1] > 8
