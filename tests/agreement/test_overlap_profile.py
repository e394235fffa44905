"""The overlap profile of the bulk against full diagonalization, bin by bin."""

import functools

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.hessian import Hessian

CASES = [(1, 1, 2.0, 1.0), (2, 1, 0.1, 1.0), (3, 2, 1.0, 1.5)]
N, DRAWS = 150, 50
QUANTILES = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])


@functools.cache
def binned(p, p_star, a, alpha):
    """Edges of the bins, and by draw the teacher mass in each."""
    model = bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a))
    theory = bb.spectrum(model, alpha)
    edges = np.interp(QUANTILES * (1 - theory.atom), theory.cumulative, theory.eigenvalue)
    masses = []
    for index in range(DRAWS):
        instance = bb.draw(model, alpha, N, 7, index)
        values, vectors = np.linalg.eigh(Hessian(instance.inputs, instance.curvature).dense())
        m2 = teacher_overlap(vectors, instance.teacher_basis)
        masses.append(np.histogram(values, edges, weights=m2)[0] / (p * p_star))
    return theory, edges, np.array(masses)


def integral(function, edges):
    """∫ over each bin, by Gauss–Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    return half * (function(middle[:, None] + half[:, None] * nodes) @ weights)


def scores(samples, expected):
    return (samples.mean(axis=0) - expected) / (samples.std(axis=0, ddof=1) / np.sqrt(DRAWS))


@pytest.mark.parametrize("case", CASES)
def test_teacher_mass_in_each_bin(case):
    theory, edges, masses = binned(*case)
    expected = integral(
        lambda x: theory.density(x) * np.nan_to_num(theory.overlap_profile(x)), edges
    )
    assert expected.sum() > 0.3
    assert abs(scores(masses, expected)).max() < 4
    # Eigenvectors that know nothing of the teacher: its mass would be that of the eigenvalues.
    assert abs(scores(masses, integral(theory.density, edges))).max() > 10
