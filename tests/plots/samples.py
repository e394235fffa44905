"""A small result of every kind."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.threshold import FiniteThreshold

MODEL = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0))
UNBOUNDED = bb.TeacherStudent(2, 1, "square", activation="softplus")


def definition():
    axes = {"alpha": [1.0, 1.5, 2.0, 2.5], "N": [20, 40]}
    return bb.Study(MODEL, axes, ["lowest", "total_m2"], draws=3)


@functools.cache
def study(folder):
    return definition().run(Path(folder) / "study.sqlite", workers=1)


def descent():
    return bb.descend(MODEL, 3.0, 20, 3, rule=bb.DescentRule(steps=20), workers=1)


@functools.cache
def unbounded():
    """What ``threshold(UNBOUNDED, N=50)`` has, of four draws."""
    limit = bb.threshold(MODEL)
    values = {one.name: getattr(limit, one.name) for one in dataclasses.fields(limit)}
    half = tuple(bb.finite.half_alpha(UNBOUNDED, N, draws=4) for N in (50, 200))
    return FiniteThreshold(**values | {"model": UNBOUNDED, "N": 50, "half": half})


def overlap_line(curve):
    """m²(α) with the jump at α_BBP, of one that jumps between two points."""
    at = np.searchsorted(curve.m2, 0.0, side="right")
    x = np.insert(curve.alpha, at, [curve.threshold.alpha_bbp] * 3)
    return x, np.insert(curve.m2, at, [0.0, np.nan, curve.threshold.m2_jump])


# How to make one of each kind, and the curves that its main panel must hold.
SAMPLES = {
    "Spectrum": (
        lambda folder: bb.spectrum(MODEL, 3.0, points=40),
        lambda one: [(one.eigenvalue[:9], one.rho[:9]), ([one.outliers[0].eigenvalue] * 2, [0, 1])],
    ),
    "Comparison": (
        lambda folder: bb.compare(MODEL, 3.0, N=40, draws=2),
        lambda one: [
            (one.theory.eigenvalue[:9], one.theory.rho[:9]),
            ([one.rows[0].measured], [0.045]),
        ],
    ),
    "OverlapCurve": (
        lambda folder: bb.overlap_curve(MODEL, np.linspace(0.5, 4, 15)),
        lambda one: [overlap_line(one)],
    ),
    "Threshold": (
        lambda folder: bb.threshold(MODEL),
        lambda one: [([one.alpha_bbp] * 2, [0, 1])],
    ),
    "FiniteThreshold": (
        lambda folder: unbounded(),
        lambda one: [([half.N for half in one.half], [half.alpha for half in one.half])],
    ),
    "FiniteSizeScaling": (
        lambda folder: bb.finite_size(MODEL, N=[50, 100], draws=8),
        lambda one: [
            (one.N, [point.alpha for point in one.half]),
            (one.N, [point.alpha_bbp for point in one.truncated]),
        ],
    ),
    "MethodComparison": (
        lambda folder: bb.methods(MODEL, [1.0, 3.0], 20, 2),
        lambda one: [(one.alpha, method.measured) for method in one.methods],
    ),
    "BayesOptimal": (
        lambda folder: bb.bayes_optimal(MODEL, [0.6, 0.9, 1.4], 20, 2),
        lambda one: [(one.theory.alpha, one.measured)],
    ),
    "Descent": (
        lambda folder: descent(),
        lambda one: [(path.step, path.m2) for path in one.trajectories],
    ),
    "DescentHessian": (
        lambda folder: bb.hessian_along(MODEL, 3.0, 20, [0, 5], 2, workers=1),
        lambda one: [([0, 5], [step.outlier.mean for step in one.steps])],
    ),
    "OnlinePath": (
        lambda folder: bb.online(
            bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0), overlap=0.3),
            0.1,
            [0.0, 1.0],
            20,
            2,
            hessian=[0.0],
        ),
        lambda one: [(one.times, one.m2)],
    ),
    "RecoveryCurve": (
        lambda folder: bb.recovery(
            MODEL, [1.0, 4.0], 20, 2, p=[1], rule=bb.DescentRule(steps=20), workers=1
        ),
        lambda one: [(one.lines[0].alpha, one.lines[0].m2)],
    ),
    "StudyResults": (
        study,
        lambda one: [
            ([row.cell.alpha for row in rows], [row.mean for row in rows])
            for size in (20, 40)
            if (
                rows := [
                    row
                    for row in one.rows
                    if (row.observable, row.source) == ("lowest", "simulation")
                    and size == row.cell.N
                ]
            )
        ],
    ),
    "Analysis": (
        lambda folder: bb.analyse(study(folder), "total_m2", resamples=20, label_draws=0),
        lambda one: [
            *((curve.alphas, curve.mean) for curve in one.curves),
            (list(one.limits), list(one.limits.values())),
        ],
    ),
    "Diagram": (
        lambda folder: bb.diagram(a=[0.1, 0.5, 1.0, 2.0], p=1, alpha=[1.0, 2.0, 3.0]),
        lambda one: [(one.x, one.lines["thresholds"]["weak_recovery"])],
    ),
    "Simulation": (
        lambda folder: bb.simulate(MODEL, 3.0, 30, 3, k=2),
        lambda one: [([d.eigenvalues[0] for d in one.draws], [d.m2[0] for d in one.draws])],
    ),
    "Density": (
        lambda folder: bb.eigen.spectral_density(
            bb.draw(MODEL, 3.0, 30).hessian, np.linspace(-2, 3, 9), 0.5, steps=10
        ),
        lambda one: [(one.eigenvalue, one.density)],
    ),
    "CostModel": (lambda folder: bb.eigen.cost(MODEL, 3.0, 1000), lambda one: []),
    "WeakRecovery": (
        lambda folder: bb.weak_recovery(1, alpha=2.0),
        lambda one: [([one.information_limit.alpha] * 2, [0, 1])],
    ),
    "Photograph": (
        lambda folder: bb.photograph(8.0, 8, 2, 0.5, rule=bb.DescentRule(steps=20)),
        lambda one: [],
    ),
    "LowestPairs": (
        lambda folder: bb.lowest(bb.draw(MODEL, 3.0, 30).hessian, 3),
        lambda one: [([1, 2, 3], one.eigenvalues)],
    ),
    "SpectralMeasure": (
        lambda folder: bb.eigen.spectral_measures(
            bb.draw(MODEL, 3.0, 20).hessian, np.eye(20)[:1], steps=8
        )[0],
        lambda one: [(one.nodes, one.weights)],
    ),
    "HalfPoint": (
        lambda folder: bb.finite.half_alpha(MODEL, 60, 10),
        lambda one: [([60], [one.alpha])],
    ),
    "FiniteSizeLaw": (lambda folder: bb.finite.finite_size_law(MODEL, 3.0, 60, 10), lambda one: []),
    "TruncatedThreshold": (
        lambda folder: bb.finite.truncated_threshold(MODEL, 1000),
        lambda one: [([one.alpha_bbp, bb.threshold(MODEL).alpha_bbp], [0, 1])],
    ),
    "ThresholdMinimum": (
        lambda folder: bb.threshold_minimum(1, 1),
        lambda one: [([one.a, one.alpha_bbp], [0, 1])],
    ),
    "LinearOnset": (
        lambda folder: bb.linear_onset(MODEL, windows=[0.1, 0.4]),
        lambda one: [(one.windows, one.alpha_0), ([0, 1], [one.tangent] * 2)],
    ),
    "SpectralThreshold": (
        lambda folder: bb.spectral.spectral_threshold(
            bb.spectral.QuadraticTeacher(1), bb.spectral.subset(2.0)
        ),
        lambda one: [([one.alpha], [one.m2_jump])],
    ),
    "SpectralOverlap": (
        lambda folder: bb.spectral.spectral_overlap(
            bb.spectral.QuadraticTeacher(1), bb.spectral.subset(2.0), alpha=2.0
        ),
        lambda one: [([one.eigenvalue], [one.m2]), ([one.edge.value] * 2, [0, 1])],
    ),
    "InformationLimit": (
        lambda folder: bb.spectral.information_limit(bb.spectral.QuadraticTeacher(3)),
        lambda one: [([1.5, 1.5], [0, 1])],
    ),
    "MatrixRecovery": (
        lambda folder: bb.weak_recovery(2, teacher="u1*u2").matrix,
        lambda one: [(np.arange(1, 4), one.alphas)],
    ),
    "StateEvolution": (
        lambda folder: bb.bayes_optimal(MODEL, [0.6, 0.9, 1.4]).theory,
        lambda one: [(one.alpha, one.uninformed)],
    ),
    "Extrapolation": (
        lambda folder: sample("Analysis", folder).extrapolations[-1],
        lambda one: [(one.sizes, one.values)],
    ),
    "Plan": (lambda folder: definition().plan(workers=1), lambda one: []),
    "RunSummary": (lambda folder: study(folder).last_run, lambda one: []),
    "StudyStatus": (lambda folder: bb.study_status(study(folder).path), lambda one: []),
}


@functools.cache
def sample(name, folder):
    if name == "Photograph":
        pytest.importorskip("skimage", reason="photographs ship with scikit-image")
    return SAMPLES[name][0](folder)
