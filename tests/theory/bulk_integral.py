"""∫ φ(λ) ρ(λ) dλ over a traced bulk, on panels between its points that suit each of its ends."""

import numpy as np

NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


def panels(curve):
    """Ends of the panels: geometric towards the left edge, and towards 0."""
    ends = curve.eigenvalue
    width = ends[3] - ends[0]
    head = width * np.union1d(np.geomspace(1e-4, 1, 30), np.linspace(0, 1, 30))
    ends = np.concatenate([ends[0] + head[:-1], ends[3:]])
    if ends[0] < 0 < ends[-1]:
        finest = 1e-4 if curve.alpha == 1 else 1e-2  # ρ diverges like |λ|^{−1/2} at α = 1
        near = np.min(abs(ends[ends != 0])) * np.geomspace(finest, 0.5, 7)
        ends = np.union1d(ends, np.concatenate([-near, [0.0], near]))
    return ends


def bulk_nodes(curve):
    """Nodes λ and weights times ρ(λ); λ = a + (b − a)(1 − cos πt)/2 suits roots at both ends."""
    t = (NODES + 1) / 2
    position = (1 - np.cos(np.pi * t)) / 2
    weight = np.pi * np.sin(np.pi * t) * WEIGHTS / 4
    ends = panels(curve)
    nodes = ends[:-1, None] + np.diff(ends)[:, None] * position
    weights = np.diff(ends)[:, None] * weight
    # One panel at a time: those at 0 take many more terms than the others.
    rho = np.stack([curve.density(row) for row in nodes])
    return nodes.ravel(), (weights * rho).ravel()
