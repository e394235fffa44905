"""Probes, starts and certificates share no random numbers with data, whatever seeds they have."""

import numpy as np
import pytest
from scipy.stats import norm

from bbpscape.core.seeds import stream
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance, draw
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.eigen import certificate, eigensolver, iterative, lanczos
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.lanczos import spectral_density

MODEL = TeacherStudent(p=1, p_star=1, loss=NormalizedSquare(a=1.0))
# M < N: half of the eigenvalues are 0, and their vectors have nothing of the inputs.
N, ALPHA = 200, 0.5


def own_inputs():
    """A user's X from the plainest of generators, and weights from another."""
    inputs = np.random.default_rng(0).standard_normal((int(ALPHA * N), N)) / np.sqrt(N)
    weights = np.random.default_rng(9).standard_normal((2, 1, N))
    weights *= np.sqrt(N) / np.linalg.norm(weights, axis=2, keepdims=True)
    return Instance(MODEL, inputs, *weights)


HESSIANS = {
    "generator": lambda: draw(MODEL, ALPHA, N, np.random.default_rng(0)).hessian,
    "sequence": lambda: draw(MODEL, ALPHA, N, np.random.SeedSequence(0)).hessian,
    "streamed": lambda: StreamedHessian(MODEL, ALPHA, N, np.random.default_rng(0)),
    "own inputs": lambda: own_inputs().hessian,
}


def z_scores(hessian):
    """Of the smoothed density against that of all eigenvalues."""
    values = np.linalg.eigvalsh(hessian.matmat(np.eye(N)))
    width = 0.3
    points = np.append(np.quantile(values, (0.02, 0.1, 0.9, 0.98)), 0.0)
    exact = norm.pdf((points[:, None] - values) / width).mean(axis=1) / width
    found = spectral_density(hessian, points, width, probes=100, steps=60, seed=0)
    return (found.density - exact) / found.standard_error


@pytest.mark.parametrize("kind", HESSIANS)
def test_equal_seeds_of_data_and_probes(kind, monkeypatch):
    hessian = HESSIANS[kind]()
    assert abs(z_scores(hessian)).max() < 4
    # Control: probes that are the inputs, as they were from one stream.
    monkeypatch.setattr(lanczos, "stream", lambda purpose, seed: np.random.default_rng(seed))
    assert z_scores(hessian).min() < -10


def test_every_random_start_has_a_stream_of_its_own(monkeypatch):
    asked = []

    def noted(purpose, seed=0):
        asked.append((purpose, seed))
        return stream(purpose, seed)

    hessian = HESSIANS["sequence"]()
    for module in (certificate, eigensolver, iterative):
        monkeypatch.setattr(module, "stream", noted)
    monkeypatch.setattr(iterative, "INERTIA_SIZE", 10)
    generator = np.random.default_rng(3)
    lowest(hessian, 2, method="iterative", seed=5)
    lowest(hessian, 2, method="iterative", seed=generator)
    lowest(hessian, 2, method="dense")
    taken = int(np.random.default_rng(3).integers(2**63))
    assert asked == [
        ("starting block", 5),
        ("certificate", 5),
        ("starting block", taken),
        ("certificate", taken),
        ("norm", 0),
    ]
