"""What the state evolution averages, by plain sampling: u, ω, y as the channel makes them."""

import numpy as np

Q = 0.4


def sampled_information(labels, apply, seed, count=40_000, q=Q):
    """(mean, error) of g² over samples, and of −∂g: for the right belief their means agree."""
    generator = np.random.default_rng(seed)
    u = generator.standard_normal(count)
    omega = q * u + np.sqrt(q * (1 - q)) * generator.standard_normal(count)
    y = apply(u, generator)
    g, slope = labels.scorer(y)(omega, np.full(count, 1 - q))
    difference = g**2 + slope
    error = np.sqrt(count)
    return (
        (g**2).mean(), (g**2).std() / error, difference.mean(), difference.std() / error,
    )  # fmt: skip
