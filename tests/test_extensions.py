"""A user's own law, loss, activation, observable, preprocessing and start, each defined here.

Each goes through theory, simulation, study and figure; none has a line in the package.
"""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import chi2

import bbpscape as bb

T = 2.0  # labels above it count, in the law
GAP = 4.0  # standard errors


class LargeLabels:
    """f = −1 where y = u² > T, else 0: minus the sample covariance of the inputs with large labels.

    P = P(y > T) and S = E[y; y > T] are all that it knows: an outlier leaves the bulk on the left
    at α = P/(S − P)², a Marchenko–Pastur law's own transition.
    """

    def __init__(self):
        self.mass = chi2.sf(T, 1)
        self.signal = chi2.sf(T, 3)  # E[u²; u² > T]
        self.zero_mass = 1 - self.mass
        self.directions = {"teacher": 1}

    def support(self, direction="bulk"):
        return -1.0, -1.0  # f = 0 counts nowhere

    def moments(self, g, order, directions=("bulk",)):
        one = -1 / (1 + np.asarray(g))
        weights = {"bulk": self.mass, "teacher": self.signal}
        return np.array([[weights[d] * one**k for k in range(1, order + 1)] for d in directions])

    def log_moment(self, g):
        return self.mass * np.log(1 + np.asarray(g))


class LogCosh(bb.Loss):
    """ℓ = log cosh(y − ŷ)."""

    def value(self, y, y_hat):
        return np.logaddexp(y - y_hat, y_hat - y) - math.log(2)

    def derivatives(self, y, y_hat):
        slope = np.tanh(y_hat - y)
        return slope, 1 - slope**2


# σ(x) = x²/(1 + x²): even and bounded.
BELL = bb.Activation(
    "bell",
    lambda x: x**2 / (1 + x**2),
    lambda x: 2 * x / (1 + x**2) ** 2,
    lambda x: (2 - 6 * x**2) / (1 + x**2) ** 3,
    even=True,
    bounds=(0.0, 1.0),
)
RANGE = bb.Observable(
    "range",
    lambda one: float(one.eigenvalues[-1] - one.eigenvalues[0]),
    symbol=r"$\lambda_k - \lambda_1$",
    meaning="distance from the lowest eigenvalue to the last one found",
)
DOUBLE = bb.Observable(
    "double", lambda one: 2 * float(one.eigenvalues[0]), lambda model, limit: 2 * limit.lowest
)
ROOT = bb.Preprocessing("root", lambda y: np.sqrt(np.abs(y)) / (1 + np.sqrt(np.abs(y))), (0.0,))


def near(instance):
    """The teacher's first direction in every neuron, and as much of the random student."""
    return (instance.student + instance.teacher[:1]) / math.sqrt(2)


NEAR = bb.Start("near", near)
MODEL = bb.TeacherStudent(1, 1, LogCosh())
BELLS = bb.TeacherStudent(1, 1, "square", BELL)


def check_against_draws(law, alpha, hessians):
    """The outlier left of the bulk, and m², of a law against the Hessians of draws."""
    at = bb.spectrum(law, alpha, points=50)
    (outlier,) = [one for one in at.outliers if one.eigenvalue < at.left_edge.value]
    pairs = [(bb.lowest(hessian, 1), teacher) for hessian, teacher in hessians]
    values = np.array([one.eigenvalues[0] for one, _ in pairs])
    m2 = np.array([(teacher @ one.eigenvectors[:, 0]) ** 2 for one, teacher in pairs])
    for measured, expected in ((values, outlier.eigenvalue), (m2, outlier.m2)):
        error = measured.std(ddof=1) / math.sqrt(len(measured))
        assert abs(measured.mean() - expected) < GAP * error
        assert error < 0.1 * abs(expected), "an error too large to tell anything"


def test_a_law():
    law = LargeLabels()
    at = bb.threshold(law)
    assert at.alpha_bbp == pytest.approx(law.mass / (law.signal - law.mass) ** 2, rel=1e-9)
    assert at.model is None
    N, alpha, hessians = 300, 4.0, []
    for seed in range(24):
        generator = np.random.default_rng(seed)
        x = generator.standard_normal((round(alpha * N), N)) / math.sqrt(N)
        teacher = np.eye(N)[0]
        large = N * (x @ teacher) ** 2 > T
        hessians.append((bb.Hessian(x, np.where(large, -1.0, 0.0)[:, None, None]), teacher))
    check_against_draws(law, alpha, hessians)
    curve = bb.overlap_curve(law, [1.0, 2.0, 4.0])
    assert (curve.m2 > 0).tolist() == [one > at.alpha_bbp for one in (1.0, 2.0, 4.0)]
    assert bb.spectrum(law, alpha).plot().axes[0].has_data()


@pytest.mark.parametrize("model", [MODEL, BELLS], ids=["loss", "activation"])
def test_a_loss_and_an_activation(model):
    at = bb.threshold(model)
    assert at.status.ok
    alpha = round(3 * at.alpha_bbp, 1)
    compared = bb.compare(model, alpha, N=200, draws=20)
    rows = {row.quantity: row for row in compared.rows}
    for name in ("teacher outlier", "its m2"):
        assert abs(rows[name].z) < GAP
        assert rows[name].standard_error < 0.15 * abs(rows[name].theory)
    drawn = bb.simulate(model, alpha, 60, draws=2)
    again = bb.draw(model, alpha, 60, 0, 1)
    lowest = np.linalg.eigvalsh(again.hessian.dense())[0]
    assert drawn.draws[1].eigenvalues[0] == pytest.approx(lowest, rel=1e-8)
    found = bb.descend(model, alpha, 40, draws=2, rule=bb.DescentRule(steps=30))
    assert all(one.loss[-1] < one.loss[0] for one in found.trajectories)
    results = bb.Study(model, {"alpha": [alpha / 4, alpha], "N": 40}, draws=3).run(workers=1)
    assert results.to_dataframe()["mean"].notna().all()
    for one in (compared, found, results):
        assert model.loss.name in str(one.to_dict())
        assert one.plot().axes[0].has_data()


def test_an_observable():
    study = bb.Study(
        bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0)),
        {"alpha": [1.0, 3.0], "N": [30, 60]},
        ["lowest", RANGE, DOUBLE],
        draws=4,
    )
    alone, beside = study.run(workers=1), study.run(workers=2)
    frame = alone.to_dataframe()
    assert frame.equals(beside.to_dataframe()), "the same bits whatever the workers"
    means = frame.pivot_table("mean", ["alpha", "N", "source"], "observable")
    np.testing.assert_allclose(means["double"], 2 * means["lowest"], rtol=1e-14)
    axes = Figure().subplots()
    alone.plot(axes, observable="range")
    assert axes.get_ylabel() == RANGE.symbol
    assert axes.has_data()
    record = type(alone).from_dict(alone.to_dict())
    assert record.to_dataframe().equals(frame)


def test_a_preprocessing():
    channel = bb.spectral.QuadraticTeacher(1)
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1))
    at = bb.spectral.spectral_threshold(channel, ROOT)
    compared = bb.methods(model, [0.6 * at.alpha, 4.0], 300, 12, preprocessings=[ROOT])
    (mine,) = [one for one in compared.methods if one.name == "root"]
    assert mine.alpha == pytest.approx(at.alpha)
    assert mine.theory[0] == 0 < mine.theory[1]
    assert abs(mine.measured[1] - mine.theory[1]) < GAP * mine.standard_error[1]
    assert mine.standard_error[1] < 0.1
    (legend,) = compared.plot().legends
    assert any(text.get_text().startswith("root") for text in legend.get_texts())


def test_a_start_of_a_descent():
    model, rule = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5)), bb.DescentRule(steps=40)
    found = bb.descend(model, 4.0, 40, draws=3, start=NEAR, rule=rule)
    for one in found.trajectories:
        assert one.m2[0] == pytest.approx(0.5, abs=0.2)
    curve = bb.recovery(model, [4.0], 40, 3, p=[2], start=["random", NEAR], rule=rule, workers=1)
    assert [line.start for line in curve.lines] == ["random", "near"]
    assert curve.lines[1].m2[0] > curve.lines[0].m2[0]
    axes = {"alpha": 4.0, "N": 40, "start": [NEAR], "steps": 40}
    study = bb.Study(model, axes, ["descent_m2"], draws=3)
    frame = study.run(workers=1).to_dataframe()
    measured = frame[frame.observable == "descent_m2"]["mean"].item()
    assert measured == pytest.approx(curve.lines[1].m2[0], rel=1e-12), "the same draws"
    assert found.plot().get_suptitle().count("near start") == 1
