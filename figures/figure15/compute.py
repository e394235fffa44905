"""Figure 15, beyond the paper: real inputs as they are, and what of them the theory must know."""

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits

import bbpscape as bb
from bbpscape.core.statistics import mean_and_error
from bbpscape.simulation.data.inputs import Inputs, prepare_inputs, sample
from bbpscape.simulation.data.instance import plant
from bbpscape.simulation.data.patches import patches
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.simulation.hessian import Hessian
from figures.kit import Data, table_of

P, A, SEED = 2, 0.1, 15
SIZES = {
    "smallest": {"draws": 40, "patch": 8, "alpha": [2.0, 4.0, 6.0]},
    "quick": {"draws": 60, "patch": 8, "alpha": [1.0, 2.0, 3.0, 4.0, 6.0]},
    "full": {"draws": 200, "patch": 12, "alpha": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]},
}
KINDS = {
    "patches": "patches of photographs",
    "digits": "handwritten digits",
    "cells": "features of cell nuclei",
}
# What the theory knows of the inputs.
THEORIES = {
    "isotropic": "isotropic theory",
    "covariance": "with their covariance",
    "norms": "with covariance and norms",
}


def load(kind: str, patch: int) -> Inputs:
    """Inputs that are not whitened: pixels with their variances, a table with columns of one."""
    if kind == "patches":
        return prepare_inputs(patches(patch, contrast=True), whiten=False)
    if kind == "digits":
        return prepare_inputs(load_digits().data, whiten=False, drop_constant=True)
    return prepare_inputs(load_breast_cancer().data, whiten=False, standardize=True)


def compute(size: str) -> Data:
    s = SIZES[size]
    given = {"p": P, "p_star": 1, "a": A, "seed": SEED, "kinds": KINDS, "theories": THEORIES}
    data = Data("figure15", size, given | s)
    laws, theory, simulated = [], [], []
    for kind in KINDS:
        inputs = load(kind, s["patch"])
        law = bb.InputLaw.of_data(inputs.rows).replace(mean=0.0)
        known = {
            "isotropic": bb.InputLaw(),
            "covariance": law.replace(radial="gaussian"),
            "norms": law,
        }
        for name, one in known.items():
            model = bb.TeacherStudent(P, 1, bb.NormalizedSquare(A), inputs=one)
            curve = bb.overlap_curve(model, _fine(s["alpha"], size), inputs.N)
            theory += [
                {"kind": kind, "theory": name, "alpha": float(x), "m2": float(y)}
                for x, y in zip(curve.alpha, curve.m2, strict=True)
            ]
            at = curve.threshold
            origin = {"kind": kind, "n": inputs.n, "N": inputs.N, "theory": name}
            laws.append({**origin, "alpha_bbp": at.alpha_bbp, "transition": at.transition})
        for alpha in s["alpha"]:
            mean, error = mean_and_error(_measure(inputs, law, alpha, s["draws"]))
            simulated.append({"kind": kind, "alpha": alpha, "mean": mean, "standard_error": error})
    data.tables["laws"] = table_of(laws)
    data.tables["theory"] = table_of(theory)
    data.tables["simulation"] = table_of(simulated)
    data.tables["distance"] = table_of(_distances(theory, simulated))
    data.tables["below"] = table_of([_below("patches", s["patch"], s["draws"] // 2)])
    return data


def _below(kind: str, patch: int, draws: int) -> dict[str, float | str]:
    """The fraction of eigenvalues below a quantile of theory, where few components count."""
    inputs, model = load(kind, patch), bb.TeacherStudent(P, 1, bb.NormalizedSquare(A))
    variances = np.linalg.eigvalsh(np.cov(inputs.rows.T))
    found = bb.compare(model, 4.0, draws=draws, seed=SEED, inputs=inputs, progress=False)
    (row,) = [one for one in found.rows if one.quantity.startswith("fraction below")]
    return {
        "kind": kind,
        "alpha": 4.0,
        "first": float(variances[-1] / variances.sum()),
        "theory": row.theory,
        "mean": row.measured,
        "standard_error": row.standard_error,
    }


def _fine(alphas: list[float], size: str) -> np.ndarray:
    fine = np.linspace(0.4, alphas[-1], 40 if size == "full" else 8)
    return np.unique(np.append(fine, alphas))


def _measure(inputs: Inputs, law: bb.InputLaw, alpha: float, draws: int) -> np.ndarray:
    """m² of the p p* lowest eigenvectors, each draw on other rows, with other weights."""
    # The weights' metric is that of the rows' covariance, in its eigenbasis.
    model = bb.TeacherStudent(P, 1, bb.NormalizedSquare(A), inputs=law)
    turned = Inputs(inputs.rows @ np.linalg.eigh(inputs.rows.T @ inputs.rows)[1][:, ::-1], False)
    found = []
    for index in range(draws):
        generator = np.random.default_rng([SEED, index, round(100 * alpha)])
        instance = plant(model, sample(turned, alpha, generator), generator)
        pairs = lowest_dense(Hessian(instance.inputs, instance.curvature), P)
        found.append(teacher_overlap(pairs.eigenvectors, instance.teacher_basis).mean())
    return np.array(found)


def _distances(theory: list[dict], simulated: list[dict]) -> list[dict]:
    """Root mean square over α of measured − theory, and of what draws alone make of it."""
    found = []
    for kind in KINDS:
        own = [row for row in simulated if row["kind"] == kind]
        noise = float(np.sqrt(np.mean([row["standard_error"] ** 2 for row in own])))
        for name in THEORIES:
            at = {
                row["alpha"]: row["m2"]
                for row in theory
                if (row["kind"], row["theory"]) == (kind, name)
            }
            gaps = [row["mean"] - at[row["alpha"]] for row in own]
            size = float(np.sqrt(np.mean(np.square(gaps))))
            found.append({"kind": kind, "theory": name, "distance": size, "error": noise})
    return found
