"""Weak recovery of any teacher: α_c = 1/‖𝓕‖, 𝓕(S) = E_y[(C_y − 1) S (C_y − 1)]."""

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.spectral.matrix.moments import LabelNodes


def symmetric_basis(p: int) -> NDArray[np.float64]:
    """Symmetric matrices of Frobenius norm 1 that are orthogonal, shape (p(p + 1)/2, p, p)."""
    one, found = np.eye(p), []
    for i in range(p):
        for j in range(i, p):
            pair = np.outer(one[i], one[j])
            found.append(pair if i == j else (pair + pair.T) / np.sqrt(2))
    return np.array(found)


def recovery_operator(nodes: LabelNodes) -> NDArray[np.float64]:
    """𝓕 on the basis of symmetric matrices."""
    G = nodes.second - np.eye(nodes.second.shape[1])
    basis = symmetric_basis(G.shape[1])
    moved = np.einsum("nij,rjk,nkl,n->ril", G, basis, G, nodes.weights, optimize=True)
    return np.einsum("ril,sil->rs", moved, basis)


def modes(nodes: LabelNodes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues of 𝓕 by decreasing size, and its symmetric eigenmatrices of norm 1,
    whose largest entry is positive."""
    values, vectors = np.linalg.eigh(recovery_operator(nodes))
    order = np.argsort(-values)
    matrices = np.einsum("rs,rij->sij", vectors, symmetric_basis(nodes.second.shape[1]))[order]
    flat = matrices.reshape(len(matrices), -1)
    signs = np.sign(flat[np.arange(len(flat)), abs(flat).argmax(axis=1)])
    return values[order], signs[:, None, None] * matrices
