"""How fast the order parameters of one-pass SGD move, by quadrature.

With δ_k = ∂ℓ/∂λ_k, time t in steps over N, and inputs that are new at every step,

    dm_lk/dt = −η E[δ_k u_l],   dQ_kk'/dt = −η E[δ_k λ_k' + δ_k' λ_k] + η² E[δ_k δ_k'],

for (λ, u) ~ N(0, C). On the sphere each step ends with w_k scaled back to its length. Source: Saad
and Solla (1995).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtri, xlogy
from scipy.stats import poisson

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.label_law import noise_shifts, teacher_nodes
from bbpscape.theory.laws.network.rules import sobol_points, tensor_nodes

# Nodes of a product of rules; each student's neuron has as many as fit, at most and at least: with
# fewer, Sobol points are nearer to the truth.
MOST_NODES = 160_000
MOST, LEAST = 40, 20
# σ(x) = x² and ℓ′ linear in ŷ give polynomials of a low degree.
MOST_POLYNOMIAL, LEAST_POLYNOMIAL = 10, 6
# Of the rule of each of p* preactivations of a teacher that is not smooth.
DENSITY = {1: 0.8, 2: 0.45}
# Weights that are left out; polynomials need those far out.
SMALLEST, SMALLEST_POLYNOMIAL = 1e-11, 1e-16
NOISE_NODES = 5
# Counts of a usual rate, and how many spreads √φ from φ they are looked for.
USUAL_COUNTS, SPREAD = 12, 7.0
SAME = 1e-9
BITS = 15


@dataclass(frozen=True, eq=False)
class Nodes:
    """Weighted nodes of ζ, (n, p), u, (n, p*), and y, (n,): λ = mᵀu + (Q − mᵀm)^½ ζ."""

    zeta: NDArray[np.float64]
    u: NDArray[np.float64]
    y: NDArray[np.float64]
    weights: NDArray[np.float64]
    exact: bool


def fresh_nodes(model: TeacherStudent, refinement: float = 1.0, seed: int = 0) -> Nodes:
    """A product of rules where it fits and σ and ℓ′ are smooth, else scrambled Sobol points."""
    p = int(model.p)
    copies = (1 if model.labels.noise == 0 else NOISE_NODES) * (1 + (0 < model.labels.flip < 1))
    copies *= USUAL_COUNTS if model.labels.poisson else 1
    smooth = model.loss.label_scale is None and not model.teacher.kinks(np.zeros((1, model.p_star)))
    most, least = (MOST_POLYNOMIAL, LEAST_POLYNOMIAL) if _polynomial(model) else (MOST, LEAST)
    if model.activation.breaks or model.loss.kinks(np.ones(1), np.ones(1)):
        most = 0
    elif smooth:
        power = p + model.p_star
        most = min(most, math.floor((MOST_NODES / copies) ** (1 / power)))
        teacher = (*_hermite(max(round(most * refinement), 2)), model.p_star)
        u, mass = tensor_nodes(*teacher, symmetric=False, smallest=0.0)
        y = model.teacher_output(u)
    elif model.p_star in DENSITY:
        found = teacher_nodes(model, DENSITY[model.p_star] * refinement, full=True)
        u, y, mass = found.first, found.y, found.weights
        most = min(most, math.floor((MOST_NODES / copies / len(y)) ** (1 / p)))
    else:
        most = 0
    if most < least:
        return _sobol(model, refinement, seed)
    if model.labels.poisson:
        u, y, mass = _counted(u, y, mass)
    u, y, mass = _noisy(model, u, y, mass)
    x, w = _hermite(max(round(most * refinement), 2))
    smallest = SMALLEST_POLYNOMIAL if _polynomial(model) else SMALLEST
    zeta, own = tensor_nodes(x, w, p, symmetric=False, smallest=smallest)
    i, j = np.nonzero(np.outer(own, mass) > smallest)
    weights = own[i] * mass[j]
    return Nodes(zeta[i], u[j], y[j], weights / weights.sum(), True)


def _polynomial(model: TeacherStudent) -> bool:
    """Whether δ is a polynomial of λ."""
    outputs = np.linspace(0.0, 20.0, 41)
    _, second = model.loss.derivatives(np.ones(outputs.shape), outputs)
    return model.activation.quadratic and bool(np.ptp(second) <= SAME * abs(second).max())


def _hermite(count: int) -> tuple[NDArray, NDArray]:
    x, w = np.polynomial.hermite_e.hermegauss(count)
    return x, w / w.sum()


def _counted(u: NDArray, rates: NDArray, weights: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """(u, count, weights) with every count that comes, y ~ Poisson(φ(u))."""
    spread = np.sqrt(rates)
    low = np.maximum(np.floor(rates - SPREAD * spread - SPREAD), 0).astype(int)
    counts = np.ceil(rates + SPREAD * spread + 2 * SPREAD).astype(int) - low + 1
    of = np.repeat(np.arange(rates.size), counts)
    y = np.arange(of.size) - np.repeat(np.cumsum(counts) - counts - low, counts)
    mass = np.exp(xlogy(y, rates[of]) - rates[of] - gammaln(y + 1))
    kept = mass * weights[of] > SMALLEST_POLYNOMIAL
    return u[of][kept], y[kept].astype(float), (mass * weights[of])[kept]


def _noisy(
    model: TeacherStudent, u: NDArray, y: NDArray, weights: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """(u, y, weights) with every sign and noise of the labels."""
    noise, flip = model.labels.noise, model.labels.flip
    shifts = [
        (share * part, sign, shift)
        for share, sign in ((1.0 - flip, 1.0), (flip, -1.0))
        if share
        for part, shift in noise_shifts(math.sqrt(noise), NOISE_NODES)
    ]
    return (
        np.concatenate([u] * len(shifts)),
        np.concatenate([sign * y + shift for _, sign, shift in shifts]),
        np.concatenate([share * weights for share, _, _ in shifts]),
    )


def _sobol(model: TeacherStudent, refinement: float, seed: int) -> Nodes:
    """Sobol points whose means and covariances are those of the law."""
    p, p_star = int(model.p), model.p_star
    count = 2 ** (BITS - 1 if refinement < 1 else BITS)
    cube = sobol_points(p + p_star + 2 + model.labels.poisson, count, seed)
    z = ndtri(np.clip(cube, 1e-16, 1 - 1e-16))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / count)).T
    zeta, u = z[:, :p], z[:, p : p + p_star]
    outputs = model.teacher_output(u)
    if model.labels.poisson:
        outputs = poisson.ppf(cube[:, p + p_star + 2], outputs)
    sign = np.where(cube[:, p + p_star] < model.labels.flip, -1.0, 1.0)
    y = sign * outputs + model.labels.noise**0.5 * z[:, p + p_star + 1]
    return Nodes(zeta, u, y, np.full(count, 1 / count), False)


@dataclass(frozen=True, eq=False)
class Rates:
    """dQ/dt and dm/dt of a model at learning rate η."""

    model: TeacherStudent
    rate: float
    sphere: bool
    nodes: Nodes

    def fields(self, Q: NDArray, m: NDArray) -> NDArray[np.float64]:
        """λ at every node, shape (n, p); an eigenvalue of Q − mᵀm below 0 is rounding."""
        values, vectors = np.linalg.eigh(Q - m.T @ m)
        root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        return self.nodes.zeta @ root + self.nodes.u @ m

    def __call__(self, Q: NDArray, m: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        nodes, eta, model = self.nodes, self.rate, self.model
        fields = self.fields(Q, m)
        first, _ = model.loss.derivatives(nodes.y, model.output(fields))
        delta = first[:, None] * model.output_weights * model.activation.first(fields)
        weighted = nodes.weights[:, None] * delta
        drift = weighted.T @ fields
        dQ = -eta * (drift + drift.T) + eta**2 * (delta.T @ weighted)
        dm = -eta * (nodes.u.T @ weighted)
        if self.sphere:
            stretch = np.diagonal(dQ) / (2 * np.diagonal(Q))
            return dQ - Q * (stretch[:, None] + stretch), dm - m * stretch
        return dQ, dm

    def loss(self, Q: NDArray, m: NDArray) -> float:
        """E ℓ(y, ŷ)."""
        outputs = self.model.output(self.fields(Q, m))
        return float(self.nodes.weights @ self.model.loss.value(self.nodes.y, outputs))
